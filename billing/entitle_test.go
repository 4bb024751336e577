package billing_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/billing"
	"rookery/tenant"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at(days float64) time.Time { return start.Add(time.Duration(days * float64(billing.Day))) }

func plans(t testing.TB) *billing.Catalogue {
	t.Helper()
	c, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func team(change func(*billing.Subscription)) billing.Subscription {
	s := billing.Subscription{ID: "sub_1", Status: billing.Active, Plan: "team", Created: start, PeriodStart: at(0), PeriodEnd: at(30)}
	if change != nil {
		change(&s)
	}
	return s
}

// The table of docs/billing.md: each status, and each day on which something changes.
func TestStandings(t *testing.T) {
	t.Parallel()
	c := plans(t)
	never := billing.Facts{TrialFrom: start}
	with := func(subs ...billing.Subscription) billing.Facts {
		return billing.Facts{TrialFrom: start.Add(-300 * billing.Day), Subscriptions: subs}
	}
	pastDue := with(team(func(s *billing.Subscription) { s.Status, s.OldestOpen = billing.PastDue, at(0) }))
	canceled := with(team(func(s *billing.Subscription) { s.Status, s.EndedAt = billing.Canceled, at(0) }))
	unpaid := with(team(func(s *billing.Subscription) { s.Status, s.OldestOpen = billing.Unpaid, at(0) }))
	gone := with(team(nil))
	gone.CustomerGone = at(2)
	lost := with(team(nil))
	lost.Lost = []billing.Loss{{Opened: at(1), At: at(2)}}
	overridden := pastDue
	overridden.Overrides = []billing.Override{
		{Standing: tenant.Paid, Plan: "business", From: at(20), Until: at(40)},
		{Standing: tenant.Restricted, From: at(10), Until: at(60)}, // older: the newer one wins
	}
	for name, tt := range map[string]struct {
		facts    billing.Facts
		days     float64
		standing tenant.Standing
		plan     string
		next     float64 // in days; 0: never
	}{
		"on trial":                       {never, 13.9, tenant.Trial, "trial", 14},
		"trial over":                     {never, 14, tenant.Restricted, "trial", 28},
		"trial long over":                {never, 28, tenant.Unpaid, "trial", 120},
		"never came back":                {never, 120, tenant.Closing, "trial", 134},
		"forgotten":                      {never, 134, tenant.ClosedUnpaid, "trial", 0},
		"first payment open":             {billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{team(func(s *billing.Subscription) { s.Status = billing.Incomplete })}}, 3, tenant.Trial, "trial", 14},
		"first payment never made":       {billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{team(func(s *billing.Subscription) { s.Status = billing.IncompleteExpired })}}, 15, tenant.Restricted, "trial", 28},
		"trial with card":                {with(team(func(s *billing.Subscription) { s.Status, s.TrialEnd = billing.Trialing, at(14) })), 3, tenant.Trial, "team", 0},
		"trial that nobody asked after":  {with(team(func(s *billing.Subscription) { s.Status, s.TrialEnd = billing.Trialing, at(14) })), 20, tenant.Trial, "team", 0},
		"active":                         {with(team(nil)), 12, tenant.Paid, "team", 0},
		"active, provider away for long": {with(team(nil)), 90, tenant.Paid, "team", 0},
		"ends with the month":            {with(team(func(s *billing.Subscription) { s.CancelAt = at(30) })), 12, tenant.PaidEnding, "team", 0},
		"payment failed":                 {pastDue, 0, tenant.Grace, "team", 14},
		"payment failed, last hour":      {pastDue, 13.99, tenant.Grace, "team", 14},
		"payment missing":                {pastDue, 14, tenant.Restricted, "team", 28},
		"payment missing for a month":    {pastDue, 28, tenant.Unpaid, "team", 120},
		"payment missing for long":       {pastDue, 120, tenant.Closing, "team", 134},
		"provider gave up early":         {unpaid, 5, tenant.Restricted, "team", 14},
		"provider gave up":               {unpaid, 30, tenant.Unpaid, "team", 120},
		"canceled":                       {canceled, 13, tenant.Restricted, "team", 14},
		"canceled two weeks ago":         {canceled, 14, tenant.Unpaid, "team", 106},
		"canceled long ago":              {canceled, 106, tenant.Closing, "team", 120},
		"canceled, all over":             {canceled, 120, tenant.ClosedUnpaid, "team", 0},
		"paused after a trial":           {with(team(func(s *billing.Subscription) { s.Status, s.TrialEnd = billing.Paused, at(1) })), 2, tenant.Restricted, "team", 15},
		"customer deleted":               {gone, 3, tenant.Restricted, "team", 16},
		"dispute lost":                   {lost, 3, tenant.Restricted, "team", 16},
		"staff said otherwise":           {overridden, 30, tenant.Paid, "business", 40},
		"staff's word is over":           {overridden, 61, tenant.Unpaid, "team", 120},
		"an older word still holds":      {overridden, 45, tenant.Restricted, "team", 60},
		"nobody knows this status":       {with(team(func(s *billing.Subscription) { s.Status, s.PeriodEnd = "strange", at(30) })), 31, tenant.Restricted, "team", 44},
		"came back": {with(
			team(func(s *billing.Subscription) { s.Status, s.EndedAt = billing.Canceled, at(0) }),
			team(func(s *billing.Subscription) { s.ID, s.Plan, s.Created = "sub_2", "solo", at(40) }),
		), 41, tenant.Paid, "solo", 0},
		"a try beside a failed one": {with(
			team(func(s *billing.Subscription) { s.Status, s.OldestOpen = billing.PastDue, at(0) }),
			team(func(s *billing.Subscription) { s.ID, s.Status, s.Plan = "sub_2", billing.Incomplete, "business" }),
		), 3, tenant.Grace, "team", 14},
		"two that are paid": {with(
			team(nil), team(func(s *billing.Subscription) { s.ID, s.Plan, s.Created = "sub_2", "business", at(1) }),
		), 3, tenant.Paid, "business", 0},
	} {
		e, next := c.Entitle(tt.facts, at(tt.days))
		if e.Standing != tt.standing || e.Plan != tt.plan {
			t.Errorf("%s: %s on %s, want %s on %s", name, e.Standing, e.Plan, tt.standing, tt.plan)
		}
		if want := at(tt.next); tt.next == 0 && !next.IsZero() || tt.next != 0 && !next.Equal(want) {
			t.Errorf("%s: changes at %v, want day %v", name, next, tt.next)
		}
	}
}

