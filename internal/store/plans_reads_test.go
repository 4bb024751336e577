package store_test

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// read is one function with arguments.
type read struct {
	run func(context.Context, *pg.Scope) error
	// onPlatform is instead of run for what is asked across tenants.
	onPlatform func(context.Context, *pg.PlatformTx) error
	// rows is for the few that must look at more than mostRows, however large the tenant.
	rows float64
	// whole is a table of which all that the tenant has is asked for: of one who has most
	// of it, Postgres may read it from end to end.
	whole string
}

// growing are the reads that still look at more the more there is, with what it is that
// grows. Nothing may be added: whoever bounds one takes it out.
var growing = map[string]string{
	"AccountList":               "with a plan for any author, one's posts are sorted",
	"TagList":                   "several tags are merged and sorted",
	"NotificationGroups":        "the members of each group are counted",
	"NotificationGroupByKey":    "the members of the group are counted",
	"NotificationGroupAccounts": "everybody behind the group is sorted",
	"Notifications":             "those from one sender have no index of their own",
	"CountedAuthors":            "everybody who boosted a post has one post less when it goes",
	"StatusReach":               "everybody who liked or boosted a post is told of its end",
	"SearchStatuses":            "matches of a word are sorted by age before they are judged",
	"WaitingDeliveries":         "activities are joined whole, and what is settled is passed over one by one",
	"BoostedBy":                 "boosts of one post have no index in the order of their ids",
	"LocalBoosters":             "local boosts are sought among all boosts of the post",
	"MutesOf":                   "mutes of one account have no index in the order of their ids",
	"SearchAccounts":            "the index answers a few letters with all names before a hundred are taken",
	"ThreadDescendants":         "all answers to one post are found before they are cut",
}

// Those in large.sql who stand out.
const (
	alice     social.AccountID = 1
	locked    social.AccountID = 2
	quiet     social.AccountID = 3
	celebrity social.AccountID = 1001
)

func reading[T any](fn func(context.Context, *pg.Scope) (T, error)) read {
	return read{run: func(ctx context.Context, s *pg.Scope) error { _, err := fn(ctx, s); return err }}
}

// wide is a read that may look at more than others.
func wide[T any](rows float64, fn func(context.Context, *pg.Scope) (T, error)) read {
	r := reading(fn)
	r.rows = rows
	return r
}

// whole is a read of all that a tenant has of a table.
func whole[T any](table string, rows float64, fn func(context.Context, *pg.Scope) (T, error)) read {
	r := wide(rows, fn)
	r.whole = table
	return r
}

// pagesOf asks for the newest page, one far back, one that begins in the middle, and
// what came since: each has its own way through an index.
func pagesOf[T any](l *large, into map[string]read, name string, fn func(context.Context, *pg.Scope, store.Page) (T, error)) {
	for kind, page := range map[string]store.Page{
		"newest": {}, "far back": {MaxID: l.status(l.posts / 4)}, "upwards": {MinID: l.status(l.posts / 2)}, "since": {SinceID: l.status(l.posts - 50)},
	} {
		into[name+", "+kind] = reading(func(ctx context.Context, s *pg.Scope) (T, error) { return fn(ctx, s, page) })
	}
}

// listsOf reads pages of a list in both ways, whole and in outline.
func listsOf(l *large, into map[string]read, name string, list func(store.Page) store.List) {
	pagesOf(l, into, name, func(ctx context.Context, s *pg.Scope, p store.Page) (*store.Outline, error) {
		if _, err := store.ReadList(ctx, s, list(p)); err != nil {
			return nil, err
		}
		return store.OutlineOf(ctx, s, alice, list(p), []social.AccountID{alice})
	})
}

// reads are all functions that read rows, by name; what follows a comma tells calls apart.
func (l *large) reads() map[string]read {
	m := map[string]read{}
	l.timelineReads(m)
	l.accountReads(m)
	l.statusReads(m)
	l.insightReads(m)
	l.serverReads(m)
	l.staffReads(m)
	return m
}

