package status

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// toReact is whether the actor's own server lets it say anything. What others do is theirs.
func toReact(t *tenant.Tenant, actor *social.Account) error {
	if !actor.IsLocal() {
		return nil
	}
	return entitled.ToPublish(t)
}

// Favourite likes a post that the actor may see. A second time changes nothing.
// A remote actor passes the id of its activity; if that was undone before it came,
// nothing happens.
func (s *Service) Favourite(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor *social.Account, st *social.Status, uri string) error {
	if err := toReact(t, actor); err != nil {
		return err
	}
	if err := mustSee(ctx, scope, actor.ID, st); err != nil {
		return err
	}
	f := store.NewFavourite(actor.ID, st.ID, uri)
	if actor.IsLocal() {
		f.URI = activityURI(t, f.ID)
	}
	added, err := store.AddFavourite(ctx, scope, f)
	if err != nil || !added {
		return err
	}
	if actor.IsLocal() {
		if err := findable(ctx, scope, st); err != nil {
			return err
		}
	}
	if err := notify.Tell(ctx, scope, s.streams, notify.New(st.AccountID, actor.ID, social.NotifyFavourite, st.ID)); err != nil {
		return err
	}
	return tellAuthor(ctx, scope, actor, st, social.EventFavourited, f.URI)
}

// Unfavourite ends Favourite; without a like it does nothing.
func (s *Service) Unfavourite(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	f, err := store.DeleteFavourite(ctx, scope, actor.ID, st.ID)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := store.WithdrawNotification(ctx, scope, st.AccountID, actor.ID, social.NotifyFavourite, st.ID); err != nil {
		return err
	}
	return tellAuthor(ctx, scope, actor, st, social.EventUnfavourited, f.URI)
}

// tellAuthor leaves an event for the author of another server.
func tellAuthor(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status, kind social.EventKind, uri string) error {
	if !actor.IsLocal() || st.IsLocal {
		return nil
	}
	return store.AddEvent(ctx, scope, &social.Event{
		Kind: kind, AccountID: actor.ID, TargetID: st.AccountID, StatusID: st.ID, ObjectURI: uri,
	})
}

// findable puts a remote post into the search index once somebody here has a use for it.
func findable(ctx context.Context, scope *pg.Scope, st *social.Status) error {
	if st.IsLocal {
		return nil // indexed when it was written
	}
	batch := pg.NewBatch(scope)
	store.QueueIndexStatuses(batch, []social.StatusID{st.ID}, []string{searchText(st)})
	return batch.Send(ctx)
}

// Boost repeats a post to the actor's followers; of a boost, what it boosts. Only
// open posts can be boosted, and one's own followers-only ones for the same
// followers. A second boost returns the first. A remote actor passes its activity's id.
func (s *Service) Boost(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor *social.Account, st *social.Status, visibility social.Visibility, uri string) (*social.Status, error) {
	if err := toReact(t, actor); err != nil {
		return nil, err
	}
	original, err := boostable(ctx, scope, actor, st)
	if err != nil {
		return nil, err
	}
	for range boostTries {
		boost, err := s.boost(ctx, scope, t, actor, original, visibility, uri)
		if !fault.IsNotFound(err) || !actor.IsLocal() {
			return boost, err
		}
	}
	return nil, errBusy
}

// boostTries bounds how often somebody who boosts and takes it back at once, from two
// apps, can come in between.
const boostTries = 3

var errBusy = fault.New(fault.Unavailable, "This could not be done just now. Try again in a moment.")

// boost is Boost of the post itself. It is fault.NotFound where another boost by the
// actor was in the way and is gone again.
func (s *Service) boost(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor *social.Account, original *social.Status, visibility social.Visibility, uri string) (*social.Status, error) {
	if there, err := store.BoostBy(ctx, scope, actor.ID, original.ID); err == nil || !fault.IsNotFound(err) {
		return there, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	id := social.StatusID(ids.New())
	boost := &social.Status{
		ID: id, AccountID: actor.ID, URI: uri, Visibility: boostVisibility(actor, original, visibility), IsLocal: actor.IsLocal(),
		ConversationID: id, BoostOfID: original.ID, CreatedAt: now, Language: original.Language,
	}
	if actor.IsLocal() {
		boost.URI = activityURI(t, int64(id))
	}
	gone, err := isBuried(ctx, scope, boost.URI, actor.ID)
	if err != nil {
		return nil, err
	}
	if gone {
		return nil, errGone
	}
	added, err := s.add(ctx, scope, []*post{{Status: boost, author: actor, boosted: original}}, nil)
	if err != nil {
		return nil, err
	}
	if !added[id] { // somebody was faster, with the same boost, and may have taken it back meanwhile
		return store.BoostBy(ctx, scope, actor.ID, original.ID)
	}
	if !actor.IsLocal() {
		return boost, nil
	}
	return boost, store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventStatusCreated, AccountID: actor.ID, TargetID: original.AccountID, StatusID: id, ObjectURI: boost.URI,
		Visibility: boost.Visibility,
	})
}

