package inbox

import (
	"context"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/store"
	"rookery/tenant"
)

func (i *Inbox) follow(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	target, err := ours(ctx, scope, it.activity.Object.ID)
	if err != nil {
		return err
	}
	_, err = i.Relations.Follow(ctx, scope, t, it.actor, target, relate.FollowOptions{ShowBoosts: true, URI: it.activity.ID})
	return err
}

// answer applies an Accept or Reject of a Follow of ours. It may name the Follow by
// its id or, on servers that make up ids for what they embed, by its actor.
func (i *Inbox) answer(ctx context.Context, scope *pg.Scope, it *item, rule func(context.Context, *pg.Scope, *social.Account, string) error) error {
	object := it.activity.Object
	err := rule(ctx, scope, it.actor, object.ID)
	inner := vocab.ReadActivity(object.Doc)
	if fault.IsNotFound(err) && inner.Type == vocab.TypeFollow && inner.Object.ID == it.actor.URI {
		return rule(ctx, scope, it.actor, inner.Actor)
	}
	return err
}

func (i *Inbox) block(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	target, err := ours(ctx, scope, it.activity.Object.ID)
	if err != nil {
		return err
	}
	return i.Relations.Block(ctx, scope, t, it.actor, target, it.activity.ID)
}

func (i *Inbox) favourite(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	st, err := about(ctx, scope, it.activity.Object.ID)
	if err != nil {
		return err
	}
	return i.Statuses.Favourite(ctx, scope, t, it.actor, st, it.activity.ID)
}

func (i *Inbox) boost(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	if it.activity.ID == "" {
		return errNoActivity
	}
	st, err := about(ctx, scope, it.object)
	if err != nil {
		return err
	}
	visibility, err := audience(it)
	if err != nil {
		return err
	}
	_, err = i.Statuses.Boost(ctx, scope, t, it.actor, st, visibility, it.activity.ID)
	return err
}

// audience is for whom a boost is. One without addressees is taken to be for its
// sender's followers, who get it; one for certain persons is none for anybody else.
func audience(it *item) (social.Visibility, error) {
	a := it.activity
	switch vocab.Audience(a.To, a.CC, it.actor.FollowersURL) {
	case vocab.VisibilityPublic:
		return social.Public, nil
	case vocab.VisibilityUnlisted:
		return social.Unlisted, nil
	case vocab.VisibilityDirect:
		if len(a.To)+len(a.CC) > 0 {
			return "", errForFew
		}
	}
	return social.Followers, nil
}

var errForFew = fault.New(fault.Invalid, "It is for certain persons only.")

// about returns the post with an id.
func about(ctx context.Context, scope *pg.Scope, uri string) (*social.Status, error) {
	if uri == "" {
		return nil, errNoObject
	}
	st, err := store.StatusByURI(ctx, scope, uri)
	if fault.IsNotFound(err) {
		return nil, errUnknown
	}
	return st, err
}
