package checkout

import (
	"context"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Receipt is what became of a page to pay on.
type Receipt struct {
	Choice billing.Choice
	// Status is the page's; PageComplete with IsConfirmed once the plan is there.
	Status      billing.PageStatus
	IsConfirmed bool
	URL         string // of the page, while it is open
}

// Return says what became of a page, for the browser that comes back from it. A page of
// another tenant's is fault.NotFound. Where the provider is slow it says so and changes
// nothing: the plan comes with the provider's own message.
func (s *Service) Return(ctx context.Context, id tenant.ID, session string) (*Receipt, error) {
	var have *store.Checkout
	err := s.DB.Platform(ctx, "find a page to pay on", func(tx *pg.PlatformTx) (err error) {
		have, err = store.CheckoutByID(ctx, tx, id, session)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &Receipt{Choice: billing.Choice{Plan: have.Plan, Currency: have.Currency, Every: have.Every}, Status: billing.PageStatus(have.Status), URL: have.URL}
	if r.Status == billing.PageOpen {
		if r.Status = s.statusOf(ctx, have); r.Status == billing.PageOpen {
			return r, nil
		}
	}
	st, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	wasSeen := have.Status == string(billing.PageComplete) // what was bought on it may have ended since
	if st.live == nil && r.Status == billing.PageComplete && !wasSeen && st.current != nil {
		s.refresh(ctx, st.current.CustomerID)
		if st, err = s.read(ctx, id); err != nil {
			return nil, err
		}
	}
	r.IsConfirmed = r.Status == billing.PageComplete && (st.live != nil || wasSeen)
	if have.Status == string(billing.PageOpen) && (r.IsConfirmed || r.Status == billing.PageExpired) {
		err = s.close(ctx, id, session, r.Status)
	}
	return r, err
}

// statusOf asks the provider for a page's status. Where it does not answer, the browser that
// came back is believed that far: it is told to wait.
func (s *Service) statusOf(ctx context.Context, have *store.Checkout) billing.PageStatus {
	short, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	page, err := s.Till.Checkout(short, have.SessionID)
	switch {
	case fault.IsNotFound(err):
		return billing.PageExpired
	case err != nil:
		s.Log.InfoContext(ctx, "a page to pay on cannot be looked at", "session", have.SessionID, "error", err)
		return billing.PageComplete
	}
	return page.Status
}

// Portal returns the address of the provider's pages for cards, invoices and tax ids.
func (s *Service) Portal(ctx context.Context, id tenant.ID) (string, error) {
	st, err := s.read(ctx, id)
	if err != nil {
		return "", err
	}
	if st.current == nil {
		return "", errNoPortal
	}
	return s.Till.OpenPortal(ctx, st.current.CustomerID, s.room(id))
}
