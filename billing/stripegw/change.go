package stripegw

import (
	"context"
	"slices"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing"
)

// subscription reads one with the schedule that it follows, if any.
func (g *Gateway) subscription(ctx context.Context, id string) (*stripe.Subscription, error) {
	params := &stripe.SubscriptionParams{}
	params.Context = ctx
	params.AddExpand("schedule")
	s, err := g.api.Subscriptions.Get(id, params)
	return s, mapError(err)
}

// wanted are the lines that a subscription has after a change.
func wanted(c billing.PlanChange) []billing.PricedItem {
	out := []billing.PricedItem{{PriceID: c.BasePrice, Quantity: 1}}
	if c.Extra > 0 {
		out = append(out, billing.PricedItem{PriceID: c.ExtraPrice, Quantity: c.Extra})
	}
	return out
}

// items turn a subscription's lines into those of a change: what it has of other prices goes.
func items(s *stripe.Subscription, c billing.PlanChange) []*stripe.SubscriptionItemsParams {
	missing := wanted(c)
	var out []*stripe.SubscriptionItemsParams
	for _, item := range s.Items.Data {
		at := slices.IndexFunc(missing, func(w billing.PricedItem) bool { return w.PriceID == item.Price.ID })
		if at < 0 {
			out = append(out, &stripe.SubscriptionItemsParams{ID: stripe.String(item.ID), Deleted: stripe.Bool(true)})
			continue
		}
		out = append(out, &stripe.SubscriptionItemsParams{ID: stripe.String(item.ID), Quantity: stripe.Int64(int64(missing[at].Quantity))})
		missing = slices.Delete(missing, at, at+1)
	}
	for _, w := range missing {
		out = append(out, &stripe.SubscriptionItemsParams{Price: stripe.String(w.PriceID), Quantity: stripe.Int64(int64(w.Quantity))})
	}
	return out
}

// Preview implements billing.Till.
func (g *Gateway) Preview(ctx context.Context, c billing.PlanChange) (*billing.Quote, error) {
	s, err := g.subscription(ctx, c.Subscription)
	if err != nil {
		return nil, err
	}
	later, err := g.upcoming(ctx, s, c, "none")
	if err != nil {
		return nil, err
	}
	q := &billing.Quote{Currency: string(later.Currency), NextAt: unix(s.CurrentPeriodEnd), Next: later.Total}
	if c.AtPeriodEnd || s.Status == stripe.SubscriptionStatusTrialing {
		return q, nil
	}
	now, err := g.upcoming(ctx, s, c, "always_invoice")
	if err != nil {
		return nil, err
	}
	q.Now = now.Total
	for _, line := range now.Lines.Data {
		// Another interval begins a period at once, which is charged with the rest.
		if end := unix(line.Period.End); !line.Proration && end.After(q.NextAt) {
			q.NextAt = end
		}
	}
	return q, nil
}

func (g *Gateway) upcoming(ctx context.Context, s *stripe.Subscription, c billing.PlanChange, proration string) (*stripe.Invoice, error) {
	params := &stripe.InvoiceUpcomingParams{
		Customer: stripe.String(s.Customer.ID), Subscription: stripe.String(s.ID), SubscriptionItems: items(s, c), SubscriptionProrationBehavior: stripe.String(proration),
	}
	params.Context = ctx
	i, err := g.api.Invoices.Upcoming(params)
	return i, mapError(err)
}

// ChangePlan implements billing.Till. More counts once it is paid for: until then the
// subscription stays as it was. Less counts with the next period, by a schedule.
func (g *Gateway) ChangePlan(ctx context.Context, key string, c billing.PlanChange) error {
	s, err := g.subscription(ctx, c.Subscription)
	if err != nil {
		return err
	}
	isTrial := s.Status == stripe.SubscriptionStatusTrialing // nothing was paid, so nothing has to be waited for
	if c.AtPeriodEnd && !isTrial {
		return g.changeLater(ctx, key, s, c)
	}
	if err := g.release(ctx, key, s); err != nil {
		return err
	}
	params := &stripe.SubscriptionParams{Items: items(s, c), ProrationBehavior: stripe.String("none")}
	if !isTrial {
		params.ProrationBehavior, params.PaymentBehavior = stripe.String("always_invoice"), stripe.String("pending_if_incomplete")
	}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err = g.api.Subscriptions.Update(c.Subscription, params)
	return mapError(err)
}