// Whoever is asked before the moment that Entitle names hears the same, and at that moment
// something else: the clock needs no other look. And the clock only ever goes one way.
func TestTheClockNamesItsNextMoment(t *testing.T) {
	t.Parallel()
	c := plans(t)
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test that can be repeated
		now := at(r.Float64() * 200)
		f := anyFacts(r, now)
		for range 12 {
			e, next := c.Entitle(f, now)
			if next.IsZero() {
				later, _ := c.Entitle(f, now.Add(1_000*billing.Day))
				if diff := cmp.Diff(e, later); diff != "" {
					t.Fatalf("seed %d: said that nothing changes after %v:\n%s", seed, now, diff)
				}
				break
			}
			if !next.After(now) {
				t.Fatalf("seed %d: next %v is not after %v", seed, next, now)
			}
			before, _ := c.Entitle(f, now.Add(time.Duration(r.Float64()*float64(next.Sub(now)))))
			if diff := cmp.Diff(e, before); diff != "" {
				t.Fatalf("seed %d: changed before %v:\n%s", seed, next, diff)
			}
			if then, _ := c.Entitle(f, next); len(f.Overrides) == 0 && e.Standing.IsWorseThan(then.Standing) {
				t.Fatalf("seed %d: %s became %s though nobody paid", seed, e.Standing, then.Standing)
			}
			now = next
		}
	}
}

