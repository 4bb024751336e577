package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

const (
	trialWarning  = 3 * day // before a trial's end
	upcomingNotes = 7 * day // before a period's end
	draftTime     = hour    // for changes to a period's invoice
	sessionLife   = 24 * hour
)

// due is something that happens by the clock alone.
type due struct {
	at  int64
	act func()
}

// nextDue finds what happens next on a clock. Of what happens at the same
// moment, the first found goes first: schedules before cancellations before
// renewals, old objects before new ones.
func (s *Server) nextDue(c *clock) (due, bool) {
	var best due
	found := false
	consider := func(at int64, act func()) {
		if at == 0 {
			return
		}
		at = max(at, c.at)
		if !found || at < best.at {
			best, found = due{at, act}, true
		}
	}
	mine := func(customer string) bool {
		cu, ok := s.customers.get(customer)
		return ok && cu.testClock == c.id
	}
	for _, sc := range s.schedules.all() {
		if mine(sc.customer) && sc.status == "active" {
			consider(sc.phases[sc.current].end, func() { s.nextPhase(sc) })
		}
	}
	for _, sub := range s.subs.all() {
		if mine(sub.customer) && !sub.over() {
			s.dueOfSub(sub, consider)
		}
	}
	for _, inv := range s.invoices.all() {
		switch {
		case !mine(inv.customer):
		case inv.status == "draft" && inv.autoAdvance:
			consider(inv.finalizeAt, func() { s.advance(inv) })
		case inv.status == "open":
			consider(inv.nextAttempt, func() { s.retry(inv) })
		}
	}
	for _, cs := range s.sessions.all() {
		clockID := ""
		if cu, ok := s.customers.get(cs.customer); ok {
			clockID = cu.testClock
		}
		if cs.status == "open" && clockID == c.id {
			consider(cs.expires, func() { s.expireSession(cs) })
		}
	}
	return best, found
}

func (s *Server) dueOfSub(sub *subscription, consider func(int64, func())) {
	if sub.status == stripe.SubscriptionStatusIncomplete {
		consider(sub.created+incompleteFor, func() { s.expireSub(sub) })
		return
	}
	if sub.pending != nil {
		consider(sub.pending.expires, func() { s.dropPending(sub) })
	}
	if sub.pause != nil {
		consider(sub.pause.resumesAt, func() {
			s.changeSub(sub, "customer.subscription.updated", func() { sub.pause = nil })
		})
	}
	consider(sub.cancelAt, func() { s.cancel(sub, sub.cancelReason) })
	switch {
	case !sub.runs():
	case sub.status == stripe.SubscriptionStatusTrialing:
		if !sub.warnedOfTrialEnd {
			consider(sub.trialEnd-trialWarning, func() { s.warnOfTrialEnd(sub) })
		}
		consider(sub.trialEnd, func() { s.endTrial(sub) })
	default:
		ends := sub.cancelAt != 0 && sub.cancelAt <= sub.periodEnd
		if sub.announcedEnd != sub.periodEnd && !ends {
			consider(sub.periodEnd-upcomingNotes, func() { s.announce(sub) })
		}
		consider(sub.periodEnd, func() { s.renew(sub) })
	}
}

// warnOfTrialEnd is at once for a trial that is shorter than the warning.
func (s *Server) warnOfTrialEnd(sub *subscription) {
	if sub.status != stripe.SubscriptionStatusTrialing || sub.warnedOfTrialEnd ||
		sub.trialEnd-trialWarning > s.nowOf(sub.customer) {
		return
	}
	sub.warnedOfTrialEnd = true
	s.emit("customer.subscription.trial_will_end", sub.customer, s.subObject(sub), nil)
}

func (s *Server) endTrial(sub *subscription) {
	cu, ok := s.customers.get(sub.customer)
	if !ok {
		return
	}
	if s.cardFor(sub, cu) == nil {
		switch sub.missingMethod {
		case "cancel":
			s.cancel(sub, "")
			return
		case "pause":
			s.changeSub(sub, "customer.subscription.paused", func() { sub.status = stripe.SubscriptionStatusPaused })
			return
		}
	}
	s.changeSub(sub, "customer.subscription.updated", func() {
		sub.status = stripe.SubscriptionStatusActive
		s.turn(sub, sub.trialEnd)
	})
	s.draftTurn(sub)
}

// announce tells of the next invoice while there is time to change it.
func (s *Server) announce(sub *subscription) {
	sub.announcedEnd = sub.periodEnd
	next, err := s.planOf(sub, params{}, s.nowOf(sub.customer))
	if err != nil {
		return
	}
	if shown, err := s.upcomingTurn(sub.copy(), next); err == nil {
		s.emit("invoice.upcoming", sub.customer, shown.(obj), nil)
	}
}

func (s *Server) renew(sub *subscription) {
	s.changeSub(sub, "customer.subscription.updated", func() { s.turn(sub, sub.periodEnd) })
	s.draftTurn(sub)
}

// draftTurn writes a new period's invoice; an hour later it is charged.
func (s *Server) draftTurn(sub *subscription) {
	inv := s.billDraft(sub, stripe.InvoiceBillingReasonSubscriptionCycle, s.periodLines(sub))
	if sub.pause != nil && sub.pause.behavior == "keep_as_draft" {
		inv.autoAdvance = false
		return
	}
	inv.finalizeAt = s.nowOf(sub.customer) + draftTime
}

// advance finalises a draft and charges it, unless collection is paused.
func (s *Server) advance(inv *invoice) {
	if s.finalize(inv) != nil || inv.status != "open" {
		return
	}
	sub, ok := s.subs.get(inv.subscription)
	cu, known := s.customers.get(inv.customer)
	switch {
	case !ok || !known:
	case sub.pause != nil && sub.pause.behavior == "void":
		s.void(inv)
	case sub.pause != nil && sub.pause.behavior == "mark_uncollectible":
		s.mark(inv)
	default:
		_ = s.collect(inv, s.cardFor(sub, cu), false) // stays in the invoice
	}
}

// expireSub ends a subscription whose first invoice was never paid.
func (s *Server) expireSub(sub *subscription) {
	s.changeSub(sub, "customer.subscription.updated", func() {
		now := s.nowOf(sub.customer)
		sub.status, sub.endedAt, sub.canceledAt = stripe.SubscriptionStatusIncompleteExpired, now, now
	})
	if inv, ok := s.invoices.get(sub.latestInvoice); ok && inv.status == "open" {
		s.void(inv)
	}
}
