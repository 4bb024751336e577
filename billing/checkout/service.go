package checkout

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Ledger reads customers; *ledger.Ledger does.
type Ledger interface {
	// Sync reads one now.
	Sync(ctx context.Context, customer string) error
	// Ring has one read soon.
	Ring(ctx context.Context, customer string) error
}

// Options say what a Service works with. All but Limiter, Log and Now are needed.
type Options struct {
	DB       *pg.DB
	Plans    *billing.Catalogue
	Till     billing.Till
	Ledger   Ledger
	Livemode bool
	// Console is the address of the console, to which the provider's pages lead back.
	Console string
	Limiter *limit.Limiter // of pages that one address opens; nil: any number
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Service sells. Make it with New.
type Service struct{ Options }

// New returns a Service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// Buyer is who acts for a tenant. Somebody becomes a person by confirming the mail address,
// so it is one that is read.
type Buyer struct {
	Actor   audit.Actor
	Email   string
	Address netip.Addr
}

// readTime is how long a page waits for what the provider says; then it is read by a job.
const readTime = 5 * time.Second

// refresh reads a customer after something was asked of the provider, as far as that is
// possible at once.
func (s *Service) refresh(ctx context.Context, customer string) {
	ctx = context.WithoutCancel(ctx)
	short, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err := s.Ledger.Sync(short, customer)
	if err == nil {
		return
	}
	s.Log.InfoContext(ctx, "a customer is read later", "customer", customer, "error", err)
	if err := s.Ledger.Ring(ctx, customer); err != nil {
		s.Log.ErrorContext(ctx, "a customer cannot be read later", "customer", customer, "error", err)
	}
}

// state is what is known of a tenant's purchases.
type state struct {
	current     *store.Customer // nil: nothing was ever bought, or the customer is gone
	customers   []*store.Customer
	all         []*store.Subscription
	live        *store.Subscription // the one that counts of those that are paid for; nil: none
	usage       billing.Usage
	entitlement tenant.Entitlement
	disputes    []*store.Dispute
	isHeld      bool            // the staff keep it from publishing, whatever is paid
	page        *store.Checkout // to pay on; nil: none is open
	asked       int             // store.CountIntents when it was read: the state is stale once it is more
}

func (s *Service) read(ctx context.Context, id tenant.ID) (*state, error) {
	st := &state{}
	err := s.DB.Platform(ctx, "read what a tenant has bought", func(tx *pg.PlatformTx) error { return s.readIn(ctx, tx, id, st) })
	return st, err
}

func (s *Service) readIn(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, st *state) (err error) {
	// First: what is asked for while the rest is read makes it stale.
	if st.asked, err = store.CountIntents(ctx, tx, id); err != nil {
		return err
	}
	if st.customers, err = store.Customers(ctx, tx, id); err != nil {
		return err
	}
	for _, c := range st.customers {
		if c.IsCurrent && c.DeletedAt == nil {
			st.current = c
		}
	}
	if st.all, err = store.Subscriptions(ctx, tx, id); err != nil {
		return err
	}
	st.live = live(st.all)
	if st.usage, err = store.UsageOf(ctx, tx, id, s.Now()); err != nil {
		return err
	}
	if st.entitlement, err = store.EntitlementOf(ctx, tx, id); err != nil {
		return err
	}
	if st.disputes, err = store.Disputes(ctx, tx, id); err != nil {
		return err
	}
	if st.isHeld, err = s.holds(ctx, tx, id); err != nil {
		return err
	}
	st.page, err = store.OpenCheckout(ctx, tx, id, s.Now())
	return err
}

// holds reports whether a decision of the staff is in force that no payment changes.
func (s *Service) holds(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (bool, error) {
	all, err := store.Overrides(ctx, tx, id)
	now := s.Now()
	return slices.ContainsFunc(all, func(o *store.Override) bool {
		isInForce := o.EndedAt == nil && !now.Before(o.FromAt) && (o.Until == nil || now.Before(*o.Until))
		return isInForce && o.Standing.IsWorseThan(tenant.Grace)
	}), err
}

// live is the subscription that counts of those that are paid for, or may be again.
func live(all []*store.Subscription) *store.Subscription {
	var running []billing.Subscription
	for _, s := range all {
		if s.IsLive() {
			running = append(running, s.Subscription)
		}
	}
	chosen, ok := billing.Choose(running)
	if !ok {
		return nil
	}
	for _, s := range all {
		if s.ID == chosen.ID {
			return s
		}
	}
	return nil
}

// choice is what a subscription is now.
func choice(s *store.Subscription) billing.Choice {
	return billing.Choice{Plan: s.Plan, Currency: s.Currency, Every: s.Every}
}

// label is a choice in the audit log.
func (s *Service) label(c billing.Choice) string {
	name := c.Plan
	if p, ok := s.Plans.Plan(c.Plan); ok {
		name = p.Name
	}
	return name + "/" + string(c.Every)
}