func (l *large) timelineReads(m map[string]read) {
	listsOf(l, m, "HomeList", func(p store.Page) store.List {
		return store.HomeList(alice, p)
	})
	for viewer, who := range map[social.AccountID]string{0: "stranger", alice: "alice"} {
		for name, origin := range map[string]store.Origin{"all": store.Anywhere, "local": store.OnlyLocal, "remote": store.OnlyRemote} {
			listsOf(l, m, "PublicList, "+who+", "+name, func(p store.Page) store.List {
				return store.PublicList(viewer, origin, false, p)
			})
		}
		listsOf(l, m, "PublicList, "+who+", media", func(p store.Page) store.List {
			return store.PublicList(viewer, store.Anywhere, true, p)
		})
		listsOf(l, m, "TagList, common, "+who, func(p store.Page) store.List {
			return store.TagList(viewer, store.TagQuery{Any: []string{"common"}}, p)
		})
		listsOf(l, m, "TagList, rare, "+who, func(p store.Page) store.List {
			return store.TagList(viewer, store.TagQuery{Any: []string{"tag1"}}, p)
		})
		listsOf(l, m, "TagList, many, "+who, func(p store.Page) store.List {
			return store.TagList(viewer, store.TagQuery{Any: []string{"common", "tag1"}, None: []string{"tag41"}}, p)
		})
		for _, author := range []social.AccountID{alice, celebrity, quiet} {
			listsOf(l, m, fmt.Sprintf("AccountList, %s, of %d", who, author), func(p store.Page) store.List {
				return store.AccountList(viewer, author, store.AccountQuery{ExcludeReplies: true}, p)
			})
		}
	}
	listsOf(l, m, "PinnedList", func(p store.Page) store.List {
		return store.PinnedList(0, alice, p)
	})
	listsOf(l, m, "FavouriteList", func(p store.Page) store.List {
		return store.FavouriteList(alice, p)
	})
	listsOf(l, m, "BookmarkList", func(p store.Page) store.List {
		return store.BookmarkList(alice, p)
	})
	for name, accounts := range map[string][]social.AccountID{"one": {alice}, "some": {alice, locked, quiet}} {
		pagesOf(l, m, "PlansOf, "+name, func(ctx context.Context, s *pg.Scope, p store.Page) ([]*social.Plan, error) {
			return store.PlansOf(ctx, s, store.PlanFilter{Accounts: accounts, State: social.PlanDeclined}, p)
		})
	}
	for _, state := range []social.DeskState{"", social.DeskOpen, social.DeskWaiting, social.DeskDone} {
		for name, after := range map[string]store.DeskCursor{"first": {}, "later": {At: time.Unix(1_760_000_000+l.posts*5, 0), ConversationID: 1, AccountID: 1}} {
			m["DeskLines, "+string(state)+" "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.DeskLine, error) {
				return store.DeskLines(ctx, s, store.DeskFilter{Accounts: []social.AccountID{alice, locked, quiet}, State: state, After: after})
			})
		}
	}
	// It looks at a hundred lines of each account.
	m["PulseOfDesk"] = wide(1000, func(ctx context.Context, s *pg.Scope) (*store.DeskPulse, error) {
		return store.PulseOfDesk(ctx, s, []social.AccountID{alice, locked, quiet}, time.Now())
	})
	pagesOf(l, m, "OpenStatusesOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*social.Status, error) {
		return store.OpenStatusesOf(ctx, s, alice, p)
	})
	for name, filter := range map[string]store.NotificationFilter{
		"all": {}, "mentions": {Types: []string{"mention"}}, "no likes": {ExcludeTypes: []string{"favourite"}}, "from one": {FromID: 1003},
	} {
		pagesOf(l, m, "Notifications, "+name, func(ctx context.Context, s *pg.Scope, p store.Page) ([]*social.Notification, error) {
			return store.Notifications(ctx, s, alice, filter, p)
		})
	}
	pagesOf(l, m, "NotificationGroups", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.NotificationGroup, error) {
		return store.NotificationGroups(ctx, s, alice, store.NotificationFilter{}, []string{"favourite", "reblog"}, p)
	})
	m["NotificationGroupByKey"] = reading(func(ctx context.Context, s *pg.Scope) (*store.NotificationGroup, error) {
		return store.NotificationGroupByKey(ctx, s, alice, "favourite-popular")
	})
	m["NotificationGroupAccounts"] = reading(func(ctx context.Context, s *pg.Scope) ([]social.AccountID, error) {
		return store.NotificationGroupAccounts(ctx, s, alice, "favourite-popular")
	})
	m["UnreadNotifications"] = reading(func(ctx context.Context, s *pg.Scope) (int, error) {
		return store.UnreadNotifications(ctx, s, alice, store.NotificationFilter{}, 100)
	})
	m["UnreadNotifications, read"] = reading(func(ctx context.Context, s *pg.Scope) (int, error) {
		return store.UnreadNotifications(ctx, s, 5, store.NotificationFilter{}, 1000)
	})
}

