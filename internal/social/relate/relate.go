// Package relate holds the rules between two accounts: following, accepting,
// blocking, muting, private notes.
//
// The APIs call it for local people, federation/inbox for remote ones; both give
// it their own transaction. What the other side must hear it leaves as an event
// (store.AddEvent). A relation that needs consent changes only by an act of the
// side that consents. It must not touch the network.
package relate

import (
	"context"
	"fmt"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Service applies the rules between accounts. Make it with New.
type Service struct {
	streams stream.Publisher
}

// New returns a Service. It is safe for concurrent use.
func New(streams stream.Publisher) *Service { return &Service{streams: streams} }

var (
	errNotFound  = fault.New(fault.NotFound, "Record not found")
	errForbidden = fault.New(fault.Forbidden, "This action is not allowed")
	errSelf      = fault.New(fault.Invalid, "Validation failed: You cannot do that to your own account")
)

// FollowOptions are what a follower may choose. URI is the id of a remote
// follower's activity; local ones get their own.
type FollowOptions struct {
	ShowBoosts bool
	Notify     bool
	Languages  []string
	URI        string
}

// backfill is how many recent posts of somebody newly followed come into the home timeline.
const backfill = 40

// Follow makes actor follow target, or changes the options of the follow that is
// there. Between local accounts, and from afar to an unlocked local one, it is
// accepted at once; otherwise it is a request until the target consents. A local
// target that blocks a remote actor or its domain answers with a rejection and no error.
func (s *Service) Follow(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor, target *social.Account, o FollowOptions) (*social.Follow, error) {
	if actor.ID == target.ID {
		return nil, errSelf
	}
	if actor.IsLocal() {
		if err := entitled.ToPublish(t); err != nil {
			return nil, err
		}
	}
	id := ids.New()
	if actor.IsLocal() || o.URI == "" {
		o.URI = activityURI(t, id)
	}
	// A block that comes at the same moment either sees this follow or is seen by it.
	if err := lock(ctx, scope, actor, target); err != nil {
		return nil, fmt.Errorf("lock the pair: %w", err)
	}
	if refused, err := s.refuse(ctx, scope, actor, target, o.URI); err != nil || refused {
		return nil, err
	}
	f, err := store.AddFollow(ctx, scope, social.Follow{
		ID: id, AccountID: actor.ID, TargetID: target.ID, URI: o.URI, State: firstState(target),
		ShowBoosts: o.ShowBoosts, Notify: o.Notify, Languages: o.Languages,
	}, !actor.IsLocal())
	if err != nil {
		return nil, fmt.Errorf("store follow: %w", err)
	}
	if err := s.announce(ctx, scope, actor, target, f); err != nil {
		return nil, err
	}
	return &f.Follow, nil
}

// lock keeps both sides, and a block of the remote one's domain, until the transaction ends.
func lock(ctx context.Context, scope *pg.Scope, actor, target *social.Account) error {
	here, there := actor, target
	if !here.IsLocal() {
		here, there = target, actor
	}
	if here.IsLocal() && !there.IsLocal() {
		if err := store.LockDomainShared(ctx, scope, here.ID, there.Domain); err != nil {
			return err
		}
	}
	return store.LockPair(ctx, scope, actor.ID, target.ID)
}

// shuns reports whether an account blocks another, or the domain of the other.
func shuns(ctx context.Context, scope *pg.Scope, who, whom *social.Account) (bool, error) {
	blocks, err := store.IsBlocking(ctx, scope, who.ID, whom.ID)
	if err != nil || blocks || !who.IsLocal() || whom.IsLocal() {
		return blocks, err
	}
	return store.IsDomainBlocked(ctx, scope, who.ID, whom.Domain)
}

// firstState is where a new follow stands: only a local, unlocked account has
// agreed beforehand.
func firstState(target *social.Account) social.FollowState {
	if target.IsLocal() && !target.Locked {
		return social.FollowAccepted
	}
	return social.FollowPending
}

// refuse reports whether nothing may come of a follow: a remote actor that the
// target blocks gets a rejection, which is what its server waits for.
func (s *Service) refuse(ctx context.Context, scope *pg.Scope, actor, target *social.Account, uri string) (bool, error) {
	blocked, err := shuns(ctx, scope, target, actor)
	if err != nil {
		return false, err
	}
	if actor.IsLocal() {
		blocking, err := shuns(ctx, scope, actor, target)
		if err != nil {
			return false, err
		}
		if blocked || blocking || target.SuspendedAt != nil || target.MovedToURI != "" {
			return true, errForbidden
		}
		return false, nil
	}
	if !target.IsLocal() || actor.SuspendedAt != nil {
		return true, errForbidden
	}
	if !blocked && target.MovedToURI == "" {
		return false, nil
	}
	return true, store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventFollowRejected, AccountID: target.ID, TargetID: actor.ID, ObjectURI: uri,
	})
}

// announce does what follows from a follow being new, or asked for once more.
func (s *Service) announce(ctx context.Context, scope *pg.Scope, actor, target *social.Account, f *store.AddedFollow) error {
	switch {
	case f.State == social.FollowAccepted && f.Added:
		if err := s.accepted(ctx, scope, actor, target, &f.Follow); err != nil {
			return err
		}
	case f.State == social.FollowPending && target.IsLocal() && f.Added:
		return notify.Tell(ctx, scope, s.streams, notify.New(target.ID, actor.ID, social.NotifyFollowRequest, 0))
	case f.State == social.FollowPending && !target.IsLocal():
		// Asking again sends it again: the first one may have been lost.
		return store.AddEvent(ctx, scope, &social.Event{
			Kind: social.EventFollowed, AccountID: actor.ID, TargetID: target.ID, ObjectURI: f.URI,
		})
	}
	if f.State == social.FollowAccepted && !actor.IsLocal() {
		// A server that asks again has lost our answer.
		return store.AddEvent(ctx, scope, &social.Event{
			Kind: social.EventFollowAccepted, AccountID: target.ID, TargetID: actor.ID, ObjectURI: f.URI,
		})
	}
	return nil
}

// accepted does what follows from a follow having just become one.
func (s *Service) accepted(ctx context.Context, scope *pg.Scope, actor, target *social.Account, f *social.Follow) error {
	if err := store.CountFollow(ctx, scope, f.AccountID, f.TargetID, 1); err != nil {
		return err
	}
	if actor.IsLocal() {
		if err := store.BackfillHome(ctx, scope, f.AccountID, f.TargetID, backfill); err != nil {
			return err
		}
	}
	if target.IsLocal() {
		return notify.Tell(ctx, scope, s.streams, notify.New(target.ID, actor.ID, social.NotifyFollow, 0))
	}
	return nil
}

// activityURI is the id of an activity that is stored on the row it made.
func activityURI(t *tenant.Tenant, id int64) string { return t.URL("/ap/activities/" + ids.Format(id)) }
