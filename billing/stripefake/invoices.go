package stripefake

import (
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

type invoice struct {
	id, number, customer, subscription, currency string
	status                                       string // draft, open, paid, void, uncollectible
	reason                                       stripe.InvoiceBillingReason
	lines                                        []line
	created, periodStart, periodEnd              int64
	discount                                     *discount
	automaticTax                                 bool
	taxStatus                                    string // complete, requires_location_inputs
	finalizeError                                *apiError
	totals
	autoAdvance                             bool
	finalizeAt                              int64
	finalizedAt, paidAt, voidedAt, markedAt int64
	attempts                                int64
	attempted                               bool
	firstAttempt, nextAttempt               int64
	retries                                 int // of the schedule, made or passed over
	intent, charge                          string
	outOfBand                               bool
	metadata                                map[string]string
}

// totals of an invoice, in the smallest unit.
type totals struct {
	subtotal, off, tax, total int64
	startBalance, endBalance  int64
	due, paid                 int64
}

func (s *Server) invoiceRoutes() []route {
	return []route{
		{"GET /v1/invoices", specOf(cursors, rangeOfCreated, "customer subscription status:draft|open|paid|uncollectible|void"), s.listInvoices},
		{"GET /v1/invoices/upcoming", specOf(upcomingFields), s.upcomingInvoice},
		{"GET /v1/invoices/{id}", specOf(), s.getInvoice},
		{"POST /v1/invoices/{id}", specOf("metadata metadata.* auto_advance:bool"), s.updateInvoice},
		{"GET /v1/invoices/{id}/lines", specOf(cursors), s.listLines},
		{"POST /v1/invoices/{id}/finalize", specOf("auto_advance:bool"), s.finalizeInvoice},
		{"POST /v1/invoices/{id}/pay", specOf("payment_method off_session:bool paid_out_of_band:bool"), s.payInvoice},
		{"POST /v1/invoices/{id}/void", specOf(), s.voidInvoice},
		{"POST /v1/invoices/{id}/mark_uncollectible", specOf(), s.markInvoice},
	}
}

func (s *Server) getInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	return s.invoiceObject(inv), nil
}

func (s *Server) listInvoices(c *call) (any, error) {
	same := func(path, have string) bool { return c.p.str(path) == "" || c.p.str(path) == have }
	return page(c, s.invoices.all(), func(inv *invoice) string { return inv.id }, func(inv *invoice) bool {
		return c.p.createdIn("created", inv.created) && same("customer", inv.customer) &&
			same("subscription", inv.subscription) && same("status", inv.status)
	}, s.invoiceObject)
}

func (s *Server) listLines(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	reversed := make([]line, len(inv.lines))
	for i, l := range inv.lines {
		reversed[len(reversed)-1-i] = l
	}
	return page(c, reversed, func(l line) string { return l.id }, nil, func(l line) obj { return s.lineObject(inv, l) })
}

func (s *Server) updateInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	before := s.invoiceObject(inv)
	if c.p.has("metadata") {
		inv.metadata = c.p.mergeMetadata(inv.metadata, "metadata")
	}
	if c.p.has("auto_advance") {
		inv.autoAdvance = c.p.flag("auto_advance")
		if inv.status == "draft" && inv.autoAdvance && inv.finalizeAt == 0 {
			inv.finalizeAt = s.nowOf(inv.customer) + hour
		}
	}
	after := s.invoiceObject(inv)
	s.emit("invoice.updated", inv.customer, after, changes(before, after))
	return after, nil
}

func (s *Server) finalizeInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	if inv.status != "draft" {
		return nil, wrong("", "", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	}
	if err := s.finalize(inv); err != nil {
		return nil, err
	}
	if inv.status == "open" && inv.autoAdvance {
		inv.nextAttempt = s.nowOf(inv.customer) + draftTime // it is charged by itself
	}
	return s.invoiceObject(inv), nil
}

func (s *Server) payInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	if inv.status == "draft" {
		if err := s.finalize(inv); err != nil {
			return nil, err
		}
	}
	switch inv.status {
	case "paid":
		return nil, wrong("", "", "Invoice is already paid")
	case "void":
		return nil, wrong("", "", "Invoice is voided and can not be paid")
	}
	cu, missingErr := s.liveCustomer(inv.customer, "customer")
	if missingErr != nil {
		return nil, missingErr
	}
	if c.p.flag("paid_out_of_band") {
		inv.outOfBand = true
		s.settle(inv)
		return s.invoiceObject(inv), nil
	}
	sub := s.subs.byID[inv.subscription]
	m := s.cardFor(sub, cu)
	if id := c.p.str("payment_method"); id != "" {
		if m, ok = s.methods.get(id); !ok || m.customer != cu.id {
			return nil, absent("PaymentMethod", id, "payment_method")
		}
	}
	if m == nil {
		return nil, wrong(stripe.ErrorCodeResourceMissing, "", "This customer has no attached payment source or default payment method.")
	}
	if err := s.collect(inv, m, false); err != nil {
		return nil, err
	}
	return s.invoiceObject(inv), nil
}

func (s *Server) voidInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	if inv.status != "open" && inv.status != "uncollectible" {
		return nil, wrong(stripe.ErrorCodeInvoiceNotEditable, "", "You can only void invoices that are open or uncollectible. This one is %s.", inv.status)
	}
	s.void(inv)
	return s.invoiceObject(inv), nil
}

