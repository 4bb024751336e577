package stripefake

import (
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// Card is a test card: what happens when it is charged.
type Card string

// Test cards of the pages; each stands for one of Stripe's numbers.
const (
	CardPays         Card = "pays"         // 4242 4242 4242 4242
	CardDeclines     Card = "declines"     // 4000 0000 0000 0002: refused at once
	CardPoor         Card = "poor"         // 4000 0000 0000 9995: insufficient funds
	CardFailsLater   Card = "fails-later"  // 4000 0000 0000 0341: saved, every charge fails
	Card3DS          Card = "3ds"          // 4000 0025 0000 3155: confirmed once, then quiet
	Card3DSAlways    Card = "3ds-always"   // 4000 0027 6000 3184: asks at every charge
	CardStolen       Card = "stolen"       // 4000 0000 0000 9979: a hard decline
	CardFirstTimeBad Card = "second-fails" // pays once, is declined from then on
	CardDisputed     Card = "disputed"     // 4000 0000 0000 0259: pays, and its owner disputes it
)

// cardKind is how a card acts.
type cardKind struct {
	last4   string
	attach  string // code of the decline when it is attached
	charge  string // code of the decline when it is charged
	asks    string // always, unlessSetUp
	payment int    // charges that work before charge applies
	dispute bool   // each charge is disputed as soon as it is paid
}

var cardKinds = map[Card]cardKind{
	CardPays:         {last4: "4242"},
	CardDeclines:     {last4: "0002", attach: "generic_decline", charge: "generic_decline"},
	CardPoor:         {last4: "9995", attach: "insufficient_funds", charge: "insufficient_funds"},
	CardFailsLater:   {last4: "0341", charge: "generic_decline"},
	Card3DS:          {last4: "3155", asks: "unlessSetUp"},
	Card3DSAlways:    {last4: "3184", asks: "always"},
	CardStolen:       {last4: "9979", attach: "stolen_card", charge: "stolen_card"},
	CardFirstTimeBad: {last4: "0085", charge: "generic_decline", payment: 1},
	CardDisputed:     {last4: "0259", dispute: true},
}

// tokens are Stripe's names for test cards in API calls.
var tokens = map[string]Card{
	"pm_card_visa":                                 CardPays,
	"pm_card_mastercard":                           CardPays,
	"pm_card_chargeDeclined":                       CardDeclines,
	"pm_card_visa_chargeDeclined":                  CardDeclines,
	"pm_card_chargeDeclinedInsufficientFunds":      CardPoor,
	"pm_card_visa_chargeDeclinedInsufficientFunds": CardPoor,
	"pm_card_visa_chargeDeclinedStolenCard":        CardStolen,
	"pm_card_chargeCustomerFail":                   CardFailsLater,
	"pm_card_authenticationRequiredOnSetup":        Card3DS,
	"pm_card_threeDSecureRequired":                 Card3DSAlways,
	"pm_card_createDispute":                        CardDisputed,
	"pm_card_authenticationRequired":               Card3DSAlways,
	"tok_visa":                                     CardPays,
	"tok_chargeCustomerFail":                       CardFailsLater,
	"tok_chargeDeclined":                           CardDeclines,
	"tok_visa_chargeDeclinedStolenCard":            CardStolen,
}

// hardDeclines are never tried again without another card.
var hardDeclines = []string{"stolen_card", "lost_card", "pickup_card", "incorrect_number", "authentication_required"}

// method is a payment method; the fake has cards only.
type method struct {
	id, customer string
	card         Card
	setUp        bool // its owner has confirmed it once
	charged      int
	metadata     map[string]string
	created      int64
}

func (m *method) kind() cardKind { return cardKinds[m.card] }

func (s *Server) methodRoutes() []route {
	return []route{
		{"POST /v1/payment_methods", specOf("type:card card.token metadata metadata.*"), s.createMethod},
		{"GET /v1/payment_methods", specOf(cursors, "customer type:card"), s.listMethods},
		{"GET /v1/payment_methods/{id}", specOf(), s.getMethod},
		{"POST /v1/payment_methods/{id}/attach", specOf("customer"), s.attachMethod},
		{"POST /v1/payment_methods/{id}/detach", specOf(), s.detachMethod},
	}
}

func (s *Server) newMethod(card Card) *method {
	m := &method{id: s.id("pm"), card: card, created: s.now("")}
	s.methods.put(m.id, m)
	return m
}

func (s *Server) createMethod(c *call) (any, error) {
	card, ok := tokens[c.p.str("card.token")]
	if !ok {
		return nil, wrong("", "card", "The fake takes test tokens only, such as tok_visa.")
	}
	m := s.newMethod(card)
	m.metadata = c.p.mergeMetadata(nil, "metadata")
	return s.methodObject(m), nil
}

func (s *Server) getMethod(c *call) (any, error) {
	m, ok := s.methods.get(c.id)
	if !ok {
		return nil, missing("PaymentMethod", c.id, "id")
	}
	return s.methodObject(m), nil
}

func (s *Server) listMethods(c *call) (any, error) { return s.methodsOf(c, c.p.str("customer")) }

func (s *Server) listCustomerMethods(c *call) (any, error) { return s.methodsOf(c, c.id) }

func (s *Server) methodsOf(c *call, customer string) (any, error) {
	if _, err := s.liveCustomer(customer, "customer"); err != nil {
		return nil, err
	}
	return page(c, s.methods.all(), func(m *method) string { return m.id },
		func(m *method) bool { return m.customer == customer }, s.methodObject)
}

func (s *Server) attachMethod(c *call) (any, error) {
	cu, missingErr := s.liveCustomer(c.p.str("customer"), "customer")
	if missingErr != nil {
		return nil, missingErr
	}
	m, err := s.attach(c.id, cu)
	if err != nil {
		return nil, err
	}
	return s.methodObject(m), nil
}

// attach gives a card to a customer. A test token makes a new card each time.
func (s *Server) attach(id string, cu *customer) (*method, error) {
	m, ok := s.methods.get(id)
	if card, isToken := tokens[id]; isToken {
		if code := cardKinds[card].attach; code != "" {
			return nil, cardError(code)
		}
		m, ok = s.newMethod(card), true
	}
	switch {
	case !ok:
		return nil, missing("PaymentMethod", id, "payment_method")
	case m.kind().attach != "":
		return nil, cardError(m.kind().attach)
	case m.customer == cu.id:
		return m, nil
	case m.customer != "":
		return nil, wrong("", "payment_method", "The payment method you provided has already been attached to a customer.")
	}
	m.customer = cu.id
	s.emit("payment_method.attached", cu.id, s.methodObject(m), nil)
	return m, nil
}

func (s *Server) detachMethod(c *call) (any, error) {
	m, ok := s.methods.get(c.id)
	if !ok || m.customer == "" {
		return nil, wrong("", "", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	s.detach(m)
	return s.methodObject(m), nil
}

// detach takes a card off a customer, and off all that would charge it.
func (s *Server) detach(m *method) {
	cu, ok := s.customers.get(m.customer)
	if !ok {
		return
	}
	owner, before := m.customer, s.customerObject(cu)
	m.customer = ""
	if cu.defaultMethod == m.id {
		cu.defaultMethod = ""
	}
	for _, sub := range s.subs.all() {
		if sub.defaultMethod == m.id {
			s.changeSub(sub, "customer.subscription.updated", func() { sub.defaultMethod = "" })
		}
	}
	s.emit("payment_method.detached", owner, s.methodObject(m), obj{"customer": owner})
	s.customerChanged(cu, before)
}

// cardFor is the card that pays for a subscription: its own, else the
// customer's default.
func (s *Server) cardFor(sub *subscription, cu *customer) *method {
	ids := []string{cu.defaultMethod}
	if sub != nil {
		ids = []string{sub.defaultMethod, cu.defaultMethod}
	}
	for _, id := range ids {
		if m, ok := s.methods.get(id); ok && m.customer == cu.id {
			return m
		}
	}
	return nil
}

var declineMessages = map[string]string{
	"insufficient_funds":      "Your card has insufficient funds.",
	"authentication_required": "Your card was declined. This transaction requires authentication.",
}

// cardError is the answer to a decline.
func cardError(code string) *apiError {
	message := declineMessages[code]
	if message == "" {
		message = "Your card was declined."
	}
	kind := stripe.ErrorCodeCardDeclined
	if code == "authentication_required" {
		kind = stripe.ErrorCodeAuthenticationRequired
	}
	return &apiError{status: http.StatusPaymentRequired, kind: stripe.ErrorTypeCard, code: kind, decline: code, message: message}
}

func (s *Server) methodObject(m *method) obj {
	brand := "visa"
	return obj{
		"id": m.id, "object": "payment_method", "type": "card", "created": m.created, "customer": ref(m.customer),
		"livemode": false, "metadata": metadata(m.metadata),
		"billing_details": obj{"address": addressObject(map[string]string{}), "email": nil, "name": nil, "phone": nil},
		"card": obj{
			"brand": brand, "last4": m.kind().last4, "exp_month": 12, "exp_year": 2034, "country": "US", "funding": "credit",
			"fingerprint": "fake" + m.kind().last4, "three_d_secure_usage": obj{"supported": true}, "wallet": nil,
			"checks":   obj{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
			"networks": obj{"available": []any{brand}, "preferred": nil},
		},
	}
}