func (l *large) accountReads(m map[string]read) {
	ids := make([]social.AccountID, 80)
	for i := range ids {
		ids[i] = social.AccountID(1001 + 7*i)
	}
	pagesOf(l, m, "FollowersOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.FollowersOf(ctx, s, alice, p)
	})
	pagesOf(l, m, "FollowRequestsOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.FollowRequestsOf(ctx, s, locked, p)
	})
	pagesOf(l, m, "FollowRequestsOf, none", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.FollowRequestsOf(ctx, s, alice, p)
	})
	pagesOf(l, m, "FollowedBy", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.FollowedBy(ctx, s, alice, p)
	})
	pagesOf(l, m, "BlocksOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.BlocksOf(ctx, s, alice, p)
	})
	pagesOf(l, m, "DomainBlocksOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.DomainBlock, error) {
		return store.DomainBlocksOf(ctx, s, alice, p)
	})
	pagesOf(l, m, "MutesOf", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.ListedMute, error) {
		return store.MutesOf(ctx, s, alice, p)
	})
	pagesOf(l, m, "FollowedTags", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.FollowedTag, error) {
		return store.FollowedTags(ctx, s, alice, p)
	})
	m["FamiliarFollowers"] = wide(60_000, func(ctx context.Context, s *pg.Scope) (map[social.AccountID][]social.AccountID, error) {
		return store.FamiliarFollowers(ctx, s, alice, ids[:20])
	})
	m["FamiliarFollowers, popular"] = wide(60_000, func(ctx context.Context, s *pg.Scope) (map[social.AccountID][]social.AccountID, error) {
		return store.FamiliarFollowers(ctx, s, alice, []social.AccountID{alice, locked})
	})
	m["Relationships"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.AccountID]*social.Relationship, error) {
		return store.Relationships(ctx, s, alice, ids)
	})
	m["AccountsByIDs"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.AccountID]*social.Account, error) {
		return store.AccountsByIDs(ctx, s, ids)
	})
	m["WhoBlocks"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.AccountID]bool, error) {
		return store.WhoBlocks(ctx, s, ids, 5)
	})
	for _, text := range []string{"a", "alex", "user1", "user11@far", "nobody", "local5"} {
		m["SearchAccounts, "+text] = wide(6_000, func(ctx context.Context, s *pg.Scope) ([]*social.Account, error) {
			return store.SearchAccounts(ctx, s, alice, store.AccountSearch{Text: text, Limit: 40})
		})
	}
	m["SearchAccounts, following"] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Account, error) {
		return store.SearchAccounts(ctx, s, alice, store.AccountSearch{Text: "alex", Following: true})
	})
	for _, text := range []string{"t", "tag1", "common", "none"} {
		m["SearchTags, "+text] = reading(func(ctx context.Context, s *pg.Scope) ([]string, error) {
			return store.SearchTags(ctx, s, text, 20, 0)
		})
	}
}

