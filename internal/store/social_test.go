package store_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
	"rookery/tenant"
)

// cast is a tenant with one row of every kind that the social stores keep.
type cast struct {
	*socialtest.World
	alice, bob, carol, dora *social.Account
	st, boost, orphan       *social.Status
	note                    social.Notification
	media                   social.MediaID
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

// lists counts what came back, so that the table below reads in one line each.
func lists[T any](rows []T, err error) (int, error)                 { return len(rows), err }
func mapped[K comparable, V any](m map[K]V, err error) (int, error) { return len(m), err }
func single[T any](row *T, err error) (int, error)                  { return found(row != nil), err }
func truth(b bool, err error) (int, error)                          { return found(b), err }
func found(b bool) int                                              { return map[bool]int{true: 1}[b] }
func queued(ctx context.Context, b *pg.Batch, n func() int) (int, error) {
	err := b.Send(ctx)
	return n(), err
}

// reads are all reading functions, asked with the ids of the cast's tenant. Each
// finds something there; a stranger's scope must find nothing.
func (c *cast) reads() map[string]func(ctx context.Context, s *pg.Scope) (int, error) {
	st, alice, bob, dora, page := c.st.ID, c.alice.ID, c.bob.ID, c.dora.ID, store.Page{}
	sts := []social.StatusID{st}
	return map[string]func(ctx context.Context, s *pg.Scope) (int, error){
		"StatusByID":    func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.StatusByID(ctx, s, st)) },
		"StatusesByIDs": func(ctx context.Context, s *pg.Scope) (int, error) { return mapped(store.StatusesByIDs(ctx, s, sts)) },
		"StatusByURI":   func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.StatusByURI(ctx, s, castURI)) },
		"StatusesByURIs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.StatusesByURIs(ctx, s, []string{castURI}))
		},
		"BoostBy": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.BoostBy(ctx, s, bob, st)) },
		"LockStatus": func(ctx context.Context, s *pg.Scope) (int, error) {
			err := store.LockStatus(ctx, s, st)
			return found(err == nil), err
		},
		"StatusEdits": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.StatusEdits(ctx, s, st, 9)) },
		"QueueStatusesByURIs": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []*social.Status
			b := pg.NewBatch(s)
			store.QueueStatusesByURIs(b, []string{castURI}, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"QueueTakenStatusIDs": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []social.StatusID
			b := pg.NewBatch(s)
			store.QueueTakenStatusIDs(b, sts, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"QueueBuriedURIs": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []string
			b := pg.NewBatch(s)
			store.QueueBuriedURIs(b, []string{"https://a.test/gone"}, []social.AccountID{alice}, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"QueueThreadParents": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []*store.ThreadLink
			b := pg.NewBatch(s)
			store.QueueThreadParents(b, []string{castURI}, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"QueueThreadOrphans": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []*store.ThreadLink
			b := pg.NewBatch(s)
			store.QueueThreadOrphans(b, []string{"https://far.test/parent"}, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"QueueBells": func(ctx context.Context, s *pg.Scope) (int, error) {
			var out []*store.Bell
			b := pg.NewBatch(s)
			store.QueueBells(b, []social.AccountID{alice}, &out)
			return queued(ctx, b, func() int { return len(out) })
		},
		"VisibleStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.VisibleStatuses(ctx, s, alice, sts))
		},
		"VisibleStatus": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.VisibleStatus(ctx, s, alice, st))
		},
		"Sights": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.Sights(ctx, s, []store.Sight{{Viewer: alice, StatusID: st}}))
		},
		"OutlineOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			o, err := store.OutlineOf(ctx, s, bob, store.GivenList(sts), []social.AccountID{alice})
			if err != nil {
				return 0, err
			}
			return len(o.Page) + len(o.Accounts), nil
		},
		"LoadUnseen": func(ctx context.Context, s *pg.Scope) (int, error) {
			d, err := store.LoadUnseen(ctx, s, bob, store.Unseen{Statuses: sts, Accounts: []social.AccountID{alice}, Originals: sts})
			if err != nil {
				return 0, err
			}
			return len(d.Statuses) + len(d.Accounts) + len(d.Visible), nil
		},
		"LocalBoosters": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.LocalBoosters(ctx, s, st)) },
		"MentionsByStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.MentionsByStatuses(ctx, s, sts))
		},
		"AccountsByHandles": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AccountsByHandles(ctx, s, []social.Handle{{User: "ALICE"}}))
		},
		"AccountsByFormerNames": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.AccountsByFormerNames(ctx, s, []string{"former"}))
		},
		"FormerHandles": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.FormerHandles(ctx, s, alice)) },
		"RenamesSince": func(ctx context.Context, s *pg.Scope) (int, error) {
			return store.RenamesSince(ctx, s, alice, time.Now().Add(-time.Hour))
		},
		"PendingMentions": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.PendingMentions(ctx, s, sts)) },
		"TagHistory": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.TagHistory(ctx, s, "wall", time.Now().Add(-time.Hour)))
		},
		"FollowedTags": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FollowedTags(ctx, s, bob, page))
		},
		"WhichTagsFollowed": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.WhichTagsFollowed(ctx, s, bob, []string{"wall"}))
		},
		"FavouriteByURI": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.FavouriteByURI(ctx, s, bob, likeURI))
		},
		"FavouritedBy": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FavouritedBy(ctx, s, 0, st, page))
		},
		"BoostedBy": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.BoostedBy(ctx, s, 0, st, page))
		},
		"FollowBetween": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.FollowBetween(ctx, s, bob, alice))
		},
		"FollowByURI": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.FollowByURI(ctx, s, followURI))
		},
		"LockDeed": func(ctx context.Context, s *pg.Scope) (int, error) {
			err := store.LockDeed(ctx, s, &social.Event{Kind: social.EventFollowed, AccountID: bob, TargetID: alice, ObjectURI: followURI})
			return found(err == nil), err
		},
		"FollowersOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FollowersOf(ctx, s, alice, page))
		},
		"FollowRequestsOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FollowRequestsOf(ctx, s, alice, page))
		},
		"CountFollowRequests": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountFollowRequests(ctx, s, alice) },
		"FollowedBy":          func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.FollowedBy(ctx, s, bob, page)) },
		"Relationships": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.Relationships(ctx, s, bob, []social.AccountID{alice}))
		},
		"IsBlocking": func(ctx context.Context, s *pg.Scope) (int, error) { return truth(store.IsBlocking(ctx, s, bob, dora)) },
		"WhoBlocks": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.WhoBlocks(ctx, s, []social.AccountID{bob}, dora))
		},
		"BlocksOf": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.BlocksOf(ctx, s, bob, page)) },
		"MutesOf":  func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.MutesOf(ctx, s, alice, page)) },
		"HomesOf":  func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.HomesOf(ctx, s, st)) },
		"ReadList, home": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.HomeList(alice, page)))
		},
		"ReadList, public": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.PublicList(0, store.Anywhere, false, page)))
		},
		"ReadList, public, local": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.PublicList(0, store.OnlyLocal, false, page)))
		},
		"CountedAuthors": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.CountedAuthors(ctx, s, st)) },
		"StatusReach":    func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.StatusReach(ctx, s, st)) },
		"FamiliarFollowers": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.FamiliarFollowers(ctx, s, c.carol.ID, []social.AccountID{alice}))
		},
		"ReadList, tag": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.TagList(0, store.TagQuery{Any: []string{"wall"}}, page)))
		},
		"ReadList, tag, many": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.TagList(0, store.TagQuery{Any: []string{"wall", "x"}}, page)))
		},
		"ReadList, account": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.AccountList(0, alice, store.AccountQuery{}, page)))
		},
		"ReadList, pins": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.PinnedList(0, alice, page)))
		},
		"ReadList, favourites": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.FavouriteList(bob, page)))
		},
		"ReadList, bookmarks": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReadList(ctx, s, store.BookmarkList(bob, page)))
		},
		"Notifications": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Notifications(ctx, s, alice, store.NotificationFilter{}, page))
		},
		"NotificationByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.NotificationByID(ctx, s, alice, c.note.ID))
		},
		"UnreadNotifications": func(ctx context.Context, s *pg.Scope) (int, error) {
			return store.UnreadNotifications(ctx, s, alice, store.NotificationFilter{}, 9)
		},
		"NotificationGroups": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.NotificationGroups(ctx, s, alice, store.NotificationFilter{}, []string{"reblog"}, page))
		},
		"NotificationGroupByKey": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.NotificationGroupByKey(ctx, s, alice, "g"))
		},
		"NotificationGroupAccounts": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.NotificationGroupAccounts(ctx, s, alice, "g"))
		},
		"Markers": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Markers(ctx, s, alice, []string{"home"}))
		},
		"AgedStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AgedStatuses(ctx, s, 0, 1<<62, 9))
		},
		"SenderByID": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.SenderByID(ctx, s, alice)) },
		"AccountsToPart": func(ctx context.Context, s *pg.Scope) (int, error) {
			list, err := store.AccountsToPart(ctx, s, 10)
			return len(list), err
		},
		"TenantFootprintOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			f, err := store.TenantFootprintOf(ctx, s)
			if err != nil {
				return 0, err
			}
			return int(f.Accounts + f.Posts + f.Followers + f.Inboxes), nil
		},
		"FootprintOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			f, err := store.FootprintOf(ctx, s, alice)
			return int(f.Posts), err
		},
		"SearchAccounts": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.SearchAccounts(ctx, s, bob, store.AccountSearch{Text: "ali"}))
		},
		"SearchTags": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.SearchTags(ctx, s, "wa", 9, 0))
		},
		"SearchStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.SearchStatuses(ctx, s, alice, store.StatusSearch{Text: "wall"}))
		},
	}
}

func TestReadsStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	stranger := c.Other()
	reads := c.reads()
	maps.Copy(reads, c.planReads())
	maps.Copy(reads, c.deskReads())
	maps.Copy(reads, c.ssoReads())
	maps.Copy(reads, c.insightReads())
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n int
			own := c.Try(func(s *pg.Scope) (err error) { n, err = read(t.Context(), s); return err })
			if own != nil || n == 0 {
				t.Errorf("the tenant itself finds %d, %v", n, own)
			}
			err := stranger.Try(func(s *pg.Scope) (err error) { n, err = read(t.Context(), s); return err })
			if n != 0 || (err != nil && !fault.IsNotFound(err)) {
				t.Errorf("another tenant finds %d, %v", n, err)
			}
		})
	}
}

// writes are all writing functions, with the ids of the cast's tenant.
func (c *cast) writes() map[string]func(ctx context.Context, s *pg.Scope) error {
	st, alice, bob, dora := c.st.ID, c.alice.ID, c.bob.ID, c.dora.ID
	sts := []social.StatusID{st}
	batch := func(fill func(b *pg.Batch)) func(ctx context.Context, s *pg.Scope) error {
		return func(ctx context.Context, s *pg.Scope) error {
			b := pg.NewBatch(s)
			fill(b)
			return b.Send(ctx)
		}
	}
	return map[string]func(ctx context.Context, s *pg.Scope) error{
		"UpdateStatus": func(ctx context.Context, s *pg.Scope) error {
			stolen := *c.st
			stolen.Body = "x"
			return store.UpdateStatus(ctx, s, &stolen)
		},
		"DeleteStatus": func(ctx context.Context, s *pg.Scope) error { return store.DeleteStatus(ctx, s, st) },
		"BuryStatus": func(ctx context.Context, s *pg.Scope) error {
			return store.BuryStatus(ctx, s, "https://a.test/gone", bob)
		},
		"AddStatusEdit": func(ctx context.Context, s *pg.Scope) error {
			return store.AddStatusEdit(ctx, s, store.StatusEdit{ID: 2, StatusID: st, CreatedAt: time.Now()})
		},
		"QueueAdoptions": batch(func(b *pg.Batch) {
			store.QueueAdoptions(b, []store.Adoption{{ID: st, ParentID: c.boost.ID, From: st, To: 1}})
		}),
		"QueueCountReplies": batch(func(b *pg.Batch) { store.QueueCountReplies(b, sts) }),
		"QueueCountBoosts":  batch(func(b *pg.Batch) { store.QueueCountBoosts(b, sts) }),
		"QueueUncountReply": batch(func(b *pg.Batch) { store.QueueUncountReply(b, st) }),
		"QueueUncountBoost": batch(func(b *pg.Batch) { store.QueueUncountBoost(b, st) }),
		"QueueUncountStatuses": batch(func(b *pg.Batch) {
			store.QueueUncountStatuses(b, []*store.CountedAuthor{{AccountID: alice, Statuses: 1}})
		}),
		"CountFollow":          func(ctx context.Context, s *pg.Scope) error { return store.CountFollow(ctx, s, bob, alice, 1) },
		"QueueCountStatuses":   batch(func(b *pg.Batch) { store.QueueCountStatuses(b, []social.AccountID{alice}, []time.Time{time.Now()}) }),
		"QueueMentions":        batch(func(b *pg.Batch) { store.QueueMentions(b, sts, []social.AccountID{alice}) }),
		"KeepMentions":         func(ctx context.Context, s *pg.Scope) error { return store.KeepMentions(ctx, s, st, nil) },
		"QueuePendingMentions": batch(func(b *pg.Batch) { store.QueuePendingMentions(b, sts, []string{"x@y.test"}) }),
		"ClearPending":         func(ctx context.Context, s *pg.Scope) error { return store.ClearPendingMentions(ctx, s, st) },
		"QueueStatusTags":      batch(func(b *pg.Batch) { store.QueueStatusTags(b, sts, []string{"new"}) }),
		"KeepStatusTags":       func(ctx context.Context, s *pg.Scope) error { return store.KeepStatusTags(ctx, s, st, nil) },
		"FollowTag":            func(ctx context.Context, s *pg.Scope) error { return store.FollowTag(ctx, s, alice, "wall") },
		"UnfollowTag":          func(ctx context.Context, s *pg.Scope) error { return store.UnfollowTag(ctx, s, bob, "wall") },
		"AttachMedia": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AttachMedia(ctx, s, st, alice, []social.MediaID{c.media})
			return err
		},
		"KeepMedia": func(ctx context.Context, s *pg.Scope) error { return store.KeepMedia(ctx, s, st, nil) },
		"QueueRemoteMedia": batch(func(b *pg.Batch) {
			store.QueueRemoteMedia(b, []social.Media{{ID: 3, AccountID: alice, StatusID: st, Kind: "image"}})
		}),
		"DropRemoteMedia": func(ctx context.Context, s *pg.Scope) error { return store.DropRemoteMedia(ctx, s, st) },
		"AddFavourite": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddFavourite(ctx, s, store.NewFavourite(dora, st, "u"))
			return err
		},
		"DeleteFavourite": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteFavourite(ctx, s, bob, st)
			return err
		},
		"AddBookmark":        func(ctx context.Context, s *pg.Scope) error { return store.AddBookmark(ctx, s, alice, st) },
		"DeleteBookmark":     func(ctx context.Context, s *pg.Scope) error { return store.DeleteBookmark(ctx, s, bob, st) },
		"AddPin":             func(ctx context.Context, s *pg.Scope) error { _, err := store.AddPin(ctx, s, alice, st, 5); return err },
		"DeletePin":          func(ctx context.Context, s *pg.Scope) error { _, err := store.DeletePin(ctx, s, alice, st); return err },
		"MuteConversation":   func(ctx context.Context, s *pg.Scope) error { return store.MuteConversation(ctx, s, alice, st) },
		"UnmuteConversation": func(ctx context.Context, s *pg.Scope) error { return store.UnmuteConversation(ctx, s, bob, st) },
		"ClaimKeys": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.ClaimKeys(ctx, s, alice, []string{"key"}, []social.StatusID{1})
			return err
		},
		"RebindKey": func(ctx context.Context, s *pg.Scope) error { return store.RebindKey(ctx, s, alice, "key", 1) },
		"AddFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddFollow(ctx, s, social.Follow{ID: 9, AccountID: bob, TargetID: alice, State: social.FollowPending}, true)
			return err
		},
		"AcceptFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AcceptFollow(ctx, s, dora, alice)
			return err
		},
		"DeleteFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteFollow(ctx, s, bob, alice)
			return err
		},
		"AddBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddBlock(ctx, s, alice, bob, "")
			return err
		},
		"DeleteBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteBlock(ctx, s, bob, dora)
			return err
		},
		"SetMute": func(ctx context.Context, s *pg.Scope) error { return store.SetMute(ctx, s, alice, dora, false, nil) },
		"DeleteMute": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteMute(ctx, s, alice, dora)
			return err
		},
		"SetAccountNote":        func(ctx context.Context, s *pg.Scope) error { return store.SetAccountNote(ctx, s, alice, bob, "x") },
		"SetAccountNote, empty": func(ctx context.Context, s *pg.Scope) error { return store.SetAccountNote(ctx, s, alice, bob, "") },
		"QueueFanOut":           batch(func(b *pg.Batch) { var out []*store.TimelineEntry; store.QueueFanOut(b, sts, &out) }),
		"BackfillHome":          func(ctx context.Context, s *pg.Scope) error { return store.BackfillHome(ctx, s, bob, alice, 9) },
		"ClearFromHome":         func(ctx context.Context, s *pg.Scope) error { return store.ClearFromHome(ctx, s, alice, alice, true) },
		"ClearFromAllHomes":     func(ctx context.Context, s *pg.Scope) error { return store.ClearFromAllHomes(ctx, s, alice) },
		"CountOldHomes": func(ctx context.Context, s *pg.Scope) error {
			n, err := store.CountOldHomes(ctx, s, 0, 9)
			if n != 0 {
				return fault.Newf(fault.Internal, "another tenant counts %d entries", n)
			}
			return err
		},
		"SaveWalk":       func(ctx context.Context, s *pg.Scope) error { return store.SaveWalk(ctx, s, "apps", "1", false) },
		"EnqueueRemoval": func(ctx context.Context, s *pg.Scope) error { return store.EnqueueRemoval(ctx, s, alice) },
		"TrimHomes":      func(ctx context.Context, s *pg.Scope) error { _, err := store.TrimHomes(ctx, s, 0, 9); return err },
		"InsertNotifications": func(ctx context.Context, s *pg.Scope) error {
			n := c.note
			n.ID, n.FromID = 901, c.dora.ID
			_, err := store.InsertNotifications(ctx, s, []social.Notification{n})
			return err
		},
		"DeleteNotification": func(ctx context.Context, s *pg.Scope) error {
			return store.DeleteNotification(ctx, s, alice, c.note.ID)
		},
		"ClearNotifications":      func(ctx context.Context, s *pg.Scope) error { return store.ClearNotifications(ctx, s, alice) },
		"DeleteNotificationsFrom": func(ctx context.Context, s *pg.Scope) error { return store.DeleteNotificationsFrom(ctx, s, alice, bob) },
		"WithdrawNotification": func(ctx context.Context, s *pg.Scope) error {
			return store.WithdrawNotification(ctx, s, alice, bob, social.NotifyBoost, st)
		},
		"WithdrawBoost":           func(ctx context.Context, s *pg.Scope) error { return store.WithdrawBoostNotification(ctx, s, bob, st) },
		"DeleteNotificationGroup": func(ctx context.Context, s *pg.Scope) error { return store.DeleteNotificationGroup(ctx, s, alice, "g") },
		"SetMarker": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.SetMarker(ctx, s, alice, "home", 9, 0)
			return err
		},
		"QueueIndexStatuses": batch(func(b *pg.Batch) { store.QueueIndexStatuses(b, sts, []string{"stolen"}) }),
		"QueueReindexStatus": batch(func(b *pg.Batch) { store.QueueReindexStatus(b, st, "stolen", false) }),
		"QueueIndexTags":     batch(func(b *pg.Batch) { store.QueueIndexTags(b, []string{"wall"}) }),
		"IndexAccount": func(ctx context.Context, s *pg.Scope) error {
			stolen := *c.alice
			stolen.DisplayName = "x"
			return store.IndexAccount(ctx, s, &stolen)
		},
		"UnindexStatuses": func(ctx context.Context, s *pg.Scope) error { return store.UnindexStatuses(ctx, s, sts) },
		"UnindexAccount":  func(ctx context.Context, s *pg.Scope) error { return store.UnindexAccount(ctx, s, alice) },
		"RemoveStatuses": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveStatuses(ctx, s, sts, 9)
			return err
		},
		"MarkAccountDeleted": func(ctx context.Context, s *pg.Scope) error { return store.MarkAccountDeleted(ctx, s, c.alice) },
		"RemoveRemoteAccount": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveRemoteAccount(ctx, s, c.dora)
			return err
		},
		"RemoveAccountPart": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveAccountPart(ctx, s, alice, 9)
			return err
		},
	}
}

