package stripegw

import (
	"context"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing"
)

// CreateCustomer implements billing.Till.
func (g *Gateway) CreateCustomer(ctx context.Context, key string, c billing.NewCustomer) (string, error) {
	params := &stripe.CustomerParams{Name: stripe.String(c.Name), Email: stripe.String(c.Email)}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	params.AddMetadata(metaTenant, c.Tenant.String())
	made, err := g.api.Customers.New(params)
	if err != nil {
		return "", mapError(err)
	}
	return made.ID, nil
}

// OpenCheckout implements billing.Till. Taxes, tax ids and promotion codes are Stripe's
// page's; so is 3-D Secure.
func (g *Gateway) OpenCheckout(ctx context.Context, key string, c billing.NewCheckout) (*billing.CheckoutPage, error) {
	owner := c.Tenant.String()
	params := &stripe.CheckoutSessionParams{
		Mode: stripe.String(string(stripe.CheckoutSessionModeSubscription)), Customer: stripe.String(c.Customer), ClientReferenceID: stripe.String(owner),
		SuccessURL: stripe.String(c.Success), CancelURL: stripe.String(c.Cancel),
		AllowPromotionCodes: stripe.Bool(true), BillingAddressCollection: stripe.String("required"),
		AutomaticTax:     &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)},
		TaxIDCollection:  &stripe.CheckoutSessionTaxIDCollectionParams{Enabled: stripe.Bool(true)},
		CustomerUpdate:   &stripe.CheckoutSessionCustomerUpdateParams{Address: stripe.String("auto"), Name: stripe.String("auto")},
		LineItems:        []*stripe.CheckoutSessionLineItemParams{{Price: stripe.String(c.BasePrice), Quantity: stripe.Int64(1)}},
		SubscriptionData: &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{metaTenant: owner}},
	}
	if c.Extra > 0 {
		params.LineItems = append(params.LineItems, &stripe.CheckoutSessionLineItemParams{Price: stripe.String(c.ExtraID), Quantity: stripe.Int64(int64(c.Extra))})
	}
	if !c.TrialEnd.IsZero() {
		params.SubscriptionData.TrialEnd = stripe.Int64(c.TrialEnd.Unix())
	}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	params.AddMetadata(metaTenant, owner)
	s, err := g.api.CheckoutSessions.New(params)
	if err != nil {
		return nil, mapError(err)
	}
	return &billing.CheckoutPage{ID: s.ID, URL: s.URL, Expires: unix(s.ExpiresAt)}, nil
}

// ExpireCheckout implements billing.Till.
func (g *Gateway) ExpireCheckout(ctx context.Context, session string) error {
	get := &stripe.CheckoutSessionParams{}
	get.Context = ctx
	s, err := g.api.CheckoutSessions.Get(session, get)
	if err != nil {
		return mapError(err)
	}
	if s.Status != stripe.CheckoutSessionStatusOpen {
		return nil
	}
	params := &stripe.CheckoutSessionExpireParams{}
	params.Context = ctx
	_, err = g.api.CheckoutSessions.Expire(session, params)
	return mapError(err)
}

// OpenPortal implements billing.Till: cards, invoices, tax ids, and the end of a
// subscription. Plans change here, where limits are looked at.
func (g *Gateway) OpenPortal(ctx context.Context, customer, back string) (string, error) {
	params := &stripe.BillingPortalSessionParams{Customer: stripe.String(customer), ReturnURL: stripe.String(back)}
	params.Context = ctx
	s, err := g.api.BillingPortalSessions.New(params)
	if err != nil {
		return "", mapError(err)
	}
	return s.URL, nil
}

