// Package plan holds the rules of posts that are planned: drafts, what waits for
// somebody's approval, and what waits for its time.
//
// The API and the console call it inside their own transaction; its workers publish what
// is due and write to those who decide. Who may do what is asked of tenant/access, with
// the role that the person has at that moment. It makes posts by package status alone, and
// must not render anything or know an app's words for a plan.
package plan

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// Mastodon's numbers (app/models/scheduled_status.rb), which its apps are made for.
const (
	Soonest  = 5 * time.Minute // from now to a post's time
	MostOpen = 300             // of an account: with a time or waiting, and as many drafts
	MostADay = 25              // to be published on one day (UTC)
)

// Service applies the rules of plans. Make it with New.
type Service struct {
	posts *status.Service
}

// New returns a Service. It is safe for concurrent use.
func New(posts *status.Service) *Service { return &Service{posts: posts} }

// By is who acts: a person, by an app or in the console.
type By struct {
	Person social.PersonID
	App    social.AppID
	Actor  audit.Actor
}

// ByApp is a person who acts with an app. Their name is not at hand there.
func ByApp(person social.PersonID, app social.AppID, address string) By {
	return By{person, app, audit.Actor{Kind: audit.Person, ID: int64(person), Address: address}}
}

// Words are what a post is to be.
type Words struct {
	Text        string
	SpoilerText string
	Visibility  social.Visibility // "": the account's default
	Sensitive   bool
	Language    string // "": the account's default
	InReplyToID social.StatusID
	MediaIDs    []social.MediaID
	ScheduledAt *time.Time // nil: at once
	Zone        string     // in which the time was typed
}

// Intent is what somebody wants to become of their words.
type Intent int

// The intents.
const (
	Keep Intent = iota // as a draft
	Save               // changed, where they are
	Send               // to the world, as far as one's role reaches
)

// Made is what became of words: a plan, or a post that needed none.
type Made struct {
	Plan   *social.Plan
	Status *social.Status // nil: it is none yet
}

// desk is one act on one account.
type desk struct {
	*Service
	scope   *pg.Scope
	tenant  *tenant.Tenant
	account *social.Account
	role    people.Role
	by      By
}

var (
	errSuspended = fault.New(fault.Forbidden, "This account is suspended. It can publish nothing.")
	errNoPlan    = fault.New(fault.NotFound, "Record not found")
)

// sit reads who acts, in the role that they have now: what a cache remembers may be old.
func (s *Service) sit(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, account social.AccountID, by By) (*desk, error) {
	role, err := people.RoleOf(ctx, scope, account, by.Person)
	if err != nil {
		return nil, err
	}
	a, err := store.AccountByID(ctx, scope, account)
	if err != nil {
		return nil, fmt.Errorf("read the account of a plan: %w", err)
	}
	if a.SuspendedAt != nil {
		return nil, errSuspended
	}
	return &desk{s, scope, t, a, role, by}, nil
}

// toSend is whether words may be sent on their way. Keeping and changing them always works:
// nothing leaves the house, and what somebody wrote is not lost because of an unpaid bill.
func (d *desk) toSend(intent Intent) error {
	if intent != Send {
		return nil
	}
	return entitled.ToPublish(d.tenant)
}

func (d *desk) mayPost() bool { return access.Allow(d.role, access.Post) == nil }

// Add makes a plan of words, or a post where nothing stands in its way. A key that made one
// within the hour brings it back.
func (s *Service) Add(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, account social.AccountID, by By, w Words, intent Intent, key string) (*Made, error) {
	d, err := s.sit(ctx, scope, t, account, by)
	if err != nil {
		return nil, err
	}
	if err := access.Allow(d.role, access.Draft); err != nil {
		return nil, err
	}
	if err := d.toSend(intent); err != nil {
		return nil, err
	}
	p := d.blank(key)
	if earlier, err := d.claim(ctx, p); err != nil || earlier != nil {
		return earlier, err
	}
	if err := d.fill(ctx, p, w); err != nil {
		return nil, err
	}
	if p.State = d.aim(p, intent); p.State == social.PlanPublished {
		return d.post(ctx, p, w.MediaIDs)
	}
	if err := d.checkRoom(ctx, p, social.Plan{}); err != nil {
		return nil, err
	}
	if err := store.AddPlan(ctx, scope, p); err != nil {
		return nil, fmt.Errorf("store a plan: %w", err)
	}
	if err := d.hold(ctx, p, w.MediaIDs); err != nil {
		return nil, err
	}
	return &Made{Plan: p}, d.announce(ctx, p, "")
}

// aim is where words go: to the world if the role reaches that far, else to somebody who
// decides.
func (d *desk) aim(p *social.Plan, intent Intent) social.PlanState {
	switch {
	case intent == Keep:
		return social.PlanDraft
	case !d.mayPost():
		return social.PlanWaiting
	case p.HasTime():
		return social.PlanScheduled
	}
	return social.PlanPublished
}

// Change replaces the words of a plan, and takes it as far as the intent says. seen is the
// version that somebody had before them; zero is any.
func (s *Service) Change(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID, w Words, intent Intent, seen time.Time) (*Made, error) {
	d, p, err := s.open(ctx, scope, t, by, id, seen)
	if err != nil {
		return nil, err
	}
	if err := d.toSend(intent); err != nil {
		return nil, err
	}
	before := *p
	if before.State == social.PlanWaiting && intent == Send && d.mayPost() {
		return d.approve(ctx, p, &w)
	}
	if err := d.rewrite(ctx, p, w); err != nil {
		return nil, err
	}
	if intent != Save || before.State == social.PlanDeclined {
		p.State = d.aim(p, intent)
	}
	if p.State == social.PlanScheduled && !p.HasTime() {
		return nil, errNoTime
	}
	if before.State == social.PlanDeclined {
		p.Reason, p.DecidedBy, p.DecidedAt = "", 0, nil
	}
	if p.State == social.PlanPublished {
		return d.publish(ctx, p)
	}
	if err := d.checkRoom(ctx, p, before); err != nil {
		return nil, err
	}
	if err := store.UpdatePlan(ctx, scope, p); err != nil {
		return nil, fmt.Errorf("change plan %d: %w", p.ID, err)
	}
	return &Made{Plan: p}, d.announce(ctx, p, before.State)
}

// Remove throws a plan away. Its files go by their age.
func (s *Service) Remove(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by By, id social.PlanID) error {
	d, p, err := s.open(ctx, scope, t, by, id, time.Time{})
	if err != nil {
		return err
	}
	if err := store.DeletePlan(ctx, scope, p.ID); err != nil {
		return fmt.Errorf("remove plan %d: %w", p.ID, err)
	}
	return d.record(ctx, "status.discard", p)
}
