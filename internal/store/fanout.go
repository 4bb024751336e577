package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// TimelineEntry says that a status stands in an account's home timeline.
type TimelineEntry struct {
	OwnerID  social.AccountID
	StatusID social.StatusID
}

// homeWants is what keeps a post out of the home timeline of somebody who follows
// its author. s is the post, o the post it boosts, h.id the owner of the timeline.
//   - Direct posts are conversations, not news.
//   - Answers show when they go to oneself, to their own author or to somebody
//     one follows.
//   - Blocked and muted people, and those of blocked domains, do not show, nor what is
//     boosted of theirs, nor answers to them; nor the posts of somebody who blocks the owner.
//   - A post that stands among the latest forty does not come again as a boost.
//
// OFFSET 0 keeps Postgres from making joins of the questions: each is then a look-up by
// key, whatever it knows of the tables, and finding an order for a dozen joins took
// longer than running them.
const homeWants = `
       s.visibility <> 'direct'
       AND (s.in_reply_to_uri = '' OR s.in_reply_to_account_id IN (s.account_id, h.id)
            OR EXISTS (SELECT FROM follows r WHERE r.tenant_id = @tenant_id AND r.account_id = h.id
                       AND r.target_id = s.in_reply_to_account_id AND r.state = 'accepted' OFFSET 0))
       AND NOT EXISTS (SELECT FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = h.id
                       AND x.target_id IN (s.account_id, s.in_reply_to_account_id, o.account_id) OFFSET 0)
       AND NOT EXISTS (SELECT FROM mutes x WHERE x.tenant_id = @tenant_id AND x.account_id = h.id
                       AND x.target_id IN (s.account_id, s.in_reply_to_account_id, o.account_id)
                       AND (x.expires_at IS NULL OR x.expires_at > now()) OFFSET 0)
       AND NOT EXISTS (SELECT FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id IN (s.account_id, o.account_id)
                       AND x.target_id = h.id OFFSET 0)
       AND NOT EXISTS (SELECT FROM status_mentions sm
                       JOIN   blocks x ON x.tenant_id = @tenant_id AND x.account_id = h.id AND x.target_id = sm.account_id
                       WHERE  sm.tenant_id = @tenant_id AND sm.status_id = s.id OFFSET 0)
       AND NOT EXISTS (SELECT FROM accounts w
                       CROSS  JOIN LATERAL (SELECT FROM domain_blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = h.id
                                            AND x.domain = w.domain LIMIT 1) AS x
                       WHERE  w.tenant_id = @tenant_id AND w.id IN (s.account_id, s.in_reply_to_account_id, o.account_id) OFFSET 0)
       AND (s.boost_of_id IS NULL OR NOT EXISTS (
            SELECT FROM (SELECT e.status_id FROM timeline_entries e
                         WHERE  e.tenant_id = @tenant_id AND e.owner_id = h.id ORDER BY e.status_id DESC LIMIT 40) AS late
            JOIN   statuses l ON l.tenant_id = @tenant_id AND l.id = late.status_id
            WHERE  l.id = s.boost_of_id OR l.boost_of_id = s.boost_of_id OFFSET 0))`

// followWants is what a follow itself may leave out. f is the follow.
const followWants = `
       (s.boost_of_id IS NULL OR f.show_boosts)
       AND (f.languages = '{}' OR s.language = '' OR s.language = ANY(f.languages))`

// fanOut first finds who follows an author or a tag, then asks of each pair of a reader
// and a post whether the reader wants it.
const fanOut = `
WITH posts AS MATERIALIZED (
    SELECT s.*` + givenStatuses + `
), heard AS (
    SELECT f.account_id AS owner_id, s.id AS status_id
    FROM   posts s
    CROSS  JOIN LATERAL (SELECT f.account_id FROM follows f
                         WHERE  f.tenant_id = @tenant_id AND f.target_id = s.account_id AND f.state = 'accepted'
                                AND ` + followWants + ` OFFSET 0) AS f
    UNION
    SELECT ft.account_id, s.id
    FROM   posts s
    CROSS  JOIN LATERAL (SELECT ft.account_id FROM status_tags t
                         JOIN   followed_tags ft ON ft.tenant_id = @tenant_id AND ft.tag = t.tag AND ft.account_id <> s.account_id
                         WHERE  t.tenant_id = @tenant_id AND t.status_id = s.id OFFSET 0) AS ft
    WHERE  s.visibility = 'public' AND s.tags <> '{}'
)
INSERT INTO timeline_entries (tenant_id, owner_id, status_id)
SELECT @tenant_id, s.account_id, s.id
FROM   posts s
WHERE  s.is_local
UNION ALL
SELECT @tenant_id, h.id, s.id
FROM   heard
JOIN   posts s ON s.id = heard.status_id` + boostedJoin + `
CROSS  JOIN LATERAL (SELECT a.id FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = heard.owner_id AND a.domain = '' LIMIT 1) AS h
WHERE  ` + homeWants + `
ON CONFLICT DO NOTHING
RETURNING owner_id, status_id`