// The order in which subscriptions are told of changes nothing.
func TestTheOrderOfSubscriptionsChangesNothing(t *testing.T) {
	t.Parallel()
	c := plans(t)
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a test that can be repeated
		now := at(r.Float64() * 200)
		f := anyFacts(r, now)
		want, next := c.Entitle(f, now)
		r.Shuffle(len(f.Subscriptions), func(i, j int) {
			f.Subscriptions[i], f.Subscriptions[j] = f.Subscriptions[j], f.Subscriptions[i]
		})
		r.Shuffle(len(f.Overrides), func(i, j int) { f.Overrides[i], f.Overrides[j] = f.Overrides[j], f.Overrides[i] })
		got, again := c.Entitle(f, now)
		if diff := cmp.Diff(want, got); diff != "" || !next.Equal(again) {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

// No fact but a decision of the staff ever gives more than what is paid for, and money
// alone never takes what is paid.
func TestWhoPaysIsServed(t *testing.T) {
	t.Parallel()
	c := plans(t)
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test that can be repeated
		now := at(r.Float64() * 200)
		f := anyFacts(r, now)
		f.Overrides, f.Lost, f.CustomerGone = nil, nil, time.Time{}
		pays := false
		for _, s := range f.Subscriptions {
			pays = pays || s.Status == billing.Active
		}
		e, _ := c.Entitle(f, now)
		if pays && !e.Standing.MayPublish() {
			t.Fatalf("seed %d: %s though an active subscription is there", seed, e.Standing)
		}
		if len(f.Subscriptions) == 0 && e.Plan != c.Trial {
			t.Fatalf("seed %d: plan %s without a subscription", seed, e.Plan)
		}
	}
}

// anyFacts are some that may be known now: what has happened lies before it.
func anyFacts(r *rand.Rand, now time.Time) billing.Facts {
	past := func(t time.Time) time.Time {
		if t.After(now) {
			return now
		}
		return t
	}
	f := billing.Facts{TrialFrom: past(at(r.Float64() * 100)), Disputed: r.IntN(5) == 0}
	maybe := func(t time.Time) time.Time {
		if r.IntN(2) == 0 {
			return time.Time{}
		}
		return t
	}
	statuses := []billing.Status{billing.Incomplete, billing.IncompleteExpired, billing.Trialing, billing.Active, billing.PastDue, billing.Unpaid, billing.Paused, billing.Canceled}
	for i := range r.IntN(4) {
		created := past(at(r.Float64() * 100))
		f.Subscriptions = append(f.Subscriptions, billing.Subscription{
			ID: "sub_" + string(rune('a'+i)), Status: statuses[r.IntN(len(statuses))], Plan: []string{"solo", "team", "business", ""}[r.IntN(4)],
			Extra: r.IntN(3), Created: created, PeriodStart: created, PeriodEnd: created.Add(30 * billing.Day), TrialEnd: maybe(created.Add(14 * billing.Day)),
			CancelAt: maybe(created.Add(30 * billing.Day)), EndedAt: maybe(past(created.Add(20 * billing.Day))), OldestOpen: maybe(past(created.Add(10 * billing.Day))),
		})
	}
	for range r.IntN(3) {
		from := at(r.Float64() * 200)
		f.Overrides = append(f.Overrides, billing.Override{
			Standing: []tenant.Standing{"", tenant.Paid, tenant.Restricted}[r.IntN(3)], Plan: []string{"", "business"}[r.IntN(2)],
			From: from, Until: maybe(from.Add(time.Duration(1+r.IntN(60)) * billing.Day)),
		})
	}
	f.StorageOverSince, f.CustomerGone = maybe(past(at(r.Float64()*200))), maybe(past(at(r.Float64()*200)))
	for range r.IntN(3) {
		opened := past(at(r.Float64() * 200))
		f.Lost = append(f.Lost, billing.Loss{Opened: opened, At: past(opened.Add(time.Duration(r.Float64() * 90 * float64(billing.Day))))})
	}
	return f
}

// What counts beside the standing.
func TestLimitsAndFlags(t *testing.T) {
	t.Parallel()
	c := plans(t)
	f := billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{team(func(s *billing.Subscription) { s.Extra = 4 })}}
	f.Usage = billing.Usage{Accounts: 14, Deliveries: 2_000_001}
	e, _ := c.Entitle(f, at(3))
	if e.Limits.Accounts != 14 || e.IsOver || !e.IsSlow || !e.Limits.Has(tenant.Approvals) || e.Limits.Has(tenant.SingleSignOn) || !e.MayGrow() {
		t.Errorf("with four more accounts: %+v", e)
	}
	f.Usage.Accounts = 15
	if e, _ := c.Entitle(f, at(3)); e.IsOver {
		t.Errorf("one more than is paid for yet: the next count of accounts has it paid: %+v", e)
	}
	f.Usage.Seats, f.Disputed, f.StorageOverSince = 11, true, at(1)
	if e, next := c.Entitle(f, at(3)); !e.IsOver || e.MayGrow() || !e.MayUpload() || !next.Equal(at(8)) {
		t.Errorf("over its limit and disputed: %+v until %v", e, next)
	}
	if e, _ := c.Entitle(f, at(8)); e.MayUpload() {
		t.Errorf("storage over for a week: %+v", e)
	}
	f.Overrides = []billing.Override{{From: at(0), Limits: map[string]int64{"accounts": 500, "seats": 50, "nonsense": 3}}}
	if e, _ := c.Entitle(f, at(3)); e.Limits.Accounts != 500 || e.IsOver {
		t.Errorf("with an override: %+v", e)
	}
	f.Overrides, f.Subscriptions[0].Plan = nil, "sold-in-spring" // no more in the file
	if e, _ := c.Entitle(f, at(3)); e.Limits.Accounts != 0 || e.Plan != "sold-in-spring" || e.IsOver {
		t.Errorf("with a plan that is gone: %+v", e)
	}
}

func TestDoubles(t *testing.T) {
	t.Parallel()
	one, two := team(nil), team(func(s *billing.Subscription) { s.ID, s.Created = "sub_2", at(1) })
	ended := team(func(s *billing.Subscription) { s.ID, s.Status = "sub_3", billing.Canceled })
	if got := billing.Doubles([]billing.Subscription{ended, one, two}); len(got) != 1 || got[0].ID != "sub_1" {
		t.Errorf("paid twice: %+v", got)
	}
	if got := billing.Doubles([]billing.Subscription{ended, two}); len(got) != 0 {
		t.Errorf("paid once: %+v", got)
	}
}