func (s *Server) markInvoice(c *call) (any, error) {
	inv, ok := s.invoices.get(c.id)
	if !ok {
		return nil, missing("invoice", c.id, "invoice")
	}
	if inv.status != "open" {
		return nil, wrong("", "", "You can only mark an open invoice as uncollectible. This one is %s.", inv.status)
	}
	s.mark(inv)
	return s.invoiceObject(inv), nil
}

func (s *Server) invoiceObject(inv *invoice) obj {
	cu, _ := s.customers.get(inv.customer)
	var lines []any
	for _, l := range inv.lines {
		lines = append(lines, s.lineObject(inv, l))
	}
	out := obj{
		"id": inv.id, "object": "invoice", "account_country": "DE", "account_name": "Fake", "livemode": false,
		"amount_due": inv.due, "amount_paid": inv.paid, "amount_remaining": inv.due - inv.paid, "amount_shipping": 0,
		"attempt_count": inv.attempts, "attempted": inv.attempted, "auto_advance": inv.autoAdvance,
		"automatic_tax":  obj{"enabled": inv.automaticTax, "status": text(inv.taxStatus), "liability": liability(inv.automaticTax)},
		"billing_reason": string(inv.reason), "charge": ref(inv.charge), "collection_method": "charge_automatically",
		"created": inv.created, "currency": inv.currency, "customer": ref(inv.customer), "customer_address": addressObject(cu.address),
		"customer_email": text(cu.email), "customer_name": text(cu.name), "default_payment_method": nil, "default_tax_rates": []any{}, "description": nil,
		"discount": s.discountObject(inv.discount, inv.customer, inv.subscription), "due_date": nil, "effective_at": when(inv.finalizedAt),
		"starting_balance": inv.startBalance, "ending_balance": nil, "hosted_invoice_url": nil, "invoice_pdf": nil,
		"issuer": obj{"type": "self"}, "last_finalization_error": nil, "lines": whole("/v1/invoices/"+inv.id+"/lines", lines), "metadata": metadata(inv.metadata),
		"next_payment_attempt": when(inv.nextAttempt), "number": text(inv.number), "paid": inv.status == "paid",
		"paid_out_of_band": inv.outOfBand, "payment_intent": ref(inv.intent), "period_start": inv.periodStart, "period_end": inv.periodEnd,
		"status": inv.status, "subscription": ref(inv.subscription), "subtotal": inv.subtotal, "subtotal_excluding_tax": inv.subtotal,
		"tax": nil, "total": inv.total, "total_excluding_tax": inv.total - inv.tax, "test_clock": ref(cu.testClock),
		"total_discount_amounts": []any{}, "total_tax_amounts": []any{}, "pre_payment_credit_notes_amount": 0, "post_payment_credit_notes_amount": 0,
		"payment_settings": obj{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"status_transitions": obj{"finalized_at": when(inv.finalizedAt), "paid_at": when(inv.paidAt),
			"voided_at": when(inv.voidedAt), "marked_uncollectible_at": when(inv.markedAt)},
	}
	if inv.status == "draft" {
		out["next_payment_attempt"] = when(inv.finalizeAt)
	} else {
		out["ending_balance"] = inv.endBalance
		out["hosted_invoice_url"], out["invoice_pdf"] = s.url("/i/"+inv.id), s.url("/i/"+inv.id+"?pdf=1")
	}
	if inv.automaticTax {
		out["tax"] = inv.tax
	}
	if inv.off > 0 && inv.discount != nil {
		out["total_discount_amounts"] = []any{obj{"amount": inv.off, "discount": inv.discount.id}}
	}
	if inv.finalizeError != nil {
		out["last_finalization_error"] = inv.finalizeError.object()
	}
	if sub, ok := s.subs.get(inv.subscription); ok {
		out["subscription_details"] = obj{"metadata": metadata(sub.metadata)}
	}
	return out
}

// liability: the account itself owes what automatic tax is.
func liability(automaticTax bool) any {
	if !automaticTax {
		return nil
	}
	return obj{"type": "self"}
}

func (s *Server) lineObject(inv *invoice, l line) obj {
	kind := "subscription"
	if l.proration {
		kind = "invoiceitem"
	}
	out := obj{
		"id": l.id, "object": "line_item", "amount": l.amount, "amount_excluding_tax": l.amount, "currency": inv.currency,
		"description": l.description, "discountable": !l.proration, "discount_amounts": []any{}, "discounts": []any{},
		"invoice": text(inv.id), "livemode": false, "metadata": map[string]string{}, "period": obj{"start": l.start, "end": l.end},
		"price": nil, "proration": l.proration, "quantity": l.quantity, "subscription": ref(inv.subscription),
		"tax_amounts": []any{}, "tax_rates": []any{}, "type": kind,
	}
	if l.invoiceItem != "" {
		out["invoice_item"] = ref(l.invoiceItem)
	}
	if l.item != "" {
		out["subscription_item"] = l.item
	}
	if pr, ok := s.prices.get(l.price); ok {
		out["price"] = s.priceObject(pr)
	}
	return out
}

// numberOf is the next number on a customer's invoices.
func (s *Server) numberOf(cu *customer) string {
	cu.invoices++
	return fmt.Sprintf("FAKE%s-%04d", cu.id[len(cu.id)-4:], cu.invoices)
}
