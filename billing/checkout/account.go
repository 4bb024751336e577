package checkout

import (
	"context"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Account is all that the console shows of a tenant's purchases.
type Account struct {
	Entitlement tenant.Entitlement
	Live        *store.Subscription // nil: nothing is paid for
	HasCustomer bool                // there are pages of the provider's for it
	Usage       billing.Usage
	Days        []*store.UsageDay
	Invoices    []*store.Invoice
	Older       time.Time // invoices made before it are on the next page; zero: there are none
	ToPay       *store.Invoice
	Disputes    []*store.Dispute
	Page        *store.Checkout // to pay on; nil: none is open
	SaysGoodbye bool            // other servers are told when it ends because nothing is paid
}

const (
	invoicesShown = 12
	usageShown    = 30 * billing.Day
)

// Of returns what a tenant has bought and uses, with its invoices from before a time; zero:
// the newest.
func (s *Service) Of(ctx context.Context, id tenant.ID, before time.Time) (*Account, error) {
	st, a := &state{}, &Account{}
	err := s.DB.Platform(ctx, "show what a tenant has bought", func(tx *pg.PlatformTx) (err error) {
		if err = s.readIn(ctx, tx, id, st); err != nil {
			return err
		}
		if a.Days, err = store.UsageDays(ctx, tx, id, s.Now().Add(-usageShown)); err != nil {
			return err
		}
		if a.Invoices, err = store.Invoices(ctx, tx, id, before, invoicesShown+1); err != nil {
			return err
		}
		if a.ToPay, err = store.OpenInvoice(ctx, tx, id); fault.IsNotFound(err) {
			a.ToPay, err = nil, nil
		}
		if err != nil {
			return err
		}
		a.SaysGoodbye, err = store.SaysGoodbye(ctx, tx, id)
		if fault.IsNotFound(err) {
			err = nil // it has not been assessed yet
		}
		return err
	})
	if len(a.Invoices) > invoicesShown {
		a.Invoices = a.Invoices[:invoicesShown]
		a.Older = a.Invoices[invoicesShown-1].CreatedAt
	}
	a.Entitlement, a.Live, a.HasCustomer, a.Usage, a.Disputes, a.Page = st.entitlement, st.live, st.current != nil, st.usage, st.disputes, st.page
	return a, err
}
