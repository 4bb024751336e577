package dunning

import (
	"fmt"
	"time"

	"rookery/billing"
	"rookery/tenant"
)

// Letter is something that people of a tenant are told at a time.
type Letter struct {
	Key       string // of the occasion: the same one is sent once
	Template  string
	Due       time.Time
	Everybody bool // all people of the tenant; else its owners and who looks after billing
}

// late is how much later than it was due a letter is still sent. What was to be said before
// that has been followed by another letter.
const late = 2 * billing.Day

// The days on which people hear of a failed payment, and how long before the end of an
// account everybody hears of it (docs/billing.md).
var (
	failedDays = []int{0, 2, 6, 11}
	noticeDays = []int{92, 60, 30, 14, 7, 1}
)

// Letters returns what is due now for an entitlement.
func Letters(e tenant.Entitlement, now time.Time) []Letter {
	var due []Letter
	for _, l := range all(e) {
		if !l.Due.After(now) && now.Sub(l.Due) < late {
			due = append(due, l)
		}
	}
	return due
}

// all are the letters of a standing, from its begin to its end.
func all(e tenant.Entitlement) (out []Letter) {
	add := func(template string, at time.Time, everybody bool) {
		out = append(out, Letter{Key: fmt.Sprintf("billing/%s/%d", template, at.Unix()), Template: template, Due: at, Everybody: everybody})
	}
	switch e.Standing {
	case tenant.Trial:
		if !e.EndsAt.IsZero() {
			add("billing_trial_ends", e.EndsAt.Add(-3*billing.Day), false)
		}
	case tenant.PaidEnding:
		if !e.EndsAt.IsZero() {
			add("billing_plan_ends", e.EndsAt.Add(-3*billing.Day), false)
		}
	case tenant.Grace:
		for _, day := range failedDays {
			add("billing_payment_failed", e.Since.Add(time.Duration(day)*billing.Day), false)
		}
	case tenant.Restricted:
		add("billing_read_only", e.Since, false)
		add("billing_read_only", e.Since.Add(7*billing.Day), false)
	case tenant.Unpaid:
		add("billing_paused", e.Since, false)
		for _, day := range noticeDays {
			add("account_closes", e.EndsAt.Add(-time.Duration(day)*billing.Day), true)
		}
	case tenant.Closing:
		add("account_closing", e.Since, true)
		add("account_closing", e.EndsAt.Add(-billing.Day), true)
	}
	return out
}
