package stripegw

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing"
	"rookery/internal/fault"
	"rookery/tenant"
)

// metaTenant is where a customer and a subscription say whose they are.
const metaTenant = "tenant_id"

const (
	pageSize = 100 // Stripe's largest
)

// Customer implements billing.Reader: the customer, its subscriptions in every status, its
// newest invoices with their charges, and what is disputed of those.
func (g *Gateway) Customer(ctx context.Context, id string) (*billing.CustomerState, error) {
	params := &stripe.CustomerParams{}
	params.Context = ctx
	c, err := g.api.Customers.Get(id, params)
	if err != nil {
		return nil, mapError(err)
	}
	out := &billing.CustomerState{ID: c.ID, Deleted: c.Deleted, Email: c.Email, Currency: string(c.Currency), Tenant: tenantOf(c.Metadata)}
	if c.Deleted {
		return out, nil
	}
	if err := g.subscriptionsOf(ctx, out); err != nil {
		return nil, err
	}
	return out, g.invoicesOf(ctx, out)
}

func (g *Gateway) subscriptionsOf(ctx context.Context, out *billing.CustomerState) error {
	params := &stripe.SubscriptionListParams{Customer: stripe.String(out.ID), Status: stripe.String("all")}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	params.AddExpand("data.default_payment_method")
	params.AddExpand("data.schedule")
	all := g.api.Subscriptions.List(params)
	for all.Next() {
		out.Subscriptions = append(out.Subscriptions, subscription(all.Subscription()))
	}
	return mapError(all.Err())
}

func (g *Gateway) invoicesOf(ctx context.Context, out *billing.CustomerState) error {
	params := &stripe.InvoiceListParams{Customer: stripe.String(out.ID)}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	params.AddExpand("data.charge")
	params.Single = true // the newest page, whoever has more
	all := g.api.Invoices.List(params)
	for all.Next() {
		i := all.Invoice()
		out.Invoices = append(out.Invoices, invoice(i))
		if i.Charge != nil && i.Charge.Disputed { // seldom
			if err := g.disputesOf(ctx, i.Charge.ID, out); err != nil {
				return err
			}
		}
	}
	if err := mapError(all.Err()); err != nil || !all.Meta().HasMore {
		return err
	}
	return g.olderOpen(ctx, out)
}

// olderOpen adds the invoices that are owed and older than those that were read.
func (g *Gateway) olderOpen(ctx context.Context, out *billing.CustomerState) error {
	params := &stripe.InvoiceListParams{Customer: stripe.String(out.ID), Status: stripe.String(string(stripe.InvoiceStatusOpen))}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	all := g.api.Invoices.List(params)
	for all.Next() {
		i := invoice(all.Invoice())
		if !slices.ContainsFunc(out.Invoices, func(have billing.InvoiceState) bool { return have.ID == i.ID }) {
			out.Invoices = append(out.Invoices, i)
		}
	}
	return mapError(all.Err())
}

func (g *Gateway) disputesOf(ctx context.Context, charge string, out *billing.CustomerState) error {
	params := &stripe.DisputeListParams{Charge: stripe.String(charge)}
	params.Context = ctx
	all := g.api.Disputes.List(params)
	for all.Next() {
		out.Disputes = append(out.Disputes, dispute(charge, all.Dispute()))
	}
	return mapError(all.Err())
}