func (l *large) statusReads(m map[string]read) {
	popular, root, newest := social.StatusID(l.status(100)), social.StatusID(l.status(1)), social.StatusID(l.status(l.posts-1))
	page := make([]social.StatusID, 40)
	for i := range page {
		page[i] = social.StatusID(l.status(l.posts - int64(i)))
	}
	pagesOf(l, m, "FavouritedBy", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.FavouritedBy(ctx, s, alice, popular, p)
	})
	pagesOf(l, m, "BoostedBy", func(ctx context.Context, s *pg.Scope, p store.Page) ([]*store.Listed, error) {
		return store.BoostedBy(ctx, s, alice, popular, p)
	})
	m["GivenList"] = reading(func(ctx context.Context, s *pg.Scope) (*store.Outline, error) {
		return store.OutlineOf(ctx, s, alice, store.GivenList(page), nil)
	})
	m["SeenList"] = reading(func(ctx context.Context, s *pg.Scope) (*store.Outline, error) {
		return store.OutlineOf(ctx, s, alice, store.SeenList(alice, page), nil)
	})
	m["LoadUnseen"] = reading(func(ctx context.Context, s *pg.Scope) (*store.StatusDetails, error) {
		return store.LoadUnseen(ctx, s, alice, store.Unseen{Statuses: page, Accounts: []social.AccountID{alice, celebrity}, Originals: page})
	})
	m["PublishedStatuses"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.StatusID]*store.FullStatus, error) {
		return store.PublishedStatuses(ctx, s, page)
	})
	m["WaitingDeliveries"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.Delivery, error) {
		_, rows, err := store.WaitingDeliveries(ctx, s, store.WhichDeliveries{
			Activities: []int64{l.status(21)}, First: 1, Last: l.posts, Limit: 50, Soon: time.Now(),
		})
		return rows, err
	})
	m["VisibleStatuses"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.StatusID]bool, error) {
		return store.VisibleStatuses(ctx, s, alice, page)
	})
	m["VisibleStatusesByIDs"] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
		return store.VisibleStatusesByIDs(ctx, s, alice, page)
	})
	m["AuditEntries"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.AuditEntry, error) {
		return store.AuditEntries(ctx, s, store.AuditFilter{Limit: 40})
	})
	m["AuditAfter"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.AuditEntry, error) {
		return store.AuditAfter(ctx, s, 5, 40)
	})
	m["NextLocalAccount"] = reading(func(ctx context.Context, s *pg.Scope) (*social.Account, error) {
		return store.NextLocalAccount(ctx, s, 0)
	})
	for name, author := range map[string]social.AccountID{"alice": alice, "celebrity": celebrity} {
		for _, after := range []int64{0, l.status(l.posts / 2)} {
			at := fmt.Sprint(", ", name, " after ", after)
			m["ExportStatuses"+at] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
				return store.ExportStatuses(ctx, s, author, after, 200)
			})
			m["ExportBookmarks"+at] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.Pointer, error) {
				return store.ExportBookmarks(ctx, s, author, after, 200)
			})
			m["ExportFavourites"+at] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.Pointer, error) {
				return store.ExportFavourites(ctx, s, author, after, 200)
			})
			m["ExportDesk"+at] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.DeskThread, error) {
				return store.ExportDesk(ctx, s, author, after, 200)
			})
			for _, kind := range []store.TieKind{store.TieFollowing, store.TieFollowers, store.TieBlocks, store.TieMutes} {
				m["Ties, "+string(kind)+at] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.Tie, error) {
					return store.Ties(ctx, s, kind, author, after, 200)
				})
			}
		}
	}
	m["CountedAuthors"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.CountedAuthor, error) {
		return store.CountedAuthors(ctx, s, popular)
	})
	m["StatusReach"] = reading(func(ctx context.Context, s *pg.Scope) ([]social.AccountID, error) {
		return store.StatusReach(ctx, s, popular)
	})
	m["LocalBoosters"] = reading(func(ctx context.Context, s *pg.Scope) ([]social.AccountID, error) {
		return store.LocalBoosters(ctx, s, popular)
	})
	m["TagHistory"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.TagUse, error) {
		return store.TagHistory(ctx, s, "common", time.Unix(1_760_000_000+10*(l.posts-2000), 0))
	})
	for name, id := range map[string]social.StatusID{"root": root, "leaf": social.StatusID(l.status(2002)), "lonely": newest} {
		m["ThreadAncestors, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
			return store.ThreadAncestors(ctx, s, alice, id, 40)
		})
		m["ThreadDescendants, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
			return store.ThreadDescendants(ctx, s, alice, id, 20, 60)
		})
	}
	for name, text := range map[string]string{
		"common": "common", "half": "other word7", "rare": "rare7001", "phrase": `"common word7"`, "negative": "-common", "either": "rare7001 or rare8001", "nothing": "nowhere",
	} {
		m["SearchStatuses, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
			return store.SearchStatuses(ctx, s, alice, store.StatusSearch{Text: text})
		})
		m["SearchStatuses, of one, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
			return store.SearchStatuses(ctx, s, alice, store.StatusSearch{Text: text, AccountID: celebrity})
		})
	}
}
