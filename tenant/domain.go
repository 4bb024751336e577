package tenant

import (
	"slices"
	"time"
)

// DomainID names one claim on a name. A name that is released and claimed anew gets a
// new claim, and with it new ids and keys for whatever lives there.
type DomainID int64

// DomainMode says how a tenant uses a name.
type DomainMode string

// The modes of domains (docs/domains.md).
const (
	// SplitDomain: handles end in the company's domain, whose website stays where it is;
	// Rookery is served on another host of the company. The tenant has a name for each.
	SplitDomain DomainMode = "split"
	// WholeDomain: handles and pages are on one host that was made for it.
	WholeDomain DomainMode = "whole"
	// ApexDomain: the company's domain itself, without a subdomain, points to us.
	ApexDomain DomainMode = "apex"
	// PlatformDomain is a name below the platform's own: a trial, without federation.
	PlatformDomain DomainMode = "platform"
)

// DomainRole says what a name is to its tenant.
type DomainRole string

// The roles of names.
const (
	ServiceDomain DomainRole = "service" // everything is served here
	HandleDomain  DomainRole = "handle"  // the part after the @: discovery alone
	AliasDomain   DomainRole = "alias"   // a former or second name: redirects
)

// DomainState says where a claim stands. Package domains knows the ways between them.
type DomainState string

// The states of a claim, in the order of a normal life.
const (
	DomainNeedsReview      DomainState = "needs_review"      // staff look at it first
	DomainPendingOwnership DomainState = "pending_ownership" // the TXT record is looked for
	DomainExpired          DomainState = "expired"           // nobody proved it in time
	DomainVerified         DomainState = "verified"          // proven: the name is held
	DomainPendingRouting   DomainState = "pending_routing"   // it does not lead here yet
	DomainIssuing          DomainState = "issuing"           // a certificate is being ordered
	DomainIssueFailed      DomainState = "issue_failed"      // the authority said no, for now
	DomainLive             DomainState = "live"
	DomainDegraded         DomainState = "degraded" // it was live and no longer leads here
	DomainParked           DomainState = "parked"   // degraded for long: nothing is sent
	// Staff take one name out of use, say by a court's order; a tenant that does not pay is
	// suspended itself. No command enters it yet: pages, looks, renewals and releases hold for it.
	DomainSuspended DomainState = "suspended"
	DomainDisputed  DomainState = "disputed"  // another tenant proved ownership too
	DomainReleasing DomainState = "releasing" // given up; can be undone for some days
	DomainReleased  DomainState = "released"
)

// domainHeld are the states in which a name has one holder. The index domains_holder
// lists the same.
var domainHeld = []DomainState{
	DomainVerified, DomainPendingRouting, DomainIssuing, DomainIssueFailed, DomainLive,
	DomainDegraded, DomainParked, DomainSuspended, DomainDisputed, DomainReleasing,
}

// HeldDomainStates returns the states in which a name has one holder.
func HeldDomainStates() []DomainState { return slices.Clone(domainHeld) }

// Holds reports whether the name belongs to this claim alone.
func (s DomainState) Holds() bool { return slices.Contains(domainHeld, s) }

// Serves reports whether the tenant is served on the name. While a name is only held,
// it answers the probes of its set-up and nothing else.
func (s DomainState) Serves() bool {
	switch s {
	case DomainLive, DomainDegraded, DomainParked, DomainSuspended, DomainDisputed, DomainReleasing:
		return true
	}
	return false
}

// Domain is one claim of a tenant on a name.
type Domain struct {
	ID          DomainID
	TenantID    ID
	Name        string // lower case, A-labels, with a port in development
	DisplayName string // the same in U-labels, for people
	Registrable string // what was bought: company.com
	Mode        DomainMode
	Role        DomainRole
	// ServiceID is, of a split domain's handle domain, the claim on its service host.
	ServiceID DomainID
	State     DomainState
	Reason    string // a code of the domain doctor, or staff's reason
	Token     string // what the TXT record must say
	Attempts  int    // checks since the state was entered
	Failures  int    // bad checks in a row
	// FailingSince is when a name that was live stopped being as it should be; zero: it is.
	FailingSince time.Time
	StateSince   time.Time
	CreatedAt    time.Time
	NextCheckAt  time.Time // zero: nothing to wait for
	RetryAfter   time.Time // a person may ask for the next check from then on
	// DeadlineAt ends the wait of the state: an undo, a dispute.
	DeadlineAt      time.Time
	QuarantineUntil time.Time
	TombstonesUntil time.Time
	ContestedBy     DomainID
	// CertificateNotAfter is the end of the certificate that is stored for the name; zero:
	// there is none. It is read along; package certs writes it.
	CertificateNotAfter time.Time
}

// NeedsCertificate reports whether a certificate is ours to get: not for a handle domain
// whose website stays elsewhere, and not for names under the platform's wildcard.
func (d *Domain) NeedsCertificate() bool {
	return d.Mode != PlatformDomain && d.Role != HandleDomain
}

// CheckKind is one of the separate truths about a name.
type CheckKind string

// The kinds of checks.
const (
	CheckOwnership   CheckKind = "ownership"
	CheckRouting     CheckKind = "routing"
	CheckCertificate CheckKind = "certificate"
	CheckWebFinger   CheckKind = "webfinger"
)

// DomainCheck is the newest finding of one kind. "Could not ask" changes neither
// LastOKAt nor Failures: it is no failure of the name.
type DomainCheck struct {
	DomainID      DomainID
	Kind          CheckKind
	LastCheckedAt time.Time
	LastOKAt      time.Time // zero: never
	Code          string    // of the domain doctor; "" is well
	Detail        map[string]string
	Failures      int
}
