package plan_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

// office is an account with one person in each role, and the rules under test.
type office struct {
	*fixture.World
	t       *testing.T
	plans   *plan.Service
	worker  *plan.Worker
	owner   plan.By
	second  plan.By // another publisher
	drafter plan.By
	other   plan.By // another drafter
	viewer  plan.By
}

func newOffice(t *testing.T) *office {
	t.Helper()
	w := fixture.New(t)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	plans := plan.New(status.New(status.Options{Streams: stream.New(w.PG, slog.New(slog.DiscardHandler))}))
	o := &office{World: w, t: t, plans: plans, owner: by(w.A.Person)}
	o.worker = &plan.Worker{DB: w.PG, Tenants: w.Registry, Plans: plans, Console: "https://rookery.test", Log: slog.New(slog.DiscardHandler)}
	for name, at := range map[string]struct {
		who  *plan.By
		role people.Role
	}{"second": {&o.second, people.Publisher}, "drafter": {&o.drafter, people.Drafter}, "other": {&o.other, people.Drafter}, "viewer": {&o.viewer, people.Viewer}} {
		person := w.Person(t, name+"@a.test")
		w.A.Grant(t, w.A.Account.ID, person, at.role)
		*at.who = by(person)
	}
	return o
}

func by(person social.PersonID) plan.By {
	return plan.By{Person: person, Actor: audit.Actor{Kind: audit.Person, ID: int64(person)}}
}

func in(d time.Duration) *time.Time {
	at := time.Now().Add(d).UTC().Truncate(time.Microsecond)
	return &at
}

func (o *office) try(who plan.By, w plan.Words, intent plan.Intent) (made *plan.Made, err error) {
	err = o.A.Try(o.t, func(ctx context.Context, s *pg.Scope) (err error) {
		made, err = o.plans.Add(ctx, s, o.A.Tenant, o.A.Account.ID, who, w, intent, "")
		return err
	})
	return made, err
}

func (o *office) add(who plan.By, w plan.Words, intent plan.Intent) *social.Plan {
	o.t.Helper()
	made, err := o.try(who, w, intent)
	if err != nil {
		o.t.Fatal(err)
	}
	return made.Plan
}

func (o *office) approve(who plan.By, p *social.Plan, w *plan.Words, seen time.Time) (made *plan.Made, err error) {
	err = o.A.Try(o.t, func(ctx context.Context, s *pg.Scope) (err error) {
		made, err = o.plans.Approve(ctx, s, o.A.Tenant, who, p.ID, w, seen)
		return err
	})
	return made, err
}

func (o *office) change(who plan.By, p *social.Plan, w plan.Words, intent plan.Intent) (made *plan.Made, err error) {
	err = o.A.Try(o.t, func(ctx context.Context, s *pg.Scope) (err error) {
		made, err = o.plans.Change(ctx, s, o.A.Tenant, who, p.ID, w, intent, time.Time{})
		return err
	})
	return made, err
}

func (o *office) reload(p *social.Plan) (out *social.Plan) {
	o.t.Helper()
	o.A.Do(o.t, func(ctx context.Context, s *pg.Scope) (err error) {
		out, err = store.PlanByID(ctx, s, p.ID)
		return err
	})
	return out
}

