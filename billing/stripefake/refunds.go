package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

type refund struct {
	id, charge, intent, reason, currency string
	amount                               int64
	metadata                             map[string]string
	created                              int64
}

func (s *Server) refundRoutes() []route {
	return []route{
		{"POST /v1/refunds", specOf("charge payment_intent amount:int metadata metadata.* reason:duplicate|fraudulent|requested_by_customer"), s.createRefund},
		{"GET /v1/refunds", specOf(cursors, rangeOfCreated, "charge payment_intent"), s.listRefunds},
		{"GET /v1/refunds/{id}", specOf(), s.getRefund},
	}
}

func (s *Server) createRefund(c *call) (any, error) {
	id := c.p.str("charge")
	if in, ok := s.intents.get(c.p.str("payment_intent")); ok && id == "" {
		id = in.charge
	}
	ch, ok := s.charges.get(id)
	switch {
	case !ok || ch.failure != nil:
		return nil, absent("charge", id, "charge")
	case ch.refunded == ch.amount:
		return nil, wrong(stripe.ErrorCodeChargeAlreadyRefunded, "", "Charge %s has already been refunded.", ch.id)
	case ch.disputed:
		return nil, wrong(stripe.ErrorCodeChargeDisputed, "", "Charge %s has been charged back; cannot issue a refund.", ch.id)
	}
	amount := ch.amount - ch.refunded
	if c.p.has("amount") {
		if c.p.num("amount") <= 0 || c.p.num("amount") > amount {
			return nil, wrong("", "amount", "Refund amount (%d) is not between 1 and the unrefunded amount on charge (%d).", c.p.num("amount"), amount)
		}
		amount = c.p.num("amount")
	}
	re := &refund{
		id: s.id("re"), charge: ch.id, intent: ch.intent, reason: c.p.str("reason"), currency: ch.currency,
		amount: amount, metadata: c.p.mergeMetadata(nil, "metadata"), created: s.nowOf(ch.customer),
	}
	s.refunds.put(re.id, re)
	before := s.chargeObject(ch)
	ch.refunded += amount
	after := s.chargeObject(ch)
	s.emit("charge.refunded", ch.customer, after, changes(before, after))
	s.emit("refund.created", ch.customer, s.refundObject(re), nil)
	return s.refundObject(re), nil
}

func (s *Server) getRefund(c *call) (any, error) {
	re, ok := s.refunds.get(c.id)
	if !ok {
		return nil, missing("refund", c.id, "id")
	}
	return s.refundObject(re), nil
}

func (s *Server) listRefunds(c *call) (any, error) {
	return page(c, s.refunds.all(), func(re *refund) string { return re.id }, func(re *refund) bool {
		return c.p.createdIn("created", re.created) && (c.p.str("charge") == "" || c.p.str("charge") == re.charge) &&
			(c.p.str("payment_intent") == "" || c.p.str("payment_intent") == re.intent)
	}, s.refundObject)
}

func (s *Server) refundObject(re *refund) obj {
	return obj{
		"id": re.id, "object": "refund", "amount": re.amount, "charge": ref(re.charge), "created": re.created, "currency": re.currency,
		"metadata": metadata(re.metadata), "payment_intent": ref(re.intent), "reason": text(re.reason), "status": "succeeded",
	}
}
