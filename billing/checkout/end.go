package checkout

import (
	"context"
	"strconv"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
)

// End ends a subscription at the provider at once, because a payment for it was lost. It is
// asked for under a key of the subscription alone, so that however often somebody hears of
// the loss it is done once; after a refusal, under a new one. One that has ended is fine.
func (s *Service) End(ctx context.Context, subscription string) error {
	var in *store.Intent
	err := s.DB.Platform(ctx, "write down that a subscription is ended", func(tx *pg.PlatformTx) error {
		held, err := store.HeldByID(ctx, tx, []string{subscription})
		if err != nil || len(held) == 0 || hasEnded(held[0].Status) {
			return err
		}
		id := held[0].TenantID
		if err := store.LockPurchases(ctx, tx, id); err != nil {
			return err
		}
		o := order{By: audit.BySystem("billing"), Customer: held[0].CustomerID, Change: billing.PlanChange{Subscription: subscription}}
		all, err := store.Subscriptions(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.ID == subscription {
				o.From = choice(one)
			}
		}
		// What was refused is another thing to ask: its key brings the same refusal.
		refused, err := store.CountRefused(ctx, tx, id, kindEnd+"/"+subscription)
		if err != nil {
			return err
		}
		key := kindEnd + "/" + subscription
		if refused > 0 {
			key += "/" + strconv.Itoa(refused)
		}
		in, err = store.BeginIntent(ctx, tx, id, key, kindEnd, o)
		return err
	})
	if err != nil || in == nil {
		return err
	}
	return s.end(ctx, in)
}

func hasEnded(status billing.Status) bool {
	return status == billing.Canceled || status == billing.IncompleteExpired
}

// end asks the provider. Only what it refuses is given up, until somebody reads the customer
// again: that a payment was lost stands among the staff's matters as well.
func (s *Service) end(ctx context.Context, in *store.Intent) error {
	o, err := decode[order](in)
	if err != nil {
		return err
	}
	err = s.Till.CancelNow(ctx, in.IdempotencyKey, o.Change.Subscription)
	switch {
	case fault.CodeOf(err) == fault.Invalid:
		if why := s.failed(ctx, in, err); fault.CodeOf(why) != fault.Invalid { // it could not be written down
			return why
		}
		return nil
	case err != nil && !fault.IsNotFound(err): // what is not there any more was ended by somebody else
		s.Log.WarnContext(ctx, "a subscription cannot be ended yet", "subscription", o.Change.Subscription, "error", err)
		return err
	}
	if err := s.done(ctx, in, o.Change.Subscription, s.record(in, o)); err != nil {
		return err
	}
	s.refresh(ctx, o.Customer)
	return nil
}