// boostable returns the post that a boost would repeat.
func boostable(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) (*social.Status, error) {
	if st.BoostOfID != 0 {
		original, err := store.StatusByID(ctx, scope, st.BoostOfID)
		if err != nil {
			return nil, err
		}
		st = original
	}
	if err := mustSee(ctx, scope, actor.ID, st); err != nil {
		return nil, err
	}
	own := st.AccountID == actor.ID && st.Visibility == social.Followers
	if !st.Visibility.IsOpen() && !own {
		return nil, errForbidden
	}
	return st, nil
}

// boostVisibility is never wider than what was asked for: there is no boost to certain
// persons only, so one to nobody in particular goes to followers.
func boostVisibility(actor *social.Account, original *social.Status, asked social.Visibility) social.Visibility {
	switch {
	case original.Visibility == social.Followers || asked == social.Direct:
		return social.Followers
	case !asked.Valid():
		asked = social.Public
	}
	if actor.SilencedAt != nil && asked == social.Public {
		return social.Unlisted
	}
	return asked
}

func isBuried(ctx context.Context, scope *pg.Scope, uri string, account social.AccountID) (bool, error) {
	var buried []string
	batch := pg.NewBatch(scope)
	store.QueueBuriedURIs(batch, []string{uri}, []social.AccountID{account}, &buried)
	err := batch.Send(ctx)
	return len(buried) > 0, err
}

// Unboost ends Boost; without a boost it does nothing.
func (s *Service) Unboost(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	original := st.ID
	if st.BoostOfID != 0 {
		original = st.BoostOfID
	}
	boost, err := store.BoostBy(ctx, scope, actor.ID, original)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.Delete(ctx, scope, boost); !fault.IsNotFound(err) {
		return err
	}
	return nil // another request was faster
}

// Bookmark keeps a post that the actor may see, in private.
func (s *Service) Bookmark(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	if err := mustSee(ctx, scope, actor.ID, st); err != nil {
		return err
	}
	if err := findable(ctx, scope, st); err != nil {
		return err
	}
	return store.AddBookmark(ctx, scope, actor.ID, st.ID)
}

// Unbookmark ends Bookmark.
func (s *Service) Unbookmark(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	return store.DeleteBookmark(ctx, scope, actor.ID, st.ID)
}

// Pin puts one of the actor's own posts on top of its profile.
func (s *Service) Pin(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor *social.Account, st *social.Status) error {
	if err := toReact(t, actor); err != nil {
		return err
	}
	switch {
	case st.BoostOfID != 0:
		return fault.New(fault.Invalid, "Validation failed: A boost cannot be pinned")
	case st.AccountID != actor.ID:
		return fault.New(fault.Invalid, "Validation failed: Someone else's post cannot be pinned")
	case st.Visibility == social.Direct:
		return fault.New(fault.Invalid, "Validation failed: Posts that are only visible to mentioned users cannot be pinned")
	}
	added, err := store.AddPin(ctx, scope, actor.ID, st.ID, MaxPins)
	if err != nil || !added || !actor.IsLocal() {
		return err
	}
	return s.pinEvent(ctx, scope, actor, st, social.EventPinned)
}

// Unpin ends Pin; a post that is not pinned stays so.
func (s *Service) Unpin(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	removed, err := store.DeletePin(ctx, scope, actor.ID, st.ID)
	if err != nil || !removed || !actor.IsLocal() {
		return err
	}
	return s.pinEvent(ctx, scope, actor, st, social.EventUnpinned)
}

func (s *Service) pinEvent(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status, kind social.EventKind) error {
	err := store.AddEvent(ctx, scope, &social.Event{
		Kind: kind, AccountID: actor.ID, StatusID: st.ID, ObjectURI: st.URI, Visibility: st.Visibility,
	})
	if err != nil {
		return fmt.Errorf("announce pin: %w", err)
	}
	return nil
}

// MuteConversation keeps the thread of a post from notifying the actor.
func (s *Service) MuteConversation(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	if err := mustSee(ctx, scope, actor.ID, st); err != nil {
		return err
	}
	return store.MuteConversation(ctx, scope, actor.ID, st.ConversationID)
}

// UnmuteConversation ends MuteConversation.
func (s *Service) UnmuteConversation(ctx context.Context, scope *pg.Scope, actor *social.Account, st *social.Status) error {
	return store.UnmuteConversation(ctx, scope, actor.ID, st.ConversationID)
}
