package dunning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/billing"
	"rookery/billing/dunning"
)

// The whole way of a company that stops paying, as its people read it: each letter on its
// day, once, whether somebody looks each hour or once a day.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	plans, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	facts := billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{
		{ID: "s", Plan: "team", Status: billing.PastDue, Created: start, PeriodStart: start, OldestOpen: start},
	}}
	for _, step := range []time.Duration{time.Hour, 23 * time.Hour} {
		var got []string
		sent := map[string]bool{}
		for now := start; now.Before(start.Add(140 * billing.Day)); now = now.Add(step) {
			e, _ := plans.Entitle(facts, now)
			for _, l := range dunning.Letters(e, now) {
				if !sent[l.Key] {
					sent[l.Key] = true
					got = append(got, fmt.Sprintf("day %d: %s, everybody: %v", int(l.Due.Sub(start)/billing.Day), l.Template, l.Everybody))
				}
			}
		}
		want := []string{
			"day 0: billing_payment_failed, everybody: false",
			"day 2: billing_payment_failed, everybody: false",
			"day 6: billing_payment_failed, everybody: false",
			"day 11: billing_payment_failed, everybody: false",
			"day 14: billing_read_only, everybody: false",
			"day 21: billing_read_only, everybody: false",
			"day 28: billing_paused, everybody: false",
			"day 28: account_closes, everybody: true",
			"day 60: account_closes, everybody: true",
			"day 90: account_closes, everybody: true",
			"day 106: account_closes, everybody: true",
			"day 113: account_closes, everybody: true",
			"day 119: account_closes, everybody: true",
			"day 120: account_closing, everybody: true",
			"day 133: account_closing, everybody: true",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("every %s, -want +got:\n%s", step, diff)
		}
	}
}

func TestTrialsAndEnds(t *testing.T) {
	t.Parallel()
	plans, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	trial := billing.Facts{TrialFrom: start}
	ending := billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{
		{ID: "s", Plan: "team", Status: billing.Active, Created: start, PeriodEnd: start.Add(30 * billing.Day), CancelAt: start.Add(30 * billing.Day)},
	}}
	for name, tt := range map[string]struct {
		facts billing.Facts
		day   int
		want  string
	}{
		"on the tenth day of a trial":   {trial, 10, ""},
		"three days before its end":     {trial, 11, "billing_trial_ends"},
		"when it is over":               {trial, 14, "billing_read_only"},
		"ten days before a plan's end":  {ending, 20, ""},
		"three days before it":          {ending, 27, "billing_plan_ends"},
		"two days later, nothing again": {ending, 29, ""},
	} {
		now := start.Add(time.Duration(tt.day) * billing.Day)
		e, _ := plans.Entitle(tt.facts, now)
		got := ""
		for _, l := range dunning.Letters(e, now) {
			got += l.Template
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