// snapshot is all that a tenant's tables hold.
func snapshot(t *testing.T, db *pg.DB, id tenant.ID) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := db.Platform(t.Context(), "compare a tenant's rows in a test", func(tx *pg.PlatformTx) error {
		for _, table := range []string{
			"accounts", "account_stats", "statuses", "status_stats", "status_edits", "status_mentions", "pending_mentions", "status_tags",
			"favourites", "bookmarks", "pins", "conversation_mutes", "idempotency_keys", "media", "follows", "blocks", "mutes",
			"account_notes", "followed_tags", "timeline_entries", "notifications", "markers", "search_texts", "tombstones", "upkeep_walks",
			"scheduled_statuses", "scheduled_media", "desk_threads", "desk_notes", "saved_replies", "account_days", "status_reach",
			"sso_providers", "sso_identities", "sso_requests", "sso_rooms", "sessions", "memberships",
		} {
			rows, err := pg.Value[string](t.Context(), tx, `SELECT COALESCE(string_agg(x::text, E'\n' ORDER BY x::text), '') FROM `+
				pgx.Identifier{table}.Sanitize()+` x WHERE tenant_id = @id`, pgx.NamedArgs{"id": id})
			if err != nil {
				return err
			}
			out[table] = rows
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWritesStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	stranger := c.Other()
	before := snapshot(t, c.DB, c.Tenant.ID)
	for table, rows := range maps.All(before) {
		if rows == "" {
			t.Errorf("the cast has no row in %s", table)
		}
	}
	writes := c.writes()
	maps.Copy(writes, c.planWrites())
	maps.Copy(writes, c.deskWrites())
	maps.Copy(writes, c.ssoWrites())
	for name, write := range writes {
		err := stranger.Try(func(s *pg.Scope) error { return write(t.Context(), s) })
		if code := fault.CodeOf(err); code == fault.Internal || code == fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, snapshot(t, c.DB, c.Tenant.ID)); diff != "" {
			t.Fatalf("%s from another tenant changed (-before +after):\n%s", name, diff)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	quiet := c.Local("quiet", func(a *social.Account) { a.DisplayName = "Ada Lovelace" })
	c.Do(func(s *pg.Scope) error {
		if err := store.IndexAccount(t.Context(), s, quiet); err != nil {
			return err
		}
		if err := store.IndexAccount(t.Context(), s, c.dora); err != nil {
			return err
		}
		for text, want := range map[string]int{
			"ali": 1, "@ALICE": 1, "ada love": 1, "lovel": 1, "dora@far": 1, "far.test": 1, "nobody": 0, "' | !": 0, "%": 0, "_": 0, `do\ra`: 0,
		} {
			found, err := store.SearchAccounts(t.Context(), s, c.alice.ID, store.AccountSearch{Text: text})
			if err != nil || len(found) != want {
				t.Errorf("accounts %q: %d, %v; want %d", text, len(found), err, want)
			}
		}
		for viewer, want := range map[social.AccountID]int{c.alice.ID: 1, c.bob.ID: 1, quiet.ID: 0, 0: 0} {
			found, err := store.SearchStatuses(t.Context(), s, viewer, store.StatusSearch{Text: `"hello wall" -nothing`})
			if err != nil || len(found) != want {
				t.Errorf("statuses for %d: %d, %v; want %d", viewer, len(found), err, want)
			}
		}
		tags, err := store.SearchTags(t.Context(), s, "wa", 5, 0)
		if !cmp.Equal(tags, []string{"wall"}) {
			t.Errorf("tags: %v", tags)
		}
		return err
	})
}
