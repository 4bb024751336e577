package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

// retryDays are the days after the first attempt on which an unpaid invoice is
// tried again; after the last the subscription is canceled.
var retryDays = []int64{1, 3, 5, 7, 9, 11, 13, 14}

// collect tries to charge an open invoice. confirmed says that the card's
// owner has just said yes to the bank's question.
func (s *Server) collect(inv *invoice, m *method, confirmed bool) *apiError {
	in, ok := s.intents.get(inv.intent)
	if !ok {
		return wrong("", "", "There is nothing to pay.")
	}
	inv.attempted = true
	inv.attempts++
	var err *apiError
	if m == nil {
		err = cardError("")
		err.code, err.message = stripe.ErrorCodeResourceMissing, "This customer has no default payment method."
		in.err = err
	} else {
		err = s.pay(in, m, confirmed)
	}
	if in.charge != "" {
		inv.charge = in.charge
	}
	if err == nil {
		s.settle(inv)
		return nil
	}
	s.unsettled(inv, in)
	return err
}

// settle marks an invoice paid and lets the subscription profit.
func (s *Server) settle(inv *invoice) {
	inv.status, inv.paidAt, inv.paid = "paid", s.nowOf(inv.customer), inv.due
	inv.nextAttempt, inv.autoAdvance = 0, false
	s.emit("invoice.paid", inv.customer, s.invoiceObject(inv), nil)
	s.emit("invoice.payment_succeeded", inv.customer, s.invoiceObject(inv), nil)
	sub, ok := s.subs.get(inv.subscription)
	switch {
	case !ok || sub.over():
	case sub.pending != nil && sub.pending.invoice == inv.id:
		s.applyPending(sub)
	case sub.status == stripe.SubscriptionStatusIncomplete:
		s.changeSub(sub, "customer.subscription.updated", func() {
			sub.status = stripe.SubscriptionStatusActive
			s.keepCard(sub, inv)
		})
	default:
		s.recover(sub)
	}
}

// keepCard: the card that paid the first invoice pays the next ones.
func (s *Server) keepCard(sub *subscription, inv *invoice) {
	in, ok := s.intents.get(inv.intent)
	cu, known := s.customers.get(sub.customer)
	if ok && known && sub.defaultMethod == "" && cu.defaultMethod == "" {
		sub.defaultMethod = in.method
	}
}

// recover makes a subscription active when nothing attempted is open any more.
func (s *Server) recover(sub *subscription) {
	if sub.status != stripe.SubscriptionStatusPastDue && sub.status != stripe.SubscriptionStatusUnpaid {
		return
	}
	for _, inv := range s.invoices.all() {
		waits := sub.pending != nil && sub.pending.invoice == inv.id
		if inv.subscription == sub.id && inv.status == "open" && inv.attempted && !waits {
			return
		}
	}
	s.changeSub(sub, "customer.subscription.updated", func() { sub.status = stripe.SubscriptionStatusActive })
}

// unsettled tells of an attempt in vain and plans the next one.
func (s *Server) unsettled(inv *invoice, in *intent) {
	sub, ok := s.subs.get(inv.subscription)
	first := inv.reason == stripe.InvoiceBillingReasonSubscriptionCreate
	waits := ok && sub.pending != nil && sub.pending.invoice == inv.id
	last := false
	if !first && !waits {
		last = s.planRetry(inv)
	}
	if in != nil {
		if in.status == stripe.PaymentIntentStatusRequiresAction {
			s.emit("invoice.payment_action_required", inv.customer, s.invoiceObject(inv), nil)
		}
		s.emit("invoice.payment_failed", inv.customer, s.invoiceObject(inv), nil)
	}
	if !ok || sub.over() || waits || first {
		return
	}
	s.changeSub(sub, "customer.subscription.updated", func() { sub.status = stripe.SubscriptionStatusPastDue })
	if last {
		s.cancel(sub, "payment_failed")
	}
}

// planRetry sets the next attempt; true after the last.
func (s *Server) planRetry(inv *invoice) bool {
	now := s.nowOf(inv.customer)
	if inv.firstAttempt == 0 {
		inv.firstAttempt = now
	}
	for inv.retries < len(retryDays) {
		next := inv.firstAttempt + retryDays[inv.retries]*day
		if next > now {
			inv.nextAttempt = next
			return false
		}
		inv.retries++
	}
	inv.nextAttempt, inv.autoAdvance = 0, false
	return true
}

// retry is a planned attempt. A card that was refused for good is not asked
// again: time passes until another one is there, or until the last attempt.
func (s *Server) retry(inv *invoice) {
	sub := s.subs.byID[inv.subscription]
	cu, ok := s.customers.get(inv.customer)
	if !ok || sub == nil {
		inv.nextAttempt = 0
		return
	}
	m := s.cardFor(sub, cu)
	if in, ok := s.intents.get(inv.intent); ok && m != nil && in.hopeless(m) {
		if s.planRetry(inv) {
			s.cancel(sub, "payment_failed")
		}
		return
	}
	_ = s.collect(inv, m, false) // stays in the invoice
}
