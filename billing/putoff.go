package billing

import (
	"slices"
	"time"

	"rookery/tenant"
)

const (
	// onTime is how late a step may begin and still be told in time: letters go out for as long.
	onTime = Day
	// readLately is how old a reading may be for a step that the provider might know to be wrong.
	readLately = 3 * Day
	// unreadWait is when a step is looked at again that waits for a reading.
	unreadWait = time.Hour
)

// steps are the standings after the end of what somebody had, and how long after it each begins.
var steps = []struct {
	standing tenant.Standing
	after    time.Duration
}{
	{tenant.Restricted, 0},
	{tenant.Unpaid, RestrictedTime},
	{tenant.Closing, RestrictedTime + UnpaidTime},
	{tenant.ClosedUnpaid, RestrictedTime + UnpaidTime + ClosingTime},
}

// stepOf is the place of a standing among steps; -1: it is better than all of them.
func stepOf(s tenant.Standing) int {
	for i, step := range slices.Backward(steps) {
		if !step.standing.IsWorseThan(s) {
			return i
		}
	}
	return -1
}

// EntitleFrom is Entitle for a tenant that had a standing until now. It sets Facts.PutOff to
// what is to be kept for the next time.
func (c *Catalogue) EntitleFrom(had tenant.Standing, f *Facts, now time.Time) (e tenant.Entitlement, next time.Time) {
	f.PutOff = c.PutOff(*f, had, now)
	return c.Entitle(*f, now)
}

// PutOff returns Facts.PutOff for a tenant that had a standing until now. Everybody is told of
// an end when it begins, and has its whole time from then on: where the platform stood still,
// where it learns late that something is over, or where a decision of the staff ends after
// months, the clock takes one step, which begins now. It takes none beyond read-only for a
// payment that is missing while the provider cannot be asked whether it still is.
func (c *Catalogue) PutOff(f Facts, had tenant.Standing, now time.Time) time.Duration {
	m := stand(f, c.TrialTime(), now)
	was, is := stepOf(had), stepOf(m.standing)
	begins := func(step int, at time.Time) time.Duration {
		return at.Add(-steps[step].after).Sub(m.end).Truncate(time.Second)
	}
	switch {
	case is < 0:
		return 0
	case is == 0, is <= was:
		return f.PutOff
	case f.isUnread(now):
		return begins(max(was+1, 1), now.Add(unreadWait))
	case is > was+1, m.standing != tenant.ClosedUnpaid && now.Sub(m.since) > onTime:
		return begins(was+1, now)
	}
	return f.PutOff
}

// isUnread reports whether a payment is missing, and might have been made since anybody looked.
func (f Facts) isUnread(now time.Time) bool {
	s, ok := Choose(f.Subscriptions)
	return ok && (s.Status == PastDue || s.Status == Unpaid) && !f.ReadAt.IsZero() && now.Sub(f.ReadAt) > readLately
}
