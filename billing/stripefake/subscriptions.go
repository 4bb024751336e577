package stripefake

import (
	"maps"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

type subscription struct {
	id, customer, currency, description string
	status                              stripe.SubscriptionStatus
	items                               []item
	created, anchor                     int64
	periodStart, periodEnd              int64
	trialStart, trialEnd                int64
	missingMethod                       string // what to do at the trial's end without a card
	cancelAt, canceledAt, endedAt       int64
	cancelAtPeriodEnd                   bool
	cancelReason                        string
	defaultMethod, latestInvoice        string
	schedule                            string
	metadata                            map[string]string
	discount                            *discount
	pause                               *pause
	pending                             *pendingUpdate
	prorations                          []line // wait for the next invoice
	automaticTax                        bool
	warnedOfTrialEnd                    bool
	announcedEnd                        int64 // the period's end that invoice.upcoming told of
}

type item struct {
	id, price string
	quantity  int64
	metadata  map[string]string
	created   int64
}

// pause is pause_collection.
type pause struct {
	behavior  string
	resumesAt int64
}

// pendingUpdate waits for the payment of its invoice.
type pendingUpdate struct {
	plan    plan
	invoice string
	expires int64
	shown   bool // the first try was in vain: it really waits
}

// over: nothing will happen to it any more.
func (sub *subscription) over() bool {
	return sub.status == stripe.SubscriptionStatusCanceled || sub.status == stripe.SubscriptionStatusIncompleteExpired
}

// runs: its periods turn.
func (sub *subscription) runs() bool {
	switch sub.status {
	case stripe.SubscriptionStatusActive, stripe.SubscriptionStatusPastDue, stripe.SubscriptionStatusTrialing, stripe.SubscriptionStatusUnpaid:
		return true
	}
	return false
}

const (
	planFields = `items.#.id items.#.price items.#.quantity:int items.#.deleted:bool items.#.clear_usage:bool
		items.#.metadata.* proration_behavior:always_invoice|create_prorations|none trial_end:time`
	subscriptionFields = `cancel_at:int cancel_at_period_end:bool default_payment_method description metadata metadata.*
		coupon promotion_code discounts.#.coupon discounts.#.promotion_code automatic_tax.enabled:bool off_session:bool
		payment_behavior:allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete
		trial_settings.end_behavior.missing_payment_method:cancel|create_invoice|pause
		collection_method:charge_automatically payment_settings.save_default_payment_method:off|on_subscription
		payment_settings.payment_method_types.#:card`
	cancelFields = "invoice_now:bool prorate:bool cancellation_details.comment cancellation_details.feedback"
)

func (s *Server) subscriptionRoutes() []route {
	return []route{
		{"POST /v1/subscriptions", specOf(planFields, subscriptionFields, "customer currency trial_period_days:int"), s.createSubscription},
		{"GET /v1/subscriptions", specOf(cursors, rangeOfCreated, `customer price test_clock
			status:active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid`), s.listSubscriptions},
		{"GET /v1/subscriptions/{id}", specOf(), s.getSubscription},
		{"POST /v1/subscriptions/{id}", specOf(planFields, subscriptionFields, `proration_date:int billing_cycle_anchor:now|unchanged
			pause_collection pause_collection.behavior:keep_as_draft|mark_uncollectible|void pause_collection.resumes_at:int
			cancellation_details.comment cancellation_details.feedback`), s.updateSubscription},
		{"DELETE /v1/subscriptions/{id}", specOf(cancelFields), s.cancelSubscription},
		{"POST /v1/subscriptions/{id}/resume", specOf("billing_cycle_anchor:now"), s.resumeSubscription},
		{"DELETE /v1/subscriptions/{id}/discount", specOf(), s.deleteSubscriptionDiscount},
		{"GET /v1/subscription_items", specOf(cursors, "subscription"), s.listItems},
	}
}

func (s *Server) getSubscription(c *call) (any, error) {
	sub, ok := s.subs.get(c.id)
	if !ok {
		return nil, missing("subscription", c.id, "id")
	}
	return s.subObject(sub), nil
}

func (s *Server) listSubscriptions(c *call) (any, error) {
	if id := c.p.str("customer"); id != "" {
		if _, ok := s.customers.get(id); !ok {
			return nil, absent("customer", id, "customer")
		}
	}
	return page(c, s.subs.all(), func(sub *subscription) string { return sub.id }, func(sub *subscription) bool {
		cu, _ := s.customers.get(sub.customer)
		if id := c.p.str("customer"); id != "" && id != sub.customer {
			return false
		}
		if c.p.str("customer") == "" && cu.testClock != c.p.str("test_clock") {
			return false
		}
		if id := c.p.str("price"); id != "" && !slices.ContainsFunc(sub.items, func(it item) bool { return it.price == id }) {
			return false
		}
		return c.p.createdIn("created", sub.created) && statusFits(c.p.str("status"), sub)
	}, s.subObject)
}

func statusFits(want string, sub *subscription) bool {
	switch want {
	case "all":
		return true
	case "ended":
		return sub.over()
	case "":
		return sub.status != stripe.SubscriptionStatusCanceled
	}
	return want == string(sub.status)
}

func (s *Server) listItems(c *call) (any, error) {
	sub, ok := s.subs.get(c.p.str("subscription"))
	if !ok {
		return nil, absent("subscription", c.p.str("subscription"), "subscription")
	}
	list := slices.Clone(sub.items)
	slices.Reverse(list)
	return page(c, list, func(it item) string { return it.id }, nil, func(it item) obj { return s.itemObject(sub, it) })
}

// liveSub is a subscription that can still be changed.
func (s *Server) liveSub(id string) (*subscription, *apiError) {
	sub, ok := s.subs.get(id)
	if !ok || sub.status == stripe.SubscriptionStatusCanceled {
		return nil, missing("subscription", id, "id")
	}
	return sub, nil
}

func (s *Server) cancelSubscription(c *call) (any, error) {
	sub, missingErr := s.liveSub(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	if c.p.flag("prorate") {
		sub.prorations = append(sub.prorations, s.credits(sub, s.nowOf(sub.customer))...)
	}
	s.cancel(sub, "cancellation_requested")
	if c.p.flag("invoice_now") && len(sub.prorations) > 0 {
		s.billNow(sub, stripe.InvoiceBillingReasonSubscriptionUpdate, nil)
	}
	return s.subObject(sub), nil
}

// cancel ends a subscription now. What it owes stays open, but is not
// collected any more.
func (s *Server) cancel(sub *subscription, reason string) {
	now := s.nowOf(sub.customer)
	s.changeSub(sub, "customer.subscription.deleted", func() {
		unpaid := sub.status == stripe.SubscriptionStatusIncomplete
		sub.status = stripe.SubscriptionStatusCanceled
		if unpaid {
			sub.status = stripe.SubscriptionStatusIncompleteExpired
		}
		if sub.canceledAt == 0 {
			sub.canceledAt = now
		}
		sub.endedAt, sub.pending, sub.cancelReason = now, nil, reason
	})
	for _, inv := range s.invoices.all() {
		if inv.subscription != sub.id {
			continue
		}
		inv.autoAdvance, inv.nextAttempt = false, 0
		if sub.status == stripe.SubscriptionStatusIncompleteExpired && inv.status == "open" {
			s.void(inv)
		}
	}
	s.dropSchedule(sub)
}

func (s *Server) resumeSubscription(c *call) (any, error) {
	sub, missingErr := s.liveSub(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	if sub.status != stripe.SubscriptionStatusPaused {
		return nil, wrong("", "", "Only paused subscriptions can be resumed.")
	}
	s.changeSub(sub, "customer.subscription.resumed", func() {
		now := s.nowOf(sub.customer)
		sub.status, sub.anchor = stripe.SubscriptionStatusActive, now
		s.turn(sub, now)
	})
	s.billNow(sub, stripe.InvoiceBillingReasonSubscriptionUpdate, s.periodLines(sub))
	return s.subObject(sub), nil
}

func (s *Server) deleteSubscriptionDiscount(c *call) (any, error) {
	sub, missingErr := s.liveSub(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	if sub.discount == nil {
		return nil, missing("discount", c.id, "")
	}
	gone := s.discountObject(sub.discount, sub.customer, sub.id)
	delete(gone, "end")
	gone["deleted"] = true
	s.changeSub(sub, "customer.subscription.updated", func() { sub.discount = nil })
	s.emit("customer.discount.deleted", sub.customer, gone, nil)
	return gone, nil
}

// changeSub makes a change and tells of it, if there was one.
func (s *Server) changeSub(sub *subscription, event stripe.EventType, change func()) {
	before := s.subObject(sub)
	change()
	after := s.subObject(sub)
	was := changes(before, after)
	if len(was) == 0 {
		return
	}
	if event == "customer.subscription.deleted" {
		was = nil
	}
	s.emit(event, sub.customer, after, was)
}

func (s *Server) subObject(sub *subscription) obj {
	cu, _ := s.customers.get(sub.customer)
	data := make([]any, len(sub.items))
	for i, it := range sub.items {
		data[i] = s.itemObject(sub, it)
	}
	out := obj{
		"id": sub.id, "object": "subscription", "application": nil, "automatic_tax": obj{"enabled": sub.automaticTax, "liability": liability(sub.automaticTax)},
		"billing_cycle_anchor": sub.anchor, "cancel_at": when(sub.cancelAt), "cancel_at_period_end": sub.cancelAtPeriodEnd,
		"canceled_at": when(sub.canceledAt), "cancellation_details": obj{"comment": nil, "feedback": nil, "reason": text(sub.cancelReason)},
		"collection_method": "charge_automatically", "created": sub.created, "currency": sub.currency,
		"current_period_start": sub.periodStart, "current_period_end": sub.periodEnd, "customer": ref(sub.customer),
		"days_until_due": nil, "default_payment_method": ref(sub.defaultMethod), "default_source": nil, "default_tax_rates": []any{},
		"description": text(sub.description), "discount": s.discountObject(sub.discount, sub.customer, sub.id), "ended_at": when(sub.endedAt),
		"items":          whole("/v1/subscription_items?subscription="+sub.id, data),
		"latest_invoice": ref(sub.latestInvoice), "livemode": false, "metadata": metadata(sub.metadata),
		"pause_collection": nil, "pending_setup_intent": nil, "pending_update": nil, "schedule": ref(sub.schedule),
		"payment_settings": obj{"payment_method_types": nil, "payment_method_options": nil, "save_default_payment_method": "off"},
		"start_date":       sub.created, "status": string(sub.status), "test_clock": ref(cu.testClock),
		"trial_start": when(sub.trialStart), "trial_end": when(sub.trialEnd),
		"trial_settings": obj{"end_behavior": obj{"missing_payment_method": sub.missingMethod}},
	}
	if sub.pause != nil {
		out["pause_collection"] = obj{"behavior": sub.pause.behavior, "resumes_at": when(sub.pause.resumesAt)}
	}
	if p := sub.pending; p != nil {
		var items []any
		for _, it := range p.plan.items {
			items = append(items, s.itemObject(sub, it))
		}
		out["pending_update"] = obj{"expires_at": p.expires, "billing_cycle_anchor": nil, "trial_end": nil, "trial_from_plan": nil, "subscription_items": items}
	}
	return out
}

func (s *Server) itemObject(sub *subscription, it item) obj {
	pr, _ := s.prices.get(it.price)
	return obj{
		"id": it.id, "object": "subscription_item", "created": it.created, "metadata": metadata(it.metadata),
		"price": s.priceObject(pr), "quantity": it.quantity, "subscription": text(sub.id), "tax_rates": []any{}, "billing_thresholds": nil,
	}
}

// copy is what a preview may change.
func (sub *subscription) copy() *subscription {
	out := *sub
	out.items = slices.Clone(sub.items)
	out.metadata = maps.Clone(sub.metadata)
	out.prorations = slices.Clone(sub.prorations)
	return &out
}
