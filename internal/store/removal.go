package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// Removing many rows at once is done in parts, each with a bound on the rows that it
// touches: a popular post has more favourites than one transaction should delete. What
// refers to a post goes first, then the post, so that the foreign keys find nothing
// left to do.

// Removed is what one part took away.
type Removed struct {
	Statuses int
	Homes    []*TimelineEntry // where the posts stood, for the open streams
	Shared   []*SharedPost    // public posts that somebody may still have before them
	Done     bool             // nothing is left
}

func (r *Removed) add(more Removed) {
	r.Statuses += more.Statuses
	r.Homes = append(r.Homes, more.Homes...)
	r.Shared = append(r.Shared, more.Shared...)
	r.Done = more.Done
}

const boostsOf = `
SELECT b.id
FROM   unnest(@ids::bigint[]) AS given (id)
CROSS  JOIN LATERAL (SELECT x.id FROM statuses x WHERE x.tenant_id = @tenant_id AND x.boost_of_id = given.id LIMIT @limit) AS b
LIMIT  @limit`

// RemoveStatuses removes posts with all that hangs on them and takes them off the
// counters of others. It removes some limit rows of each kind at most: until it says
// Done it wants to be called again, in another transaction. The URIs of local posts
// become tombstones.
func RemoveStatuses(ctx context.Context, scope *pg.Scope, ids []social.StatusID, limit int) (Removed, error) {
	var out Removed
	if len(ids) == 0 {
		return Removed{Done: true}, nil
	}
	boosts, err := pg.Values[social.StatusID](ctx, scope, boostsOf, pgx.NamedArgs{"ids": numbers(ids), "limit": limit})
	if err != nil {
		return out, err
	}
	for _, list := range [][]social.StatusID{boosts, ids} {
		if len(list) == 0 {
			continue
		}
		homes, full, err := strip(ctx, scope, list, limit)
		out.Homes = append(out.Homes, homes...)
		if err != nil || full {
			return out, err
		}
		shared, err := dropStatuses(ctx, scope, list)
		if err != nil {
			return out, err
		}
		out.Shared = append(out.Shared, shared...)
		out.Statuses += len(list)
		if len(boosts) >= limit {
			return out, nil // there may be more
		}
	}
	out.Done = true
	return out, nil
}

// leaves are the tables whose rows hang on a post in numbers that others decide.
var leaves = []string{"favourites", "notifications", "status_mentions", "bookmarks"}

// Rows are joined by their place. Given as an array of places, the planner would rather
// read the rows of the tenant, as long as it has no statistics, and keep that plan.
const leavePosts = `
DELETE FROM timeline_entries t
USING  (SELECT x.ctid AS place FROM timeline_entries x WHERE x.tenant_id = @tenant_id AND x.status_id = ANY(@ids) LIMIT @limit) AS old
WHERE  t.tenant_id = @tenant_id AND t.ctid = old.place
RETURNING t.owner_id, t.status_id`

// Answers stay, without a parent, as the foreign key would have it.
const orphanAnswers = `
UPDATE statuses t SET in_reply_to_id = NULL
FROM   (SELECT r.place
        FROM   unnest(@ids::bigint[]) AS given (id)
        CROSS  JOIN LATERAL (SELECT x.ctid AS place FROM statuses x
                             WHERE  x.tenant_id = @tenant_id AND x.in_reply_to_id = given.id LIMIT @limit) AS r
        LIMIT  @limit) AS old
WHERE  t.tenant_id = @tenant_id AND t.ctid = old.place`

// strip removes what hangs on posts. full says that more of it may be left.
func strip(ctx context.Context, scope *pg.Scope, ids []social.StatusID, limit int) (homes []*TimelineEntry, full bool, err error) {
	args := pgx.NamedArgs{"ids": numbers(ids), "limit": limit}
	homes, err = pg.Many[TimelineEntry](ctx, scope, leavePosts, args)
	if err != nil || len(homes) >= limit {
		return homes, true, err
	}
	statements := []string{orphanAnswers}
	for _, table := range leaves {
		statements = append(statements, drain(table, "status_id = ANY(@ids)"))
	}
	for _, sql := range statements {
		n, err := pg.Exec(ctx, scope, sql, args)
		if err != nil || n >= int64(limit) {
			return homes, true, err
		}
	}
	return homes, false, nil
}

