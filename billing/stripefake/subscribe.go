package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

func required(path string) *apiError {
	name := bracketed(path)
	return wrong(stripe.ErrorCodeParameterMissing, name, "Missing required param: %s.", name)
}

// order is what a new subscription is made of.
type order struct {
	customer      *customer
	items         []item
	trialEnd      int64
	missingMethod string
	method        string
	description   string
	metadata      map[string]string
	discount      *discount
	automaticTax  bool
}

func (s *Server) createSubscription(c *call) (any, error) {
	cu, missingErr := s.liveCustomer(c.p.str("customer"), "customer")
	if missingErr != nil {
		return nil, missingErr
	}
	o, err := s.orderOf(c.p, cu)
	if err != nil {
		return nil, err
	}
	if o.automaticTax && cu.address["country"] == "" {
		return nil, errNoLocation()
	}
	sub := s.newSub(o)
	behavior := c.p.or("payment_behavior", "allow_incomplete")
	if err := s.affordable(sub, cu, behavior); err != nil {
		return nil, err
	}
	if err := s.fillSub(sub, c.p); err != nil {
		return nil, err
	}
	s.redeem(sub.discount)
	inv := s.start(sub)
	if inv.status == "open" && behavior != "default_incomplete" {
		// The error is in the invoice: the subscription stays incomplete.
		_ = s.collect(inv, s.cardFor(sub, cu), false)
	}
	return s.subObject(sub), nil
}

// orderOf reads the parameters that Checkout and subscriptions share.
func (s *Server) orderOf(p params, cu *customer) (order, error) {
	now := s.now(cu.testClock)
	o := order{
		customer: cu, description: p.str("description"), metadata: p.mergeMetadata(nil, "metadata"),
		missingMethod: p.or("trial_settings.end_behavior.missing_payment_method", "create_invoice"),
		method:        p.str("default_payment_method"), automaticTax: p.flag("automatic_tax.enabled"),
	}
	if p.str("payment_behavior") == "pending_if_incomplete" {
		return o, wrong("", "payment_behavior", "pending_if_incomplete is for updates.")
	}
	if len(p.list("items")) == 0 {
		return o, required("items")
	}
	next, err := s.nextItems(nil, p.list("items"), now)
	if err != nil {
		return o, err
	}
	o.items = next
	if err := s.oneCurrency(cu, o.items); err != nil {
		return o, err
	}
	if o.trialEnd, err = trialEndOf(p, now); err != nil {
		return o, err
	}
	if o.method != "" {
		if m, ok := s.methods.get(o.method); !ok || m.customer != cu.id {
			return o, absent("PaymentMethod", o.method, "default_payment_method")
		}
	}
	o.discount, err = s.discountOf(p, now)
	return o, err
}

func trialEndOf(p params, now int64) (int64, error) {
	end, days := p.str("trial_end"), p.num("trial_period_days")
	switch {
	case end != "" && days != 0:
		return 0, wrong("", "trial_end", "You can not pass both trial_end and trial_period_days.")
	case end == "now":
		return 0, nil
	case end != "" && p.num("trial_end") <= now:
		return 0, wrong("", "trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
	case end != "":
		return p.num("trial_end"), nil
	case days < 0 || days > 730:
		return 0, wrong("", "trial_period_days", "Invalid trial_period_days: at most 730.")
	case days > 0:
		return now + days*day, nil
	}
	return 0, nil
}

// oneCurrency: a customer with something running is billed in one currency.
func (s *Server) oneCurrency(cu *customer, items []item) *apiError {
	currency := s.currencyOf(items)
	if cu.currency == "" || cu.currency == currency {
		return nil
	}
	for _, sub := range s.subs.all() {
		if sub.customer == cu.id && !sub.over() {
			return wrong("", "", "You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency %s.", cu.currency)
		}
	}
	return nil
}

// newSub makes a subscription that nobody knows of yet.
func (s *Server) newSub(o order) *subscription {
	now := s.now(o.customer.testClock)
	sub := &subscription{
		customer: o.customer.id, currency: s.currencyOf(o.items), description: o.description, items: o.items,
		status: stripe.SubscriptionStatusIncomplete, created: now, anchor: now,
		missingMethod: o.missingMethod, defaultMethod: o.method, metadata: o.metadata,
		discount: o.discount, automaticTax: o.automaticTax,
	}
	if o.trialEnd > now {
		sub.status, sub.trialStart, sub.trialEnd = stripe.SubscriptionStatusTrialing, now, o.trialEnd
		sub.anchor, sub.periodStart, sub.periodEnd = o.trialEnd, now, o.trialEnd
	} else {
		s.turn(sub, now)
	}
	return sub
}

// affordable refuses before anything is made: what cannot be paid at all, and
// what the caller wants paid or not at all.
func (s *Server) affordable(sub *subscription, cu *customer, behavior string) *apiError {
	due := s.preview(sub, stripe.InvoiceBillingReasonSubscriptionCreate, s.periodLines(sub)).due
	if due == 0 || behavior == "default_incomplete" {
		return nil
	}
	m := s.cardFor(sub, cu)
	if m == nil {
		return wrong(stripe.ErrorCodeResourceMissing, "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	}
	if behavior != "error_if_incomplete" {
		return nil
	}
	switch v := s.judge(cu, m); {
	case v.asks:
		return cardError("authentication_required")
	case v.decline != "":
		return cardError(v.decline)
	}
	return nil
}

// start begins the first period and finalises its invoice, without charging.
func (s *Server) start(sub *subscription) *invoice {
	sub.id = s.id("sub")
	for i := range sub.items {
		if sub.items[i].id == "" {
			sub.items[i].id = s.id("si")
		}
	}
	s.subs.put(sub.id, sub)
	cu, _ := s.customers.get(sub.customer)
	if cu.currency != sub.currency {
		before := s.customerObject(cu)
		cu.currency = sub.currency
		s.customerChanged(cu, before)
	}
	inv := s.draft(sub, stripe.InvoiceBillingReasonSubscriptionCreate, s.periodLines(sub))
	s.emit("customer.subscription.created", sub.customer, s.subObject(sub), nil)
	if err := s.finalize(inv); err != nil {
		return inv
	}
	s.warnOfTrialEnd(sub)
	return inv
}
