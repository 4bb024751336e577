package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// The inner query reads nothing but the primary key's index. LATERAL with LIMIT
// makes the rows follow by id whatever the planner believes of a young table.
var homeTimeline = paged(`SELECT` + statusColumns + `
FROM   (SELECT e.status_id FROM timeline_entries e
        WHERE  e.tenant_id = @tenant_id AND e.owner_id = @owner_id AND e.status_id < @max_id AND e.status_id > @since_id
        ORDER  BY e.status_id /*order*/ LIMIT @limit) AS late
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = late.status_id LIMIT 1) AS s` + statusStatsJoin + `
WHERE  (SELECT a.suspended_at FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = s.account_id) IS NULL
ORDER  BY late.status_id /*order*/`)

// HomeTimeline returns the posts that arrived for an owner.
func HomeTimeline(ctx context.Context, scope *pg.Scope, owner social.AccountID, page Page) ([]*social.Status, error) {
	return manyPaged[social.Status](ctx, scope, homeTimeline, page, pgx.NamedArgs{"owner_id": owner})
}

// openTo is what keeps a public post out of a viewer's public lists: the author is
// suspended, blocks the viewer, or is hidden by the viewer, or is silenced and not
// followed by the viewer. The silenced author is asked for by a scalar subquery: of
// NOT EXISTS the planner makes an anti-join that reads all accounts of the server.
var openTo = `s.visibility = 'public' AND s.boost_of_id IS NULL AND ` + visibleTo("s") + ` AND ` + hiddenFrom("s.account_id") + `
       AND ((SELECT q.silenced_at IS NULL FROM accounts q WHERE q.tenant_id = @tenant_id AND q.id = s.account_id)
            OR s.account_id = @viewer
            OR EXISTS (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.account_id = @viewer
                       AND f.target_id = s.account_id AND f.state = 'accepted'))
       AND (NOT @only_media OR EXISTS (SELECT FROM media m WHERE m.tenant_id = @tenant_id AND m.status_id = s.id))
       AND s.id < @max_id AND s.id > @since_id
ORDER  BY s.id /*order*/ LIMIT @limit`

const noAnswers = ` AND (s.in_reply_to_uri = '' OR s.in_reply_to_account_id = s.account_id)`

var (
	publicTimeline = paged(`SELECT` + statusColumns + statusFrom + noAnswers + ` AND ` + openTo)
	localTimeline  = paged(`SELECT` + statusColumns + statusFrom + noAnswers + ` AND s.is_local AND ` + openTo)
	remoteTimeline = paged(`SELECT` + statusColumns + statusFrom + noAnswers + ` AND NOT s.is_local AND ` + openTo)
)

// Origin says where posts of a public list come from.
type Origin int

// The origins.
const (
	Anywhere Origin = iota
	OnlyLocal
	OnlyRemote
)

// PublicTimeline returns public posts that answer nobody else.
func PublicTimeline(ctx context.Context, scope *pg.Scope, viewer social.AccountID, from Origin, onlyMedia bool, page Page) ([]*social.Status, error) {
	sql := publicTimeline
	switch from {
	case OnlyLocal:
		sql = localTimeline
	case OnlyRemote:
		sql = remoteTimeline
	}
	return manyPaged[social.Status](ctx, scope, sql, page, pgx.NamedArgs{"viewer": viewer, "only_media": onlyMedia})
}

const tagTimelineFrom = `
FROM   status_tags t
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = t.status_id` + statusStatsJoin + `
WHERE  t.tenant_id = @tenant_id AND t.tag = @tag AND t.status_id < @max_id AND t.status_id > @since_id`

const tagsTimelineFrom = `
FROM   statuses s` + statusStatsJoin + `
WHERE  s.tenant_id = @tenant_id
       AND s.id IN (SELECT t.status_id FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.tag = ANY(@any))
       AND (SELECT count(*) FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.status_id = s.id AND t.tag = ANY(@all::text[]))
           = cardinality(@all::text[])
       AND NOT EXISTS (SELECT FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.status_id = s.id AND t.tag = ANY(@none::text[]))`

const byOrigin = ` AND (@origin::integer = 0 OR s.is_local = (@origin::integer = 1)) AND `

// One tag reads its index in order; several need a sort.
var (
	tagTimeline  = paged(`SELECT` + statusColumns + tagTimelineFrom + byOrigin + openTo)
	tagsTimeline = paged(`SELECT` + statusColumns + tagsTimelineFrom + byOrigin + openTo)
)

