package stripefake

import (
	"errors"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// Purchase is what somebody enters on the Checkout page.
type Purchase struct {
	Card                      Card   // empty: none, where the session allows that
	Answer                    string // to the bank, if it asks: yes, no, or nothing
	Name, Country, PostalCode string
	Code                      string // a promotion code
}

// ErrUnconfirmed: the bank asks, and nobody has answered yet.
var ErrUnconfirmed = errors.New("the bank asks for a confirmation")

// PayCheckout does what the Checkout page does with its form, and says where
// the page would lead to. A decline is an error; the session stays open.
func (s *Server) PayCheckout(sessionID string, in Purchase) (redirect string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	cs, ok := s.sessions.get(sessionID)
	if !ok || cs.status != "open" {
		return "", errors.New("no open session " + sessionID)
	}
	if err := s.purchase(cs, in); err != nil {
		return "", err
	}
	return cs.target(), nil
}

func (cs *session) target() string {
	return strings.ReplaceAll(cs.success, "{CHECKOUT_SESSION_ID}", cs.id)
}

func (s *Server) purchase(cs *session, in Purchase) error {
	cu, err := s.buyer(cs, in)
	if err != nil {
		return err
	}
	if sub, ok := s.subs.get(cs.subscription); ok && sub.status == stripe.SubscriptionStatusIncomplete {
		return s.payFirst(cs, cu, sub, in)
	}
	d, err := s.enteredDiscount(cs, in.Code, cu)
	if err != nil {
		return err
	}
	sub := s.newSub(s.sessionOrder(cs, cu, d))
	due := s.preview(sub, stripe.InvoiceBillingReasonSubscriptionCreate, s.periodLines(sub)).due
	if sub.automaticTax && cu.address["country"] == "" {
		return errNoLocation()
	}
	if due > 0 {
		if in.Card == "" {
			return wrong("", "card", "A card is needed.")
		}
		s.redeem(sub.discount)
		s.start(sub)
		cs.subscription = sub.id
		return s.payFirst(cs, cu, sub, in)
	}
	if in.Card == "" && !cs.cardIfRequired {
		return wrong("", "card", "A card is needed.")
	}
	if in.Card != "" {
		m, err := s.saveCard(cu, in)
		if err != nil {
			return err
		}
		sub.defaultMethod = m.id
	}
	s.redeem(sub.discount)
	s.start(sub)
	cs.payment = "no_payment_required"
	if sub.status != stripe.SubscriptionStatusTrialing {
		cs.payment = "paid"
	}
	s.complete(cs, sub)
	return nil
}

func (s *Server) enteredDiscount(cs *session, code string, cu *customer) (*discount, error) {
	code = strings.TrimSpace(code)
	if code == "" || !cs.allowCodes {
		return nil, nil
	}
	for _, pc := range s.promotions.all() {
		co, ok := s.coupons.get(pc.coupon)
		mine := pc.customer == "" || pc.customer == cu.id
		if strings.EqualFold(pc.code, code) && pc.active && mine && ok && !co.deleted {
			return &discount{coupon: pc.coupon, promotion: pc.id, start: s.now(cu.testClock)}, nil
		}
	}
	return nil, wrong("", "code", "This code is invalid.")
}

// buyer is the session's customer, made now if it had none, with the address
// that was entered.
func (s *Server) buyer(cs *session, in Purchase) (*customer, error) {
	cu, ok := s.customers.get(cs.customer)
	switch {
	case !ok:
		cu = &customer{id: s.id("cus"), email: cs.email, name: in.Name, created: s.now(""), taxExempt: "none"}
		s.customers.put(cu.id, cu)
		cs.customer = cu.id
		s.emit("customer.created", cu.id, s.customerObject(cu), nil)
	case cu.deleted:
		return nil, errors.New("the customer was deleted")
	}
	if in.Country == "" && cs.needsAddress && cu.address["country"] == "" {
		return nil, wrong("", "country", "An address is needed.")
	}
	if in.Country != "" && cs.keepsAddress {
		before := s.customerObject(cu)
		cu.address = map[string]string{"country": in.Country, "postal_code": in.PostalCode}
		s.customerChanged(cu, before)
	}
	return cu, nil
}

// payFirst charges the first invoice. In this version of the API the
// subscription exists from the first try on, incomplete until one succeeds.
func (s *Server) payFirst(cs *session, cu *customer, sub *subscription, in Purchase) error {
	inv := s.invoices.byID[sub.latestInvoice]
	pay, ok := s.intents.get(inv.intent)
	if !ok {
		return errors.New("the first invoice could not be finalised")
	}
	if in.Card == "" && pay.status != stripe.PaymentIntentStatusRequiresAction {
		return wrong("", "card", "A card is needed.")
	}
	var bad *apiError
	if in.Card != "" {
		m := s.newMethod(in.Card)
		m.customer = cu.id
		bad = s.collect(inv, m, false)
	}
	if pay.status == stripe.PaymentIntentStatusRequiresAction {
		switch in.Answer {
		case "yes":
			bad = s.answerBank(inv, true)
		case "no":
			_ = s.answerBank(inv, false) // always works here
			bad = pay.err
		default:
			return ErrUnconfirmed
		}
	}
	m := s.methods.byID[pay.method]
	if bad != nil {
		m.customer = ""
		return bad
	}
	s.emit("payment_method.attached", cu.id, s.methodObject(m), nil)
	s.changeSub(sub, "customer.subscription.updated", func() { sub.defaultMethod = m.id })
	cs.payment = "paid"
	s.complete(cs, sub)
	return nil
}

// saveCard keeps a card that is not charged yet.
func (s *Server) saveCard(cu *customer, in Purchase) (*method, error) {
	kind := cardKinds[in.Card]
	if kind.attach != "" {
		return nil, cardError(kind.attach)
	}
	switch {
	case kind.asks != "" && in.Answer == "no":
		return nil, cardError("authentication_required")
	case kind.asks != "" && in.Answer != "yes":
		return nil, ErrUnconfirmed
	}
	m := s.newMethod(in.Card)
	m.customer, m.setUp = cu.id, true
	s.emit("payment_method.attached", cu.id, s.methodObject(m), nil)
	return m, nil
}

func (s *Server) complete(cs *session, sub *subscription) {
	cs.status, cs.subscription, cs.invoice = "complete", sub.id, sub.latestInvoice
	s.emit("checkout.session.completed", cs.customer, s.sessionObject(cs), nil)
}
