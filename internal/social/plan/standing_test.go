package plan_test

import (
	"strings"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/tenant"
)

// TEN-20: of whoever may publish nothing new no words go out by any way; what is written is
// kept and can be changed.
func TestWordsOfWhoMayNotPublishAreKept(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	draft := o.add(o.owner, plan.Words{Text: "draft"}, plan.Keep)
	waiting := o.add(o.drafter, plan.Words{Text: "waiting"}, plan.Send)
	scheduled := o.add(o.owner, plan.Words{Text: "scheduled", ScheduledAt: in(time.Hour)}, plan.Send)
	o.A.Stand(t, tenant.Restricted)
	refused := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != fault.Forbidden || !strings.Contains(fault.TextOf(err), "read-only") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, who := range []plan.By{o.owner, o.drafter} {
		_, err := o.try(who, plan.Words{Text: "new"}, plan.Send)
		refused("new words", err)
	}
	_, err := o.try(o.owner, plan.Words{Text: "new", ScheduledAt: in(time.Hour)}, plan.Send)
	refused("words with a time", err)
	_, err = o.change(o.owner, draft, plan.Words{Text: "draft"}, plan.Send)
	refused("a draft", err)
	_, err = o.change(o.owner, waiting, plan.Words{Text: "waiting"}, plan.Send)
	refused("a change that approves", err)
	_, err = o.approve(o.owner, waiting, nil, time.Time{})
	refused("an approval", err)
	if _, err := o.try(o.drafter, plan.Words{Text: "kept"}, plan.Keep); err != nil {
		t.Errorf("keep words: %v", err)
	}
	later := in(48 * time.Hour)
	if made, err := o.change(o.owner, scheduled, plan.Words{Text: "scheduled", ScheduledAt: later}, plan.Save); err != nil || !made.Plan.ScheduledAt.Equal(*later) {
		t.Errorf("another time: %v", err)
	}
	if got := o.reload(waiting).State; got != social.PlanWaiting || o.posts() != 0 {
		t.Errorf("%s, %d posts", got, o.posts())
	}
}

// TEN-20: a post whose time comes meanwhile goes out when the tenant pays within a day; later
// it goes back to its author.
func TestAPostThatIsHeld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ago   string
		state social.PlanState
		posts int
	}{
		"paid within a day": {"23 hours", social.PlanPublished, 1},
		"paid later":        {"25 hours", social.PlanDeclined, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			p := o.add(o.owner, plan.Words{Text: "news", ScheduledAt: in(time.Hour)}, plan.Send)
			publish := func() {
				t.Helper()
				if _, err := o.worker.Publish(t.Context(), o.A.Tenant.ID, p.ID); err != nil {
					t.Fatal(err)
				}
			}
			o.A.Stand(t, tenant.Restricted)
			o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '1 minute' WHERE id = %d`, p.ID)
			publish()
			if got := o.reload(p); got.State != social.PlanScheduled || o.posts() != 0 {
				t.Fatalf("while it owes: %+v", got)
			}
			o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '%s' WHERE id = %d`, tt.ago, p.ID)
			publish()
			o.A.Stand(t, tenant.Paid)
			publish()
			got := o.reload(p)
			if got.State != tt.state || o.posts() != tt.posts {
				t.Errorf("%d posts, %+v", o.posts(), got)
			}
			if tt.state == social.PlanDeclined && (got.Text != "news" || !strings.Contains(got.Reason, "read-only") || !strings.Contains(got.Reason, "Its words are kept")) {
				t.Errorf("the author reads %q over %q", got.Reason, got.Text)
			}
		})
	}
}
