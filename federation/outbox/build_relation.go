package outbox

import (
	"context"
	"fmt"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/social"
	"rookery/internal/store"
)

// pair loads who did it and whom it concerns. Nothing is told to accounts of the tenant itself.
func (b *builder) pair(ctx context.Context, other social.AccountID) (actor, target *social.Account, err error) {
	accounts, err := store.AccountsByIDs(ctx, b.scope, []social.AccountID{b.event.AccountID, other})
	if err != nil {
		return nil, nil, err
	}
	actor, target = accounts[b.event.AccountID], accounts[other]
	if actor == nil || target == nil || target.IsLocal() {
		return nil, nil, errNothing
	}
	return actor, target, nil
}

// personal addresses what concerns one account alone to its own inbox.
func personal(activity *vocab.ActivityDocument, target *social.Account) *message {
	activity.To = []string{target.URI}
	return &message{activity: activity, to: store.Recipients{Personal: []social.AccountID{target.ID}}}
}

// favourite is a Like or its Undo. The author of the post hears of it.
func (b *builder) favourite(ctx context.Context) (*message, error) {
	if err := store.LockDeed(ctx, b.scope, b.event); err != nil {
		return nil, err
	}
	st, err := store.StatusByID(ctx, b.scope, b.event.StatusID)
	if err != nil {
		return nil, err
	}
	actor, author, err := b.pair(ctx, st.AccountID)
	if err != nil {
		return nil, err
	}
	return personal(b.doOrUndo(vocab.NewLike(b.event.ObjectURI, actor.URI, st.URI)), author), nil
}

// towards is a Follow or a Block, or its Undo. What has been taken back before it could
// be told is not told any more: published after its Undo, it would be the last word.
func (b *builder) towards(ctx context.Context) (*message, error) {
	if err := store.LockDeed(ctx, b.scope, b.event); err != nil {
		return nil, err
	}
	actor, target, err := b.pair(ctx, b.event.TargetID)
	if err != nil {
		return nil, err
	}
	if b.event.Kind == social.EventFollowed || b.event.Kind == social.EventUnfollowed {
		return personal(b.doOrUndo(vocab.NewFollow(b.event.ObjectURI, actor.URI, target.URI)), target), nil
	}
	return personal(b.doOrUndo(vocab.NewBlock(b.event.ObjectURI, actor.URI, target.URI)), target), nil
}

// doOrUndo wraps the activity for an event that takes it back. It is always
// embedded, with the id it was sent under (FEDERATION.md section 2, Threads).
func (b *builder) doOrUndo(activity *vocab.ActivityDocument) *vocab.ActivityDocument {
	if activity.ID == "" {
		activity.ID = b.eventURI() + "#object" // of a time before ids were kept
	}
	switch b.event.Kind {
	case social.EventUnfavourited, social.EventUnfollowed, social.EventUnblocked:
		return vocab.NewUndo(b.eventURI(), activity)
	}
	return activity
}

// answer accepts or rejects the Follow of a remote account. The Follow keeps the id
// that its sender gave it: that is what the sender looks for.
func (b *builder) answer(ctx context.Context) (*message, error) {
	actor, follower, err := b.pair(ctx, b.event.TargetID)
	if err != nil {
		return nil, err
	}
	follow := vocab.NewFollow(b.event.ObjectURI, follower.URI, actor.URI)
	if b.event.Kind == social.EventFollowAccepted {
		return personal(vocab.NewAccept(b.eventURI(), actor.URI, follow), follower), nil
	}
	return personal(vocab.NewReject(b.eventURI(), actor.URI, follow), follower), nil
}

// profile sends the whole actor anew.
func (b *builder) profile(ctx context.Context) (*message, error) {
	parts, err := store.LocalActorByID(ctx, b.scope, b.event.AccountID)
	if err != nil {
		return nil, err
	}
	doc := convert.ActorDocument(b.tenant, convert.ActorOf(parts.Account, parts.Key, func(key string) convert.Picture {
		return convert.Picture{URL: b.media.Picture(b.tenant.ID, key), MIME: parts.PictureTypes[key]}
	}))
	update := vocab.NewActorUpdate(b.eventURI(), doc, vocab.At(b.event.CreatedAt))
	return &message{activity: update, to: store.Recipients{FollowersOf: b.event.AccountID, Accounts: b.event.RecipientIDs}}, nil
}

// farewell tells every server that an account is gone for good.
func (b *builder) farewell() (*message, error) {
	if b.event.ObjectURI == "" {
		return nil, fmt.Errorf("event %d deletes an account and does not say which", b.event.ID)
	}
	return &message{
		activity: vocab.NewActorDelete(b.eventURI(), b.event.ObjectURI),
		to:       store.Recipients{Everybody: true},
	}, nil
}

// featured adds a post to the pinned ones or takes it off.
func (b *builder) featured(ctx context.Context) (*message, error) {
	author, err := store.AccountByID(ctx, b.scope, b.event.AccountID)
	if err != nil {
		return nil, err
	}
	object := b.event.ObjectURI
	if object == "" {
		st, err := store.StatusByID(ctx, b.scope, b.event.StatusID)
		if err != nil {
			return nil, err
		}
		object = st.URI
	}
	write := vocab.NewAdd
	if b.event.Kind == social.EventUnpinned {
		write = vocab.NewRemove
	}
	return &message{
		activity: write(b.eventURI(), author.URI, object, author.FeaturedURL, author.FollowersURL),
		to:       store.Recipients{FollowersOf: author.ID},
	}, nil
}
