package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Reach is to how many servers a post went. One that has no shared inbox counts once for
// each of its people who follow.
type Reach struct {
	StatusID social.StatusID
	Reached  int // they have it
	Waiting  int // their turn has not come
	Failing  int // the last try failed: it will be tried again, or was given up
}

// Total is how many servers the post is for.
func (r Reach) Total() int { return r.Reached + r.Waiting + r.Failing }

// firstActivity is the one that brought a post s to others. Its id follows from the
// post's (convert.CreateURI); an Update is named after its event.
const firstActivity = `a.tenant_id = s.tenant_id AND a.status_id = s.id AND a.status_id <> 0 AND a.uri LIKE '%/ap/activities/' || s.id`

// What upkeep has cleaned up is added to what is still there.
const reachOf = `
SELECT s.id AS status_id, COALESCE(k.reached, 0) + COALESCE(d.reached, 0) AS reached, COALESCE(d.waiting, 0) AS waiting,
       COALESCE(k.failed, 0) + COALESCE(d.failing, 0) AS failing
FROM   unnest(@ids::bigint[]) AS g (id)
CROSS  JOIN LATERAL (SELECT x.tenant_id, x.id FROM statuses x WHERE x.tenant_id = @tenant_id AND x.id = g.id AND x.is_local LIMIT 1) AS s
LEFT   JOIN status_reach k ON k.tenant_id = @tenant_id AND k.status_id = s.id
LEFT   JOIN LATERAL (
       SELECT count(*) FILTER (WHERE x.state = 'done') AS reached, count(*) FILTER (WHERE x.state = 'waiting' AND x.last_error = '') AS waiting,
              count(*) FILTER (WHERE x.state <> 'done' AND (x.state <> 'waiting' OR x.last_error <> '')) AS failing
       FROM   activities a
       JOIN   deliveries x ON x.tenant_id = @tenant_id AND x.activity_id = a.id
       WHERE  a.tenant_id = @tenant_id AND ` + firstActivity + `) AS d ON true`

// ReachOf returns how far own posts came, by id.
func ReachOf(ctx context.Context, scope *pg.Scope, list []social.StatusID) (map[social.StatusID]Reach, error) {
	rows, err := pg.Many[Reach](ctx, scope, reachOf, pgx.NamedArgs{"ids": numbers(list)})
	out := make(map[social.StatusID]Reach, len(rows))
	for _, r := range rows {
		out[r.StatusID] = *r
	}
	return out, err
}

// FailingServer is one that a post has not reached.
type FailingServer struct {
	ID        int64 // where the next page begins
	Host      string
	State     DeliveryState
	Attempts  int
	LastError string
	NextTryAt *time.Time
}

const failingServers = `
SELECT x.id, x.host, x.state, x.attempts, x.last_error, x.next_try_at
FROM   statuses s
JOIN   activities a ON ` + firstActivity + `
JOIN   deliveries x ON x.tenant_id = @tenant_id AND x.activity_id = a.id
WHERE  s.tenant_id = @tenant_id AND s.id = @id AND s.is_local AND a.tenant_id = @tenant_id
       AND x.id > @after AND x.state <> 'done' AND (x.state <> 'waiting' OR x.last_error <> '')
ORDER  BY x.id
LIMIT  @limit`

// FailingServers returns a page of the servers that an own post has not reached.
func FailingServers(ctx context.Context, scope *pg.Scope, id social.StatusID, after int64, limit int) ([]*FailingServer, error) {
	return pg.Many[FailingServer](ctx, scope, failingServers, pgx.NamedArgs{"id": id, "after": after, "limit": limit})
}

// PostLine is an own post in the list of insights.
type PostLine struct {
	ID                          social.StatusID
	AccountID                   social.AccountID
	Body, SpoilerText           string
	Visibility                  social.Visibility
	CreatedAt                   time.Time
	Replies, Boosts, Favourites int
	Score                       int
}

// PostQuery says which own posts of which accounts a page holds: those of ids from one to
// before another, the newest first or those with most reactions.
type PostQuery struct {
	Accounts    []social.AccountID
	From, Until int64
	ByScore     bool
	AfterScore  int             // with ByScore: where the page begins, together with AfterID
	AfterID     social.StatusID // 0: the first page
	Limit       int
}