func (o *office) count(sql string, args ...any) (n int) {
	o.t.Helper()
	err := o.PG.Platform(o.t.Context(), "test", func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int](o.t.Context(), tx, fmt.Sprintf(sql, args...), nil)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	err := o.PG.Platform(o.t.Context(), "test", func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(o.t.Context(), tx, fmt.Sprintf(sql, args...), nil)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) posts() int {
	return o.count(`SELECT count(*) FROM statuses WHERE tenant_id = %d`, o.A.Tenant.ID)
}

// What a role's words become, for each intent.
func TestHowFarARoleReaches(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tests := []struct {
		name   string
		who    plan.By
		at     *time.Time
		intent plan.Intent
		state  social.PlanState // "": refused
	}{
		{"owner sends", o.owner, nil, plan.Send, social.PlanPublished},
		{"publisher sends", o.second, nil, plan.Send, social.PlanPublished},
		{"publisher schedules", o.second, in(time.Hour), plan.Send, social.PlanScheduled},
		{"publisher keeps", o.second, nil, plan.Keep, social.PlanDraft},
		{"drafter sends", o.drafter, nil, plan.Send, social.PlanWaiting},
		{"drafter schedules", o.drafter, in(time.Hour), plan.Send, social.PlanWaiting},
		{"drafter keeps", o.drafter, in(time.Minute), plan.Keep, social.PlanDraft},
		{"viewer sends", o.viewer, nil, plan.Send, ""},
		{"viewer keeps", o.viewer, nil, plan.Keep, ""},
		{"stranger sends", by(o.B.Person), nil, plan.Send, ""},
		{"too soon", o.owner, in(4 * time.Minute), plan.Send, ""},
	}
	for _, tt := range tests {
		made, err := o.try(tt.who, plan.Words{Text: tt.name, ScheduledAt: tt.at}, tt.intent)
		switch {
		case tt.state == "":
			if err == nil {
				t.Errorf("%s: %+v", tt.name, made)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.state == social.PlanPublished:
			if made.Status == nil || made.Status.AuthorID != tt.who.Person || made.Plan != nil {
				t.Errorf("%s: %+v", tt.name, made)
			}
		case made.Plan.State != tt.state || made.Status != nil || made.Plan.AuthorID != tt.who.Person:
			t.Errorf("%s: %+v", tt.name, made.Plan)
		}
	}
	if n := o.posts(); n != 2 {
		t.Errorf("%d posts, want those of owner and publisher", n)
	}
}

// Who wrote, who changed the words and who let them out is kept; the words go to the post.
func TestApprovalKeepsWhoDidWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.drafter, plan.Words{Text: "helo"}, plan.Send)
	made, err := o.approve(o.second, p, &plan.Words{Text: "hello"}, p.UpdatedAt)
	if err != nil {
		t.Fatal(err)
	}
	if st := made.Status; st == nil || st.Source != "hello" || st.AuthorID != o.drafter.Person {
		t.Errorf("the post is %+v", st)
	}
	got := o.reload(p)
	if got.State != social.PlanPublished || got.DecidedBy != o.second.Person || got.EditorID != o.second.Person || got.AuthorID != o.drafter.Person || got.Text != "" {
		t.Errorf("the plan is %+v", got)
	}
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		sent, err := store.SentPosts(ctx, s, []social.AccountID{o.A.Account.ID}, store.Page{})
		if len(sent) != 1 || sent[0].AuthorID != o.drafter.Person || sent[0].DecidedBy != o.second.Person || sent[0].EditorID != o.second.Person {
			t.Errorf("sent: %+v", sent)
		}
		return err
	})
	for _, action := range []string{"status.submit", "status.approve", "status.publish"} {
		if n := o.count(`SELECT count(*) FROM audit_entries WHERE tenant_id = %d AND action = '%s' AND target = 'plan:%d'`, o.A.Tenant.ID, action, p.ID); n != 1 {
			t.Errorf("%d entries of %s", n, action)
		}
	}
	if n := o.count(`SELECT count(*) FROM audit_entries WHERE tenant_id = %d AND convert_from(body, 'UTF8') LIKE '%%hello%%'`, o.A.Tenant.ID); n != 0 {
		t.Error("the audit log holds the words")
	}
}

