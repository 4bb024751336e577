package stripefake

import (
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// intent is a payment intent: the payment of one invoice.
type intent struct {
	id, customer, invoice, currency string
	amount                          int64
	status                          stripe.PaymentIntentStatus
	method, charge                  string
	err                             *apiError
	created                         int64
}

type charge struct {
	id, customer, invoice, intent, method, currency string
	amount, refunded                                int64
	failure                                         *apiError
	disputed                                        bool
	created                                         int64
}

func (s *Server) paymentRoutes() []route {
	return []route{
		{"GET /v1/payment_intents", specOf(cursors, rangeOfCreated, "customer"), s.listIntents},
		{"GET /v1/payment_intents/{id}", specOf("client_secret"), s.getIntent},
		{"GET /v1/charges", specOf(cursors, rangeOfCreated, "customer payment_intent"), s.listCharges},
		{"GET /v1/charges/{id}", specOf(), s.getCharge},
	}
}

func (s *Server) getIntent(c *call) (any, error) {
	in, ok := s.intents.get(c.id)
	if !ok {
		return nil, missing("payment_intent", c.id, "intent")
	}
	return s.intentObject(in), nil
}

func (s *Server) listIntents(c *call) (any, error) {
	return page(c, s.intents.all(), func(in *intent) string { return in.id }, func(in *intent) bool {
		return c.p.createdIn("created", in.created) && (c.p.str("customer") == "" || c.p.str("customer") == in.customer)
	}, s.intentObject)
}

func (s *Server) getCharge(c *call) (any, error) {
	ch, ok := s.charges.get(c.id)
	if !ok {
		return nil, missing("charge", c.id, "id")
	}
	return s.chargeObject(ch), nil
}

func (s *Server) listCharges(c *call) (any, error) {
	return page(c, s.charges.all(), func(ch *charge) string { return ch.id }, func(ch *charge) bool {
		return c.p.createdIn("created", ch.created) &&
			(c.p.str("customer") == "" || c.p.str("customer") == ch.customer) &&
			(c.p.str("payment_intent") == "" || c.p.str("payment_intent") == ch.intent)
	}, s.chargeObject)
}

// verdict is what a bank says to a charge.
type verdict struct {
	asks    bool   // the owner must confirm first
	decline string // code; empty when it pays
}

// judge foretells a charge without making it.
func (s *Server) judge(cu *customer, m *method) verdict {
	kind := m.kind()
	switch {
	case len(cu.declineNext) > 0:
		return verdict{decline: cu.declineNext[0]}
	case kind.asks == "always", kind.asks == "unlessSetUp" && !m.setUp:
		return verdict{asks: true}
	case kind.charge != "" && m.charged >= kind.payment:
		return verdict{decline: kind.charge}
	}
	return verdict{}
}

// pay charges a card for an intent. confirmed says that the owner has just
// said yes to the bank's question. Nil means paid.
func (s *Server) pay(in *intent, m *method, confirmed bool) *apiError {
	cu, _ := s.customers.get(in.customer)
	in.method = m.id
	v := s.judge(cu, m)
	if v.asks && !confirmed {
		in.status, in.err = stripe.PaymentIntentStatusRequiresAction, nil
		s.emit("payment_intent.requires_action", cu.id, s.intentObject(in), nil)
		e := cardError("authentication_required")
		e.code, e.message = "invoice_payment_intent_requires_action", "This payment requires additional user action before it can be completed successfully."
		e.intent = in.id
		return e
	}
	if confirmed {
		m.setUp = true
	}
	if len(cu.declineNext) > 0 {
		cu.declineNext = cu.declineNext[1:]
	}
	if v.decline != "" {
		return s.declined(in, m, v.decline)
	}
	m.charged++
	ch := s.newCharge(in, m)
	in.status, in.err, in.charge = stripe.PaymentIntentStatusSucceeded, nil, ch.id
	s.emit("charge.succeeded", cu.id, s.chargeObject(ch), nil)
	s.emit("payment_intent.succeeded", cu.id, s.intentObject(in), nil)
	if m.kind().dispute {
		s.dispute(ch, stripe.DisputeReasonFraudulent)
	}
	return nil
}

func (s *Server) newCharge(in *intent, m *method) *charge {
	ch := &charge{
		id: s.id("ch"), customer: in.customer, invoice: in.invoice, intent: in.id, method: m.id,
		currency: in.currency, amount: in.amount, created: s.nowOf(in.customer),
	}
	s.charges.put(ch.id, ch)
	return ch
}

func (s *Server) declined(in *intent, m *method, code string) *apiError {
	e := cardError(code)
	ch := s.newCharge(in, m)
	ch.failure = e
	e.charge, e.intent = ch.id, in.id
	in.status, in.err, in.charge = stripe.PaymentIntentStatusRequiresPaymentMethod, e, ch.id
	s.emit("charge.failed", in.customer, s.chargeObject(ch), nil)
	s.emit("payment_intent.payment_failed", in.customer, s.intentObject(in), nil)
	return e
}

// hopeless: the card was refused for good, another try would be in vain.
func (in *intent) hopeless(m *method) bool {
	return in.err != nil && in.method == m.id && slices.Contains(hardDeclines, in.err.decline)
}

func (s *Server) intentObject(in *intent) obj {
	out := obj{
		"id": in.id, "object": "payment_intent", "amount": in.amount, "amount_capturable": 0, "amount_received": 0,
		"capture_method": "automatic", "client_secret": in.id + "_secret_fake", "confirmation_method": "automatic",
		"created": in.created, "currency": in.currency, "customer": ref(in.customer), "invoice": ref(in.invoice),
		"last_payment_error": nil, "latest_charge": ref(in.charge), "livemode": false, "metadata": map[string]string{},
		"next_action": nil, "payment_method": ref(in.method), "payment_method_types": []any{"card"}, "status": string(in.status),
		"canceled_at": nil, "description": "Subscription update", "setup_future_usage": "off_session",
	}
	switch in.status {
	case stripe.PaymentIntentStatusSucceeded:
		out["amount_received"] = in.amount
	case stripe.PaymentIntentStatusRequiresAction:
		out["next_action"] = obj{"type": "use_stripe_sdk", "use_stripe_sdk": obj{"type": "three_d_secure_redirect"}}
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		out["payment_method"] = ref("")
	}
	if in.err != nil {
		out["last_payment_error"] = in.err.object()
	}
	return out
}

func (s *Server) chargeObject(ch *charge) obj {
	m, _ := s.methods.get(ch.method)
	out := obj{
		"id": ch.id, "object": "charge", "amount": ch.amount, "amount_captured": ch.amount, "amount_refunded": ch.refunded,
		"captured": true, "created": ch.created, "currency": ch.currency, "customer": ref(ch.customer), "disputed": ch.disputed,
		"failure_code": nil, "failure_message": nil, "invoice": ref(ch.invoice), "livemode": false, "metadata": map[string]string{},
		"paid": true, "payment_intent": ref(ch.intent), "payment_method": text(ch.method), "refunded": ch.refunded == ch.amount,
		"status": "succeeded", "receipt_url": nil, "description": "Subscription update",
		"billing_details": obj{"address": nil, "email": nil, "name": nil, "phone": nil},
		"outcome":         obj{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized"},
		"payment_method_details": obj{"type": "card", "card": obj{
			"brand": "visa", "last4": m.kind().last4, "country": "US", "exp_month": 12, "exp_year": 2034}},
	}
	if ch.failure != nil {
		out["paid"], out["captured"], out["amount_captured"], out["status"] = false, false, 0, "failed"
		out["refunded"] = false
		out["failure_code"], out["failure_message"] = string(ch.failure.code), ch.failure.message
		out["outcome"] = obj{"network_status": "declined_by_network", "reason": ch.failure.decline, "risk_level": "normal",
			"seller_message": "The bank declined the payment.", "type": "issuer_declined"}
	}
	return out
}
