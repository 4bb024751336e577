package plan

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

var (
	errSoon     = fault.Newf(fault.Invalid, "Validation failed: Scheduled at must be at least %d minutes from now", int(Soonest.Minutes()))
	errFull     = fault.Newf(fault.Invalid, "Validation failed: You have exceeded the limit of %d scheduled posts", MostOpen)
	errDrafts   = fault.Newf(fault.Invalid, "This account has %d drafts already. Send or discard some of them first.", MostOpen)
	errDay      = fault.Newf(fault.Invalid, "Validation failed: You have exceeded the limit of %d scheduled posts for that day", MostADay)
	errMedia    = fault.New(fault.Invalid, "Validation failed: Media not found or already attached to another post")
	errMixed    = fault.New(fault.Invalid, "Cannot attach a video to a post that already contains images")
	errMany     = fault.Newf(fault.Invalid, "Cannot attach more than %d files", status.MaxMedia)
	errKey      = fault.New(fault.Invalid, "The Idempotency-Key is longer than 255 characters.")
	errNoTime   = fault.New(fault.Invalid, "A scheduled post needs a time. Give it one, or send it now.")
	errApproved = fault.New(fault.Forbidden, "This post is approved. Ask whoever approved it to change it.")
	errDone     = fault.New(fault.Conflict, "This is a post already. Change the post itself.")
	errChanged  = fault.New(fault.Conflict, "Somebody has changed these words meanwhile. Read them again before you decide.")
)

const longestKey = 255

func (d *desk) blank(key string) *social.Plan {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return &social.Plan{
		ID: social.PlanID(ids.New()), AccountID: d.account.ID, AuthorID: d.by.Person, AppID: d.by.App, Idempotency: key, CreatedAt: now, UpdatedAt: now,
	}
}

// claim binds an Idempotency-Key to a new plan, or returns what it made earlier: a plan, or
// a post that needed none.
func (d *desk) claim(ctx context.Context, p *social.Plan) (*Made, error) {
	if p.Idempotency == "" {
		return nil, nil
	}
	if len(p.Idempotency) > longestKey {
		return nil, errKey
	}
	wanted := social.StatusID(p.ID)
	bound, err := store.ClaimKeys(ctx, d.scope, p.AccountID, []string{p.Idempotency}, []social.StatusID{wanted})
	if err != nil || bound[p.Idempotency] == wanted {
		return nil, err
	}
	earlier, err := store.PlanByID(ctx, d.scope, social.PlanID(bound[p.Idempotency]))
	if err == nil && earlier.AuthorID == p.AuthorID {
		return &Made{Plan: earlier}, nil
	}
	var st *social.Status
	if fault.IsNotFound(err) {
		st, err = store.StatusByID(ctx, d.scope, bound[p.Idempotency])
	}
	switch {
	case fault.IsNotFound(err):
		return nil, nil // thrown away since
	case err != nil:
		return nil, err
	case st != nil && st.AccountID == p.AccountID && st.AuthorID == p.AuthorID:
		return &Made{Status: st}, nil
	}
	p.Idempotency = "" // somebody else's: another thing
	return nil, nil
}

// fill checks words as a post's would be and puts them into the plan.
func (d *desk) fill(ctx context.Context, p *social.Plan, w Words) error {
	if len(w.MediaIDs) > status.MaxMedia {
		return errMany
	}
	draft := status.Draft{
		Text: w.Text, SpoilerText: w.SpoilerText, Visibility: w.Visibility, Sensitive: w.Sensitive, Language: w.Language,
		InReplyToID: w.InReplyToID, MediaIDs: w.MediaIDs,
	}
	if err := d.posts.Check(ctx, d.scope, d.account, &draft); err != nil {
		return err
	}
	p.Text, p.SpoilerText, p.Visibility, p.Sensitive, p.Language = draft.Text, draft.SpoilerText, draft.Visibility, draft.Sensitive, draft.Language
	p.InReplyToID, p.ScheduledAt, p.Zone = draft.InReplyToID, w.ScheduledAt, w.Zone
	return nil
}

// rewrite gives a plan other words, and remembers who did it if it was not the author.
func (d *desk) rewrite(ctx context.Context, p *social.Plan, w Words) error {
	before := *p
	if err := d.fill(ctx, p, w); err != nil {
		return err
	}
	held, err := store.MediaOfPlans(ctx, d.scope, []social.PlanID{p.ID})
	if err != nil {
		return fmt.Errorf("read the files of plan %d: %w", p.ID, err)
	}
	sameWords := before.Text == p.Text && before.SpoilerText == p.SpoilerText && before.Visibility == p.Visibility &&
		before.Sensitive == p.Sensitive && before.Language == p.Language && sameFiles(held[p.ID], w.MediaIDs)
	if !sameWords && d.by.Person != p.AuthorID {
		p.EditorID = d.by.Person
	}
	p.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond)
	if sameFiles(held[p.ID], w.MediaIDs) {
		return nil
	}
	return d.hold(ctx, p, w.MediaIDs)
}

