package plan

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"

	"github.com/riverqueue/river"
)

// MostReason is how long the reason of a decline may be, in characters.
const MostReason = 500

var (
	// ErrDecided says that somebody else was faster; the plan that comes with it says who.
	ErrDecided = fault.New(fault.Conflict, "Somebody has decided about this post already.")
	errReason  = fault.New(fault.Invalid, "Say why, so that the author knows what to change.")
	errLong    = fault.Newf(fault.Invalid, "A reason has at most %d characters.", MostReason)
)

// open locks a plan for somebody who may change it, in the version that they saw.
func (s *Service) open(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID, seen time.Time) (*desk, *social.Plan, error) {
	p, err := store.LockPlan(ctx, scope, id)
	if err != nil {
		return nil, nil, err
	}
	d, err := s.sit(ctx, scope, t, p.AccountID, by)
	if err != nil {
		return nil, nil, err
	}
	if err := mayOpen(p, d); err != nil {
		return nil, nil, err
	}
	if !seen.IsZero() && !seen.Equal(p.UpdatedAt) {
		return nil, nil, errChanged
	}
	return d, p, nil
}

// judge is open for somebody who decides. Of two at once the second gets ErrDecided with
// the plan as the first has left it.
func (s *Service) judge(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID, seen time.Time) (*desk, *social.Plan, error) {
	p, err := store.LockPlan(ctx, scope, id)
	if err != nil {
		return nil, nil, err
	}
	d, err := s.sit(ctx, scope, t, p.AccountID, by)
	if err != nil {
		return nil, nil, err
	}
	if err := access.Allow(d.role, access.Post); err != nil {
		return nil, nil, err
	}
	if p.State != social.PlanWaiting {
		return d, p, ErrDecided
	}
	if !seen.IsZero() && !seen.Equal(p.UpdatedAt) {
		return d, p, errChanged
	}
	return d, p, nil
}

// Approve lets a plan out, with other words if there are any: at once, or at its time. With
// ErrDecided comes the plan as somebody else has left it.
func (s *Service) Approve(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID, w *Words, seen time.Time) (*Made, error) {
	d, p, err := s.judge(ctx, scope, t, by, id, seen)
	if err != nil {
		return &Made{Plan: p}, err
	}
	return d.approve(ctx, p, w)
}

