package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// BillingView is the room of what a company has, uses and pays.
type BillingView struct {
	Shell   Shell
	Token   string
	SelfURL string
	Error   string
	MayPay  bool // else plan and usage are all that is shown

	Plan  string // its name
	State BillingState
	// Until is the end of the state: of a trial, a cancelled time, a grace, and from
	// BillingRestricted on the day on which the company's pages close for good.
	Since, Until time.Time
	RenewsAt     time.Time
	Price        assets.Money // of the plan with all accounts, before tax
	IsYearly     bool
	Extra        int // accounts that are paid for besides the plan's
	HasPlan      bool
	Next         *BillingNext
	PendingUntil time.Time // a change waits for its payment until then; zero: none does
	ToPay        *BillingInvoice
	IsDisputed   bool
	IsOver       bool
	NoUploads    bool

	CardBrand, CardLast4 string
	PortalAction         string // "": there is nothing there yet
	CancelURL            string
	ResumeAction         string
	End                  *BillingEnd // nil: no end is in sight

	Uses  []BillingUse
	Month time.Time

	Offers     []BillingOffer
	Currencies []BillingLink
	Intervals  []BillingLink
	TrialEnd   time.Time // nothing is charged before; zero: it is at once
	IsBuying   bool      // the offers are to be bought, not to be changed to

	Invoices  []BillingInvoice
	OlderURL  string
	NewestURL string
}

// BillingState is where a company stands, as the page tells it.
type BillingState string

// The states. Each has its own sentences in the template.
const (
	BillingTrial      BillingState = "trial"    // nothing is bought yet
	BillingTrialing   BillingState = "trialing" // bought, charged at the trial's end
	BillingActive     BillingState = "active"
	BillingEnding     BillingState = "ending"
	BillingGrace      BillingState = "grace"
	BillingRestricted BillingState = "restricted"
	BillingSuspended  BillingState = "suspended"
	BillingClosing    BillingState = "closing"
	BillingGiven      BillingState = "given" // by the platform's staff
)

// Word is the state as a pill says it.
func (s BillingState) Word() string { return billingStates[s] }

// IsGood and IsBad are its colour.
func (s BillingState) IsGood() bool {
	return s == BillingActive || s == BillingTrialing || s == BillingGiven
}

// IsBad says that something is lost until somebody acts.
func (s BillingState) IsBad() bool {
	return s == BillingRestricted || s == BillingSuspended || s == BillingClosing
}

// BillingNext is what the plan becomes with its next period.
type BillingNext struct {
	Plan       string
	At         time.Time
	Price      assets.Money
	IsYearly   bool
	IsSamePlan bool // only the number of accounts or the interval changes
	KeepAction string
}

// BillingEnd is what other servers hear when the company is deleted because nothing is paid.
type BillingEnd struct {
	Action      string // "": it is an owner's to choose
	SaysGoodbye bool
}

// BillingUse is something that plans limit.
type BillingUse struct {
	Name          string
	IsSize        bool        // it is weighed: Used and Limit; else it is counted: UsedN and LimitN
	Used, Limit   assets.Size // no limit is 0
	UsedN, LimitN int
	Percent       int
	IsOver        bool
	IsMonthly     bool
	Extra         int    // accounts of Limit that are paid for besides the plan's
	Spark         string // the last weeks as a path in a field of 100 by 24; "": not counted yet
	From, To      string // of those weeks, for readers who do not see it
}

// BillingLink is one of several ways to look at the plans.
type BillingLink struct {
	Text, URL string
	IsCurrent bool
}

// BillingOffer is a plan that can be chosen.
type BillingOffer struct {
	ID, Name, Summary string
	Price, ExtraPrice assets.Money
	HasExtra          bool
	IsYearly          bool
	Accounts, Seats   int // 0: any number
	Domains           int
	Storage           assets.Size // 0: any amount
	Features          []string
	IsCurrent         bool
	BuyAction         string // posts plan, currency and every
	Currency, Every   string
	ChangeURL         string
}

// BillingInvoice is one of the list.
type BillingInvoice struct {
	Number    string
	At        time.Time
	Amount    assets.Money
	Refunded  assets.Money
	State     string
	IsOpen    bool
	IsPaid    bool
	URL, File string
}

// RenderBilling writes the room.
func RenderBilling(w io.Writer, v BillingView) error {
	return render(w, "Plan and billing · "+v.Shell.Room.Name, "billing", v)
}

// BillingChangeView asks whether a plan is to be changed, and says what that costs.
type BillingChangeView struct {
	Shell             Shell
	Token             string
	Action, CancelURL string
	Plan, From        string
	Choice            BillingOffer
	IsNow, IsTrial    bool
	Now, Next, Credit assets.Money
	HasCredit         bool
	NextAt            time.Time
	At                time.Time // from when on, where it is not now
	IsYearly          bool
	Extra             int
	Exceeds           []BillingExcess
	Loses             []string
	Error             string
}

// BillingExcess is what stands in the way of a smaller plan.
type BillingExcess struct {
	What        string // accounts, seats, domains, storage
	Used, Limit int
	UsedSize    assets.Size
	LimitSize   assets.Size
	URL         string // where there can be fewer; "" where the visitor cannot go
}

// RenderBillingChange writes the question. It posts plan, currency and every.
func RenderBillingChange(w io.Writer, v BillingChangeView) error {
	return render(w, "Change the plan · "+v.Shell.Room.Name, "billing-change", v)
}

// BillingCancelView asks whether a plan is to end, and says what happens when.
type BillingCancelView struct {
	Shell             Shell
	Token             string
	Action, CancelURL string
	Plan              string
	At                time.Time // everything works until then
	Paused            time.Time // pages and apps close
	Closing           time.Time
	Gone              time.Time
}

// RenderBillingCancel writes the question.
func RenderBillingCancel(w io.Writer, v BillingCancelView) error {
	return render(w, "Cancel the plan · "+v.Shell.Room.Name, "billing-cancel", v)
}

// BillingDoneView is where the browser comes back to from the provider's page.
type BillingDoneView struct {
	Shell       Shell
	Plan        string
	BackURL     string
	PayURL      string // the page is still open
	IsConfirmed bool
	IsWaiting   bool // the provider has not said yet that it was paid
}

// refreshDone is how often the page looks again while a payment is being confirmed, in seconds.
const refreshDone = 4

// RenderBillingDone writes what became of a payment.
func RenderBillingDone(w io.Writer, v BillingDoneView) error {
	page := titled("Plan and billing · " + v.Shell.Room.Name)
	if v.IsWaiting {
		page.Refresh = refreshDone
	}
	return templates().Render(w, page, "billing-done", v)
}
