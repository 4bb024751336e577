package checkout

import (
	"context"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/pg"
)

// priceIDs are what the provider calls the parts of a price. It is fault.Unavailable while
// nobody has asked it yet.
func (s *Service) priceIDs(ctx context.Context, want billing.Choice) (map[billing.Kind]string, error) {
	var all []*store.Price
	err := s.DB.Platform(ctx, "read what prices are called", func(tx *pg.PlatformTx) (err error) {
		all, err = store.Prices(ctx, tx)
		return err
	})
	out := map[billing.Kind]string{}
	for _, p := range all {
		if p.Active && p.Livemode == s.Livemode && p.Plan == want.Plan && p.Currency == want.Currency && p.Every == want.Every {
			out[p.Kind] = p.PriceID
		}
	}
	if err == nil && out[billing.Base] == "" {
		s.Log.ErrorContext(ctx, "nobody knows what the payment provider calls a price", "plan", want.Plan, "currency", want.Currency, "every", want.Every)
		return nil, errAway
	}
	return out, err
}