func (d *desk) approve(ctx context.Context, p *social.Plan, w *Words) (*Made, error) {
	if err := d.toSend(Send); err != nil {
		return nil, err
	}
	if w != nil {
		if err := d.rewrite(ctx, p, *w); err != nil {
			return nil, err
		}
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	p.DecidedBy, p.DecidedAt, p.UpdatedAt = d.by.Person, &now, now
	if err := d.record(ctx, "status.approve", p); err != nil {
		return nil, err
	}
	if err := d.scope.Enqueue(ctx, decided(d.scope, p)); err != nil {
		return nil, err
	}
	if !p.HasTime() || !p.ScheduledAt.After(now) {
		return d.publish(ctx, p)
	}
	p.State = social.PlanScheduled
	if err := store.UpdatePlan(ctx, d.scope, p); err != nil {
		return nil, fmt.Errorf("approve plan %d: %w", p.ID, err)
	}
	return &Made{Plan: p}, due(ctx, d.scope, p)
}

// Decline sends a plan back to its author with a reason.
func (s *Service) Decline(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID, reason string, seen time.Time) (*social.Plan, error) {
	d, p, err := s.judge(ctx, scope, t, by, id, seen)
	if err != nil {
		return p, err
	}
	switch reason = strings.TrimSpace(htmlsafe.Clean(reason)); {
	case reason == "":
		return p, errReason
	case utf8.RuneCountInString(reason) > MostReason:
		return p, errLong
	}
	if err := d.turnDown(ctx, p, by.Person, reason); err != nil {
		return nil, err
	}
	return p, d.record(ctx, "status.decline", p)
}

func (d *desk) turnDown(ctx context.Context, p *social.Plan, by social.PersonID, reason string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	p.State, p.Reason, p.DecidedBy, p.DecidedAt, p.UpdatedAt = social.PlanDeclined, reason, by, &now, now
	if err := store.UpdatePlan(ctx, d.scope, p); err != nil {
		return fmt.Errorf("decline plan %d: %w", p.ID, err)
	}
	return d.scope.Enqueue(ctx, decided(d.scope, p))
}

// post publishes words that needed no plan.
func (d *desk) post(ctx context.Context, p *social.Plan, media []social.MediaID) (*Made, error) {
	st, err := d.posts.Create(ctx, d.scope, d.tenant, d.account, d.draft(p, media))
	if err != nil {
		return nil, err
	}
	if p.Idempotency != "" { // it was claimed for a plan, of which there is none
		if err := store.RebindKey(ctx, d.scope, d.account.ID, p.Idempotency, st.ID); err != nil {
			return nil, fmt.Errorf("keep the key of post %d: %w", st.ID, err)
		}
	}
	return &Made{Status: st}, audit.Append(ctx, d.scope, audit.Entry{
		Actor: d.by.Actor, Action: "status.publish", Target: "status:" + ids.Format(int64(st.ID)), Detail: map[string]string{"account": d.account.Username},
	})
}

// publish makes a post of a plan. The words go to the post and end with it; who wrote it
// and who let it out stay here.
func (d *desk) publish(ctx context.Context, p *social.Plan) (*Made, error) {
	held, err := store.MediaOfPlans(ctx, d.scope, []social.PlanID{p.ID})
	if err != nil {
		return nil, fmt.Errorf("read the files of plan %d: %w", p.ID, err)
	}
	if err := store.ReleasePlanMedia(ctx, d.scope, p.ID); err != nil {
		return nil, fmt.Errorf("release the files of plan %d: %w", p.ID, err)
	}
	var media []social.MediaID
	for _, m := range held[p.ID] {
		media = append(media, m.ID)
	}
	st, err := d.posts.Create(ctx, d.scope, d.tenant, d.account, d.draft(p, media))
	if err != nil {
		return nil, err
	}
	p.State, p.StatusID, p.UpdatedAt = social.PlanPublished, st.ID, time.Now().UTC().Truncate(time.Microsecond)
	p.Text, p.SpoilerText, p.InReplyToID = "", "", 0
	if err := store.UpdatePlan(ctx, d.scope, p); err != nil {
		return nil, fmt.Errorf("mark plan %d as published: %w", p.ID, err)
	}
	return &Made{Plan: p, Status: st}, d.record(ctx, "status.publish", p)
}

func (d *desk) draft(p *social.Plan, media []social.MediaID) status.Draft {
	return status.Draft{
		Text: p.Text, SpoilerText: p.SpoilerText, Visibility: p.Visibility, Sensitive: p.Sensitive, Language: p.Language,
		InReplyToID: p.InReplyToID, MediaIDs: media, AuthorID: p.AuthorID, AppID: p.AppID,
	}
}

// announce records what a plan has become and has it published at its time.
func (d *desk) announce(ctx context.Context, p *social.Plan, before social.PlanState) error {
	action := map[social.PlanState]string{
		social.PlanWaiting: "status.submit", social.PlanScheduled: "status.schedule", social.PlanDraft: "status.draft",
	}[p.State]
	if before == p.State {
		action = "status.rewrite"
	}
	if err := d.record(ctx, action, p); err != nil {
		return err
	}
	if p.State == social.PlanScheduled {
		return due(ctx, d.scope, p)
	}
	return nil
}

// record writes who did what to which plan; never the words.
func (d *desk) record(ctx context.Context, action string, p *social.Plan) error {
	detail := map[string]string{"account": d.account.Username, "author": ids.Format(int64(p.AuthorID))}
	if p.EditorID != 0 {
		detail["editor"] = ids.Format(int64(p.EditorID))
	}
	if p.DecidedBy != 0 {
		detail["decided_by"] = ids.Format(int64(p.DecidedBy))
	}
	if p.StatusID != 0 {
		detail["status"] = ids.Format(int64(p.StatusID))
	}
	if p.HasTime() {
		detail["scheduled_at"] = p.ScheduledAt.UTC().Format(time.RFC3339)
	}
	return audit.Append(ctx, d.scope, audit.Entry{Actor: d.by.Actor, Action: action, Target: "plan:" + ids.Format(int64(p.ID)), Detail: detail})
}

// due has a plan published at its time. Another time makes another job; the one of the
// time before finds that it came too early.
func due(ctx context.Context, scope *pg.Scope, p *social.Plan) error {
	return scope.EnqueueWith(ctx, []river.InsertManyParams{{
		Args:       jobs.PublishPlan{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, PlanID: int64(p.ID), At: p.ScheduledAt.Unix()},
		InsertOpts: &river.InsertOpts{ScheduledAt: *p.ScheduledAt},
	}})
}

func decided(scope *pg.Scope, p *social.Plan) jobs.TellAuthor {
	return jobs.TellAuthor{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, PlanID: int64(p.ID), At: p.DecidedAt.Unix()}
}
