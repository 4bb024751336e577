package tenant

import (
	"slices"
	"time"
)

// Standing is how a tenant stands with what it pays. It says nothing of its conduct: that
// is its State. Package billing alone computes it.
type Standing string

// The standings, from best to worst. The zero Standing is that of every tenant of a
// platform that asks for no money: everything works.
const (
	Trial        Standing = "trial"
	Paid         Standing = "active"
	PaidEnding   Standing = "active_ending" // paid until Entitlement.EndsAt, and then no more
	Grace        Standing = "grace"         // a payment failed a few days ago: nothing is taken away, nothing is added
	Restricted   Standing = "restricted"    // nothing new is published
	Unpaid       Standing = "suspended"     // pages are closed; other servers see no difference
	Closing      Standing = "closing"       // people can take their data along, nothing else
	ClosedUnpaid Standing = "deleted"       // what is left is a tombstone
)

// standings is the order from best to worst.
var standings = []Standing{"", Trial, Paid, PaidEnding, Grace, Restricted, Unpaid, Closing, ClosedUnpaid}

// Valid reports whether a standing is one of those above, the zero one apart.
func (s Standing) Valid() bool { return s != "" && slices.Contains(standings, s) }

// IsWorseThan compares two standings.
func (s Standing) IsWorseThan(other Standing) bool {
	return slices.Index(standings, s) > slices.Index(standings, other)
}

// MayGrow reports whether accounts, domains and people may be added, limits allowing.
func (s Standing) MayGrow() bool { return !s.IsWorseThan(PaidEnding) }

// MayPublish reports whether posts may be written and files uploaded.
func (s Standing) MayPublish() bool { return !s.IsWorseThan(Grace) }

// MayRead reports whether apps and pages show anything.
func (s Standing) MayRead() bool { return !s.IsWorseThan(Restricted) }

// TakesAll reports whether everything that other servers send is taken in; else only
// what keeps relations true is (docs/billing.md).
func (s Standing) TakesAll() bool { return !s.IsWorseThan(Restricted) }

// Feature is something that only some plans have.
type Feature string

// The features that plans differ by.
const (
	Approvals    Feature = "approvals"     // drafters, whose posts wait for approval
	Inbox        Feature = "inbox"         // conversations with owners, notes and states
	SingleSignOn Feature = "single_signon" // OpenID Connect
)

// Features lists all of them, in the order in which plans are described.
func Features() []Feature { return []Feature{Approvals, Inbox, SingleSignOn} }

// Limits are what a plan allows; 0 is no limit. The first three are what is paid for and
// hold strictly. The next three, counted over a calendar month but for storage, are
// guard-rails: they stop uploads and slow deliveries, never a post or what comes in.
type Limits struct {
	Accounts int `json:"accounts"`
	Seats    int `json:"seats"` // people
	Domains  int `json:"domains"`
	// MoreAccounts: there may be more accounts than that, and each is paid for besides.
	MoreAccounts bool `json:"more_accounts"`

	StorageBytes int64 `json:"storage_bytes"`
	EgressBytes  int64 `json:"egress_bytes"`
	Deliveries   int64 `json:"deliveries"`

	AuditDays int       `json:"audit_days"` // how long the audit log is shown
	Lacks     []Feature `json:"lacks"`      // features that the plan does not have
}

// Has reports whether a feature belongs to the plan.
func (l Limits) Has(f Feature) bool { return !slices.Contains(l.Lacks, f) }

// Entitlement is what a tenant may do for what it pays, as package registry keeps it in
// memory. The zero Entitlement is of a platform without billing: all, without limit.
type Entitlement struct {
	Standing Standing
	Plan     string // of the plans file; "" with the zero Standing
	Limits   Limits
	Since    time.Time // of this standing
	// EndsAt is what comes next if nobody does anything: the end of a trial, of a paid
	// time that is not renewed, of a grace; from Restricted on the day on which pages close.
	EndsAt time.Time
	// IsOver: it uses more than its plan allows. Nothing is taken away for that.
	IsOver bool
	// IsDisputed: a payment is contested at the bank. Nothing may be added meanwhile.
	IsDisputed bool
	// NoUploads: storage has been far over its limit for days.
	NoUploads bool
	// IsSlow: deliveries go after those of others, because this month's are used up or it is a trial.
	IsSlow bool
}

// MayGrow is that of the standing, unless a payment is disputed.
func (e Entitlement) MayGrow() bool { return e.Standing.MayGrow() && !e.IsDisputed }

// MayUpload reports whether files may be added.
func (e Entitlement) MayUpload() bool { return e.Standing.MayPublish() && !e.NoUploads }