// QueueFanOut puts statuses into the home timelines of their local authors and of
// the local people who follow the authors or one of the tags, with one statement
// for all. The entries that were made land in dest.
func QueueFanOut(b *pg.Batch, ids []social.StatusID, dest *[]*TimelineEntry) {
	pg.QueueMany(b, fanOut, pgx.NamedArgs{"ids": numbers(ids)}, dest)
}

const backfillHome = `
INSERT INTO timeline_entries (tenant_id, owner_id, status_id)
SELECT @tenant_id, h.id, s.id
FROM   follows f
JOIN   accounts h ON h.tenant_id = @tenant_id AND h.id = f.account_id AND h.domain = ''
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.account_id = f.target_id
                     ORDER BY r.id DESC LIMIT @limit) AS s` + boostedJoin + `
WHERE  f.tenant_id = @tenant_id AND f.account_id = @owner_id AND f.target_id = @target_id AND f.state = 'accepted' AND ` +
	followWants + ` AND ` + homeWants + `
ON CONFLICT DO NOTHING`

// BackfillHome puts the latest posts of somebody newly followed into a local owner's timeline.
func BackfillHome(ctx context.Context, scope *pg.Scope, owner, target social.AccountID, limit int) error {
	_, err := pg.Exec(ctx, scope, backfillHome, pgx.NamedArgs{"owner_id": owner, "target_id": target, "limit": limit})
	return err
}

const clearFromHome = `
DELETE FROM timeline_entries e
USING  statuses s
LEFT   JOIN statuses o ON o.tenant_id = @tenant_id AND o.id = s.boost_of_id
WHERE  e.tenant_id = @tenant_id AND e.owner_id = @owner_id AND s.tenant_id = @tenant_id AND s.id = e.status_id
       AND (s.account_id = @target_id OR (@boosted AND o.account_id = @target_id))`

// ClearFromHome takes an account's posts out of an owner's timeline; with boosted
// also what others boosted of them.
func ClearFromHome(ctx context.Context, scope *pg.Scope, owner, target social.AccountID, boosted bool) error {
	_, err := pg.Exec(ctx, scope, clearFromHome, pgx.NamedArgs{"owner_id": owner, "target_id": target, "boosted": boosted})
	return err
}

const clearFromAllHomes = `
DELETE FROM timeline_entries e
USING  statuses s
LEFT   JOIN statuses o ON o.tenant_id = @tenant_id AND o.id = s.boost_of_id
WHERE  e.tenant_id = @tenant_id AND s.tenant_id = @tenant_id AND s.id = e.status_id
       AND (s.account_id = @target_id OR o.account_id = @target_id) AND e.owner_id <> @target_id`

// ClearFromAllHomes takes a suspended account's posts, and boosts of them, out of
// everybody's timeline.
func ClearFromAllHomes(ctx context.Context, scope *pg.Scope, target social.AccountID) error {
	_, err := pg.Exec(ctx, scope, clearFromAllHomes, pgx.NamedArgs{"target_id": target})
	return err
}

const homesOf = `
SELECT e.owner_id, e.status_id
FROM   timeline_entries e
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = e.status_id
WHERE  e.tenant_id = @tenant_id AND (s.id = @id OR s.boost_of_id = @id)`

// HomesOf returns the timelines in which a status or a boost of it stands.
func HomesOf(ctx context.Context, scope *pg.Scope, id social.StatusID) ([]*TimelineEntry, error) {
	return pg.Many[TimelineEntry](ctx, scope, homesOf, pgx.NamedArgs{"id": id})
}

const oldHomeEntries = `
        SELECT x.tenant_id, x.owner_id, x.status_id
        FROM   accounts a
        CROSS  JOIN LATERAL (SELECT k.status_id FROM timeline_entries k
                             WHERE  k.tenant_id = @tenant_id AND k.owner_id = a.id
                             ORDER  BY k.status_id DESC OFFSET @keep LIMIT 1) AS cut
        JOIN   timeline_entries x ON x.tenant_id = @tenant_id AND x.owner_id = a.id AND x.status_id <= cut.status_id
        WHERE  a.tenant_id = @tenant_id AND a.domain = ''
        LIMIT  @limit`

const (
	trimHomes = `
DELETE FROM timeline_entries e
USING  (` + oldHomeEntries + `) AS old
WHERE  e.tenant_id = @tenant_id AND e.owner_id = old.owner_id AND e.status_id = old.status_id`
	countOldHomes = `SELECT count(*) FROM (` + oldHomeEntries + `) AS old`
)

// TrimHomes keeps the newest entries of each local timeline. It deletes at most
// limit entries and returns how many, for upkeep to call until it says 0.
func TrimHomes(ctx context.Context, scope *pg.Scope, keep, limit int) (int64, error) {
	return pg.Exec(ctx, scope, trimHomes, pgx.NamedArgs{"keep": keep, "limit": limit})
}

// CountOldHomes returns how many entries TrimHomes would delete, limit at most.
func CountOldHomes(ctx context.Context, scope *pg.Scope, keep, limit int) (int64, error) {
	return pg.Value[int64](ctx, scope, countOldHomes, pgx.NamedArgs{"keep": keep, "limit": limit})
}
