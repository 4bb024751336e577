package relate

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Accept lets somebody who asked follow a local owner. fault.NotFound: nobody asked.
func (s *Service) Accept(ctx context.Context, scope *pg.Scope, owner *social.Account, followerID social.AccountID) error {
	follower, err := store.AccountByID(ctx, scope, followerID)
	if err != nil {
		return err
	}
	f, err := store.AcceptFollow(ctx, scope, followerID, owner.ID)
	if err != nil {
		return err
	}
	if err := store.WithdrawNotification(ctx, scope, owner.ID, followerID, social.NotifyFollowRequest, 0); err != nil {
		return err
	}
	if err := s.accepted(ctx, scope, follower, owner, f); err != nil || follower.IsLocal() {
		return err
	}
	return store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventFollowAccepted, AccountID: owner.ID, TargetID: followerID, ObjectURI: f.URI,
	})
}

// Reject turns down somebody who asked to follow a local owner. fault.NotFound: nobody asked.
func (s *Service) Reject(ctx context.Context, scope *pg.Scope, owner *social.Account, followerID social.AccountID) error {
	f, err := store.FollowBetween(ctx, scope, followerID, owner.ID)
	if err != nil {
		return err
	}
	if f.State != social.FollowPending {
		return errNotFound
	}
	return s.RemoveFollower(ctx, scope, owner, followerID)
}

// RemoveFollower ends the follow of a local owner by somebody, whatever its state.
// Without one it does nothing.
func (s *Service) RemoveFollower(ctx context.Context, scope *pg.Scope, owner *social.Account, followerID social.AccountID) error {
	follower, err := store.AccountByID(ctx, scope, followerID)
	if err != nil {
		return err
	}
	f, err := s.end(ctx, scope, follower, owner)
	if err != nil || f == nil || follower.IsLocal() {
		return err
	}
	return store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventFollowRejected, AccountID: owner.ID, TargetID: followerID, ObjectURI: f.URI,
	})
}

// ConfirmFollow applies a remote target's Accept. It names our Follow activity, or,
// on some servers, only our actor. It has effect on an open request of our own to
// that very target and on nothing else: fault.NotFound.
func (s *Service) ConfirmFollow(ctx context.Context, scope *pg.Scope, target *social.Account, uri string) error {
	f, actor, err := s.ourFollow(ctx, scope, target, uri)
	if err != nil {
		return err
	}
	accepted, err := store.AcceptFollow(ctx, scope, f.AccountID, target.ID)
	if err != nil {
		return err
	}
	return s.accepted(ctx, scope, actor, target, accepted)
}

// RefuseFollow applies a remote target's Reject, of a request or of a follow that
// it accepted earlier. fault.NotFound: we neither follow it nor asked to.
func (s *Service) RefuseFollow(ctx context.Context, scope *pg.Scope, target *social.Account, uri string) error {
	_, actor, err := s.ourFollow(ctx, scope, target, uri)
	if err != nil {
		return err
	}
	_, err = s.end(ctx, scope, actor, target)
	return err
}

// ourFollow finds the follow by a local account of the target that sent an answer.
func (s *Service) ourFollow(ctx context.Context, scope *pg.Scope, target *social.Account, uri string) (*social.Follow, *social.Account, error) {
	if target.IsLocal() || uri == "" {
		return nil, nil, errNotFound
	}
	f, err := store.FollowByURI(ctx, scope, uri)
	if fault.IsNotFound(err) {
		var actor *social.Account
		if actor, err = store.AccountByURI(ctx, scope, uri); err != nil {
			return nil, nil, err
		}
		f, err = store.FollowBetween(ctx, scope, actor.ID, target.ID)
	}
	if err != nil {
		return nil, nil, err
	}
	if f.TargetID != target.ID {
		return nil, nil, errNotFound
	}
	actor, err := store.AccountByID(ctx, scope, f.AccountID)
	if err != nil {
		return nil, nil, err
	}
	if !actor.IsLocal() {
		return nil, nil, errNotFound
	}
	return f, actor, nil
}

// Unfollow ends a follow or takes back a request. Without one it does nothing.
func (s *Service) Unfollow(ctx context.Context, scope *pg.Scope, actor, target *social.Account) error {
	f, err := s.end(ctx, scope, actor, target)
	if err != nil || f == nil || !actor.IsLocal() || target.IsLocal() {
		return err
	}
	return store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventUnfollowed, AccountID: actor.ID, TargetID: target.ID, ObjectURI: f.URI,
	})
}

// end removes a follow with its counters, timeline entries and notifications, and
// returns it; nil if there was none.
func (s *Service) end(ctx context.Context, scope *pg.Scope, actor, target *social.Account) (*social.Follow, error) {
	f, err := store.DeleteFollow(ctx, scope, actor.ID, target.ID)
	if fault.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !actor.IsLocal() {
		// What has ended may begin again, and some servers use the same id then.
		if err := store.ForgetInboxActivity(ctx, scope, actor.URI, f.URI); err != nil {
			return nil, err
		}
	}
	if f.State == social.FollowPending {
		return f, store.WithdrawNotification(ctx, scope, target.ID, actor.ID, social.NotifyFollowRequest, 0)
	}
	if err := store.CountFollow(ctx, scope, f.AccountID, f.TargetID, -1); err != nil {
		return nil, err
	}
	if err := store.WithdrawNotification(ctx, scope, target.ID, actor.ID, social.NotifyFollow, 0); err != nil {
		return nil, err
	}
	if actor.IsLocal() {
		err = store.ClearFromHome(ctx, scope, actor.ID, target.ID, false)
	}
	return f, err
}
