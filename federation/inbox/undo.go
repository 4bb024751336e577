package inbox

import (
	"context"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// undo takes back what the actor itself did: only its own rows are looked at,
// whatever the activity says. What is undone may be named, embedded or both. If it
// never came here it is remembered, for it may come late.
func (i *Inbox) undo(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	object := it.activity.Object
	inner := vocab.ReadActivity(object.Doc)
	if inner.Actor != "" && inner.Actor != it.actor.URI {
		return errNotOwner
	}
	if object.ID != "" && !vocab.SameHost(object.ID, it.actor.URI) {
		return errNotOwner
	}
	if found, err := i.undoFollow(ctx, scope, it.actor, object.ID, inner); err != nil {
		return err
	} else if found { // the Follow may come again under its id, and then this Undo, too
		return store.ForgetInboxActivity(ctx, scope, it.actor.URI, it.activity.ID)
	}
	steps := []func(context.Context, *pg.Scope, *social.Account, string, vocab.Activity) (bool, error){
		i.undoLike, i.undoBoost, i.undoBlock,
	}
	for _, step := range steps {
		if found, err := step(ctx, scope, it.actor, object.ID, inner); err != nil || found {
			return err
		}
	}
	if object.ID == "" {
		return errUnknown
	}
	return store.AddTombstone(ctx, scope, object.ID, kindOf(inner), it.actor.ID)
}

func kindOf(inner vocab.Activity) string {
	if vocab.IsActivity(inner.Type) {
		return inner.Type
	}
	return "Activity"
}

// isKind reports whether an undone activity may be of a type: the bare id says nothing.
func isKind(inner vocab.Activity, kinds ...string) bool {
	if inner.Type == "" {
		return true
	}
	for _, kind := range kinds {
		if inner.Type == kind {
			return true
		}
	}
	return false
}

// found turns NotFound into false.
func found(err error) (bool, error) {
	if fault.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (i *Inbox) undoFollow(ctx context.Context, scope *pg.Scope, actor *social.Account, uri string, inner vocab.Activity) (bool, error) {
	if !isKind(inner, vocab.TypeFollow) {
		return false, nil
	}
	f, err := store.FollowByURI(ctx, scope, uri)
	if err == nil && f.AccountID != actor.ID {
		return false, errNotOwner
	}
	if fault.IsNotFound(err) && inner.Object.ID != "" {
		target, err := store.AccountByURI(ctx, scope, inner.Object.ID)
		if err != nil {
			return found(err)
		}
		if _, err := store.FollowBetween(ctx, scope, actor.ID, target.ID); err != nil {
			return found(err)
		}
		return true, i.Relations.Unfollow(ctx, scope, actor, target)
	}
	if err != nil {
		return found(err)
	}
	target, err := store.AccountByID(ctx, scope, f.TargetID)
	if err != nil {
		return found(err)
	}
	return true, i.Relations.Unfollow(ctx, scope, actor, target)
}

func (i *Inbox) undoLike(ctx context.Context, scope *pg.Scope, actor *social.Account, uri string, inner vocab.Activity) (bool, error) {
	if !isKind(inner, vocab.TypeLike, vocab.TypeEmojiReact) {
		return false, nil
	}
	f, err := store.FavouriteByURI(ctx, scope, actor.ID, uri)
	if fault.IsNotFound(err) && inner.Object.ID != "" {
		// Some servers make up ids: what was liked is named as well. The id is remembered all the same.
		st, err := store.StatusByURI(ctx, scope, inner.Object.ID)
		if err != nil {
			return found(err)
		}
		return false, i.Statuses.Unfavourite(ctx, scope, actor, st)
	}
	if err != nil {
		return found(err)
	}
	st, err := store.StatusByID(ctx, scope, f.StatusID)
	if err != nil {
		return found(err)
	}
	return true, i.Statuses.Unfavourite(ctx, scope, actor, st)
}

func (i *Inbox) undoBoost(ctx context.Context, scope *pg.Scope, actor *social.Account, uri string, inner vocab.Activity) (bool, error) {
	if !isKind(inner, vocab.TypeAnnounce) {
		return false, nil
	}
	boost, err := store.StatusByURI(ctx, scope, uri)
	if err != nil {
		return found(err)
	}
	if boost.BoostOfID == 0 {
		return false, nil
	}
	if boost.AccountID != actor.ID {
		return false, errNotOwner
	}
	return true, i.Statuses.Delete(ctx, scope, boost)
}

func (i *Inbox) undoBlock(ctx context.Context, scope *pg.Scope, actor *social.Account, uri string, inner vocab.Activity) (bool, error) {
	if !isKind(inner, vocab.TypeBlock) {
		return false, nil
	}
	target, err := store.BlockedBy(ctx, scope, actor.ID, uri)
	if fault.IsNotFound(err) && inner.Object.ID != "" {
		// A second Block has left the first one's id, and some servers make up ids: who was
		// blocked is named as well. The id is remembered all the same.
		a, err := store.AccountByURI(ctx, scope, inner.Object.ID)
		if err != nil {
			return found(err)
		}
		return false, i.Relations.Unblock(ctx, scope, actor, a)
	}
	if err != nil {
		return found(err)
	}
	a, err := store.AccountByID(ctx, scope, target)
	if err != nil {
		return found(err)
	}
	return true, i.Relations.Unblock(ctx, scope, actor, a)
}
