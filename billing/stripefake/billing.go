package stripefake

import (
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// draft writes an invoice that can still change.
func (s *Server) draft(sub *subscription, reason stripe.InvoiceBillingReason, lines []line) *invoice {
	inv := s.preview(sub, reason, lines)
	inv.id = s.id("in")
	inv.lines = s.numbered(inv.lines)
	for i := range inv.lines {
		inv.lines[i].id = s.id("il")
	}
	inv.autoAdvance = true
	s.invoices.put(inv.id, inv)
	sub.latestInvoice = inv.id
	s.emit("invoice.created", inv.customer, s.invoiceObject(inv), nil)
	return inv
}

// billDraft is a draft with what waited for the next invoice.
func (s *Server) billDraft(sub *subscription, reason stripe.InvoiceBillingReason, lines []line) *invoice {
	waiting := sub.prorations
	sub.prorations = nil
	return s.draft(sub, reason, slices.Concat(waiting, lines))
}

// billNow drafts, finalises and charges.
func (s *Server) billNow(sub *subscription, reason stripe.InvoiceBillingReason, lines []line) {
	inv := s.billDraft(sub, reason, lines)
	cu, ok := s.customers.get(sub.customer)
	if s.finalize(inv) == nil && inv.status == "open" && ok {
		_ = s.collect(inv, s.cardFor(sub, cu), false) // stays in the invoice
	}
}

// preview is an invoice as it would be now; nothing keeps it.
func (s *Server) preview(sub *subscription, reason stripe.InvoiceBillingReason, lines []line) *invoice {
	now := s.nowOf(sub.customer)
	inv := &invoice{
		customer: sub.customer, subscription: sub.id, currency: sub.currency, status: "draft", reason: reason,
		lines: slices.Clone(lines), created: now, periodStart: now, periodEnd: now, automaticTax: sub.automaticTax,
		discount: s.discountFor(sub, now),
	}
	if reason == stripe.InvoiceBillingReasonSubscriptionCycle {
		inv.periodStart = sub.periodStart
	}
	s.total(inv)
	return inv
}

// numbered gives lines of proration the ids of their invoice items.
func (s *Server) numbered(lines []line) []line {
	for i := range lines {
		if lines[i].proration && lines[i].invoiceItem == "" {
			lines[i].invoiceItem = s.id("ii")
		}
	}
	return lines
}

// total adds up: lines, less the discount, plus tax, against the balance.
func (s *Server) total(inv *invoice) {
	cu, ok := s.customers.get(inv.customer)
	if !ok { // a Checkout session's, not made yet
		cu = &customer{}
	}
	t := totals{startBalance: cu.balance}
	var discountable int64
	for _, l := range inv.lines {
		t.subtotal += l.amount
		if !l.proration {
			discountable += l.amount
		}
	}
	if inv.discount != nil {
		t.off = s.off(inv.discount, discountable, inv.currency)
	}
	t.total = t.subtotal - t.off
	inv.taxStatus = ""
	if inv.automaticTax {
		inv.taxStatus = "complete"
		if cu.address["country"] == "" {
			inv.taxStatus = "requires_location_inputs"
		} else if t.total > 0 {
			t.tax = share(t.total, s.opts.TaxBasisPoints, 10000)
			t.total += t.tax
		}
	}
	// A negative balance is credit, a positive one is owed.
	owed := t.total + cu.balance
	t.due = max(0, owed)
	t.endBalance = min(0, owed)
	inv.totals = t
}

func errNoLocation() *apiError {
	return wrong(stripe.ErrorCodeCustomerTaxLocationInvalid, "", "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.")
}

// finalize fixes an invoice. Nothing to pay means that it is paid.
func (s *Server) finalize(inv *invoice) *apiError {
	s.total(inv)
	now := s.nowOf(inv.customer)
	if inv.taxStatus == "requires_location_inputs" {
		inv.finalizeError, inv.finalizeAt = errNoLocation(), 0
		s.emit("invoice.finalization_failed", inv.customer, s.invoiceObject(inv), nil)
		return inv.finalizeError
	}
	cu, ok := s.customers.get(inv.customer)
	if !ok {
		return missing("customer", inv.customer, "")
	}
	inv.status, inv.finalizedAt, inv.finalizeAt, inv.finalizeError = "open", now, 0, nil
	inv.number = s.numberOf(cu)
	if before := s.customerObject(cu); cu.balance != inv.endBalance {
		cu.balance = inv.endBalance
		s.customerChanged(cu, before)
	}
	if co, ok := s.coupons.get(couponOf(inv.discount)); ok && co.duration == "once" && inv.off > 0 {
		inv.discount.used = true
	}
	if inv.due > 0 {
		in := &intent{
			id: s.id("pi"), customer: inv.customer, invoice: inv.id, currency: inv.currency, amount: inv.due,
			status: stripe.PaymentIntentStatusRequiresPaymentMethod, created: now,
		}
		s.intents.put(in.id, in)
		inv.intent = in.id
		s.emit("payment_intent.created", inv.customer, s.intentObject(in), nil)
	}
	s.emit("invoice.finalized", inv.customer, s.invoiceObject(inv), nil)
	if inv.due == 0 {
		inv.attempted = true
		s.settle(inv)
	}
	return nil
}

func couponOf(d *discount) string {
	if d == nil {
		return ""
	}
	return d.coupon
}

// void takes an invoice back.
func (s *Server) void(inv *invoice) {
	inv.status, inv.voidedAt = "void", s.nowOf(inv.customer)
	s.endWithoutPayment(inv, "invoice.voided")
}

// mark gives an invoice up.
func (s *Server) mark(inv *invoice) {
	inv.status, inv.markedAt = "uncollectible", s.nowOf(inv.customer)
	s.endWithoutPayment(inv, "invoice.marked_uncollectible")
}

func (s *Server) endWithoutPayment(inv *invoice, event stripe.EventType) {
	inv.autoAdvance, inv.nextAttempt = false, 0
	if in, ok := s.intents.get(inv.intent); ok && inv.status == "void" {
		in.status = stripe.PaymentIntentStatusCanceled
		s.emit("payment_intent.canceled", inv.customer, s.intentObject(in), nil)
	}
	s.emit(event, inv.customer, s.invoiceObject(inv), nil)
	sub, ok := s.subs.get(inv.subscription)
	switch {
	case !ok || sub.over():
	case sub.pending != nil && sub.pending.invoice == inv.id:
		s.dropPending(sub)
	case sub.status == stripe.SubscriptionStatusIncomplete && inv.status == "void":
		s.expireSub(sub)
	default:
		s.recover(sub)
	}
}
