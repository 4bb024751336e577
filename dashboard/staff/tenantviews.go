package staff

import (
	"io"
	"time"

	"rookery/dashboard/assets"
	"rookery/tenant"
)

// TenantView is everything about one tenant.
type TenantView struct {
	Shell    Shell
	Token    string
	Name     string
	Host     string
	HomeURL  string
	ListURL  string
	ID       string
	State    State
	Since    time.Time
	LiveAt   time.Time // its own domain first worked; zero: not yet
	Owners   []Person
	Names    []NameLine // domains
	Uses     []Use
	Money    *MoneyView // nil without billing
	Acts     []ActLine  // of the staff
	ActsMore string
}

// NameLine is one of a tenant's domains.
type NameLine struct {
	Name  string
	State string // in words
}

// nameWords are the states of a domain, for those who look after it.
var nameWords = map[tenant.DomainState]string{
	tenant.DomainNeedsReview: "waits for a review", tenant.DomainPendingOwnership: "is not proven yet", tenant.DomainExpired: "was never proven", tenant.DomainVerified: "is proven",
	tenant.DomainPendingRouting: "does not lead here yet", tenant.DomainIssuing: "gets its certificate", tenant.DomainIssueFailed: "got no certificate", tenant.DomainLive: "works",
	tenant.DomainDegraded: "leads elsewhere now", tenant.DomainParked: "has led elsewhere for long", tenant.DomainSuspended: "is suspended", tenant.DomainDisputed: "is disputed",
	tenant.DomainReleasing: "is being given up", tenant.DomainReleased: "was given up",
}

// Use is how much of something a tenant has in use, and what it may.
type Use struct {
	Name     string
	UsedN    int // of what is counted
	LimitN   int
	IsSize   bool // it is weighed: Used and Limit
	Used     assets.Size
	Limit    assets.Size
	IsOver   bool
	IsCapped bool // there is a limit
}

// MoneyView is how a tenant stands, and what that comes from.
type MoneyView struct {
	Standing      Standing
	Plan          string
	From          time.Time // of this standing
	EndsAt        time.Time
	NextAt        time.Time
	Flags         []string
	Decisions     []Decision
	NewURL        string // "" for those who may not decide
	Changes       []ChangeLine
	Customers     []CustomerLine
	ReadAction    string
	Subscriptions []SubscriptionLine
	Invoices      []InvoiceLine
	Disputes      []DisputeLine
	WasRead       bool // somebody has just asked for a reading
}

// Decision is an override of the staff.
type Decision struct {
	Standing Standing // "" leaves it as it is
	Plan     string
	Limits   []LimitLine
	From     time.Time
	Until    time.Time // its last moment; zero: until it is taken back
	Reason   string
	By       string
	EndedAt  time.Time // zero: nobody took it back
	IsOn     bool
	EndURL   string
}

// LimitLine is a limit that was set. 0 is none.
type LimitLine struct {
	Label string
	N     int
}

// ChangeLine is a step of the record.
type ChangeLine struct {
	At               time.Time
	From, To         Standing
	FromPlan, ToPlan string
	Cause            string
}

// CustomerLine is the tenant at the payment provider.
type CustomerLine struct {
	ID, Mail, URL string
	Currency      string
	ReadAt        time.Time
	DeletedAt     time.Time
	IsCurrent     bool
	IsTest        bool
}

// SubscriptionLine is what the provider last said of a subscription.
type SubscriptionLine struct {
	ID, Status, Plan, Every, Currency, Card string
	Extra                                   int
	PeriodEnd, TrialEnd, CancelAt, EndedAt  time.Time
	IsChosen, IsPaused                      bool
}

// InvoiceLine is an invoice as it was last read.
type InvoiceLine struct {
	Number, Status, URL string
	Total, Refunded     assets.Money
	At                  time.Time
}

// DisputeLine is a contested payment.
type DisputeLine struct {
	ID, Status, Reason string
	Amount             assets.Money
	At, DueBy          time.Time
}

// ActLine is something that one of the staff did.
type ActLine struct {
	At      time.Time
	Who     string
	Text    string
	Details [][2]string
}

// RenderTenant writes the page of a tenant.
func RenderTenant(w io.Writer, v TenantView) error {
	return render(w, "Tenant", v.Name, "staff-tenant", v)
}

// DecisionView is the form for a decision about how a tenant stands, and what it would do.
type DecisionView struct {
	Shell      Shell
	Token      string
	TenantName string
	Action     string
	CancelURL  string
	Standing   string
	Standings  []Choice
	Plan       string
	Plans      []Choice
	Limits     []LimitField
	Until      string // YYYY-MM-DD
	Reason     string
	// Errors under their fields, and above the form.
	UntilError, ReasonError, LimitError, FormError string
	Preview                                        *Preview // nil: still being filled in
}

// LimitField is one limit that may be set for a tenant.
type LimitField struct{ Name, Label, Value string }

// Preview is how a tenant stands before and after a decision.
type Preview struct {
	Rows    []PreviewRow
	Until   time.Time
	IsWorse bool // people of the tenant can do less
}

// PreviewRow is one thing of an entitlement, now and then.
type PreviewRow struct {
	Name, Before, After string
	IsSame              bool
	IsWords             bool // Before and After are words of ours
	IsLimit             bool // it is a number: BeforeN and AfterN; 0 is no limit
	BeforeN, AfterN     int
}

// RenderDecision writes the form, or the question whether that is right.
func RenderDecision(w io.Writer, v DecisionView) error {
	return render(w, "Decide how a tenant stands", v.TenantName, "staff-decision", v)
}

// EndDecisionView asks whether a decision is to be taken back.
type EndDecisionView struct {
	Shell      Shell
	Token      string
	TenantName string
	Action     string
	CancelURL  string
	Decision   Decision
	Preview    Preview
}

// RenderEndDecision writes it.
func RenderEndDecision(w io.Writer, v EndDecisionView) error {
	return render(w, "Take a decision back", v.TenantName, "staff-decision-end", v)
}
