package stripegw

import (
	"context"

	"github.com/stripe/stripe-go/v76"
)

// metaPortal marks the portal's configuration that is ours.
const metaPortal = "rookery_portal"

// portalVersion changes with what portal below offers: a new configuration is made then.
const portalVersion = "1"

// OpenPortal implements billing.Till: cards, invoices, addresses and tax ids, and the end of
// a subscription. Plans change here, where limits are looked at.
func (g *Gateway) OpenPortal(ctx context.Context, customer, back string) (string, error) {
	config, err := g.portal(ctx)
	if err != nil {
		return "", err
	}
	params := &stripe.BillingPortalSessionParams{Customer: stripe.String(customer), ReturnURL: stripe.String(back), Configuration: stripe.String(config)}
	params.Context = ctx
	s, err := g.api.BillingPortalSessions.New(params)
	if err != nil {
		return "", mapError(err)
	}
	return s.URL, nil
}

// portal is what the portal offers, looked for once and made where it is not there yet. What
// somebody set in Stripe's dashboard does not count: there plans can be changed past limits.
func (g *Gateway) portal(ctx context.Context) (string, error) {
	g.portalMu.Lock()
	defer g.portalMu.Unlock()
	if g.portalID != "" {
		return g.portalID, nil
	}
	params := &stripe.BillingPortalConfigurationListParams{Active: stripe.Bool(true)}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	all := g.api.BillingPortalConfigurations.List(params)
	for all.Next() {
		if c := all.BillingPortalConfiguration(); c.Metadata[metaPortal] == portalVersion {
			g.portalID = c.ID
			return c.ID, nil
		}
	}
	if err := all.Err(); err != nil {
		return "", mapError(err)
	}
	made, err := g.api.BillingPortalConfigurations.New(portal(ctx))
	if err != nil {
		return "", mapError(err)
	}
	g.portalID = made.ID
	return made.ID, nil
}

func portal(ctx context.Context) *stripe.BillingPortalConfigurationParams {
	params := &stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("Plan and billing")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripe.Bool(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: stripe.Bool(true)},
			CustomerUpdate: &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{
				Enabled: stripe.Bool(true), AllowedUpdates: stripe.StringSlice([]string{"address", "name", "tax_id"}),
			},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: stripe.Bool(true), Mode: stripe.String("at_period_end"),
			},
		},
	}
	params.Context = ctx
	params.AddMetadata(metaPortal, portalVersion)
	return params
}