const postLine = `
SELECT s.id, s.account_id, s.body, s.spoiler_text, s.visibility, s.created_at, COALESCE(n.replies_count, 0) AS replies,
       COALESCE(n.boosts_count, 0) AS boosts, COALESCE(n.favourites_count, 0) AS favourites,
       COALESCE(n.replies_count + n.boosts_count + n.favourites_count, 0) AS score`

// Private messages are conversations and no posts that reach anybody.
const (
	postLines = postLine + `
FROM   unnest(@accounts::bigint[]) AS g (id)
CROSS  JOIN LATERAL (SELECT x.* FROM statuses x
                     WHERE  x.tenant_id = @tenant_id AND x.account_id = g.id AND x.id >= @from AND x.id < @until
                            AND x.is_local AND x.boost_of_id IS NULL AND x.visibility <> 'direct'
                     ORDER  BY x.id DESC LIMIT @limit) AS s
LEFT   JOIN status_stats n ON n.tenant_id = @tenant_id AND n.status_id = s.id
ORDER  BY s.id DESC
LIMIT  @limit`

	postsByScore = `
SELECT x.* FROM (` + postLine + `
FROM   unnest(@accounts::bigint[]) AS g (id)
CROSS  JOIN LATERAL (SELECT y.* FROM statuses y
                     WHERE  y.tenant_id = @tenant_id AND y.account_id = g.id AND y.id >= @from AND y.id < @until
                            AND y.is_local AND y.boost_of_id IS NULL AND y.visibility <> 'direct' OFFSET 0) AS s
LEFT   JOIN status_stats n ON n.tenant_id = @tenant_id AND n.status_id = s.id) AS x
WHERE  @after_id::bigint = 0 OR (x.score, x.id) < (@after_score::bigint, @after_id::bigint)
ORDER  BY x.score DESC, x.id DESC
LIMIT  @limit`
)

// PostLines returns a page of own posts.
func PostLines(ctx context.Context, scope *pg.Scope, q PostQuery) ([]*PostLine, error) {
	args := pgx.NamedArgs{"accounts": numbers(q.Accounts), "from": q.From, "until": q.Until, "limit": q.Limit}
	if q.ByScore {
		args["after_score"], args["after_id"] = q.AfterScore, q.AfterID
		return pg.Many[PostLine](ctx, scope, postsByScore, args)
	}
	if q.AfterID != 0 {
		args["until"] = min(q.Until, int64(q.AfterID))
	}
	return pg.Many[PostLine](ctx, scope, postLines, args)
}

const postLineByID = postLine + `
FROM   statuses s
LEFT   JOIN status_stats n ON n.tenant_id = @tenant_id AND n.status_id = s.id
WHERE  s.tenant_id = @tenant_id AND s.id = @id AND s.is_local AND s.boost_of_id IS NULL AND s.visibility <> 'direct'`

// PostLineByID returns one own post, or fault.NotFound.
func PostLineByID(ctx context.Context, scope *pg.Scope, id social.StatusID) (*PostLine, error) {
	return pg.One[PostLine](ctx, scope, postLineByID, pgx.NamedArgs{"id": id})
}

// Reactions is what a post was given on a day.
type Reactions struct {
	Day                         time.Time
	Replies, Boosts, Favourites int
}

// A post is the root of all three: each is found by its own index.
var reactionsOf = `
SELECT ` + dayOf("r.id") + ` AS day, count(*) FILTER (WHERE r.kind = 1) AS replies, count(*) FILTER (WHERE r.kind = 2) AS boosts,
       count(*) FILTER (WHERE r.kind = 3) AS favourites
FROM   (SELECT x.id, 1 AS kind FROM statuses x
        WHERE  x.tenant_id = @tenant_id AND x.in_reply_to_id = @id AND x.visibility IN ('public', 'unlisted') AND x.id < @until
      UNION ALL
        SELECT x.id, 2 FROM statuses x WHERE x.tenant_id = @tenant_id AND x.boost_of_id = @id AND x.id < @until
      UNION ALL
        SELECT x.id, 3 FROM favourites x WHERE x.tenant_id = @tenant_id AND x.status_id = @id AND x.id < @until) AS r
GROUP  BY 1
ORDER  BY 1`

// ReactionsOf returns what a post was given, day by day, before a time. Days on which
// nothing happened are left out.
func ReactionsOf(ctx context.Context, scope *pg.Scope, id social.StatusID, until int64) ([]*Reactions, error) {
	return pg.Many[Reactions](ctx, scope, reactionsOf, pgx.NamedArgs{"id": id, "until": until})
}
