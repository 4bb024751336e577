package checkout

import (
	"context"
	"errors"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Offer is a change of plan or interval, before it is made.
type Offer struct {
	From, To billing.Choice
	Plan     billing.Plan // the new one
	// IsNow: it counts once it is paid for, at once. Else it does from At on, and nothing is
	// charged before. In a trial it counts at once and is charged at its end.
	IsNow   bool
	IsTrial bool
	At      time.Time
	Quote   billing.Quote
	Extra   int // accounts that are paid for besides the new plan's
	// Exceeds lists what stands in the way; the change is refused then, and there is no Quote.
	Exceeds []billing.Excess
	Loses   []tenant.Feature // what the plan now has and the new one does not
}

// Changed is what became of a change.
type Changed struct {
	Offer
	// Waits: the payment did not go through at once. The plan stays as it was until it does,
	// on PayURL, or the change lapses.
	Waits  bool
	PayURL string
}

// Preview says what a change would mean, without making it.
func (s *Service) Preview(ctx context.Context, id tenant.ID, want billing.Choice) (*Offer, error) {
	st, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := s.offer(st, want)
	if err != nil || len(o.Exceeds) > 0 {
		return o, err
	}
	change, err := s.planChange(ctx, st, o)
	if err != nil {
		return nil, err
	}
	quote, err := s.Till.Preview(ctx, change)
	if err != nil {
		return nil, err
	}
	o.Quote = *quote
	return o, nil
}

// Change makes a change: more at once and paid first, less once what was paid is used up.
func (s *Service) Change(ctx context.Context, who Buyer, id tenant.ID, want billing.Choice) (*Changed, error) {
	st, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := s.offer(st, want)
	if err != nil {
		return nil, err
	}
	if len(o.Exceeds) > 0 {
		return nil, errTooMuch
	}
	change, err := s.planChange(ctx, st, o)
	if err != nil {
		return nil, err
	}
	err = s.order(ctx, id, st, kindChange, want.Plan+"-"+string(want.Every), order{
		By: who.Actor, Customer: st.live.CustomerID, Change: change, From: o.From, To: o.To, Had: st.live.Extra, At: o.At,
	})
	if err != nil {
		return nil, err
	}
	out := &Changed{Offer: *o}
	if st, err = s.read(ctx, id); err != nil {
		return nil, err
	}
	if st.live != nil && !st.live.PendingUntil.IsZero() {
		out.Waits = true
		out.PayURL, err = s.payURL(ctx, id)
	}
	return out, err
}

// offer is what a change would be, but for its price. Its Exceeds refuse it.
func (s *Service) offer(st *state, want billing.Choice) (*Offer, error) {
	if err := s.changeable(st); err != nil {
		return nil, err
	}
	plan, price, ok := s.Plans.Offered(want)
	have := choice(st.live)
	old, known := s.Plans.Plan(have.Plan)
	switch {
	case !ok:
		return nil, errNoOffer
	case !known || !old.IsPublic:
		return nil, errContract
	case want.Currency != have.Currency:
		return nil, errCurrency
	case want == have:
		return nil, errSame
	}
	o := &Offer{
		From: have, To: want, Plan: plan, IsNow: s.Plans.IsMore(have, want), Extra: plan.ExtraFor(price, st.usage.Accounts),
		Exceeds: plan.Exceeds(price, st.usage), Loses: old.Loses(plan),
	}
	if o.IsNow && st.entitlement.IsDisputed {
		return nil, errDisputed
	}
	if st.live.Status == billing.Trialing {
		o.IsNow, o.IsTrial = true, true
	}
	if !o.IsNow {
		o.At = st.live.PeriodEnd
	}
	return o, nil
}

// changeable refuses where something else has to be settled before a plan can change.
func (s *Service) changeable(st *state) error {
	switch {
	case st.live == nil:
		return errNothing
	case st.live.Status == billing.PastDue, st.live.Status == billing.Unpaid:
		return errOwed
	case st.live.Status == billing.Paused:
		return errPaused
	case !st.live.PendingUntil.IsZero():
		return errPending
	case !st.live.CancelAt.IsZero():
		return errEnding
	}
	return nil
}

func (s *Service) planChange(ctx context.Context, st *state, o *Offer) (billing.PlanChange, error) {
	ids, err := s.priceIDs(ctx, o.To)
	return billing.PlanChange{
		Subscription: st.live.ID, BasePrice: ids[billing.Base], ExtraPrice: ids[billing.Extra], Extra: o.Extra, AtPeriodEnd: !o.IsNow,
	}, err
}

// payURL is the page on which the newest invoice is paid that is open; "" with none.
func (s *Service) payURL(ctx context.Context, id tenant.ID) (url string, err error) {
	err = s.DB.Platform(ctx, "find an invoice to be paid", func(tx *pg.PlatformTx) error {
		i, err := store.OpenInvoice(ctx, tx, id)
		if err == nil {
			url = i.PageURL
		}
		if fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	return url, err
}

// Keep takes a change back that was to come with the next period.
func (s *Service) Keep(ctx context.Context, who Buyer, id tenant.ID) error {
	return s.alter(ctx, who, id, kindKeep, func(live *store.Subscription, o *order) error {
		if live.NextAt.IsZero() {
			return errNoChange
		}
		o.To = billing.Choice{Plan: live.NextPlan, Currency: live.Currency, Every: live.NextEvery}
		return nil
	})
}

// Cancel ends what is paid for with its period, or its trial. Nothing is charged again.
func (s *Service) Cancel(ctx context.Context, who Buyer, id tenant.ID) error {
	err := s.alter(ctx, who, id, kindCancel, func(live *store.Subscription, o *order) error {
		if !live.CancelAt.IsZero() {
			return errIsSo
		}
		o.At = live.PeriodEnd
		return nil
	})
	if errors.Is(err, errIsSo) {
		return nil
	}
	return err
}

// errIsSo says that there is nothing left to order.
var errIsSo = errors.New("it is so already")

// Resume lets what was cancelled go on, while its time is not over.
func (s *Service) Resume(ctx context.Context, who Buyer, id tenant.ID) error {
	return s.alter(ctx, who, id, kindResume, func(live *store.Subscription, _ *order) error {
		if live.CancelAt.IsZero() {
			return errGoesOn
		}
		return nil
	})
}

// alter orders a change of the subscription that runs; fill completes the order, or says why
// there is none to give.
func (s *Service) alter(ctx context.Context, who Buyer, id tenant.ID, kind string, fill func(live *store.Subscription, o *order) error) error {
	st, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	if st.live == nil {
		return errNothing
	}
	o := order{By: who.Actor, Customer: st.live.CustomerID, Change: billing.PlanChange{Subscription: st.live.ID}, From: choice(st.live)}
	if err := fill(st.live, &o); err != nil {
		return err
	}
	return s.order(ctx, id, st, kind, st.live.ID, o)
}
