package billing_test

import (
	"testing"

	"rookery/billing"
	"rookery/tenant"
)

// A decision about one thing takes nothing from those about others.
func TestDecisionsAboutDifferentThings(t *testing.T) {
	t.Parallel()
	c := plans(t)
	f := billing.Facts{TrialFrom: start, Overrides: []billing.Override{
		{Plan: "business", From: at(1)},
		{Limits: map[string]int64{"accounts": 200, "seats": 90}, From: at(2)},
		{Standing: tenant.Paid, From: at(3), Until: at(40)},
		{Limits: map[string]int64{"seats": 95}, From: at(4), Until: at(20)},
	}}
	for _, tt := range []struct {
		day      float64
		standing tenant.Standing
		seats    int
	}{{2.5, tenant.Trial, 90}, {10, tenant.Paid, 95}, {30, tenant.Paid, 90}, {41, tenant.Unpaid, 90}} {
		e, _ := c.Entitle(f, at(tt.day))
		if e.Standing != tt.standing || e.Plan != "business" || e.Limits.Seats != tt.seats || e.Limits.Accounts != 200 || e.Limits.MoreAccounts {
			t.Errorf("day %.1f: %+v", tt.day, e)
		}
	}
}

// A dispute that is decided months later takes nothing from what was bought since it was opened.
func TestALateLoss(t *testing.T) {
	t.Parallel()
	c := plans(t)
	old := team(func(s *billing.Subscription) { s.ID, s.Status, s.EndedAt = "sub_old", billing.Canceled, at(20) })
	fresh := team(func(s *billing.Subscription) { s.ID, s.Created, s.PeriodStart = "sub_new", at(40), at(40) })
	f := billing.Facts{TrialFrom: start, Subscriptions: []billing.Subscription{old, fresh}, Lost: []billing.Loss{{Opened: at(30), At: at(90)}}}
	if e, _ := c.Entitle(f, at(95)); e.Standing != tenant.Paid {
		t.Errorf("%s for what was paid and never contested", e.Standing)
	}
	f.Lost = append(f.Lost, billing.Loss{Opened: at(50), At: at(91)})
	if e, _ := c.Entitle(f, at(95)); e.Standing != tenant.Restricted {
		t.Errorf("%s after a loss of what it was paid with", e.Standing)
	}
}
