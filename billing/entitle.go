package billing

import (
	"slices"
	"time"

	"rookery/tenant"
)

// The clock: how long each standing lasts after a payment failed, or after a paid time
// or a trial ended. There is no other one.
const (
	Day = 24 * time.Hour

	GraceTime      = 14 * Day // a failed payment changes nothing yet
	RestrictedTime = 14 * Day
	UnpaidTime     = 92 * Day // at least three months' notice: the Mastodon Server Covenant
	ClosingTime    = 14 * Day
)

// Facts are all that an entitlement depends on, but for the time and the plans.
type Facts struct {
	TrialFrom     time.Time // sign-up, or when billing came to the platform
	Subscriptions []Subscription
	Overrides     []Override
	Usage         Usage
	// CustomerGone is when the provider's customer was deleted; zero: it was not. What was
	// subscribed ends then.
	CustomerGone time.Time
	Disputed     bool // a payment is contested
	Lost         []Loss
	// StorageOverSince is since when storage has been above 110 % without a break.
	StorageOverSince time.Time
	// ReadAt is when the provider was last asked about the current customer; zero: there is none.
	ReadAt time.Time
	// PutOff is by how much later the steps after an end come: see Catalogue.PutOff.
	PutOff time.Duration
}

// Loss is a dispute that was lost.
type Loss struct{ Opened, At time.Time }

// Ends reports whether what was bought at a time goes with it. Bought since it was opened
// stands for itself: it was paid with something else, and banks take months to decide.
func (l Loss) Ends(bought time.Time) bool { return !bought.After(l.Opened) }

// Override is a decision of the platform's staff, with a reason and an end. It wins over
// everything.
type Override struct {
	Standing tenant.Standing // "": as it is
	Plan     string          // "": as it is
	Limits   map[string]int64
	From     time.Time
	Until    time.Time // zero: until it is taken back
}

// Usage is what a tenant has in use.
type Usage struct {
	Accounts, Seats, Domains  int
	StorageBytes, EgressBytes int64
	Deliveries                int64 // this month
}

// Entitle returns what a tenant is entitled to now, and when that changes if nothing else
// does; zero: never.
func (c *Catalogue) Entitle(f Facts, now time.Time) (e tenant.Entitlement, next time.Time) {
	clock := stand(f, c.TrialTime(), now)
	e = tenant.Entitlement{Standing: clock.standing, Since: clock.since, EndsAt: clock.ends, IsDisputed: f.Disputed}
	next = clock.next
	plan, extra := c.Trial, 0
	s, ok := Choose(f.Subscriptions)
	if ok && s.Plan != "" {
		plan, extra = s.Plan, s.Extra
	}
	o, ends := override(f.Overrides, now)
	next = earliest(next, ends)
	if o.Plan != "" {
		plan, extra = o.Plan, 0
	}
	if o.Standing != "" {
		e.Standing, e.Since, e.EndsAt = o.Standing, o.From, o.Until
	}
	e.Plan = plan
	e.Limits = c.limits(plan, extra, o.Limits)
	_, hasAccounts := o.Limits[limitAccounts]
	// What staff gave is given: nobody is charged for accounts within it, nor can buy beyond.
	e.Limits.MoreAccounts = ok && o.Plan == "" && !hasAccounts && c.sellsMore(s)
	e.IsOver = f.Usage.Over(e.Limits)
	e.NoUploads, ends = noUploads(f.StorageOverSince, now)
	next = earliest(next, ends)
	e.IsSlow = e.Standing == tenant.Trial || f.Usage.Slow(e.Limits)
	return e, next
}

// moment is where the clock stands.
type moment struct {
	standing          tenant.Standing
	since, ends, next time.Time
	end               time.Time // of what the tenant had, by the facts alone; zero: it goes on
}

// stand is the standing without the staff's decisions.
func stand(f Facts, trial time.Duration, now time.Time) moment {
	s, ok := Choose(f.Subscriptions)
	if !ok {
		if end := f.TrialFrom.Add(trial); now.Before(end) {
			return moment{standing: tenant.Trial, since: f.TrialFrom, ends: end, next: end}
		}
		return f.ended(f.TrialFrom.Add(trial), now)
	}
	end := earliest(s.end(), f.CustomerGone)
	for _, l := range f.Lost {
		if l.Ends(s.Created) {
			end = earliest(end, l.At)
		}
	}
	if end.IsZero() || now.Before(end) && (s.Status == PastDue || s.Status == Unpaid) {
		return s.running(end)
	}
	return f.ended(end, now)
}