// Approval with a time in the future waits for it; with one that has passed it publishes.
func TestApprovalAtItsTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	later, late := o.add(o.drafter, plan.Words{Text: "later", ScheduledAt: in(time.Hour)}, plan.Send), o.add(o.drafter, plan.Words{Text: "late", ScheduledAt: in(time.Hour)}, plan.Send)
	o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '1 minute' WHERE id = %d`, late.ID)
	if made, err := o.approve(o.owner, later, nil, time.Time{}); err != nil || made.Status != nil || made.Plan.State != social.PlanScheduled {
		t.Errorf("later: %+v, %v", made, err)
	}
	if made, err := o.approve(o.owner, late, nil, time.Time{}); err != nil || made.Status == nil {
		t.Errorf("late: %+v, %v", made, err)
	}
	if n := o.count(`SELECT count(*) FROM river.river_job WHERE kind = 'plan_publish' AND scheduled_at > now() + interval '50 minutes'`); n != 1 {
		t.Errorf("%d jobs wait for their time, want 1", n)
	}
}

// Of two who decide at once one wins, and the other learns who.
func TestTwoDecideAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.drafter, plan.Words{Text: "once"}, plan.Send)
	both := []plan.By{o.owner, o.second}
	outcome, errs := make([]*plan.Made, 2), make([]error, 2)
	var group sync.WaitGroup
	for i, who := range both {
		group.Go(func() { outcome[i], errs[i] = o.approve(who, p, nil, time.Time{}) })
	}
	group.Wait()
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	if errs[winner] != nil || !errors.Is(errs[1-winner], plan.ErrDecided) {
		t.Fatalf("outcomes %v", errs)
	}
	if seen := outcome[1-winner].Plan; seen == nil || seen.DecidedBy != both[winner].Person {
		t.Errorf("who was slower sees %+v, want a decision of %d", seen, both[winner].Person)
	}
	if n := o.posts(); n != 1 {
		t.Errorf("%d posts", n)
	}
}

// Nobody approves words that they have not read.
func TestWordsThatChangedAreNotApproved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.drafter, plan.Words{Text: "nice"}, plan.Send)
	if _, err := o.change(o.drafter, p, plan.Words{Text: "nasty"}, plan.Save); err != nil {
		t.Fatal(err)
	}
	if _, err := o.approve(o.owner, p, nil, p.UpdatedAt); fault.CodeOf(err) != fault.Conflict || o.posts() != 0 {
		t.Errorf("approved: %v, %d posts", err, o.posts())
	}
}

// What a picture is said to show is words too, by whichever way they change.
func TestDescriptionsThatChangedAreNotApproved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const file social.MediaID = 78
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return store.InsertMedia(ctx, s, &social.Media{ID: file, AccountID: o.A.Account.ID, Kind: social.MediaImage, MIME: "image/png", Key: "k"})
	})
	p := o.add(o.drafter, plan.Words{Text: "a stork", MediaIDs: []social.MediaID{file}}, plan.Send)
	redescribe := func(who plan.By) error {
		return o.A.Try(t, func(ctx context.Context, s *pg.Scope) error { return plan.Redescribe(ctx, s, o.A.Tenant, who, file) })
	}
	for name, who := range map[string]plan.By{"another drafter": o.other, "viewer": o.viewer, "stranger": by(o.B.Person)} {
		if err := redescribe(who); !fault.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := redescribe(o.drafter); err != nil {
		t.Fatal(err)
	}
	if _, err := o.approve(o.owner, p, nil, p.UpdatedAt); fault.CodeOf(err) != fault.Conflict || o.posts() != 0 {
		t.Errorf("approved: %v, %d posts", err, o.posts())
	}
	if _, err := o.approve(o.owner, p, &plan.Words{Text: "a stork", MediaIDs: []social.MediaID{file}, ScheduledAt: in(time.Hour)}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := redescribe(o.drafter); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("its author after approval: %v", err)
	}
	if err := redescribe(o.second); err != nil || o.reload(p).EditorID != o.second.Person {
		t.Errorf("a publisher: %v, %+v", err, o.reload(p))
	}
}

// Who may change what: one's own until it is approved, or anything with the right to publish.
func TestWhoMayChangeAPlan(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	waiting := o.add(o.drafter, plan.Words{Text: "x"}, plan.Send)
	approved := o.add(o.drafter, plan.Words{Text: "y", ScheduledAt: in(time.Hour)}, plan.Send)
	if _, err := o.approve(o.owner, approved, nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		who  plan.By
		p    *social.Plan
		code fault.Code
	}{
		"another drafter": {o.other, waiting, fault.NotFound}, "viewer": {o.viewer, waiting, fault.NotFound}, "stranger": {by(o.B.Person), waiting, fault.NotFound},
		"its author after approval": {o.drafter, approved, fault.Forbidden}, "its author": {o.drafter, waiting, ""}, "publisher": {o.second, approved, ""},
	} {
		words := plan.Words{Text: name, ScheduledAt: tt.p.ScheduledAt}
		if _, err := o.change(tt.who, tt.p, words, plan.Save); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
	if _, err := o.approve(o.drafter, waiting, nil, time.Time{}); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a drafter approves: %v", err)
	}
	if got := o.reload(approved); got.EditorID != o.second.Person || got.State != social.PlanScheduled {
		t.Errorf("after the publisher's change %+v", got)
	}
}

// A decline needs a reason; the author is told once and can send again.
func TestDecline(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.drafter, plan.Words{Text: "x"}, plan.Send)
	decline := func(reason string) error {
		return o.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
			_, err := o.plans.Decline(ctx, s, o.A.Tenant, o.owner, p.ID, reason, time.Time{})
			return err
		})
	}
	for _, reason := range []string{" ", strings.Repeat("x", plan.MostReason+1)} {
		if err := decline(reason); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("a reason of %d letters: %v", len(reason), err)
		}
	}
	if err := decline("The price is wrong."); err != nil {
		t.Fatal(err)
	}
	if err := decline("Again."); !errors.Is(err, plan.ErrDecided) {
		t.Errorf("declined twice: %v", err)
	}
	if got := o.reload(p); got.State != social.PlanDeclined || got.Reason != "The price is wrong." || got.DecidedBy != o.owner.Person {
		t.Errorf("%+v", got)
	}
	if n := o.count(`SELECT count(*) FROM river.river_job WHERE kind = 'plan_tell_author'`); n != 1 {
		t.Errorf("%d jobs tell the author", n)
	}
	if made, err := o.change(o.drafter, p, plan.Words{Text: "y"}, plan.Send); err != nil || made.Plan.State != social.PlanWaiting || made.Plan.Reason != "" {
		t.Errorf("sent again: %+v, %v", made, err)
	}
}

// Files of a plan stay: no age removes them, no other post gets them, and the post has them.
func TestFilesOfPlans(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const file social.MediaID = 77
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return store.InsertMedia(ctx, s, &social.Media{ID: file, AccountID: o.A.Account.ID, Kind: social.MediaImage, MIME: "image/png", Key: "k"})
	})
	p := o.add(o.drafter, plan.Words{Text: "x", MediaIDs: []social.MediaID{file}}, plan.Send)
	if _, err := o.try(o.owner, plan.Words{Text: "mine", MediaIDs: []social.MediaID{file}}, plan.Send); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a post takes the file: %v", err)
	}
	if _, err := o.try(o.other, plan.Words{Text: "mine", MediaIDs: []social.MediaID{file}}, plan.Keep); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a plan takes the file: %v", err)
	}
	err := o.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
		n, err := store.AgedUploads.Prune(t.Context(), tx, time.Now().Add(time.Hour), 10)
		if n != 0 {
			t.Errorf("%d files of plans go by age", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := o.approve(o.owner, p, nil, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if n := o.count(`SELECT count(*) FROM media WHERE id = %d AND status_id = %d`, file, made.Status.ID); n != 1 {
		t.Error("the post does not have the file")
	}
}

func TestLimitsOfPlans(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(48 * time.Hour)
	fill := func(n int, from time.Time, step time.Duration) {
		o.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
			for i := range n {
				at := from.Add(time.Duration(i) * step)
				p := &social.Plan{ID: social.PlanID(from.Unix() + int64(i)), AccountID: o.A.Account.ID, AuthorID: 1, State: social.PlanScheduled,
					Visibility: social.Public, ScheduledAt: &at, CreatedAt: time.Now()}
				if err := store.AddPlan(ctx, s, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	fill(plan.MostADay, day, time.Minute)
	at := day.Add(23 * time.Hour)
	if _, err := o.try(o.owner, plan.Words{Text: "x", ScheduledAt: &at}, plan.Send); err == nil || !strings.Contains(fault.TextOf(err), "for that day") {
		t.Errorf("the 26th of a day: %v", err)
	}
	fill(plan.MostOpen-plan.MostADay, day.Add(48*time.Hour), 24*time.Hour)
	at = day.Add(24 * time.Hour)
	if _, err := o.try(o.owner, plan.Words{Text: "x", ScheduledAt: &at}, plan.Send); err == nil || !strings.Contains(fault.TextOf(err), "limit of 300") {
		t.Errorf("the 301st: %v", err)
	}
	if _, err := o.try(o.drafter, plan.Words{Text: "x"}, plan.Keep); err != nil {
		t.Errorf("a draft: %v", err)
	}
}

// However many jobs there are and whoever works them, a plan becomes one post.
func TestPublishedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.owner, plan.Words{Text: "x", ScheduledAt: in(time.Hour)}, plan.Send)
	if early, err := o.worker.Publish(t.Context(), o.A.Tenant.ID, p.ID); err != nil || early < 50*time.Minute || o.posts() != 0 {
		t.Errorf("a job that comes too early: %v left, %v, %d posts", early, err, o.posts())
	}
	o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '1 hour' WHERE id = %d`, p.ID)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := o.worker.Publish(t.Context(), o.A.Tenant.ID, p.ID); err != nil {
				t.Errorf("publish: %v", err)
			}
		})
	}
	group.Wait()
	if got := o.reload(p); o.posts() != 1 || got.State != social.PlanPublished {
		t.Errorf("%d posts, %+v", o.posts(), got)
	}
}