// changeLater has a subscription follow a schedule of two phases: what it is until its
// period ends, and what it is then. After that it goes on by itself.
func (g *Gateway) changeLater(ctx context.Context, key string, s *stripe.Subscription, c billing.PlanChange) error {
	if s.Schedule != nil && len(s.Schedule.Phases) > 1 { // of an earlier change
		if err := g.release(ctx, key, s); err != nil {
			return err
		}
	}
	schedule := s.Schedule
	if schedule == nil {
		params := &stripe.SubscriptionScheduleParams{FromSubscription: stripe.String(s.ID)}
		params.Context = ctx
		params.SetIdempotencyKey(key + "/schedule")
		made, err := g.api.SubscriptionSchedules.New(params)
		if err != nil {
			return mapError(err)
		}
		schedule = made
	}
	have := make([]billing.PricedItem, 0, len(s.Items.Data))
	for _, item := range s.Items.Data {
		have = append(have, billing.PricedItem{PriceID: item.Price.ID, Quantity: int(item.Quantity)})
	}
	first, second := phase(s, have), phase(s, wanted(c))
	first.StartDate, first.EndDate = stripe.Int64(schedule.Phases[0].StartDate), stripe.Int64(s.CurrentPeriodEnd)
	second.Iterations = stripe.Int64(1)
	params := &stripe.SubscriptionScheduleParams{EndBehavior: stripe.String("release"), Phases: []*stripe.SubscriptionSchedulePhaseParams{first, second}}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err := g.api.SubscriptionSchedules.Update(schedule.ID, params)
	return mapError(err)
}

// phase is one of a schedule, with what the subscription has besides its lines.
func phase(s *stripe.Subscription, lines []billing.PricedItem) *stripe.SubscriptionSchedulePhaseParams {
	out := &stripe.SubscriptionSchedulePhaseParams{ProrationBehavior: stripe.String("none")}
	if s.AutomaticTax != nil && s.AutomaticTax.Enabled {
		out.AutomaticTax = &stripe.SubscriptionSchedulePhaseAutomaticTaxParams{Enabled: stripe.Bool(true)}
	}
	if s.Discount != nil && s.Discount.Coupon != nil {
		out.Coupon = stripe.String(s.Discount.Coupon.ID)
	}
	for _, line := range lines {
		out.Items = append(out.Items, &stripe.SubscriptionSchedulePhaseItemParams{Price: stripe.String(line.PriceID), Quantity: stripe.Int64(int64(line.Quantity))})
	}
	return out
}

// release lets a subscription go on as it is.
func (g *Gateway) release(ctx context.Context, key string, s *stripe.Subscription) error {
	if s.Schedule == nil {
		return nil
	}
	params := &stripe.SubscriptionScheduleReleaseParams{}
	params.Context = ctx
	params.SetIdempotencyKey(key + "/release/" + s.Schedule.ID)
	_, err := g.api.SubscriptionSchedules.Release(s.Schedule.ID, params)
	s.Schedule = nil
	return mapError(err)
}

// KeepPlan implements billing.Till.
func (g *Gateway) KeepPlan(ctx context.Context, key, subscription string) error {
	s, err := g.subscription(ctx, subscription)
	if err != nil {
		return err
	}
	return g.release(ctx, key, s)
}

// CancelAtEnd implements billing.Till. What follows a schedule can only end by it, so it is
// let go first.
func (g *Gateway) CancelAtEnd(ctx context.Context, key, subscription string, cancel bool) error {
	s, err := g.subscription(ctx, subscription)
	if err != nil {
		return err
	}
	if err := g.release(ctx, key, s); err != nil {
		return err
	}
	params := &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(cancel)}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err = g.api.Subscriptions.Update(subscription, params)
	return mapError(err)
}
