package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// cast is a tenant with one row of every kind that the social stores keep.
type cast struct {
	*socialtest.World
	alice, bob, carol, dora *social.Account
	st, boost, orphan       *social.Status
	note                    social.Notification
	media                   social.MediaID
	domainBlock             int64
}

const castURI, boostURI, followURI, likeURI = "https://a.test/ap/objects/1", "https://a.test/boost", "https://a.test/follow", "https://a.test/like"

func newCast(t *testing.T) *cast {
	t.Helper()
	w := socialtest.New(t)
	c := &cast{World: w, alice: w.Local("alice"), bob: w.Local("bob"), carol: w.Local("carol"), dora: w.Remote("dora", "far.test"), media: 77}
	id := social.StatusID(ids.New())
	c.st = &social.Status{
		ID: id, AccountID: c.alice.ID, URI: castURI, Body: "<p>hello wall</p>", Visibility: social.Public, IsLocal: true,
		ConversationID: id, Tags: []string{"Wall"}, CreatedAt: time.Now(),
	}
	boostID := social.StatusID(ids.New())
	c.boost = &social.Status{ID: boostID, AccountID: c.bob.ID, URI: boostURI, Visibility: social.Public, IsLocal: true,
		ConversationID: boostID, BoostOfID: id, CreatedAt: time.Now()}
	orphanID := social.StatusID(ids.New())
	c.orphan = &social.Status{ID: orphanID, AccountID: c.bob.ID, URI: "https://a.test/orphan", Visibility: social.Direct, IsLocal: true,
		ConversationID: orphanID, InReplyToURI: "https://far.test/parent", CreatedAt: time.Now()}
	c.note = social.Notification{ID: 900, AccountID: c.alice.ID, FromID: c.bob.ID, Type: social.NotifyBoost, StatusID: id, GroupKey: "g", CreatedAt: time.Now()}
	w.Do(func(scope *pg.Scope) error { return c.fill(t.Context(), scope) })
	w.Do(func(scope *pg.Scope) error { return c.plan(t.Context(), scope) })
	c.seat()
	c.signOn()
	c.settle()
	c.archived()
	c.judge()
	w.Do(func(scope *pg.Scope) error { return c.insights(t.Context(), scope) })
	return c
}

func (c *cast) fill(ctx context.Context, scope *pg.Scope) error {
	if _, err := store.InsertStatuses(ctx, scope, []*social.Status{c.st, c.boost, c.orphan}); err != nil {
		return err
	}
	b := pg.NewBatch(scope)
	var entries []*store.TimelineEntry
	one := []social.StatusID{c.st.ID}
	store.QueueMentions(b, []social.StatusID{c.st.ID, c.st.ID}, []social.AccountID{c.bob.ID, c.dora.ID})
	store.QueueStatusTags(b, one, []string{"wall"})
	store.QueueIndexTags(b, []string{"wall"})
	store.QueueIndexStatuses(b, one, []string{"hello wall"})
	store.QueueCountBoosts(b, one)
	store.QueueCountReplies(b, one)
	store.QueueCountStatuses(b, []social.AccountID{c.alice.ID}, []time.Time{time.Now()})
	store.QueueRemoteMedia(b, []social.Media{{ID: c.media, AccountID: c.alice.ID, StatusID: c.st.ID, Kind: social.MediaImage, RemoteURL: "https://far.test/i"}})
	store.QueueFanOut(b, []social.StatusID{c.st.ID, c.boost.ID}, &entries)
	store.QueuePendingMentions(b, []social.StatusID{c.st.ID}, []string{"new@else.test"})
	if err := b.Send(ctx); err != nil {
		return err
	}
	for _, name := range []string{"former", "alice"} {
		if _, err := store.TakeHandle(ctx, scope, c.alice.ID, name, "a.test"); err != nil {
			return err
		}
	}
	for _, err := range []error{
		store.RenameAccount(ctx, scope, c.alice, 3),
		store.IndexAccount(ctx, scope, c.alice),
		store.AddStatusEdit(ctx, scope, store.StatusEdit{ID: 1, StatusID: c.st.ID, Body: "old", CreatedAt: time.Now()}),
		store.AddBookmark(ctx, scope, c.bob.ID, c.st.ID),
		store.MuteConversation(ctx, scope, c.bob.ID, c.st.ID),
		store.FollowTag(ctx, scope, c.bob.ID, "wall"),
		store.SetMute(ctx, scope, c.alice.ID, c.dora.ID, true, nil),
		store.SetAccountNote(ctx, scope, c.alice.ID, c.bob.ID, "note"),
		store.BuryStatus(ctx, scope, "https://a.test/gone", c.alice.ID),
		store.CountFollow(ctx, scope, c.bob.ID, c.alice.ID, 1),
		store.SaveWalk(ctx, scope, "apps", "1", true),
	} {
		if err != nil {
			return err
		}
	}
	steps := []func() error{
		func() error {
			_, err := store.AddFavourite(ctx, scope, store.NewFavourite(c.bob.ID, c.st.ID, likeURI))
			return err
		},
		func() (err error) {
			c.domainBlock, err = store.AddDomainBlock(ctx, scope, c.carol.ID, "bad.test")
			return err
		},
		func() error { _, err := store.AddPin(ctx, scope, c.alice.ID, c.st.ID, 5); return err },
		func() error { _, err := store.AddBlock(ctx, scope, c.bob.ID, c.dora.ID, ""); return err },
		func() error {
			_, err := store.ClaimKeys(ctx, scope, c.alice.ID, []string{"key"}, []social.StatusID{c.st.ID})
			return err
		},
		func() error { _, err := store.SetMarker(ctx, scope, c.alice.ID, "home", 1, 0); return err },
		func() error {
			_, err := store.InsertNotifications(ctx, scope, []social.Notification{c.note})
			return err
		},
		func() error {
			f := social.Follow{ID: 5, AccountID: c.bob.ID, TargetID: c.alice.ID, URI: followURI, State: social.FollowAccepted, Notify: true}
			_, err := store.AddFollow(ctx, scope, f, false)
			return err
		},
		func() error {
			f := social.Follow{ID: 7, AccountID: c.carol.ID, TargetID: c.bob.ID, URI: followURI + "3", State: social.FollowAccepted}
			_, err := store.AddFollow(ctx, scope, f, false)
			return err
		},
		func() error {
			f := social.Follow{ID: 6, AccountID: c.dora.ID, TargetID: c.alice.ID, URI: followURI + "2", State: social.FollowPending}
			_, err := store.AddFollow(ctx, scope, f, false)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
