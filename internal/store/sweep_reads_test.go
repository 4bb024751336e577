package store_test

import (
	"context"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

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
func (c *cast) reads() sweep {
	st, alice, bob, dora, page := c.st.ID, c.alice.ID, c.bob.ID, c.dora.ID, store.Page{}
	sts := []social.StatusID{st}
	return sweep{
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
		"DomainBlocksOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.DomainBlocksOf(ctx, s, c.carol.ID, page))
		},
		"DomainBlockByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			_, err := store.DomainBlockByID(ctx, s, c.domainBlock)
			return found(err == nil), err
		},
		"IsDomainBlocked": func(ctx context.Context, s *pg.Scope) (int, error) {
			return truth(store.IsDomainBlocked(ctx, s, c.carol.ID, "bad.test"))
		},
		"MutesOf": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.MutesOf(ctx, s, alice, page)) },
		"HomesOf": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.HomesOf(ctx, s, st)) },
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
