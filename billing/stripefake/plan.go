package stripefake

import (
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// plan is what a change of items, trial or anchor would make of a
// subscription. Updates and previews both ask for it, so that they agree.
type plan struct {
	items                  []item
	anchor                 int64
	periodStart, periodEnd int64
	trialEnd               int64 // with trialStart set, a new trial
	status                 stripe.SubscriptionStatus
	lines                  []line // prorations, and a new period's when restart
	restart                bool   // a period begins now: its invoice is made at once
	changed                bool
}

// planOf works a plan out without changing anything. The parameters' names are
// those of an update.
func (s *Server) planOf(sub *subscription, p params, now int64) (plan, error) {
	out := plan{
		items: slices.Clone(sub.items), anchor: sub.anchor, status: sub.status, trialEnd: sub.trialEnd,
		periodStart: sub.periodStart, periodEnd: sub.periodEnd,
	}
	items, err := s.nextItems(sub.items, p.list("items"), now)
	if err != nil {
		return out, err
	}
	out.items = items
	if s.currencyOf(items) != sub.currency {
		return out, wrong("", "items", "The price specified only supports %s. This doesn't match the expected currency: %s.", s.currencyOf(items), sub.currency)
	}
	at := now
	if date := p.num("proration_date"); date != 0 {
		if date < sub.periodStart || date > sub.periodEnd {
			return out, wrong("", "proration_date", "Cannot specify proration_date outside of the subscription's current period.")
		}
		at = date
	}
	trialing := sub.status == stripe.SubscriptionStatusTrialing
	prorate := p.str("proration_behavior") != "none" && sub.runs() && !trialing
	oldInterval, newInterval := s.interval(sub.items), s.interval(items)
	endsTrial := trialing && p.str("trial_end") == "now"
	startsTrial := p.str("trial_end") != "" && p.str("trial_end") != "now"
	if startsTrial && p.num("trial_end") <= now {
		return out, wrong("", "trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
	}
	switch {
	case startsTrial:
		out.status, out.trialEnd, out.anchor = stripe.SubscriptionStatusTrialing, p.num("trial_end"), p.num("trial_end")
		out.periodStart, out.periodEnd = now, out.trialEnd
		out.changed = true
		if trialing {
			out.periodStart = sub.periodStart
			return out, nil
		}
		out.restart = true
	case endsTrial:
		out.status, out.trialEnd, out.restart = stripe.SubscriptionStatusActive, now, true
	case !trialing && sub.runs() && (oldInterval != newInterval || p.str("billing_cycle_anchor") == "now"):
		out.restart = true
	}
	out.changed = out.changed || out.restart || !sameItems(sub.items, items)
	if prorate {
		out.lines = s.prorationLines(sub, items, at, out.restart)
	}
	if out.restart {
		s.restart(sub, &out, now, startsTrial)
	}
	return out, nil
}

// restart begins a period now and bills it.
func (s *Server) restart(sub *subscription, out *plan, now int64, trial bool) {
	turned := sub.copy()
	turned.items, turned.status = out.items, out.status
	if trial {
		turned.periodStart, turned.periodEnd = out.periodStart, out.periodEnd
	} else {
		turned.anchor = now
		s.turn(turned, now)
		out.anchor, out.periodStart, out.periodEnd = now, turned.periodStart, turned.periodEnd
	}
	out.lines = append(out.lines, s.periodLines(turned)...)
}

// nextItems applies the elements of items to what is there.
func (s *Server) nextItems(have []item, changes []params, now int64) ([]item, error) {
	out := slices.Clone(have)
	for _, in := range changes {
		at := -1
		if id := in.str("id"); id != "" {
			if at = slices.IndexFunc(out, func(it item) bool { return it.id == id }); at < 0 {
				return nil, absent("subscription_item", id, "items[0][id]")
			}
		}
		if in.flag("deleted") {
			if at < 0 {
				return nil, required("items.0.id")
			}
			out = slices.Delete(out, at, at+1)
			continue
		}
		if at < 0 {
			out = append(out, item{quantity: 1, created: now})
			at = len(out) - 1
			if in.str("price") == "" {
				return nil, required("items.0.price")
			}
		}
		if err := s.setItem(&out[at], in); err != nil {
			return nil, err
		}
	}
	return out, s.itemsFit(out)
}

func (s *Server) setItem(it *item, in params) error {
	if id := in.str("price"); id != "" && id != it.price {
		pr, ok := s.prices.get(id)
		if !ok {
			return absent("price", id, "items[0][price]")
		}
		if !pr.active {
			return wrong("", "items[0][price]", "The price specified is inactive. This field only accepts active prices.")
		}
		it.price = id
	}
	if in.has("quantity") {
		if it.quantity = in.num("quantity"); it.quantity < 0 {
			return wrong(stripe.ErrorCodeParameterInvalidInteger, "items[0][quantity]", "This value must be greater than or equal to 0.")
		}
	}
	if in.has("metadata") {
		it.metadata = in.mergeMetadata(it.metadata, "metadata")
	}
	return nil
}

func (s *Server) itemsFit(items []item) error {
	if len(items) == 0 {
		return wrong("", "items", "A subscription must have at least one active plan.")
	}
	seen := map[string]bool{}
	for _, it := range items {
		if seen[it.price] {
			return wrong("", "items", "Cannot add multiple subscription items with the same plan: %s", it.price)
		}
		seen[it.price] = true
		if s.interval([]item{it}) != s.interval(items) {
			return wrong("", "items", "Currently, all prices of a subscription must have the same interval.")
		}
		if s.currencyOf([]item{it}) != s.currencyOf(items) {
			return wrong("", "items", "All prices on a subscription must have the same currency.")
		}
	}
	return nil
}

func sameItems(a, b []item) bool {
	return slices.EqualFunc(a, b, func(x, y item) bool { return x.id == y.id && sameTerms(x, y) })
}

func sameTerms(a, b item) bool { return a.price == b.price && a.quantity == b.quantity }

// interval is how often items are billed; all of a subscription's agree.
type interval struct {
	unit  string
	count int64
}

func (s *Server) interval(items []item) interval {
	pr, ok := s.prices.get(items[0].price)
	if !ok {
		return interval{}
	}
	return interval{pr.interval, pr.count}
}

func (s *Server) currencyOf(items []item) string {
	pr, ok := s.prices.get(items[0].price)
	if !ok {
		return ""
	}
	return pr.currency
}

// turn lets the period begin that holds a moment.
func (s *Server) turn(sub *subscription, from int64) {
	every := s.interval(sub.items)
	sub.periodStart, sub.periodEnd = from, nextTurn(sub.anchor, from, every.unit, every.count)
}