// items are the lines that a subscription has after a change: what it has of other prices goes.
func (g *Gateway) items(ctx context.Context, c billing.PlanChange) (*stripe.Subscription, []*stripe.SubscriptionItemsParams, error) {
	get := &stripe.SubscriptionParams{}
	get.Context = ctx
	s, err := g.api.Subscriptions.Get(c.Subscription, get)
	if err != nil {
		return nil, nil, mapError(err)
	}
	wanted := map[string]int64{c.BasePrice: 1}
	order := []string{c.BasePrice}
	if c.Extra > 0 {
		wanted[c.ExtraPrice] = int64(c.Extra)
		order = append(order, c.ExtraPrice)
	}
	var out []*stripe.SubscriptionItemsParams
	for _, item := range s.Items.Data {
		n, keep := wanted[item.Price.ID]
		if keep {
			out = append(out, &stripe.SubscriptionItemsParams{ID: stripe.String(item.ID), Quantity: stripe.Int64(n)})
			delete(wanted, item.Price.ID)
			continue
		}
		out = append(out, &stripe.SubscriptionItemsParams{ID: stripe.String(item.ID), Deleted: stripe.Bool(true)})
	}
	for _, price := range order {
		if n, missing := wanted[price]; missing {
			out = append(out, &stripe.SubscriptionItemsParams{Price: stripe.String(price), Quantity: stripe.Int64(n)})
		}
	}
	return s, out, nil
}

// Preview implements billing.Till.
func (g *Gateway) Preview(ctx context.Context, c billing.PlanChange) (*billing.Quote, error) {
	s, items, err := g.items(ctx, c)
	if err != nil {
		return nil, err
	}
	params := &stripe.InvoiceUpcomingParams{
		Customer: stripe.String(s.Customer.ID), Subscription: stripe.String(s.ID), SubscriptionItems: items,
		SubscriptionProrationBehavior: stripe.String(proration(c)),
	}
	params.Context = ctx
	i, err := g.api.Invoices.Upcoming(params)
	if err != nil {
		return nil, mapError(err)
	}
	q := &billing.Quote{Currency: string(i.Currency), NextAt: unix(s.CurrentPeriodEnd), Next: i.Total}
	if !c.AtPeriodEnd {
		// What is charged at once stands in lines of its own.
		q.Now, q.Next = 0, 0
		for _, line := range i.Lines.Data {
			if line.Proration {
				q.Now += line.Amount
			} else {
				q.Next += line.Amount
			}
		}
	}
	return q, nil
}

func proration(c billing.PlanChange) string {
	if c.AtPeriodEnd {
		return "none"
	}
	return "always_invoice"
}

// ChangePlan implements billing.Till. More counts once it is paid for: until then the
// subscription stays as it was. Less is not given back: it is for the caller to ask at the
// period's end.
func (g *Gateway) ChangePlan(ctx context.Context, key string, c billing.PlanChange) error {
	_, items, err := g.items(ctx, c)
	if err != nil {
		return err
	}
	params := &stripe.SubscriptionParams{Items: items, ProrationBehavior: stripe.String(proration(c))}
	if !c.AtPeriodEnd {
		params.PaymentBehavior = stripe.String("pending_if_incomplete")
	}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err = g.api.Subscriptions.Update(c.Subscription, params)
	return mapError(err)
}

// CancelAtEnd implements billing.Till.
func (g *Gateway) CancelAtEnd(ctx context.Context, key, subscription string, cancel bool) error {
	params := &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(cancel)}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err := g.api.Subscriptions.Update(subscription, params)
	return mapError(err)
}

// CancelNow implements billing.Till.
func (g *Gateway) CancelNow(ctx context.Context, key, subscription string) error {
	params := &stripe.SubscriptionCancelParams{}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err := g.api.Subscriptions.Cancel(subscription, params)
	return mapError(err)
}

// Refund implements billing.Till.
func (g *Gateway) Refund(ctx context.Context, key, invoice string, amount int64) error {
	charge, err := g.ChargeOf(ctx, invoice)
	if err != nil {
		return err
	}
	params := &stripe.RefundParams{Charge: stripe.String(charge)}
	if amount > 0 {
		params.Amount = stripe.Int64(amount)
	}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err = g.api.Refunds.New(params)
	return mapError(err)
}

// ChargeOf returns the id of the payment of an invoice; fault.Invalid where nothing was paid.
func (g *Gateway) ChargeOf(ctx context.Context, invoice string) (string, error) {
	params := &stripe.InvoiceParams{}
	params.Context = ctx
	i, err := g.api.Invoices.Get(invoice, params)
	if err != nil {
		return "", mapError(err)
	}
	if i.Charge == nil {
		return "", errNotPaid
	}
	return i.Charge.ID, nil
}
