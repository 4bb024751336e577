package stripefake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

const upcomingFields = `customer subscription coupon automatic_tax.enabled:bool
	subscription_items.#.id subscription_items.#.price subscription_items.#.quantity:int subscription_items.#.deleted:bool
	subscription_items.#.clear_usage:bool subscription_proration_behavior:always_invoice|create_prorations|none
	subscription_proration_date:int subscription_billing_cycle_anchor:now|unchanged subscription_trial_end:time
	subscription_cancel_at_period_end:bool`

// upcomingInvoice previews: without changes the next period's invoice, with
// them what the same update would bill.
func (s *Server) upcomingInvoice(c *call) (any, error) {
	update := params{}
	for path, value := range c.p {
		if name, ok := strings.CutPrefix(path, "subscription_"); ok {
			update[name] = value
		}
	}
	if c.p.str("subscription") == "" {
		return s.upcomingFirst(c, update)
	}
	sub, ok := s.subs.get(c.p.str("subscription"))
	if !ok {
		return nil, missing("subscription", c.p.str("subscription"), "subscription")
	}
	if id := c.p.str("customer"); id != "" && id != sub.customer {
		return nil, missing("subscription", sub.id, "subscription")
	}
	later := sub.copy()
	if err := s.previewDiscount(later, c.p); err != nil {
		return nil, err
	}
	if ends := update.str("cancel_at_period_end"); ends != "" {
		s.fillEnd(later, params{"cancel_at_period_end": ends}, s.nowOf(sub.customer))
	}
	next, err := s.planOf(later, update, s.nowOf(sub.customer))
	if err != nil {
		return nil, err
	}
	if next.restart || c.p.str("subscription_proration_behavior") == "always_invoice" {
		inv := s.preview(later, stripe.InvoiceBillingReasonUpcoming, slices.Concat(later.prorations, next.lines))
		return s.previewObject(inv), nil
	}
	return s.upcomingTurn(later, next)
}

func (s *Server) previewDiscount(sub *subscription, p params) error {
	if !p.has("coupon") {
		return nil
	}
	co, err := s.coupon(p.str("coupon"), "coupon")
	if err != nil {
		return err
	}
	sub.discount = &discount{coupon: co.id, start: s.nowOf(sub.customer)}
	return nil
}

// upcomingTurn is the invoice of the next period after a change.
func (s *Server) upcomingTurn(sub *subscription, next plan) (any, error) {
	ends := sub.cancelAt != 0 && sub.cancelAt <= next.periodEnd
	if !sub.runs() || ends {
		e := wrong(stripe.ErrorCodeInvoiceUpcomingNone, "", "No upcoming invoices for customer: %s", sub.customer)
		e.status = http.StatusNotFound
		return nil, e
	}
	lines := slices.Concat(sub.prorations, next.lines)
	periodStart, at := next.periodStart, next.periodEnd
	sub.items, sub.anchor = next.items, next.anchor
	if sub.status == stripe.SubscriptionStatusTrialing {
		sub.status = stripe.SubscriptionStatusActive
	}
	s.turn(sub, at)
	inv := s.preview(sub, stripe.InvoiceBillingReasonUpcoming, append(lines, s.periodLines(sub)...))
	inv.created, inv.periodStart, inv.periodEnd = at, periodStart, at
	if inv.discount != nil && !s.holds(inv.discount, at) {
		inv.discount = nil
		s.total(inv)
	}
	return s.previewObject(inv), nil
}

// upcomingFirst previews a subscription that does not exist yet.
func (s *Server) upcomingFirst(c *call, update params) (any, error) {
	cu, missingErr := s.liveCustomer(c.p.str("customer"), "customer")
	if missingErr != nil {
		return nil, missingErr
	}
	if !update.has("items") {
		for _, sub := range s.subs.all() {
			if sub.customer == cu.id && sub.runs() {
				c.p["subscription"] = sub.id
				return s.upcomingInvoice(c)
			}
		}
		e := wrong(stripe.ErrorCodeInvoiceUpcomingNone, "", "No upcoming invoices for customer: %s", cu.id)
		e.status = http.StatusNotFound
		return nil, e
	}
	update["automatic_tax.enabled"] = c.p.str("automatic_tax.enabled")
	o, err := s.orderOf(update, cu)
	if err != nil {
		return nil, err
	}
	sub := s.newSub(o)
	if err := s.previewDiscount(sub, c.p); err != nil {
		return nil, err
	}
	return s.previewObject(s.preview(sub, stripe.InvoiceBillingReasonUpcoming, s.periodLines(sub))), nil
}

// previewObject has no id, as nothing was made.
func (s *Server) previewObject(inv *invoice) obj {
	for i := range inv.lines {
		inv.lines[i].id = "il_tmp_fake"
	}
	out := s.invoiceObject(inv)
	delete(out, "id")
	out["lines"].(obj)["url"] = "/v1/invoices/upcoming/lines"
	return out
}