// Undelivered implements billing.Reader.
func (g *Gateway) Undelivered(ctx context.Context, since time.Time) (out []billing.Event, err error) {
	params := &stripe.EventListParams{DeliverySuccess: stripe.Bool(false), CreatedRange: &stripe.RangeQueryParams{GreaterThan: since.Unix()}}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	all := g.api.Events.List(params)
	for all.Next() {
		raw, err := json.Marshal(all.Event())
		if err != nil {
			return nil, err
		}
		e, err := billing.ReadEvent(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, mapError(all.Err())
}

// Warnings implements billing.Reader. The newest come first.
func (g *Gateway) Warnings(ctx context.Context, since time.Time) (out []billing.Warning, err error) {
	params := &stripe.RadarEarlyFraudWarningListParams{}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	all := g.api.RadarEarlyFraudWarnings.List(params)
	for all.Next() {
		w := all.RadarEarlyFraudWarning()
		if unix(w.Created).Before(since) {
			return out, nil
		}
		if w.Charge != nil {
			out = append(out, billing.Warning{ID: w.ID, Charge: w.Charge.ID, Created: unix(w.Created)})
		}
	}
	return out, mapError(all.Err())
}

// Subscriptions implements billing.Reader.
func (g *Gateway) Subscriptions(ctx context.Context, fn func([]billing.SubscriptionState) error) error {
	params := &stripe.SubscriptionListParams{Status: stripe.String("all")}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	var page []billing.SubscriptionState
	all := g.api.Subscriptions.List(params)
	for all.Next() {
		if page = append(page, subscription(all.Subscription())); len(page) == pageSize {
			if err := fn(page); err != nil {
				return err
			}
			page = page[:0]
		}
	}
	if err := mapError(all.Err()); err != nil || len(page) == 0 {
		return err
	}
	return fn(page)
}

// DisputedCustomer implements billing.Reader.
func (g *Gateway) DisputedCustomer(ctx context.Context, charge string) (string, error) {
	params := &stripe.ChargeParams{}
	params.Context = ctx
	c, err := g.api.Charges.Get(charge, params)
	if err != nil {
		return "", mapError(err)
	}
	if c.Customer == nil {
		return "", fault.New(fault.NotFound, "That payment is nobody's.")
	}
	return c.Customer.ID, nil
}

func subscription(s *stripe.Subscription) billing.SubscriptionState {
	out := billing.SubscriptionState{Tenant: tenantOf(s.Metadata), Currency: string(s.Currency), IsPaused: s.PauseCollection != nil}
	out.Subscription = billing.Subscription{
		ID: s.ID, Status: billing.Status(s.Status), Created: unix(s.Created), PeriodStart: unix(s.CurrentPeriodStart), PeriodEnd: unix(s.CurrentPeriodEnd),
		TrialEnd: unix(s.TrialEnd), CancelAt: unix(s.CancelAt), EndedAt: unix(s.EndedAt),
	}
	if s.CancelAtPeriodEnd && out.CancelAt.IsZero() {
		out.CancelAt = out.PeriodEnd
	}
	if s.Customer != nil {
		out.CustomerID = s.Customer.ID
	}
	if s.Items != nil {
		for _, item := range s.Items.Data {
			if item.Price == nil {
				continue
			}
			out.Prices = append(out.Prices, billing.PricedItem{PriceID: item.Price.ID, LookupKey: item.Price.LookupKey, Quantity: int(item.Quantity)})
			if item.Price.Recurring != nil {
				out.Every = billing.Interval(item.Price.Recurring.Interval)
			}
		}
	}
	out.Monthly = monthly(s)
	if s.PendingUpdate != nil {
		out.PendingUntil = unix(s.PendingUpdate.ExpiresAt)
	}
	out.Next, out.NextAt = next(s)
	if m := s.DefaultPaymentMethod; m != nil && m.Card != nil {
		out.CardBrand, out.CardLast4, out.HasCard = string(m.Card.Brand), m.Card.Last4, true
	}
	return out
}

// monthly is what a subscription brings a month: by what its prices were when it was bought,
// less what a coupon takes off for longer than once.
func monthly(s *stripe.Subscription) int64 {
	if s.Items == nil {
		return 0
	}
	const months = 12
	sum := 0.0
	for _, item := range s.Items.Data {
		if item.Price == nil || item.Price.Recurring == nil {
			continue
		}
		amount := off(s.Discount, float64(item.Price.UnitAmount*item.Quantity))
		every := float64(max(item.Price.Recurring.IntervalCount, 1))
		if item.Price.Recurring.Interval == stripe.PriceRecurringIntervalYear {
			every *= months
		}
		sum += amount / every
	}
	if c := coupon(s.Discount); c != nil && c.AmountOff > 0 {
		every := 1.0
		if items := s.Items.Data; len(items) > 0 && items[0].Price != nil && items[0].Price.Recurring != nil && items[0].Price.Recurring.Interval == stripe.PriceRecurringIntervalYear {
			every = months
		}
		sum -= float64(c.AmountOff) / every
	}
	return max(0, int64(math.Round(sum)))
}

// coupon is one that counts for the invoices to come; nil: none does.
func coupon(d *stripe.Discount) *stripe.Coupon {
	if d == nil || d.Coupon == nil || d.Coupon.Duration == stripe.CouponDurationOnce {
		return nil
	}
	return d.Coupon
}

// off takes a coupon's percentage off an amount.
func off(d *stripe.Discount, amount float64) float64 {
	if c := coupon(d); c != nil {
		return amount * (100 - c.PercentOff) / 100
	}
	return amount
}

// next is what a subscription becomes by its schedule; nothing where it follows none, or is
// in the last of its phases.
func next(s *stripe.Subscription) (lines []billing.PricedItem, at time.Time) {
	if s.Schedule == nil || s.Schedule.CurrentPhase == nil || s.CancelAtPeriodEnd {
		return nil, time.Time{}
	}
	for _, phase := range s.Schedule.Phases {
		if phase.StartDate < s.Schedule.CurrentPhase.EndDate {
			continue
		}
		for _, item := range phase.Items {
			if item.Price != nil {
				lines = append(lines, billing.PricedItem{PriceID: item.Price.ID, LookupKey: item.Price.LookupKey, Quantity: int(item.Quantity)})
			}
		}
		return lines, unix(phase.StartDate)
	}
	return nil, time.Time{}
}

func invoice(i *stripe.Invoice) billing.InvoiceState {
	out := billing.InvoiceState{
		ID: i.ID, Number: i.Number, Status: string(i.Status), Currency: string(i.Currency), Total: i.Total, Tax: i.Tax,
		PageURL: i.HostedInvoiceURL, PDFURL: i.InvoicePDF, PeriodEnd: unix(i.PeriodEnd), Created: unix(i.Created), Due: unix(i.DueDate),
	}
	if i.Subscription != nil {
		out.Subscription = i.Subscription.ID
	}
	if i.Charge != nil {
		out.Refunded = i.Charge.AmountRefunded
	}
	return out
}

func dispute(charge string, d *stripe.Dispute) billing.DisputeState {
	out := billing.DisputeState{
		ID: d.ID, Charge: charge, Status: string(d.Status), Currency: string(d.Currency), Reason: string(d.Reason), Amount: d.Amount, Created: unix(d.Created),
	}
	if d.EvidenceDetails != nil {
		out.DueBy = unix(d.EvidenceDetails.DueBy)
	}
	return out
}

// unix is a time of Stripe's; 0 is none.
func unix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func tenantOf(metadata map[string]string) tenant.ID {
	n, err := strconv.ParseInt(metadata[metaTenant], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return tenant.ID(n)
}