// A job that was lost is made again by the sweep, once; not for a company that is suspended.
func TestTheSweepFindsWhatWasLost(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.owner, plan.Words{Text: "x", ScheduledAt: in(time.Hour)}, plan.Send)
	o.super(`DELETE FROM river.river_job`)
	o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '1 hour' WHERE id = %d`, p.ID)
	o.exec(`UPDATE tenants SET state = 'suspended' WHERE id = %d`, o.A.Tenant.ID)
	sweep := func(want int) {
		t.Helper()
		if err := o.worker.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := o.count(`SELECT count(*) FROM river.river_job WHERE kind = 'plan_publish'`); n != want {
			t.Errorf("%d jobs after a sweep, want %d", n, want)
		}
	}
	sweep(0)
	o.exec(`UPDATE tenants SET state = 'active' WHERE id = %d`, o.A.Tenant.ID)
	sweep(1)
	sweep(1)
}

func (o *office) super(sql string) {
	o.t.Helper()
	conn, err := pgx.Connect(o.t.Context(), o.DB.SuperURL)
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(o.t.Context()))
	if _, err := conn.Exec(o.t.Context(), sql); err != nil {
		o.t.Fatal(err)
	}
}

// What cannot be published any more goes back to its author with the reason: an answer to
// what is gone does not become a post of its own.
func TestWhatCannotBePublishedComesBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ spoil, reason string }{
		"answered post gone": {`DELETE FROM statuses`, "the post that it answers is gone"},
		"account suspended":  {`UPDATE accounts SET suspended_at = now() WHERE domain = ''`, "suspended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			made, err := o.try(o.owner, plan.Words{Text: "parent"}, plan.Send)
			if err != nil {
				t.Fatal(err)
			}
			p := o.add(o.owner, plan.Words{Text: "answer", InReplyToID: made.Status.ID, ScheduledAt: in(time.Hour)}, plan.Send)
			o.exec(`UPDATE scheduled_statuses SET scheduled_at = now() - interval '1 minute' WHERE id = %d`, p.ID)
			o.exec("%s", tt.spoil)
			before := o.posts()
			if _, err := o.worker.Publish(t.Context(), o.A.Tenant.ID, p.ID); err != nil {
				t.Fatal(err)
			}
			got := o.reload(p)
			if o.posts() != before || got.State != social.PlanDeclined || !strings.Contains(got.Reason, tt.reason) || got.Text != "answer" {
				t.Errorf("%d posts, %+v", o.posts(), got)
			}
		})
	}
}

// Approvers get one letter an hour, however much waits.
func TestApproversAreToldOnceAnHour(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add(o.drafter, plan.Words{Text: "x"}, plan.Send)
	o.add(o.drafter, plan.Words{Text: "y"}, plan.Send)
	sweep := func(want int, what string) {
		t.Helper()
		if err := o.worker.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := o.count(`SELECT count(*) FROM mails WHERE template = 'approval_waiting'`); n != want {
			t.Errorf("%s: %d mails, want %d", what, n, want)
		}
	}
	sweep(0, "right away")
	age := func() { o.exec(`UPDATE scheduled_statuses SET updated_at = now() - interval '5 minutes'`) }
	age()
	sweep(2, "a while later, the owner and the publisher") // not the drafters, not the viewer
	if n := o.count(`SELECT count(*) FROM mails WHERE recipient IN ('alice@a.test', 'second@a.test') AND data->>'name' = '@alice (2)'`); n != 2 {
		t.Error("the letters do not say what waits")
	}
	o.add(o.drafter, plan.Words{Text: "z"}, plan.Send)
	age()
	sweep(2, "within the hour")
	o.exec(`UPDATE scheduled_statuses SET told_at = now() - interval '61 minutes' WHERE told_at IS NOT NULL`)
	sweep(4, "an hour later")
}

// Another tenant's people and plans are nowhere.
func TestPlansStayInTheirTenant(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.add(o.drafter, plan.Words{Text: "x"}, plan.Send)
	err := o.B.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := o.plans.Approve(ctx, s, o.B.Tenant, by(o.B.Person), p.ID, nil, time.Time{})
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("approved from another tenant: %v", err)
	}
	if _, err := o.worker.Publish(t.Context(), o.B.Tenant.ID, p.ID); err != nil || o.reload(p).State != social.PlanWaiting {
		t.Errorf("published from another tenant: %v", err)
	}
}
