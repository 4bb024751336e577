package stripefake

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// WebhookChaos says how webhooks of events from now on misbehave. The zero
// value is good behaviour.
type WebhookChaos struct {
	Duplicate int           // each is sent this many times more
	Drop      int           // the next ones are lost, as if no endpoint answered; -1: all
	Shuffle   bool          // held back, and sent in another order at Flush
	Delay     time.Duration // by the fake's clock
	Skew      time.Duration // added to the signature's time: before or after
	Secret    string        // signs instead of the endpoint's
	Version   string        // shape instead of the endpoint's, such as NewerVersion
}

// APIChaos says how API calls misbehave. The zero value is good behaviour.
type APIChaos struct {
	Method  string        // of the calls meant; empty: all
	Path    string        // prefix of the calls meant; empty: all
	Calls   int           // how many of them; 0: until changed
	Latency time.Duration // before each
	Status  int           // answered instead: 401, 403, 409, 429, 5xx
	Hang    bool          // no answer until the caller gives up
	After   bool          // the call is carried out first
}

// MisbehaveWebhooks replaces how webhooks misbehave.
func (s *Server) MisbehaveWebhooks(chaos WebhookChaos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.post.chaos = chaos
}

// MisbehaveAPI replaces how API calls misbehave.
func (s *Server) MisbehaveAPI(chaos APIChaos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apiChaos = chaos
}

func (c APIChaos) strikes() bool { return c.Status != 0 || c.Hang }

// apiTrouble is what this call suffers; it counts the call.
func (s *Server) apiTrouble(r *http.Request) APIChaos {
	chaos := s.apiChaos
	if (chaos.Method != "" && chaos.Method != r.Method) || !strings.HasPrefix(r.URL.Path, chaos.Path) {
		return APIChaos{}
	}
	if chaos.Calls > 0 {
		if s.apiChaos.Calls--; s.apiChaos.Calls == 0 {
			s.apiChaos = APIChaos{}
		}
	}
	return chaos
}

// strike spoils an answer. Nothing of it is kept under the Idempotency-Key.
func (s *Server) strike(w http.ResponseWriter, r *http.Request, request string, chaos APIChaos) {
	if chaos.Hang {
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	e := &apiError{status: chaos.Status, kind: stripe.ErrorTypeAPI, message: "An unknown error occurred."}
	switch chaos.Status {
	case http.StatusUnauthorized:
		e = unauthorized("wrong")
	case http.StatusForbidden:
		e = &apiError{status: chaos.Status, kind: stripe.ErrorTypeInvalidRequest, message: "The provided key does not have the required permissions for this endpoint."}
	case http.StatusConflict:
		e = &apiError{status: chaos.Status, kind: stripe.ErrorTypeIdempotency, message: "There is currently another in-progress request using this Idempotent Key."}
	case http.StatusTooManyRequests:
		e = &apiError{status: chaos.Status, kind: stripe.ErrorTypeInvalidRequest, code: stripe.ErrorCodeRateLimit, message: "Too many requests hit the API too quickly."}
	}
	writeError(w, request, e)
}

// DeclineNext lets a customer's next charges fail, each with one of the codes,
// whatever the card; stolen_card and lost_card are hard declines.
func (s *Server) DeclineNext(customer string, codes ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cu, ok := s.customers.get(customer)
	if !ok {
		return errors.New("no customer " + customer)
	}
	cu.declineNext = slices.Clone(codes)
	return nil
}

// DeleteCustomer deletes a customer as somebody could in the dashboard.
func (s *Server) DeleteCustomer(customer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cu, err := s.liveCustomer(customer, "id")
	if err != nil {
		return err
	}
	s.removeCustomer(cu)
	return nil
}

// ArchivePrice makes a price inactive; who has it keeps it.
func (s *Server) ArchivePrice(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pr, ok := s.prices.get(id)
	if !ok {
		return errors.New("no price " + id)
	}
	s.changePrice(pr, func() { pr.active = false })
	return nil
}

// MoveSubscription hands a subscription, with its invoices, to another
// customer, as support can.
func (s *Server) MoveSubscription(id, customer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, ok := s.subs.get(id)
	if !ok {
		return errors.New("no subscription " + id)
	}
	if _, err := s.liveCustomer(customer, "customer"); err != nil {
		return err
	}
	s.changeSub(sub, "customer.subscription.updated", func() { sub.customer, sub.defaultMethod = customer, "" })
	for _, inv := range s.invoices.all() {
		if inv.subscription == sub.id {
			inv.customer = customer
		}
	}
	for _, in := range s.intents.all() {
		if inv, ok := s.invoices.get(in.invoice); ok {
			in.customer = inv.customer
		}
	}
	return nil
}

// AnswerBank answers the bank's question about an invoice whose payment
// requires action: yes pays it with the card that was asked about.
func (s *Server) AnswerBank(invoiceID string, yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	inv, ok := s.invoices.get(invoiceID)
	if !ok {
		return errors.New("no invoice " + invoiceID)
	}
	if err := s.answerBank(inv, yes); err != nil {
		return err
	}
	return nil
}

func (s *Server) answerBank(inv *invoice, yes bool) *apiError {
	in, ok := s.intents.get(inv.intent)
	if !ok || in.status != stripe.PaymentIntentStatusRequiresAction {
		return wrong("", "", "This invoice waits for no confirmation.")
	}
	m, _ := s.methods.get(in.method)
	if yes {
		return s.collect(inv, m, true)
	}
	e := cardError("authentication_required")
	e.code, e.message, e.intent = stripe.ErrorCodePaymentIntentAuthenticationFailure, "The provided payment method has failed authentication. Provide a new payment method.", in.id
	in.status, in.err = stripe.PaymentIntentStatusRequiresPaymentMethod, e
	s.emit("payment_intent.payment_failed", inv.customer, s.intentObject(in), nil)
	s.emit("invoice.payment_failed", inv.customer, s.invoiceObject(inv), nil)
	return nil
}