// drain deletes @limit rows of a table at most.
func drain(table, where string) string {
	return `
DELETE FROM ` + table + ` t
USING  (SELECT x.ctid AS place FROM ` + table + ` x WHERE x.tenant_id = @tenant_id AND x.` + where + ` LIMIT @limit) AS old
WHERE  t.tenant_id = @tenant_id AND t.ctid = old.place`
}

// Counters are locked in the order of their ids, as those who count do, and those of
// posts before those of accounts.
const uncountAround = `
WITH gone AS (
    SELECT s.in_reply_to_id, s.boost_of_id, s.visibility` + givenStatuses + `
), n AS (
    SELECT ends.id, sum(ends.replies) AS replies, sum(ends.boosts) AS boosts
    FROM   (SELECT in_reply_to_id AS id, 1 AS replies, 0 AS boosts FROM gone WHERE in_reply_to_id IS NOT NULL AND visibility IN ('public', 'unlisted')
            UNION ALL
            SELECT boost_of_id, 0, 1 FROM gone WHERE boost_of_id IS NOT NULL) AS ends
    GROUP  BY ends.id
    ORDER  BY ends.id
), locked AS MATERIALIZED (
    SELECT n.id, n.replies, n.boosts
    FROM   n
    CROSS  JOIN LATERAL (SELECT x.status_id FROM status_stats x WHERE x.tenant_id = @tenant_id AND x.status_id = n.id LIMIT 1 FOR UPDATE) AS st
)
UPDATE status_stats st SET
       replies_count = GREATEST(st.replies_count - locked.replies, 0), boosts_count = GREATEST(st.boosts_count - locked.boosts, 0)
FROM   locked
WHERE  st.tenant_id = @tenant_id AND st.status_id = locked.id`

const uncountAuthors = `
WITH n AS (
    SELECT s.account_id AS id, count(*) AS posts` + givenStatuses + `
    WHERE  s.visibility <> 'direct'
    GROUP  BY s.account_id
    ORDER  BY s.account_id
), locked AS MATERIALIZED (
    SELECT n.id, n.posts
    FROM   n
    CROSS  JOIN LATERAL (SELECT x.account_id FROM account_stats x WHERE x.tenant_id = @tenant_id AND x.account_id = n.id LIMIT 1 FOR UPDATE) AS a
)
UPDATE account_stats a SET statuses_count = GREATEST(a.statuses_count - locked.posts, 0)
FROM   locked
WHERE  a.tenant_id = @tenant_id AND a.account_id = locked.id`

const buryLocal = `
INSERT INTO tombstones (tenant_id, uri, former_type, account_id)
SELECT @tenant_id, s.uri, CASE WHEN s.boost_of_id IS NULL THEN 'Note' ELSE 'Announce' END, s.account_id` + givenStatuses + `
WHERE  s.is_local
ON CONFLICT (tenant_id, uri) DO UPDATE SET account_id = EXCLUDED.account_id`

// onScreen is how old a public post may be for an open app to show it still. Of the
// thousands that an account wrote before, no stream has to hear.
const onScreen = 7 * 24 * time.Hour

// SharedPost is what is left of a public post, for the streams that everybody hears.
type SharedPost struct {
	ID      social.StatusID
	IsLocal bool
	Answers bool // to somebody else
	Tags    []string
}

const deleteStatuses = `
WITH gone AS (
    DELETE FROM statuses WHERE tenant_id = @tenant_id AND id = ANY(@ids)
    RETURNING id, account_id, is_local, visibility, boost_of_id, in_reply_to_uri, in_reply_to_account_id, tags
)
SELECT id, is_local, in_reply_to_uri <> '' AND in_reply_to_account_id IS DISTINCT FROM account_id AS answers, tags
FROM   gone
WHERE  visibility = 'public' AND boost_of_id IS NULL AND id >= @recent
ORDER  BY id DESC`

func dropStatuses(ctx context.Context, scope *pg.Scope, list []social.StatusID) (shared []*SharedPost, err error) {
	args := pgx.NamedArgs{"ids": numbers(list)}
	b := pg.NewBatch(scope)
	b.Exec(uncountAround, args)
	b.Exec(uncountAuthors, args)
	b.Exec(buryLocal, args)
	b.Exec(unindex, pgx.NamedArgs{"kind": "status", "ids": numbers(list)})
	recent := ids.Floor(time.Now().Add(-onScreen))
	pg.QueueMany(b, deleteStatuses, pgx.NamedArgs{"ids": numbers(list), "recent": recent}, &shared)
	return shared, b.Send(ctx)
}