// Redescribe comes before another description of a file. One that a plan holds may be
// described by whoever may change the plan; it makes another version of it, because nobody
// approves what they have not read.
func Redescribe(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, file social.MediaID) error {
	held, err := store.PlanOfMedia(ctx, scope, file)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the plan of file %d: %w", file, err)
	}
	_, p, err := (&Service{}).open(ctx, scope, t, by, held.ID, time.Time{})
	if err != nil {
		return err
	}
	if p.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond); by.Person != p.AuthorID {
		p.EditorID = by.Person
	}
	return store.UpdatePlan(ctx, scope, p)
}

func sameFiles(have []*social.Media, want []social.MediaID) bool {
	if len(have) != len(want) {
		return false
	}
	for i, m := range have {
		if m.ID != want[i] {
			return false
		}
	}
	return true
}

// hold keeps files for the plan: they are not pruned, and no post can take them.
func (d *desk) hold(ctx context.Context, p *social.Plan, media []social.MediaID) error {
	if err := store.ReleasePlanMedia(ctx, d.scope, p.ID); err != nil || len(media) == 0 {
		return err
	}
	kinds, err := store.HoldPlanMedia(ctx, d.scope, p.ID, p.AccountID, media)
	if err != nil {
		return fmt.Errorf("keep files for plan %d: %w", p.ID, err)
	}
	if len(kinds) != len(media) {
		return errMedia
	}
	for _, kind := range kinds {
		if kind != social.MediaImage && len(kinds) > 1 {
			return errMixed
		}
	}
	return nil
}

// checkRoom holds the limits of an account. A plan that had its place and its time before
// keeps them.
func (d *desk) checkRoom(ctx context.Context, p *social.Plan, before social.Plan) error {
	isOpen := func(s social.PlanState) bool { return s == social.PlanWaiting || s == social.PlanScheduled }
	hadPlace := before.State == p.State || isOpen(before.State) && isOpen(p.State)
	hadTime := hadPlace && (!p.HasTime() || before.HasTime() && before.ScheduledAt.Equal(*p.ScheduledAt))
	if hadPlace && hadTime {
		return nil
	}
	if p.State != social.PlanDraft && p.HasTime() && time.Until(*p.ScheduledAt) < Soonest {
		return errSoon
	}
	if err := store.LockPlanner(ctx, d.scope, p.AccountID); err != nil {
		return fmt.Errorf("plan for account %d: %w", p.AccountID, err)
	}
	counts, err := store.CountPlans(ctx, d.scope, []social.AccountID{p.AccountID})
	if err != nil {
		return fmt.Errorf("count the plans of account %d: %w", p.AccountID, err)
	}
	if p.State == social.PlanDraft {
		if !hadPlace && counts[social.PlanDraft] >= MostOpen {
			return errDrafts
		}
		return nil
	}
	if !hadPlace && counts[social.PlanWaiting]+counts[social.PlanScheduled] >= MostOpen {
		return errFull
	}
	if !p.HasTime() {
		return nil
	}
	day := p.ScheduledAt.UTC().Truncate(24 * time.Hour)
	n, err := store.CountPlansBetween(ctx, d.scope, p.AccountID, p.ID, day, day.Add(24*time.Hour))
	if err != nil {
		return fmt.Errorf("count a day of account %d: %w", p.AccountID, err)
	}
	if n >= MostADay {
		return errDay
	}
	return nil
}

// mayOpen says whether somebody in a role may change a plan: its author until somebody has
// approved it, and whoever may publish. To others it does not exist.
func mayOpen(p *social.Plan, d *desk) error {
	isAuthor := p.AuthorID == d.by.Person && access.Allow(d.role, access.Draft) == nil
	switch {
	case !isAuthor && !d.mayPost():
		return errNoPlan
	case p.State == social.PlanPublished:
		return errDone
	case p.State == social.PlanScheduled && !d.mayPost():
		return errApproved
	}
	return nil
}

// CanSee says whether somebody in a role sees a plan in an app: those who may publish see
// all, others what is approved and what they wrote themselves.
func CanSee(p *social.Plan, mayPost bool, person social.PersonID) bool {
	switch p.State {
	case social.PlanScheduled:
		return true
	case social.PlanWaiting:
		return mayPost || p.AuthorID == person
	}
	return false
}
