package stripefake

import (
	"slices"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// line is one line of an invoice.
type line struct {
	id, price, item, invoiceItem, description string
	amount, quantity                          int64
	start, end                                int64
	proration                                 bool
}

// prorationLines are the credit for what is not used of the old items, and the
// charge for the rest of the period of the new ones. When a period begins
// anew, all old items are credited and the new are billed in full elsewhere.
func (s *Server) prorationLines(sub *subscription, next []item, at int64, restart bool) []line {
	var out []line
	for _, old := range sub.items {
		i := slices.IndexFunc(next, func(it item) bool { return it.id == old.id })
		if restart || i < 0 || !sameTerms(old, next[i]) {
			out = append(out, s.creditLine(sub, old, at)...)
		}
	}
	if restart {
		return out
	}
	for _, it := range next {
		i := slices.IndexFunc(sub.items, func(old item) bool { return old.id == it.id && it.id != "" })
		if i >= 0 && sameTerms(sub.items[i], it) {
			continue
		}
		amount := share(s.net(sub, it, at), sub.periodEnd-at, sub.periodEnd-sub.periodStart)
		out = append(out, s.prorationLine(sub, it, amount, "Remaining time on ", at)...)
	}
	return out
}

// credits are what is left of all items.
func (s *Server) credits(sub *subscription, at int64) []line {
	if sub.status == stripe.SubscriptionStatusTrialing {
		return nil
	}
	var out []line
	for _, it := range sub.items {
		out = append(out, s.creditLine(sub, it, at)...)
	}
	return out
}

func (s *Server) creditLine(sub *subscription, it item, at int64) []line {
	amount := -share(s.net(sub, it, at), sub.periodEnd-at, sub.periodEnd-sub.periodStart)
	return s.prorationLine(sub, it, amount, "Unused time on ", at)
}

func (s *Server) prorationLine(sub *subscription, it item, amount int64, what string, at int64) []line {
	if amount == 0 {
		return nil
	}
	return []line{{
		price: it.price, item: it.id, quantity: it.quantity, amount: amount, proration: true,
		description: what + s.label(it) + " after " + time.Unix(at, 0).UTC().Format("02 Jan 2006"),
		start:       at, end: sub.periodEnd,
	}}
}

// net is an item's price for a whole period, less a discount in percent: lines
// of proration are not discounted again.
func (s *Server) net(sub *subscription, it item, at int64) int64 {
	pr, ok := s.prices.get(it.price)
	if !ok {
		return 0
	}
	amount := pr.amount * it.quantity
	if d := s.discountFor(sub, at); d != nil {
		if co, ok := s.coupons.get(d.coupon); ok && co.percent > 0 {
			amount -= s.off(d, amount, pr.currency)
		}
	}
	return amount
}

// discountFor is the subscription's discount, else the customer's.
func (s *Server) discountFor(sub *subscription, at int64) *discount {
	if s.holds(sub.discount, at) {
		return sub.discount
	}
	if cu, ok := s.customers.get(sub.customer); ok && s.holds(cu.discount, at) {
		return cu.discount
	}
	return nil
}

// periodLines bill the subscription's period.
func (s *Server) periodLines(sub *subscription) []line {
	out := make([]line, 0, len(sub.items))
	for _, it := range sub.items {
		pr, ok := s.prices.get(it.price)
		if !ok {
			continue
		}
		l := line{
			price: it.price, item: it.id, quantity: it.quantity, amount: pr.amount * it.quantity,
			description: strconv.FormatInt(it.quantity, 10) + " × " + s.label(it),
			start:       sub.periodStart, end: sub.periodEnd,
		}
		if sub.status == stripe.SubscriptionStatusTrialing {
			l.amount, l.description = 0, "Trial period for "+s.label(it)
		}
		out = append(out, l)
	}
	return out
}

// label names what an item is.
func (s *Server) label(it item) string {
	pr, ok := s.prices.get(it.price)
	if !ok {
		return it.price
	}
	if pr.nickname != "" {
		return pr.nickname
	}
	if product, ok := s.products.get(pr.product); ok {
		return product.name
	}
	return pr.id
}