// end is when what was paid for is over, zero while it is not. That a paid time is over is
// for the provider to say: while it cannot be asked nobody loses anything. A payment that is
// missing ends it when the grace is over.
func (s Subscription) end() time.Time {
	switch s.Status {
	case Trialing, Active:
		return time.Time{}
	case PastDue, Unpaid:
		return s.openSince().Add(GraceTime)
	case Paused:
		return firstSet(s.TrialEnd, s.PeriodStart, s.Created)
	default:
		return firstSet(s.EndedAt, s.PeriodEnd, s.Created)
	}
}

// running is the standing of a subscription that is not over.
func (s Subscription) running(end time.Time) moment {
	switch {
	case s.Status == PastDue:
		return moment{standing: tenant.Grace, since: s.openSince(), ends: end, next: end}
	case s.Status == Unpaid: // the provider gave up before the grace was over
		return moment{standing: tenant.Restricted, since: s.openSince(), ends: end.Add(RestrictedTime + UnpaidTime), next: end}
	case s.Status == Trialing:
		return moment{standing: tenant.Trial, since: s.Created, ends: s.TrialEnd}
	case !s.CancelAt.IsZero():
		return moment{standing: tenant.PaidEnding, since: s.Created, ends: s.CancelAt}
	}
	return moment{standing: tenant.Paid, since: s.Created}
}

// openSince is when the payment failed that is missing.
func (s Subscription) openSince() time.Time { return firstSet(s.OldestOpen, s.PeriodStart, s.Created) }

// ended is the clock after a paid time, a trial or a grace.
func (f Facts) ended(end, now time.Time) moment {
	since := end.Add(f.PutOff)
	if since.After(now) { // the facts are others by now
		since = end
	}
	m := step(since, now)
	m.end = end
	return m
}

func step(since, now time.Time) moment {
	unpaid := since.Add(RestrictedTime)
	closing := unpaid.Add(UnpaidTime)
	closed := closing.Add(ClosingTime)
	switch {
	case now.Before(unpaid):
		return moment{standing: tenant.Restricted, since: since, ends: closing, next: unpaid}
	case now.Before(closing):
		return moment{standing: tenant.Unpaid, since: unpaid, ends: closing, next: closing}
	case now.Before(closed):
		return moment{standing: tenant.Closing, since: closing, ends: closed, next: closed}
	}
	return moment{standing: tenant.ClosedUnpaid, since: closed}
}

// override returns what decisions in force say, of each thing what the newest says that says
// anything of it, and when decisions next begin or end. A week's reprieve takes nothing from
// the limits that somebody has by contract.
func override(all []Override, now time.Time) (in Override, next time.Time) {
	var inForce []Override
	for _, o := range all {
		switch {
		case now.Before(o.From):
			next = earliest(next, o.From)
		case !o.Until.IsZero() && !now.Before(o.Until):
		default:
			next = earliest(next, o.Until)
			before := slices.IndexFunc(inForce, func(x Override) bool { return !x.From.Before(o.From) })
			if before < 0 {
				before = len(inForce)
			}
			inForce = slices.Insert(inForce, before, o)
		}
	}
	for _, o := range inForce { // from the oldest to the newest
		if o.Standing != "" {
			in.Standing, in.From, in.Until = o.Standing, o.From, o.Until
		}
		if o.Plan != "" {
			in.Plan = o.Plan
		}
		for name, n := range o.Limits {
			if in.Limits == nil {
				in.Limits = map[string]int64{}
			}
			in.Limits[name] = n
		}
	}
	return in, next
}

// uploadGrace is how long storage may be far over its limit before uploads are refused.
const uploadGrace = 7 * Day

func noUploads(since, now time.Time) (refused bool, next time.Time) {
	if since.IsZero() {
		return false, time.Time{}
	}
	end := since.Add(uploadGrace)
	if now.Before(end) {
		return false, end
	}
	return true, time.Time{}
}

// Over reports whether it is more than limits allow. Accounts that are paid for one by one
// are not too many.
func (u Usage) Over(l tenant.Limits) bool {
	over := func(used, limit int) bool { return limit > 0 && used > limit }
	return !l.MoreAccounts && over(u.Accounts, l.Accounts) || over(u.Seats, l.Seats) || over(u.Domains, l.Domains) ||
		l.StorageBytes > 0 && u.StorageBytes > l.StorageBytes
}

// Slow reports whether the month's deliveries are used up.
func (u Usage) Slow(l tenant.Limits) bool { return l.Deliveries > 0 && u.Deliveries > l.Deliveries }

// earliest is the earlier of two times; a zero one does not count.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// firstSet is the first time that is known.
func firstSet(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
