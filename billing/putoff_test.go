package billing_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rookery/billing"
	"rookery/tenant"
)

// Everybody is told of an end, and has its whole time from then on, however late the clock sees
// that it has come.
func TestAnEndThatIsSeenLate(t *testing.T) {
	t.Parallel()
	c := plans(t)
	over := billing.Facts{TrialFrom: start.Add(-c.TrialTime())} // the trial ended on day 0
	for name, tt := range map[string]struct {
		had      tenant.Standing
		days     float64
		standing tenant.Standing
		since    float64
	}{
		"on time":                             {tenant.Restricted, 14.01, tenant.Unpaid, 14},
		"some hours late":                     {tenant.Restricted, 14.9, tenant.Unpaid, 14},
		"two days late":                       {tenant.Restricted, 16, tenant.Unpaid, 16},
		"the platform stood still for a year": {tenant.Restricted, 365, tenant.Unpaid, 365},
		"billing was off for a year":          {tenant.Trial, 365, tenant.Restricted, 365},
		"a word of the staff ends":            {tenant.Paid, 119, tenant.Restricted, 119},
		"nobody ever looked":                  {"", 50, tenant.Restricted, 50},
		"paused, and closing late":            {tenant.Unpaid, 110, tenant.Closing, 110},
		"paused, and far beyond":              {tenant.Unpaid, 900, tenant.Closing, 900},
		"still paused":                        {tenant.Unpaid, 100, tenant.Unpaid, 14},
		"closing, and over":                   {tenant.Closing, 150, tenant.ClosedUnpaid, 120},
	} {
		f := over
		f.PutOff = c.PutOff(f, tt.had, at(tt.days))
		e, _ := c.Entitle(f, at(tt.days))
		if e.Standing != tt.standing || !e.Since.Equal(at(tt.since)) {
			t.Errorf("%s: %s since %v, want %s since %v", name, e.Standing, e.Since, tt.standing, at(tt.since))
		}
	}
	paid := over
	paid.PutOff = 90 * billing.Day
	paid.Subscriptions = []billing.Subscription{{ID: "sub_1", Status: billing.Active, Plan: "team", Created: at(3), PeriodStart: at(3), PeriodEnd: at(33)}}
	if got := c.PutOff(paid, tenant.Unpaid, at(10)); got != 0 {
		t.Errorf("who pays again begins anew: %v", got)
	}
}

// A payment that is missing makes nobody more than read-only while nobody can ask whether it
// still is.
func TestNoStepOnAnOldReading(t *testing.T) {
	t.Parallel()
	c := plans(t)
	f := billing.Facts{TrialFrom: at(-100), ReadAt: at(1), Subscriptions: []billing.Subscription{
		{ID: "sub_1", Status: billing.PastDue, Plan: "team", Created: at(-60), PeriodStart: at(0), PeriodEnd: at(30), OldestOpen: at(0)},
	}}
	had := tenant.Grace
	for day := 1.0; day < 300; day += 0.5 {
		f.PutOff = c.PutOff(f, had, at(day))
		e, next := c.Entitle(f, at(day))
		if had = e.Standing; had.IsWorseThan(tenant.Restricted) {
			t.Fatalf("%s on day %v", had, day)
		}
		if day >= 28 && next.Sub(at(day)) > time.Hour {
			t.Fatalf("on day %v it is looked at again in %v", day, next.Sub(at(day)))
		}
	}
	f.ReadAt = at(300)
	f.PutOff = c.PutOff(f, had, at(300))
	if e, _ := c.Entitle(f, at(300)); e.Standing != tenant.Unpaid || e.EndsAt.Sub(at(300)) < billing.UnpaidTime-billing.Day {
		t.Errorf("after a reading: %s until %v", e.Standing, e.EndsAt)
	}
}

// However the clock is looked at, by the minute or once a year, and whatever the staff decide
// meanwhile: no step is left out, and each lasts.
func TestNoStepIsLeftOut(t *testing.T) {
	t.Parallel()
	c := plans(t)
	steps := []tenant.Standing{tenant.Restricted, tenant.Unpaid, tenant.Closing, tenant.ClosedUnpaid}
	place := func(s tenant.Standing) int {
		for i, one := range steps {
			if one == s {
				return i
			}
		}
		return -1
	}
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test that can be repeated
		now := at(r.Float64() * 200)
		f := anyFacts(r, now)
		f.ReadAt = time.Time{}
		var had tenant.Standing
		var since time.Time
		for range 40 {
			f.PutOff = c.PutOff(f, had, now)
			e, next := c.Entitle(f, now)
			was, is := place(had), place(e.Standing)
			isDecided := len(f.Overrides) > 0
			if is > was+1 && !isDecided {
				t.Fatalf("seed %d: %s became %s", seed, had, e.Standing)
			}
			if had != e.Standing {
				lasted := now.Sub(since) + billing.Day // a step may be seen some hours late
				if !isDecided && (had == tenant.Unpaid && is > was && lasted < billing.UnpaidTime || had == tenant.Closing && is > was && lasted < billing.ClosingTime) {
					t.Fatalf("seed %d: %s lasted %v", seed, had, lasted)
				}
				had, since = e.Standing, now
			}
			if r.IntN(2) == 0 && !next.IsZero() {
				now = next
			} else {
				now = now.Add(time.Duration(r.ExpFloat64() * 30 * float64(billing.Day)))
			}
		}
	}
}
