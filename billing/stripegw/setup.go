package stripegw

import (
	"context"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing"
)

// EnsurePrices makes the products and prices of all plans that are not there yet, and
// returns their ids by key. Prices at Stripe never change: a plan that costs something else
// now gets a new one, which takes the key over; who has the old one keeps it.
func (g *Gateway) EnsurePrices(ctx context.Context, c *billing.Catalogue) (map[string]string, error) {
	known, err := g.pricesByKey(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, plan := range c.Plans {
		if len(plan.Prices) == 0 {
			continue
		}
		if err := g.ensureProduct(ctx, plan); err != nil {
			return nil, err
		}
		for _, p := range plan.Prices {
			for _, kind := range []billing.Kind{billing.Base, billing.Extra} {
				if kind == billing.Extra && p.Extra == 0 {
					continue
				}
				key := p.Key(kind)
				if is := known[key]; is != nil && is.UnitAmount == p.Amount(kind) {
					out[key] = is.ID
					continue
				}
				if out[key], err = g.newPrice(ctx, p, kind); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

func productID(plan billing.Plan) string { return "rookery_" + plan.ID }

func (g *Gateway) ensureProduct(ctx context.Context, plan billing.Plan) error {
	get := &stripe.ProductParams{}
	get.Context = ctx
	_, err := g.api.Products.Get(productID(plan), get)
	if !isMissing(err) {
		return mapError(err)
	}
	params := &stripe.ProductParams{ID: stripe.String(productID(plan)), Name: stripe.String(plan.Name)}
	params.Context = ctx
	_, err = g.api.Products.New(params)
	return mapError(err)
}

func (g *Gateway) newPrice(ctx context.Context, p billing.Price, kind billing.Kind) (string, error) {
	params := &stripe.PriceParams{
		Product: stripe.String("rookery_" + p.Plan), Currency: stripe.String(p.Currency), UnitAmount: stripe.Int64(p.Amount(kind)),
		LookupKey: stripe.String(p.Key(kind)), TransferLookupKey: stripe.Bool(true), TaxBehavior: stripe.String("exclusive"),
		Recurring: &stripe.PriceRecurringParams{Interval: stripe.String(string(p.Interval))},
	}
	params.Context = ctx
	made, err := g.api.Prices.New(params)
	if err != nil {
		return "", mapError(err)
	}
	return made.ID, nil
}

func (g *Gateway) pricesByKey(ctx context.Context) (map[string]*stripe.Price, error) {
	params := &stripe.PriceListParams{Active: stripe.Bool(true)}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	out := map[string]*stripe.Price{}
	all := g.api.Prices.List(params)
	for all.Next() {
		if p := all.Price(); p.LookupKey != "" {
			out[p.LookupKey] = p
		}
	}
	return out, mapError(all.Err())
}

// NewEndpoint has Stripe send events to a URL from now on, in the version that this library
// reads, and returns the secret that it will sign them with: Stripe tells it this once.
func (g *Gateway) NewEndpoint(ctx context.Context, url string, events []string) (id, secret, version string, err error) {
	params := &stripe.WebhookEndpointParams{URL: stripe.String(url), EnabledEvents: stripe.StringSlice(events), APIVersion: stripe.String(stripe.APIVersion)}
	params.Context = ctx
	e, err := g.api.WebhookEndpoints.New(params)
	if err != nil {
		return "", "", "", mapError(err)
	}
	return e.ID, e.Secret, stripe.APIVersion, nil
}

// RemoveEndpoint has Stripe send nothing more to an endpoint. One that is gone is fine.
func (g *Gateway) RemoveEndpoint(ctx context.Context, id string) error {
	params := &stripe.WebhookEndpointParams{}
	params.Context = ctx
	_, err := g.api.WebhookEndpoints.Del(id, params)
	if isMissing(err) {
		return nil
	}
	return mapError(err)
}
