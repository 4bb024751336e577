package stripefake

import (
	"errors"

	"github.com/stripe/stripe-go/v76"
)

type dispute struct {
	id, charge, reason string
	status             stripe.DisputeStatus
	created            int64
}

// warning is an early fraud warning.
type warning struct {
	id, charge string
	created    int64
}

// evidenceTime is how long one may answer a dispute.
const evidenceTime = 9 * day

func (s *Server) disputeRoutes() []route {
	return []route{
		{"GET /v1/disputes", specOf(cursors, rangeOfCreated, "charge payment_intent"), s.listDisputes},
		{"GET /v1/disputes/{id}", specOf(), s.getDispute},
		{"POST /v1/disputes/{id}", specOf("evidence.uncategorized_text submit:bool metadata metadata.*"), s.answerDispute},
		{"POST /v1/disputes/{id}/close", specOf(), s.acceptDispute},
		{"GET /v1/radar/early_fraud_warnings", specOf(cursors, "charge"), s.listWarnings},
		{"GET /v1/radar/early_fraud_warnings/{id}", specOf(), s.getWarning},
	}
}

func (s *Server) getDispute(c *call) (any, error) {
	d, ok := s.disputes.get(c.id)
	if !ok {
		return nil, missing("dispute", c.id, "id")
	}
	return s.disputeObject(d), nil
}

func (s *Server) listDisputes(c *call) (any, error) {
	return page(c, s.disputes.all(), func(d *dispute) string { return d.id }, func(d *dispute) bool {
		ch, _ := s.charges.get(d.charge)
		return c.p.createdIn("created", d.created) && (c.p.str("charge") == "" || c.p.str("charge") == d.charge) &&
			(c.p.str("payment_intent") == "" || c.p.str("payment_intent") == ch.intent)
	}, s.disputeObject)
}

// acceptDispute gives up: closing by the API loses.
func (s *Server) acceptDispute(c *call) (any, error) {
	d, ok := s.disputes.get(c.id)
	if !ok {
		return nil, missing("dispute", c.id, "id")
	}
	if !d.open() {
		return nil, wrong("", "", "This dispute is already closed")
	}
	s.closeDispute(d, stripe.DisputeStatusLost)
	return s.disputeObject(d), nil
}

// answerDispute decides at once by the two texts that Stripe's test mode
// knows; any other would wait for a bank.
func (s *Server) answerDispute(c *call) (any, error) {
	d, ok := s.disputes.get(c.id)
	switch {
	case !ok:
		return nil, missing("dispute", c.id, "id")
	case !d.open():
		return nil, wrong("", "", "This dispute is already closed")
	}
	switch c.p.str("evidence.uncategorized_text") {
	case "winning_evidence":
		s.closeDispute(d, stripe.DisputeStatusWon)
	case "losing_evidence":
		s.closeDispute(d, stripe.DisputeStatusLost)
	default:
		return nil, wrong("", "evidence[uncategorized_text]", "The fake's banks read winning_evidence and losing_evidence only.")
	}
	return s.disputeObject(d), nil
}

func (d *dispute) open() bool { return d.status == stripe.DisputeStatusNeedsResponse }

// OpenDispute lets the card's owner dispute a charge.
func (s *Server) OpenDispute(chargeID, reason string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	ch, ok := s.charges.get(chargeID)
	if !ok || ch.failure != nil || ch.disputed {
		return "", errors.New("no undisputed charge " + chargeID)
	}
	if reason == "" {
		reason = string(stripe.DisputeReasonFraudulent)
	}
	return s.dispute(ch, stripe.DisputeReason(reason)).id, nil
}

func (s *Server) dispute(ch *charge, reason stripe.DisputeReason) *dispute {
	ch.disputed = true
	d := &dispute{id: s.id("dp"), charge: ch.id, reason: string(reason), status: stripe.DisputeStatusNeedsResponse, created: s.nowOf(ch.customer)}
	s.disputes.put(d.id, d)
	s.emit("charge.dispute.created", ch.customer, s.disputeObject(d), nil)
	s.emit("charge.dispute.funds_withdrawn", ch.customer, s.disputeObject(d), nil)
	return d
}

// CloseDispute ends a dispute. It changes no subscription: that is for the
// program that listens.
func (s *Server) CloseDispute(id string, won bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	d, ok := s.disputes.get(id)
	if !ok || !d.open() {
		return errors.New("no open dispute " + id)
	}
	status := stripe.DisputeStatusLost
	if won {
		status = stripe.DisputeStatusWon
	}
	s.closeDispute(d, status)
	return nil
}

func (s *Server) closeDispute(d *dispute, status stripe.DisputeStatus) {
	ch, _ := s.charges.get(d.charge)
	d.status = status
	if status == stripe.DisputeStatusWon {
		s.emit("charge.dispute.funds_reinstated", ch.customer, s.disputeObject(d), nil)
	}
	s.emit("charge.dispute.closed", ch.customer, s.disputeObject(d), nil)
}

func (s *Server) disputeObject(d *dispute) obj {
	ch, _ := s.charges.get(d.charge)
	return obj{
		"id": d.id, "object": "dispute", "amount": ch.amount, "balance_transactions": []any{}, "charge": ref(d.charge),
		"created": d.created, "currency": ch.currency, "evidence": obj{}, "is_charge_refundable": false, "livemode": false,
		"evidence_details": obj{"due_by": d.created + evidenceTime, "has_evidence": false, "past_due": false, "submission_count": 0},
		"metadata":         map[string]string{}, "payment_intent": ref(ch.intent), "reason": d.reason, "status": string(d.status),
	}
}

// WarnOfFraud lets the card's issuer warn of a charge.
func (s *Server) WarnOfFraud(chargeID string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	ch, ok := s.charges.get(chargeID)
	if !ok || ch.failure != nil {
		return "", errors.New("no paid charge " + chargeID)
	}
	w := &warning{id: s.id("issfr"), charge: ch.id, created: s.nowOf(ch.customer)}
	s.warnings.put(w.id, w)
	s.emit("radar.early_fraud_warning.created", ch.customer, s.warningObject(w), nil)
	return w.id, nil
}

func (s *Server) getWarning(c *call) (any, error) {
	w, ok := s.warnings.get(c.id)
	if !ok {
		return nil, missing("early fraud warning", c.id, "id")
	}
	return s.warningObject(w), nil
}

func (s *Server) listWarnings(c *call) (any, error) {
	return page(c, s.warnings.all(), func(w *warning) string { return w.id }, func(w *warning) bool {
		return c.p.str("charge") == "" || c.p.str("charge") == w.charge
	}, s.warningObject)
}

func (s *Server) warningObject(w *warning) obj {
	ch, _ := s.charges.get(w.charge)
	return obj{
		"id": w.id, "object": "radar.early_fraud_warning", "actionable": ch.refunded < ch.amount && !ch.disputed, "charge": ref(w.charge),
		"created": w.created, "fraud_type": "made_with_stolen_card", "livemode": false, "payment_intent": ref(ch.intent),
	}
}
