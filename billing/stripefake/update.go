package stripefake

import (
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// pendable are the parameters that Stripe lets wait for a payment.
var pendable = []string{"expand", "payment_behavior", "proration_behavior", "proration_date", "billing_cycle_anchor", "items", "trial_end", "trial_from_plan", "add_invoice_items"}

// incompleteFor is how long an unpaid first invoice or update is waited for.
const incompleteFor = 23 * hour

func (s *Server) updateSubscription(c *call) (any, error) {
	sub, missingErr := s.liveSub(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	if err := updatable(sub, c.p); err != nil {
		return nil, err
	}
	cu, missingErr := s.liveCustomer(sub.customer, "customer")
	if missingErr != nil {
		return nil, missingErr
	}
	now := s.now(cu.testClock)
	next, err := s.planOf(sub, c.p, now)
	if err != nil {
		return nil, err
	}
	behavior := c.p.or("payment_behavior", "allow_incomplete")
	billsNow := len(next.lines) > 0 && (next.restart || c.p.str("proration_behavior") == "always_invoice")
	if behavior == "error_if_incomplete" && billsNow {
		if err := s.affordableChange(sub, cu, next); err != nil {
			return nil, err
		}
	}
	trial := sub.copy()
	if err := s.fillSub(trial, c.p); err != nil {
		return nil, err
	}
	if behavior == "pending_if_incomplete" && billsNow {
		s.updateIfPaid(sub, cu, next)
		return s.subObject(sub), nil
	}
	trial.prorations = sub.prorations
	if !billsNow {
		trial.prorations = append(trial.prorations, s.numbered(next.lines)...)
	}
	s.changeSub(sub, "customer.subscription.updated", func() {
		*sub = *trial
		s.apply(sub, next)
	})
	if billsNow {
		inv := s.billDraft(sub, stripe.InvoiceBillingReasonSubscriptionUpdate, next.lines)
		if s.finalize(inv) == nil && inv.status == "open" {
			if behavior == "default_incomplete" {
				s.unsettled(inv, nil)
			} else {
				_ = s.collect(inv, s.cardFor(sub, cu), false) // stays in the invoice
			}
		}
	}
	return s.subObject(sub), nil
}

func updatable(sub *subscription, p params) *apiError {
	if sub.status == stripe.SubscriptionStatusIncompleteExpired {
		return wrong("", "", "This subscription is incomplete_expired and can not be updated.")
	}
	touches := p.has("items") || p.has("trial_end") || p.has("billing_cycle_anchor")
	if touches && sub.status == stripe.SubscriptionStatusIncomplete {
		return wrong("", "", "You cannot update a subscription in `incomplete` status in a way that makes new invoices or proration.")
	}
	if touches && sub.pending != nil {
		return wrong("", "", "This subscription has a pending update. Pay or void its invoice first.")
	}
	if p.str("payment_behavior") != "pending_if_incomplete" {
		return nil
	}
	for _, path := range p.paths() {
		if head, _, _ := strings.Cut(path, "."); !slices.Contains(pendable, head) {
			return wrong("", head, "You cannot pass %s when payment_behavior is set to pending_if_incomplete.", head)
		}
	}
	for _, in := range p.list("items") {
		for _, path := range in.paths() {
			if !slices.Contains([]string{"id", "price", "quantity", "deleted"}, path) {
				return wrong("", "items", "You cannot pass items[%s] when payment_behavior is set to pending_if_incomplete.", path)
			}
		}
	}
	return nil
}

func (s *Server) affordableChange(sub *subscription, cu *customer, next plan) *apiError {
	if s.preview(sub, stripe.InvoiceBillingReasonSubscriptionUpdate, slices.Concat(sub.prorations, next.lines)).due <= 0 {
		return nil
	}
	m := s.cardFor(sub, cu)
	if m == nil {
		return wrong(stripe.ErrorCodeResourceMissing, "", "This customer has no attached payment source or default payment method.")
	}
	switch v := s.judge(cu, m); {
	case v.asks:
		return cardError("authentication_required")
	case v.decline != "":
		return cardError(v.decline)
	}
	return nil
}

// fillSub sets all but items, trial and anchor.
func (s *Server) fillSub(sub *subscription, p params) error {
	if p.has("cancel_at_period_end") && p.num("cancel_at") != 0 {
		return wrong("", "cancel_at", "cancel_at and cancel_at_period_end may not both be set.")
	}
	now := s.nowOf(sub.customer)
	if p.has("metadata") && sub.id != "" {
		sub.metadata = p.mergeMetadata(sub.metadata, "metadata")
	}
	if p.has("description") {
		sub.description = p.str("description")
	}
	if id := p.str("default_payment_method"); p.has("default_payment_method") {
		if m, ok := s.methods.get(id); id != "" && (!ok || m.customer != sub.customer) {
			return absent("PaymentMethod", id, "default_payment_method")
		}
		sub.defaultMethod = id
	}
	s.fillEnd(sub, p, now)
	if p.has("trial_settings") {
		sub.missingMethod = p.or("trial_settings.end_behavior.missing_payment_method", sub.missingMethod)
	}
	if p.has("automatic_tax") {
		sub.automaticTax = p.flag("automatic_tax.enabled")
	}
	if p.has("pause_collection") {
		sub.pause = nil
		if behavior := p.str("pause_collection.behavior"); behavior != "" {
			sub.pause = &pause{behavior: behavior, resumesAt: p.num("pause_collection.resumes_at")}
		}
	}
	if sub.id != "" && (p.has("coupon") || p.has("promotion_code") || p.has("discounts")) {
		d, err := s.discountOf(p, now)
		if err != nil {
			return err
		}
		s.redeem(d)
		sub.discount = d
	}
	return nil
}

// fillEnd sets when it will be canceled.
func (s *Server) fillEnd(sub *subscription, p params, now int64) {
	switch {
	case p.has("cancel_at"):
		sub.cancelAt, sub.cancelAtPeriodEnd = p.num("cancel_at"), false
	case p.flag("cancel_at_period_end"):
		sub.cancelAt, sub.cancelAtPeriodEnd = sub.periodEnd, true
	case p.has("cancel_at_period_end"):
		sub.cancelAt, sub.cancelAtPeriodEnd = 0, false
	default:
		return
	}
	switch {
	case sub.cancelAt == 0:
		sub.canceledAt, sub.cancelReason = 0, ""
	case sub.canceledAt == 0:
		sub.canceledAt, sub.cancelReason = now, "cancellation_requested"
	}
}

// apply makes a plan true.
func (s *Server) apply(sub *subscription, next plan) {
	for i := range next.items {
		if next.items[i].id == "" {
			next.items[i].id = s.id("si")
		}
	}
	if next.trialEnd > sub.trialEnd && sub.status != stripe.SubscriptionStatusTrialing {
		sub.trialStart = next.periodStart
	}
	if next.trialEnd != sub.trialEnd {
		sub.warnedOfTrialEnd = false
	}
	sub.items, sub.trialEnd = next.items, next.trialEnd
	if next.changed {
		sub.anchor, sub.periodStart, sub.periodEnd = next.anchor, next.periodStart, next.periodEnd
	}
	if next.status != sub.status && (next.status == stripe.SubscriptionStatusTrialing || sub.status == stripe.SubscriptionStatusTrialing) {
		sub.status = next.status
	}
	if sub.cancelAtPeriodEnd {
		sub.cancelAt = sub.periodEnd
	}
}

// updateIfPaid lets a change wait until its invoice is paid.
func (s *Server) updateIfPaid(sub *subscription, cu *customer, next plan) {
	inv := s.billDraft(sub, stripe.InvoiceBillingReasonSubscriptionUpdate, next.lines)
	now := s.nowOf(sub.customer)
	expires := min(now+incompleteFor, sub.periodEnd)
	sub.pending = &pendingUpdate{plan: next, invoice: inv.id, expires: expires}
	if s.finalize(inv) != nil || inv.status != "open" {
		return
	}
	if s.collect(inv, s.cardFor(sub, cu), false) != nil {
		inv.autoAdvance, inv.nextAttempt, sub.pending.shown = false, 0, true
		s.emit("customer.subscription.updated", sub.customer, s.subObject(sub), obj{"pending_update": nil})
	}
}

// applyPending makes a paid change true.
func (s *Server) applyPending(sub *subscription) {
	waited := sub.pending
	s.changeSub(sub, "customer.subscription.updated", func() {
		sub.pending = nil
		s.apply(sub, waited.plan)
	})
	if waited.shown {
		s.emit("customer.subscription.pending_update_applied", sub.customer, s.subObject(sub), nil)
	}
}

// dropPending forgets a change that was not paid in time.
func (s *Server) dropPending(sub *subscription) {
	waited := sub.pending
	s.changeSub(sub, "customer.subscription.pending_update_expired", func() { sub.pending = nil })
	if inv, ok := s.invoices.get(waited.invoice); ok && inv.status == "open" {
		s.void(inv)
	}
}
