package billing

import (
	"context"
	"time"

	"rookery/tenant"
)

// Gateway is the payment provider. billing/stripegw is the one there is.
//
// Errors: fault.NotFound for what is not there, fault.Unavailable for what may work later
// (a limit, a timeout, a fault of theirs), fault.Unauthorized when it does not know us any
// more, fault.Invalid with its own sentence for what it refuses.
type Gateway interface {
	Reader
	Till
}

// Reader is what is known there. It changes nothing.
type Reader interface {
	// Livemode says whether real money moves.
	Livemode() bool
	// Customer reads everything about one customer. One that was deleted comes with
	// Deleted set, one that never was is fault.NotFound.
	Customer(ctx context.Context, id string) (*CustomerState, error)
	// Undelivered lists events since a time that no endpoint has taken.
	Undelivered(ctx context.Context, since time.Time) ([]Event, error)
	// Subscriptions calls fn with every subscription there is, page by page.
	Subscriptions(ctx context.Context, fn func(page []SubscriptionState) error) error
	// Warnings lists the early fraud warnings since a time.
	Warnings(ctx context.Context, since time.Time) ([]Warning, error)
	// DisputedCustomer finds whose payment a charge was.
	DisputedCustomer(ctx context.Context, charge string) (string, error)
}

// Till is what is asked of the provider on a tenant's behalf. Each key is that of an
// intent: asked twice under the same one it does the thing once.
type Till interface {
	CreateCustomer(ctx context.Context, key string, c NewCustomer) (id string, err error)
	OpenCheckout(ctx context.Context, key string, c NewCheckout) (*CheckoutPage, error)
	// Checkout reads what became of a page.
	Checkout(ctx context.Context, session string) (*CheckoutPage, error)
	// ExpireCheckout ends a page that nobody has paid on; one that has ended is fine.
	ExpireCheckout(ctx context.Context, session string) error
	OpenPortal(ctx context.Context, customer, back string) (url string, err error)
	// Preview says what a change would cost now and from then on, without making it.
	Preview(ctx context.Context, c PlanChange) (*Quote, error)
	// ChangePlan makes a change; one that was to come is forgotten. What has to be paid and is
	// not leaves the subscription as it was until it is: SubscriptionState.PendingUntil.
	ChangePlan(ctx context.Context, key string, c PlanChange) error
	// KeepPlan forgets a change that was to come.
	KeepPlan(ctx context.Context, key, subscription string) error
	// CancelAtEnd ends a subscription with its paid time, or lets it go on again. A change
	// that was to come is forgotten.
	CancelAtEnd(ctx context.Context, key, subscription string, cancel bool) error
	CancelNow(ctx context.Context, key, subscription string) error
	Refund(ctx context.Context, key, invoice string, amount int64) error
	// RefundCharge gives all of a payment back that was made with a stolen card; one that was
	// given back already is fine.
	RefundCharge(ctx context.Context, key, charge string) error
}

// NewCustomer is a tenant that is about to pay for the first time.
type NewCustomer struct {
	Tenant tenant.ID `json:"tenant"`
	Name   string    `json:"name"`
	Email  string    `json:"email"`
}

// NewCheckout is a page to pay on.
type NewCheckout struct {
	Tenant    tenant.ID
	Customer  string
	BasePrice string
	Extra     int
	ExtraID   string    // price of an account more; "" with none
	TrialEnd  time.Time // nothing is charged before; zero: it is at once
	Success   string    // where the browser goes then; {CHECKOUT_SESSION_ID} stands for the page's
	Cancel    string
}

// CheckoutPage is where somebody pays.
type CheckoutPage struct {
	ID, URL string
	Expires time.Time
	Status  PageStatus
}

// PageStatus is what became of a page to pay on.
type PageStatus string

// The statuses.
const (
	PageOpen     PageStatus = "open"
	PageComplete PageStatus = "complete"
	PageExpired  PageStatus = "expired"
)

// PlanChange is another plan, or another number of accounts. More counts at once and is
// paid for at once, less from the next period on. In a trial everything counts at once.
type PlanChange struct {
	Subscription string `json:"subscription"`
	BasePrice    string `json:"base"`
	ExtraPrice   string `json:"extra_price"`
	Extra        int    `json:"extra"`
	AtPeriodEnd  bool   `json:"at_period_end"`
}

// Quote is what a change costs, with tax, in the currency's smallest unit.
type Quote struct {
	Now      int64 // charged at once, what was paid already taken off; below zero: kept for later
	Next     int64 // with the next period
	NextAt   time.Time
	Currency string
}

// Event is one of the provider's.
type Event struct {
	ID, Type, APIVersion string
	Created              time.Time
	Livemode             bool
	Account              string // of a connected account: never ours
	Object               string // id of what it is about
	Customer             string
	Charge               string // of a dispute, which names no customer
	Raw                  []byte
}

// CustomerState is all that is read of a customer at once.
type CustomerState struct {
	ID            string
	Tenant        tenant.ID // as its metadata says; 0: nothing
	Deleted       bool
	Email         string
	Currency      string
	Subscriptions []SubscriptionState
	Invoices      []InvoiceState // the newest hundred, and all that are open
	Disputes      []DisputeState
}

// SubscriptionState is a subscription as the provider has it: with prices instead of a plan.
type SubscriptionState struct {
	Subscription
	CustomerID string
	Tenant     tenant.ID
	Prices     []PricedItem
	Currency   string
	Every      Interval
	CardBrand  string
	CardLast4  string
	IsPaused   bool
	// Next are the lines that it has from NextAt on; zero: nothing changes.
	Next   []PricedItem
	NextAt time.Time
	// PendingUntil is how long a change waits for its payment; zero: none does.
	PendingUntil time.Time
	// Monthly is what it brings a month after what coupons take off, without tax.
	Monthly int64
}

// PricedItem is a line of a subscription.
type PricedItem struct {
	PriceID   string
	LookupKey string
	Quantity  int
}

// InvoiceState is an invoice as the provider has it.
type InvoiceState struct {
	ID, Number, Status, Currency string
	Subscription                 string
	Total, Tax, Refunded         int64
	PageURL, PDFURL              string
	PeriodEnd, Created           time.Time
	Due                          time.Time // of one that is paid by bank transfer; zero: at once
}

// Warning is what a bank says of a payment before its card's owner contests it.
type Warning struct {
	ID, Charge string
	Created    time.Time
}

// DisputeState is a dispute as the provider has it.
type DisputeState struct {
	ID, Charge, Status, Currency, Reason string
	Amount                               int64
	DueBy, Created                       time.Time
}
