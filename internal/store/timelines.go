package store

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// List is a list of statuses that has been described and not read yet. ReadList reads
// all of each status, OutlineOf what a reader who has seen them before must know.
type List struct {
	sql  string // yields id and place; the highest place comes first
	args pgx.NamedArgs
}

// listedIn makes a List of a page. The query names @max_id, @since_id and @limit.
func listedIn(sql pagedSQL, p Page, args pgx.NamedArgs) List {
	args["max_id"], args["since_id"], args["limit"] = p.MaxID, max(p.SinceID, p.MinID), p.limit()
	if p.MaxID <= 0 {
		args["max_id"] = int64(math.MaxInt64)
	}
	if p.MinID <= 0 {
		return List{sql: sql.newest, args: args}
	}
	return List{sql: sql.oldest, args: args}
}

// ListedStatus is a status with its place in a list, which the list pages by. Only
// lists with ids of their own (favourites, bookmarks, pins) have other places than ids.
type ListedStatus struct {
	Place int64
	social.Status
}

// LATERAL with LIMIT looks each status up by its key whatever the planner believes of
// a young table.
func wholeOf(list string) string {
	return `
WITH page AS MATERIALIZED (` + list + `)
SELECT page.place,` + statusColumns + `
FROM   page
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = page.id LIMIT 1) AS s` + statusStatsJoin + `
WHERE  (SELECT a.suspended_at FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = s.account_id) IS NULL
ORDER  BY page.place DESC`
}

// ReadList returns the statuses of a list whose authors are not suspended.
func ReadList(ctx context.Context, scope *pg.Scope, l List) ([]*ListedStatus, error) {
	return pg.Many[ListedStatus](ctx, scope, wholeOf(l.sql), l.args)
}

const givenList = `
SELECT given.id, -given.place AS place FROM unnest(@ids::bigint[]) WITH ORDINALITY AS given (id, place)`

// GivenList is the statuses with the ids, in their order. It asks nobody's permission.
func GivenList(ids []social.StatusID) List {
	return List{sql: givenList, args: pgx.NamedArgs{"ids": numbers(ids)}}
}

var seenList = `
SELECT s.id, s.id AS place` + givenStatuses + `
WHERE  ` + visibleTo("s")

// SeenList is those of the statuses that the viewer (0: anybody) may see. Zero ids are ignored.
func SeenList(viewer social.AccountID, ids []social.StatusID) List {
	wanted := make([]int64, 0, len(ids))
	for _, id := range ids {
		if id != 0 {
			wanted = append(wanted, int64(id))
		}
	}
	return List{sql: seenList, args: pgx.NamedArgs{"viewer": viewer, "ids": wanted}}
}

// It reads nothing but the primary key's index. Suspended authors are left out by
// whoever reads the list.
var homeList = paged(`
SELECT e.status_id AS id, e.status_id AS place FROM timeline_entries e
WHERE  e.tenant_id = @tenant_id AND e.owner_id = @owner_id AND e.status_id < @max_id AND e.status_id > @since_id
ORDER  BY e.status_id /*order*/ LIMIT @limit`)

// HomeList is the posts that arrived for an owner.
func HomeList(owner social.AccountID, page Page) List {
	return listedIn(homeList, page, pgx.NamedArgs{"owner_id": owner})
}

const listedStatus = `
SELECT s.id, s.id AS place`

// openTo is what keeps a public post out of a viewer's public lists: the author is
// suspended, blocks the viewer, or is hidden by the viewer, or is silenced and not
// followed by the viewer. The silenced author is asked for by a scalar subquery: of
// NOT EXISTS the planner makes an anti-join that reads all accounts of the server.
var openTo = `s.visibility = 'public' AND s.boost_of_id IS NULL AND ` + visibleTo("s") + ` AND ` + hiddenFrom("s.account_id") + `
       AND ((SELECT q.silenced_at IS NULL FROM accounts q WHERE q.tenant_id = @tenant_id AND q.id = s.account_id)
            OR s.account_id = @viewer
            OR EXISTS (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.account_id = @viewer
                       AND f.target_id = s.account_id AND f.state = 'accepted' OFFSET 0))
       AND (NOT @only_media OR EXISTS (SELECT FROM media m WHERE m.tenant_id = @tenant_id AND m.status_id = s.id OFFSET 0))
       AND s.id < @max_id AND s.id > @since_id
ORDER  BY s.id /*order*/ LIMIT @limit`

const noAnswers = ` AND (s.in_reply_to_uri = '' OR s.in_reply_to_account_id = s.account_id)`

const fromStatuses = `
FROM   statuses s
WHERE  s.tenant_id = @tenant_id`

var (
	publicTimeline = paged(listedStatus + fromStatuses + noAnswers + ` AND ` + openTo)
	localTimeline  = paged(listedStatus + fromStatuses + noAnswers + ` AND s.is_local AND ` + openTo)
	remoteTimeline = paged(listedStatus + fromStatuses + noAnswers + ` AND NOT s.is_local AND ` + openTo)
)

// Origin says where posts of a public list come from.
type Origin int

// The origins.
const (
	Anywhere Origin = iota
	OnlyLocal
	OnlyRemote
)

