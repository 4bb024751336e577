package stripefake

import (
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

type portalView struct {
	view
	Card                                  string
	MayChangeCard, ShowInvoices, OnlyCard bool
	Subscriptions                         []portalSub
	Invoices                              []portalInvoice
}

type portalSub struct {
	ID, Name, State    string
	MayCancel, MayUndo bool
}

type portalInvoice struct{ Link, Text, State, Amount string }

func (s *Server) portalPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	p, ok := s.portals.get(r.PathValue("id"))
	cu, known := s.customers.get("")
	if ok {
		cu, known = s.customers.get(p.customer)
	}
	if !ok || !known || cu.deleted {
		s.message(w, http.StatusNotFound, "Not found", "There is no such page.", "")
		return
	}
	if r.Method != http.MethodPost {
		s.showPortal(w, http.StatusOK, p, cu, "")
		return
	}
	in, err := purchaseOf(w, r)
	if err == nil {
		err = s.portalAct(p, cu, r.PostForm.Get("action"), r.PostForm.Get("subscription"), in)
	}
	switch {
	case err == nil:
		http.Redirect(w, r, s.url("/p/session/"+p.id), http.StatusSeeOther)
	case errors.Is(err, ErrUnconfirmed):
		data := s.view("Confirm your card")
		data.Again, data.Action, data.Amount = in.Card, "card", "that this card may be charged"
		data.Back, data.BackText = s.url("/p/session/"+p.id), "Leave without answering"
		s.show(w, http.StatusOK, "bank", data)
	default:
		s.showPortal(w, http.StatusPaymentRequired, p, cu, plainly(err))
	}
}

func (s *Server) portalAct(p *portal, cu *customer, action, subID string, in Purchase) error {
	cfg := s.configOf(p)
	if action == "card" && cfg.card {
		if in.Card == "" {
			return errors.New("choose a card")
		}
		return s.changeCard(cu, in)
	}
	sub, ok := s.subs.get(subID)
	if !ok || sub.customer != cu.id || sub.over() || !cfg.cancel || (action != "cancel" && action != "undo") {
		return errors.New("this can not be done here")
	}
	s.cancelInPortal(sub, cfg, action == "undo")
	return nil
}

func (s *Server) showPortal(w http.ResponseWriter, status int, p *portal, cu *customer, problem string) {
	cfg := s.configOf(p)
	data := portalView{
		view: s.view("Your plan and payments"), MayChangeCard: cfg.card, ShowInvoices: cfg.invoices, OnlyCard: p.flow != "",
	}
	data.Problem, data.Cards = problem, savedCards()
	data.Back, data.BackText = p.returnURL, "Go back"
	if data.Back == "" {
		data.Back = cfg.returnURL
	}
	var newest *subscription
	for _, sub := range s.subs.all() {
		if sub.customer != cu.id || sub.over() {
			continue
		}
		newest = sub
		ends := sub.cancelAt != 0
		data.Subscriptions = append(data.Subscriptions, portalSub{
			ID: sub.id, Name: s.label(sub.items[0]), State: stateOf(sub), MayCancel: cfg.cancel && !ends, MayUndo: cfg.cancel && ends,
		})
	}
	if m := s.cardFor(newest, cu); m != nil {
		data.Card = m.kind().last4
	}
	all := s.invoices.all()
	for i := len(all) - 1; i >= 0; i-- {
		if inv := all[i]; inv.customer == cu.id && inv.status != "draft" {
			data.Invoices = append(data.Invoices, portalInvoice{
				Link: s.url("/i/" + inv.id), Text: inv.number + ", " + date(inv.created), State: inv.stateText(), Amount: money(inv.total, inv.currency),
			})
		}
	}
	s.show(w, status, "portal", data)
}

func stateOf(sub *subscription) string {
	switch {
	case sub.cancelAt != 0:
		return "Ends on " + date(sub.cancelAt) + "."
	case sub.status == stripe.SubscriptionStatusTrialing:
		return "Trial until " + date(sub.trialEnd) + "."
	case sub.status == stripe.SubscriptionStatusPastDue:
		return "A payment is overdue. Please save another card or pay the open invoice."
	case sub.status == stripe.SubscriptionStatusIncomplete:
		return "The first payment is missing."
	case sub.status == stripe.SubscriptionStatusPaused:
		return "Paused."
	}
	return "Renews on " + date(sub.periodEnd) + "."
}

func (inv *invoice) stateText() string {
	switch inv.status {
	case "paid":
		return "Paid"
	case "void":
		return "Withdrawn"
	case "uncollectible":
		return "Given up"
	}
	return "Open"
}
