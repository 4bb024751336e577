package stripegw

import (
	"context"
	"errors"

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
	if c.TrialEnd.IsZero() {
		// Who owes nothing, by a code for all of it, needs no card.
		params.PaymentMethodCollection = stripe.String(string(stripe.CheckoutSessionPaymentMethodCollectionIfRequired))
	} else {
		// A card that is taken away within the trial ends it without a debt.
		params.SubscriptionData.TrialEnd = stripe.Int64(c.TrialEnd.Unix())
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionSubscriptionDataTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("cancel")},
		}
	}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	params.AddMetadata(metaTenant, owner)
	s, err := g.api.CheckoutSessions.New(params)
	if err != nil {
		return nil, mapError(err)
	}
	return checkoutPage(s), nil
}

// Checkout implements billing.Till.
func (g *Gateway) Checkout(ctx context.Context, session string) (*billing.CheckoutPage, error) {
	params := &stripe.CheckoutSessionParams{}
	params.Context = ctx
	s, err := g.api.CheckoutSessions.Get(session, params)
	if err != nil {
		return nil, mapError(err)
	}
	return checkoutPage(s), nil
}

func checkoutPage(s *stripe.CheckoutSession) *billing.CheckoutPage {
	return &billing.CheckoutPage{ID: s.ID, URL: s.URL, Expires: unix(s.ExpiresAt), Status: billing.PageStatus(s.Status)}
}

// ExpireCheckout implements billing.Till.
func (g *Gateway) ExpireCheckout(ctx context.Context, session string) error {
	page, err := g.Checkout(ctx, session)
	if err != nil || page.Status != billing.PageOpen {
		return err
	}
	params := &stripe.CheckoutSessionExpireParams{}
	params.Context = ctx
	_, err = g.api.CheckoutSessions.Expire(session, params)
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

// RefundCharge implements billing.Till. The reason keeps the card from paying anything more.
func (g *Gateway) RefundCharge(ctx context.Context, key, charge string) error {
	params := &stripe.RefundParams{Charge: stripe.String(charge), Reason: stripe.String(string(stripe.RefundReasonFraudulent))}
	params.Context = ctx
	params.SetIdempotencyKey(key)
	_, err := g.api.Refunds.New(params)
	var said *stripe.Error
	if errors.As(err, &said) && said.Code == stripe.ErrorCodeChargeAlreadyRefunded {
		return nil
	}
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