// PublicList is the public posts that answer nobody else.
func PublicList(viewer social.AccountID, from Origin, onlyMedia bool, page Page) List {
	sql := publicTimeline
	switch from {
	case OnlyLocal:
		sql = localTimeline
	case OnlyRemote:
		sql = remoteTimeline
	}
	return listedIn(sql, page, pgx.NamedArgs{"viewer": viewer, "only_media": onlyMedia})
}

const tagTimelineFrom = `
FROM   status_tags t
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = t.status_id
WHERE  t.tenant_id = @tenant_id AND t.tag = @tag AND t.status_id < @max_id AND t.status_id > @since_id`

const tagsTimelineFrom = `
FROM   statuses s
WHERE  s.tenant_id = @tenant_id
       AND s.id IN (SELECT t.status_id FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.tag = ANY(@any))
       AND (SELECT count(*) FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.status_id = s.id AND t.tag = ANY(@all::text[]))
           = cardinality(@all::text[])
       AND NOT EXISTS (SELECT FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.status_id = s.id AND t.tag = ANY(@none::text[]))`

const byOrigin = ` AND (@origin::integer = 0 OR s.is_local = (@origin::integer = 1)) AND `

// One tag reads its index in order; several need a sort.
var (
	tagTimeline  = paged(listedStatus + tagTimelineFrom + byOrigin + openTo)
	tagsTimeline = paged(listedStatus + tagsTimelineFrom + byOrigin + openTo)
)

// TagQuery names normalised tags: posts with one of Any (the first is the
// timeline's own), each of All and none of None. The lists hold no tag twice.
type TagQuery struct {
	Any, All, None []string
	From           Origin
	OnlyMedia      bool
}

// TagList is the public posts with tags. The query names one tag at least.
func TagList(viewer social.AccountID, q TagQuery, page Page) List {
	args := pgx.NamedArgs{"viewer": viewer, "only_media": q.OnlyMedia, "origin": int32(q.From)}
	if len(q.Any) == 1 && len(q.All) == 0 && len(q.None) == 0 {
		args["tag"] = q.Any[0]
		return listedIn(tagTimeline, page, args)
	}
	args["any"], args["all"], args["none"] = q.Any, textList(q.All), textList(q.None)
	return listedIn(tagsTimeline, page, args)
}

// accountTimeline takes the author's boosts of what the viewer may see, too. The
// viewer's own blocks and mutes of the author do not count: this is its profile.
var accountTimeline = paged(listedStatus + `
FROM   statuses s` + boostedJoin + `
WHERE  s.tenant_id = @tenant_id AND s.account_id = @account_id AND s.id < @max_id AND s.id > @since_id
       AND (NOT @exclude_replies OR s.in_reply_to_uri = '' OR s.in_reply_to_account_id = s.account_id)
       AND (NOT @exclude_boosts OR s.boost_of_id IS NULL)
       AND (NOT @only_media OR EXISTS (SELECT FROM media m WHERE m.tenant_id = @tenant_id AND m.status_id = s.id OFFSET 0))
       AND (@tag = '' OR EXISTS (SELECT FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.tag = @tag AND t.status_id = s.id OFFSET 0))
       AND ` + visibleTo("s") + ` AND ` + boostVisible + `
       AND (s.boost_of_id IS NULL OR ` + hiddenFrom("o.account_id") + `)
ORDER  BY s.id /*order*/ LIMIT @limit`)

// AccountQuery narrows an account's posts.
type AccountQuery struct {
	ExcludeReplies bool
	ExcludeBoosts  bool
	OnlyMedia      bool
	Tag            string // normalised
}

// AccountList is the posts of an account that the viewer may see.
func AccountList(viewer, account social.AccountID, q AccountQuery, page Page) List {
	return listedIn(accountTimeline, page, pgx.NamedArgs{
		"viewer": viewer, "account_id": account, "exclude_replies": q.ExcludeReplies, "exclude_boosts": q.ExcludeBoosts,
		"only_media": q.OnlyMedia, "tag": q.Tag,
	})
}

const listedFrom = ` AS list
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = list.status_id
WHERE  list.tenant_id = @tenant_id AND list.account_id = @account_id AND list.id < @max_id AND list.id > @since_id AND `

const listedOrder = `
ORDER  BY list.id /*order*/ LIMIT @limit`

const listedByItself = `
SELECT s.id, list.id AS place FROM `

var (
	pinnedTimeline = paged(listedByItself + `pins` + listedFrom + visibleTo("s") + listedOrder)
	favouriteList  = paged(listedByItself + `favourites` + listedFrom + visibleTo("s") + listedOrder)
	bookmarkList   = paged(listedByItself + `bookmarks` + listedFrom + visibleTo("s") + listedOrder)
)

// PinnedList is the posts on top of an account's profile that the viewer may see.
func PinnedList(viewer, account social.AccountID, page Page) List {
	return listedIn(pinnedTimeline, page, pgx.NamedArgs{"viewer": viewer, "account_id": account})
}

// FavouriteList is what an account likes and may still see, the latest like first.
func FavouriteList(account social.AccountID, page Page) List {
	return listedIn(favouriteList, page, pgx.NamedArgs{"viewer": account, "account_id": account})
}

// BookmarkList is what an account keeps and may still see, the latest first.
func BookmarkList(account social.AccountID, page Page) List {
	return listedIn(bookmarkList, page, pgx.NamedArgs{"viewer": account, "account_id": account})
}
