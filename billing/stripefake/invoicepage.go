package stripefake

import (
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

type invoiceView struct {
	view
	State, Button string
	Bill          bill
	MayPay        bool
}

// invoicePage is the hosted invoice: to read, and to pay while it is open.
func (s *Server) invoicePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	inv, ok := s.invoices.get(r.PathValue("id"))
	if !ok || inv.status == "draft" {
		s.message(w, http.StatusNotFound, "Not found", "There is no such invoice.", "")
		return
	}
	if r.Method != http.MethodPost || inv.status != "open" {
		s.showInvoice(w, http.StatusOK, inv, "")
		return
	}
	in, err := purchaseOf(w, r)
	if err != nil {
		s.showInvoice(w, http.StatusBadRequest, inv, plainly(err))
		return
	}
	bad := s.payHosted(inv, in)
	pay, ok := s.intents.get(inv.intent)
	switch {
	case ok && pay.status == stripe.PaymentIntentStatusRequiresAction:
		data := s.view("Confirm your payment")
		data.Again, data.Amount = in.Card, "the payment of "+money(inv.due, inv.currency)
		data.Back, data.BackText = s.url("/i/"+inv.id), "Leave without answering"
		s.show(w, http.StatusOK, "bank", data)
	case bad != nil:
		s.showInvoice(w, http.StatusPaymentRequired, inv, bad.message)
	default:
		http.Redirect(w, r, s.url("/i/"+inv.id), http.StatusSeeOther)
	}
}

// payHosted pays by the invoice's page. A card that pays is kept.
func (s *Server) payHosted(inv *invoice, in Purchase) *apiError {
	cu, missingErr := s.liveCustomer(inv.customer, "customer")
	if missingErr != nil {
		return missingErr
	}
	if in.Answer != "" {
		if err := s.answerBank(inv, in.Answer == "yes"); err != nil {
			return err
		}
		if in.Answer != "yes" {
			return cardError("authentication_required")
		}
		return nil
	}
	if in.Card == "" {
		return wrong("", "card", "Please choose a card.")
	}
	m := s.newMethod(in.Card)
	m.customer = cu.id
	err := s.collect(inv, m, false)
	pay, ok := s.intents.get(inv.intent)
	waits := ok && pay.status == stripe.PaymentIntentStatusRequiresAction
	if err != nil && !waits {
		m.customer = ""
		return err
	}
	s.emit("payment_method.attached", cu.id, s.methodObject(m), nil)
	before := s.customerObject(cu)
	cu.defaultMethod = m.id
	s.customerChanged(cu, before)
	if sub, ok := s.subs.get(inv.subscription); ok && sub.defaultMethod != "" {
		s.changeSub(sub, "customer.subscription.updated", func() { sub.defaultMethod = m.id })
	}
	return err
}

// PayInvoice does what the hosted invoice's page does with its form.
func (s *Server) PayInvoice(id string, in Purchase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	inv, ok := s.invoices.get(id)
	if !ok || inv.status != "open" {
		return missing("open invoice", id, "id")
	}
	if err := s.payHosted(inv, in); err != nil {
		return err
	}
	return nil
}

func (s *Server) showInvoice(w http.ResponseWriter, status int, inv *invoice, problem string) {
	data := invoiceView{
		view: s.view("Invoice " + inv.number), State: inv.stateText() + ", " + date(inv.created), Bill: billOf(inv, "Amount due"),
		MayPay: inv.status == "open", Button: "Pay " + money(inv.due, inv.currency),
	}
	data.Problem, data.Cards = problem, paymentCards(false)
	s.show(w, status, "invoice", data)
}
