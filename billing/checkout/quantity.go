package checkout

import (
	"context"
	"strconv"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant"
)

// lastDay is when fewer accounts are told to the provider: before, one more could come again
// within the time that is paid for already.
const lastDay = billing.Day

// Count pays for as many accounts as a tenant has. More counts at once, for the rest of the
// period. Fewer counts with the next one, and is asked for shortly before it: an account that
// is removed and another one that is made within a period cost nothing more. lower says that
// the next invoice is about to be made.
func (s *Service) Count(ctx context.Context, id tenant.ID, lower bool) error {
	st, err := s.read(ctx, id)
	if err != nil || st.live == nil || !st.live.IsPaidFor() || !st.live.PendingUntil.IsZero() {
		return err
	}
	is := st.live
	need, ok := s.extraFor(choice(is), st.usage.Accounts)
	if !ok || !st.entitlement.Limits.MoreAccounts {
		return nil // by contract, or the staff gave the company another plan or number of accounts
	}
	planned := billing.Choice{Plan: is.NextPlan, Currency: is.Currency, Every: is.NextEvery}
	hasPlanned := !is.NextAt.IsZero() && is.NextPlan != "" && planned != choice(is)
	if need > is.Extra {
		var then *order
		var err error
		if hasPlanned { // to make it more the provider forgets what was to come
			if then, err = s.recounted(ctx, is, planned, s.mustExtra(planned, st.usage.Accounts), true); err != nil {
				return err
			}
		}
		if err := s.recount(ctx, id, st, choice(is), need, false, then); err != nil || then == nil {
			return err
		}
		return s.order(ctx, id, st, kindQuantity, counted(*then), *then)
	}
	isSoon := lower || is.PeriodEnd.Sub(s.Now()) < lastDay
	switch next := s.mustExtra(planned, st.usage.Accounts); {
	case hasPlanned && is.NextExtra != next:
		return s.recount(ctx, id, st, planned, next, true, nil)
	case hasPlanned, !is.CancelAt.IsZero():
		return nil
	case need == is.Extra && !is.NextAt.IsZero(): // as many as before, after all
		return s.order(ctx, id, st, kindKeep, is.ID, order{By: audit.BySystem("billing"), Customer: is.CustomerID, Change: billing.PlanChange{Subscription: is.ID}, From: choice(is), To: choice(is)})
	case need < is.Extra && isSoon && (is.NextAt.IsZero() || is.NextExtra != need):
		return s.recount(ctx, id, st, choice(is), need, true, nil)
	}
	return nil
}

// extraFor is how many accounts have to be paid for with a choice; ok is false for a plan
// that is not in the file.
func (s *Service) extraFor(c billing.Choice, accounts int) (n int, ok bool) {
	plan, ok := s.Plans.Plan(c.Plan)
	if !ok {
		return 0, false
	}
	price, ok := plan.Price(c.Currency, c.Every)
	return plan.ExtraFor(price, accounts), ok
}

func (s *Service) mustExtra(c billing.Choice, accounts int) int {
	n, _ := s.extraFor(c, accounts)
	return n
}

// recount has a number of accounts paid for, with a plan; then is what is to follow at once.
func (s *Service) recount(ctx context.Context, id tenant.ID, st *state, with billing.Choice, extra int, later bool, then *order) error {
	o, err := s.recounted(ctx, st.live, with, extra, later)
	if err != nil {
		return err
	}
	o.Then = then
	return s.order(ctx, id, st, kindQuantity, counted(*o), *o)
}

func (s *Service) recounted(ctx context.Context, is *store.Subscription, with billing.Choice, extra int, later bool) (*order, error) {
	ids, err := s.priceIDs(ctx, with)
	if err != nil {
		return nil, err
	}
	later = later && is.Status != billing.Trialing // nothing was paid for yet
	o := &order{
		By: audit.BySystem("billing"), Customer: is.CustomerID, From: choice(is), To: with, Had: is.Extra,
		Change: billing.PlanChange{Subscription: is.ID, BasePrice: ids[billing.Base], ExtraPrice: ids[billing.Extra], Extra: extra, AtPeriodEnd: later},
	}
	if later {
		o.At = is.PeriodEnd
	}
	return o, nil
}

// counted names an order of accounts among those of its kind.
func counted(o order) string {
	return o.Change.Subscription + "/" + o.To.Plan + "-" + string(o.To.Every) + "-" + strconv.Itoa(o.Change.Extra)
}

// miscounted are tenants of whose accounts the provider does not know as many as there are.
func (s *Service) miscounted(ctx context.Context) (out []tenant.ID, err error) {
	included := map[string]int{}
	for _, p := range s.Plans.Plans {
		if p.Limits.Accounts > 0 && len(p.Prices) > 0 && p.Prices[0].Extra > 0 {
			included[p.ID] = p.Limits.Accounts
		}
	}
	now := s.Now()
	err = s.DB.Platform(ctx, "find tenants whose accounts are miscounted", func(tx *pg.PlatformTx) (err error) {
		out, err = store.Miscounted(ctx, tx, included, now, now.Add(lastDay-time.Minute), sweepMost)
		return err
	})
	return out, err
}
