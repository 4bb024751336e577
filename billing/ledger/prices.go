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
	plan  string
	kind  billing.Kind
	every billing.Interval
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
				n.byKey[p.Key(kind)] = soldAs{plan: plan.ID, kind: kind, every: p.Interval}
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
		CardBrand: s.CardBrand, CardLast4: s.CardLast4, IsPaused: s.IsPaused, NextAt: s.NextAt, PendingUntil: s.PendingUntil, Monthly: &s.Monthly,
	}
	for _, item := range s.Prices {
		out.PriceIDs = append(out.PriceIDs, item.PriceID)
	}
	out.Plan, _, out.Extra = n.read(s.Prices)
	out.NextPlan, out.NextEvery, out.NextExtra = n.read(s.Next)
	return out
}

// read says what lines are: the plan, how often it is paid where that is known, and how many
// accounts more.
func (n *priceNames) read(lines []billing.PricedItem) (plan string, every billing.Interval, extra int) {
	for _, item := range lines {
		sold, ok := n.byKey[item.LookupKey]
		if p := n.byID[item.PriceID]; p != nil {
			sold, ok = soldAs{plan: p.Plan, kind: p.Kind, every: p.Every}, true
		}
		switch {
		case ok && sold.kind == billing.Base:
			plan, every = sold.plan, sold.every
		case ok:
			extra += item.Quantity
		}
	}
	return plan, every, extra
}

// KeepPrices stores what the plans' prices are called at the provider, by their keys, as
// stripegw.EnsurePrices returns them. A price that another one replaced is not sold any more;
// who has it keeps it.
func (l *Ledger) KeepPrices(ctx context.Context, ids map[string]string) error {
	var rows []store.Price
	sold := map[string]bool{}
	for _, plan := range l.Plans.Plans {
		for _, p := range plan.Prices {
			for _, kind := range []billing.Kind{billing.Base, billing.Extra} {
				if id := ids[p.Key(kind)]; id != "" {
					sold[id] = true
					rows = append(rows, store.Price{
						PriceID: id, Plan: plan.ID, Kind: kind, Currency: p.Currency, Every: p.Interval, Livemode: l.Gateway.Livemode(), Active: true,
					})
				}
			}
		}
	}
	return l.DB.Platform(ctx, "store what prices are called", func(tx *pg.PlatformTx) error {
		known, err := store.Prices(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range known {
			if old := *p; old.Livemode == l.Gateway.Livemode() && !sold[old.PriceID] {
				old.Active = false
				rows = append(rows, old)
			}
		}
		return store.PutPrices(ctx, tx, rows)
	})
}
