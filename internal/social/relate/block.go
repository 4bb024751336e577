package relate

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Block parts two accounts: both follows and open requests end, posts leave home
// timelines both ways, notifications about the target go. A remote actor passes
// the id of its activity. Unblock brings nothing of it back.
func (s *Service) Block(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor, target *social.Account, uri string) error {
	if actor.ID == target.ID {
		return errSelf
	}
	if actor.IsLocal() {
		uri = activityURI(t, ids.New())
	}
	if err := store.LockPair(ctx, scope, actor.ID, target.ID); err != nil {
		return fmt.Errorf("lock the pair: %w", err)
	}
	added, err := store.AddBlock(ctx, scope, actor.ID, target.ID, uri)
	if err != nil || !added {
		return err
	}
	// A blocked server hears the end of each follow too: not all of them take it from the block.
	if err := s.Unfollow(ctx, scope, actor, target); err != nil {
		return err
	}
	if err := s.partFollower(ctx, scope, actor, target); err != nil {
		return err
	}
	if err := store.ClearFromHome(ctx, scope, actor.ID, target.ID, true); err != nil {
		return err
	}
	if err := store.ClearFromHome(ctx, scope, target.ID, actor.ID, true); err != nil {
		return err
	}
	if err := store.DeleteNotificationsFrom(ctx, scope, actor.ID, target.ID); err != nil {
		return err
	}
	return blockEvent(ctx, scope, actor, target, social.EventBlocked, uri)
}

// partFollower ends the target's follow of the one who blocks.
func (s *Service) partFollower(ctx context.Context, scope *pg.Scope, actor, target *social.Account) error {
	if actor.IsLocal() {
		return s.RemoveFollower(ctx, scope, actor, target.ID)
	}
	_, err := s.end(ctx, scope, target, actor)
	return err
}

// Unblock ends a block. Without one it does nothing.
func (s *Service) Unblock(ctx context.Context, scope *pg.Scope, actor, target *social.Account) error {
	uri, err := store.DeleteBlock(ctx, scope, actor.ID, target.ID)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return blockEvent(ctx, scope, actor, target, social.EventUnblocked, uri)
}

func blockEvent(ctx context.Context, scope *pg.Scope, actor, target *social.Account, kind social.EventKind, uri string) error {
	if !actor.IsLocal() || target.IsLocal() {
		return nil
	}
	return store.AddEvent(ctx, scope, &social.Event{Kind: kind, AccountID: actor.ID, TargetID: target.ID, ObjectURI: uri})
}

// Mute hides a target's posts, and with hideNotifications what it does, from the
// actor; nobody else hears of it. A zero duration is for ever.
func (s *Service) Mute(ctx context.Context, scope *pg.Scope, actor, target *social.Account, hideNotifications bool, duration time.Duration) error {
	if actor.ID == target.ID {
		return errSelf
	}
	var until *time.Time
	if duration > 0 {
		at := time.Now().Add(duration)
		until = &at
	}
	if err := store.SetMute(ctx, scope, actor.ID, target.ID, hideNotifications, until); err != nil {
		return fmt.Errorf("store mute: %w", err)
	}
	return store.ClearFromHome(ctx, scope, actor.ID, target.ID, true)
}

// Unmute ends a mute and brings a followed target's recent posts back.
func (s *Service) Unmute(ctx context.Context, scope *pg.Scope, actor, target *social.Account) error {
	removed, err := store.DeleteMute(ctx, scope, actor.ID, target.ID)
	if err != nil || !removed {
		return err
	}
	return store.BackfillHome(ctx, scope, actor.ID, target.ID, backfill)
}

// maxNote is how many characters a private note may have (Mastodon's limit).
const maxNote = 2000

// SetNote keeps the actor's private note on a target; an empty one is removed.
func (s *Service) SetNote(ctx context.Context, scope *pg.Scope, actor, target *social.Account, note string) error {
	note = htmlsafe.Clean(note)
	if len([]rune(note)) > maxNote {
		return fault.Newf(fault.Invalid, "Validation failed: Comment is too long (maximum is %d characters)", maxNote)
	}
	return store.SetAccountNote(ctx, scope, actor.ID, target.ID, note)
}

// Relationships says how a viewer stands to each of the accounts, in the order
// asked for; accounts that do not exist are left out.
func Relationships(ctx context.Context, scope *pg.Scope, viewer social.AccountID, targets []social.AccountID) ([]social.Relationship, error) {
	found, err := store.Relationships(ctx, scope, viewer, targets)
	if err != nil {
		return nil, err
	}
	out := make([]social.Relationship, 0, len(targets))
	for _, id := range targets {
		if r := found[id]; r != nil {
			out = append(out, *r)
			delete(found, id) // asked for twice is answered once
		}
	}
	return out, nil
}
