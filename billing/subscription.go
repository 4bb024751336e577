package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Status is a subscription's status, in Stripe's words
// (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
type Status string

// The statuses of Stripe's API version 2023-10-16.
const (
	Incomplete        Status = "incomplete"         // the first payment is open, for 23 hours
	IncompleteExpired Status = "incomplete_expired" // and was never made
	Trialing          Status = "trialing"
	Active            Status = "active"
	PastDue           Status = "past_due" // a renewal failed and is tried again
	Unpaid            Status = "unpaid"   // and is not tried any more
	Paused            Status = "paused"   // a trial ended without a card
	Canceled          Status = "canceled"
)

// Subscription is what the provider said about one subscription when it was last asked.
type Subscription struct {
	ID      string
	Status  Status
	Plan    string // of the plans file. A price nobody knows leaves the one it had.
	Extra   int    // accounts bought on top of the plan's
	Created time.Time

	PeriodStart, PeriodEnd time.Time
	TrialEnd               time.Time // zero: none
	CancelAt               time.Time // zero: it goes on
	EndedAt                time.Time // zero: it has not ended
	// OldestOpen is when the oldest invoice was made that is due and not paid; zero: none.
	OldestOpen time.Time
	HasCard    bool
}

// rank orders statuses by how much a subscription counts beside others of its customer.
var rank = []Status{Active, Trialing, PastDue, Unpaid, Paused, Incomplete, Canceled, IncompleteExpired}

func (s Subscription) rank() int {
	switch s.Status {
	case Trialing: // as good as a paid one
		return 0
	case Active:
		return 0
	}
	if n := slices.Index(rank, s.Status); n >= 0 {
		return n
	}
	return len(rank)
}

// IsLive reports whether a subscription is, or may still become, one that is paid for:
// a second one beside it would charge twice.
func (s Subscription) IsLive() bool {
	switch s.Status {
	case Trialing, Active, PastDue, Unpaid, Paused:
		return true
	}
	return false
}

// IsPaidFor reports whether a subscription runs, and nothing is owed for it.
func (s Subscription) IsPaidFor() bool { return s.Status == Active || s.Status == Trialing }

// Choose returns the subscription that counts: the best status, and of those the newest.
// A first payment that is still open, or never came, changes nothing: what was before goes
// on to hold. ok is false where none counts.
func Choose(all []Subscription) (chosen Subscription, ok bool) {
	counting := slices.DeleteFunc(slices.Clone(all), func(s Subscription) bool {
		return s.Status == Incomplete || s.Status == IncompleteExpired
	})
	if len(counting) == 0 {
		return Subscription{}, false
	}
	return slices.MinFunc(counting, func(a, b Subscription) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	}), true
}

// Doubles returns the live subscriptions beside the chosen one: somebody pays twice.
func Doubles(all []Subscription) []Subscription {
	chosen, _ := Choose(all)
	var out []Subscription
	for _, s := range all {
		if s.IsLive() && s.ID != chosen.ID {
			out = append(out, s)
		}
	}
	return out
}