// TagQuery names normalised tags: posts with one of Any (the first is the
// timeline's own), each of All and none of None. The lists hold no tag twice.
type TagQuery struct {
	Any, All, None []string
	From           Origin
	OnlyMedia      bool
}

// TagTimeline returns public posts with tags.
func TagTimeline(ctx context.Context, scope *pg.Scope, viewer social.AccountID, q TagQuery, page Page) ([]*social.Status, error) {
	if len(q.Any) == 0 {
		return nil, nil
	}
	args := pgx.NamedArgs{"viewer": viewer, "only_media": q.OnlyMedia, "origin": int32(q.From)}
	if len(q.Any) == 1 && len(q.All) == 0 && len(q.None) == 0 {
		args["tag"] = q.Any[0]
		return manyPaged[social.Status](ctx, scope, tagTimeline, page, args)
	}
	args["any"], args["all"], args["none"] = q.Any, textList(q.All), textList(q.None)
	return manyPaged[social.Status](ctx, scope, tagsTimeline, page, args)
}

// accountTimeline takes the author's boosts of what the viewer may see, too. The
// viewer's own blocks and mutes of the author do not count: this is its profile.
var accountTimeline = paged(`SELECT` + statusColumns + `
FROM   statuses s` + statusStatsJoin + boostedJoin + `
WHERE  s.tenant_id = @tenant_id AND s.account_id = @account_id AND s.id < @max_id AND s.id > @since_id
       AND (NOT @exclude_replies OR s.in_reply_to_uri = '' OR s.in_reply_to_account_id = s.account_id)
       AND (NOT @exclude_boosts OR s.boost_of_id IS NULL)
       AND (NOT @only_media OR EXISTS (SELECT FROM media m WHERE m.tenant_id = @tenant_id AND m.status_id = s.id))
       AND (@tag = '' OR EXISTS (SELECT FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.tag = @tag AND t.status_id = s.id))
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

// AccountTimeline returns the posts of an account that the viewer may see.
func AccountTimeline(ctx context.Context, scope *pg.Scope, viewer, account social.AccountID, q AccountQuery, page Page) ([]*social.Status, error) {
	return manyPaged[social.Status](ctx, scope, accountTimeline, page, pgx.NamedArgs{
		"viewer": viewer, "account_id": account, "exclude_replies": q.ExcludeReplies, "exclude_boosts": q.ExcludeBoosts,
		"only_media": q.OnlyMedia, "tag": q.Tag,
	})
}

// ListedStatus is one row of a list of statuses that pages by an id of its own.
type ListedStatus struct {
	ListID int64
	social.Status
}

const listedFrom = ` AS list
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = list.status_id` + statusStatsJoin + `
WHERE  list.tenant_id = @tenant_id AND list.account_id = @account_id AND list.id < @max_id AND list.id > @since_id AND `

const listedOrder = `
ORDER  BY list.id /*order*/ LIMIT @limit`

var (
	pinnedTimeline = paged(`SELECT list.id AS list_id,` + statusColumns + ` FROM pins` + listedFrom + visibleTo("s") + listedOrder)
	favouriteList  = paged(`SELECT list.id AS list_id,` + statusColumns + ` FROM favourites` + listedFrom + visibleTo("s") + listedOrder)
	bookmarkList   = paged(`SELECT list.id AS list_id,` + statusColumns + ` FROM bookmarks` + listedFrom + visibleTo("s") + listedOrder)
)

// Pinned returns the posts on top of an account's profile that the viewer may see.
func Pinned(ctx context.Context, scope *pg.Scope, viewer, account social.AccountID, page Page) ([]*ListedStatus, error) {
	return manyPaged[ListedStatus](ctx, scope, pinnedTimeline, page, pgx.NamedArgs{"viewer": viewer, "account_id": account})
}

// FavouritesOf returns what an account likes and may still see, the latest like first.
func FavouritesOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*ListedStatus, error) {
	return manyPaged[ListedStatus](ctx, scope, favouriteList, page, pgx.NamedArgs{"viewer": account, "account_id": account})
}

// BookmarksOf returns what an account keeps and may still see, the latest first.
func BookmarksOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*ListedStatus, error) {
	return manyPaged[ListedStatus](ctx, scope, bookmarkList, page, pgx.NamedArgs{"viewer": account, "account_id": account})
}
