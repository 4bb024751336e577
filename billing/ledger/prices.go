package ledger

import (
	"context"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/pg"
)

// priceNames say what a price of the provider's is here.
type priceNames struct {
	byID  map[string]*store.Price
	byKey map[string]soldAs
}

type soldAs struct {
	plan string
	kind billing.Kind
}

// names reads what prices are called: by the ids that were once sold, and by the keys that
// the plans' prices have now.
func (l *Ledger) names(ctx context.Context, tx *pg.PlatformTx) (*priceNames, error) {
	rows, err := store.Prices(ctx, tx)
	if err != nil {
		return nil, err
	}
	n := &priceNames{byID: make(map[string]*store.Price, len(rows)), byKey: map[string]soldAs{}}
	for _, r := range rows {
		n.byID[r.PriceID] = r
	}
	for _, plan := range l.Plans.Plans {
		for _, p := range plan.Prices {
			for _, kind := range []billing.Kind{billing.Base, billing.Extra} {
				n.byKey[p.Key(kind)] = soldAs{plan: plan.ID, kind: kind}
			}
		}
	}
	return n, nil
}

// row is a subscription with its plan. A price that nobody knows makes no plan: what the
// tenant had stays.
func (n *priceNames) row(s billing.SubscriptionState) store.Subscription {
	out := store.Subscription{
		Subscription: s.Subscription, CustomerID: s.CustomerID, Currency: s.Currency, Every: s.Every,
		CardBrand: s.CardBrand, CardLast4: s.CardLast4, IsPaused: s.IsPaused,
	}
	for _, item := range s.Prices {
		out.PriceIDs = append(out.PriceIDs, item.PriceID)
		sold, ok := n.byKey[item.LookupKey]
		if p := n.byID[item.PriceID]; p != nil {
			sold, ok = soldAs{plan: p.Plan, kind: p.Kind}, true
		}
		switch {
		case ok && sold.kind == billing.Base:
			out.Plan = sold.plan
		case ok:
			out.Extra += item.Quantity
		}
	}
	return out
}

// KeepPrices stores what the plans' prices are called at the provider, by their keys, as
// stripegw.EnsurePrices returns them.
func (l *Ledger) KeepPrices(ctx context.Context, ids map[string]string) error {
	var rows []store.Price
	for _, plan := range l.Plans.Plans {
		for _, p := range plan.Prices {
			for _, kind := range []billing.Kind{billing.Base, billing.Extra} {
				if id := ids[p.Key(kind)]; id != "" {
					rows = append(rows, store.Price{
						PriceID: id, Plan: plan.ID, Kind: kind, Currency: p.Currency, Every: p.Interval, Livemode: l.Gateway.Livemode(), Active: true,
					})
				}
			}
		}
	}
	return l.DB.Platform(ctx, "store what prices are called", func(tx *pg.PlatformTx) error { return store.PutPrices(ctx, tx, rows) })
}
