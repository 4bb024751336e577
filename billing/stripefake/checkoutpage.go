package stripefake

import (
	"errors"
	"net/http"
)

type checkoutView struct {
	view
	Bill           bill
	Trial, Button  string
	Address, Codes bool
}

func (s *Server) checkoutPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	cs, ok := s.sessions.get(r.PathValue("id"))
	switch {
	case !ok:
		s.message(w, http.StatusNotFound, "Not found", "There is no such order.", "")
		return
	case cs.status == "complete":
		http.Redirect(w, r, cs.target(), http.StatusSeeOther)
		return
	case cs.status == "expired":
		s.message(w, http.StatusGone, "Expired", "This order has expired. Please begin again.", cs.cancel)
		return
	}
	if r.Method != http.MethodPost {
		s.showCheckout(w, http.StatusOK, cs, Purchase{}, "")
		return
	}
	in, err := purchaseOf(w, r)
	if err != nil {
		s.showCheckout(w, http.StatusBadRequest, cs, in, plainly(err))
		return
	}
	if in.Answer != "" && cs.subscription != "" {
		in.Card = "" // the bank's answer is about the card that was charged
	}
	switch err := s.purchase(cs, in); {
	case err == nil:
		http.Redirect(w, r, cs.target(), http.StatusSeeOther)
	case errors.Is(err, ErrUnconfirmed):
		data := s.view("Confirm your payment")
		quote := s.quote(cs, nil)
		data.Again, data.Form, data.Amount = in.Card, in, "the payment of "+money(quote.due, quote.currency)
		data.Back, data.BackText = cs.cancel, "Leave without answering"
		s.show(w, http.StatusOK, "bank", data, cs.success, cs.cancel)
	default:
		s.showCheckout(w, http.StatusPaymentRequired, cs, in, plainly(err))
	}
}

func (s *Server) showCheckout(w http.ResponseWriter, status int, cs *session, in Purchase, problem string) {
	quote := s.quote(cs, nil)
	data := checkoutView{
		view: s.view("Subscribe"), Bill: billOf(quote, "Due today"), Button: "Pay " + money(quote.due, quote.currency),
		Address: cs.needsAddress, Codes: cs.allowCodes,
	}
	data.Problem, data.Form = problem, in
	data.Cards = paymentCards(quote.due == 0 && cs.cardIfRequired)
	data.Back, data.BackText = cs.cancel, "Leave without paying"
	if end, err := trialEndOf(cs.data, quote.created); err == nil && end != 0 {
		data.Trial, data.Button = "The trial ends on "+date(end)+".", "Begin the trial"
	}
	s.show(w, status, "checkout", data, cs.success, cs.cancel)
}
