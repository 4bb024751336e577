package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const countFollow = `
INSERT INTO account_stats (tenant_id, account_id, following_count, followers_count)
SELECT @tenant_id, n.id, GREATEST(n.following, 0), GREATEST(n.followers, 0)
FROM   (VALUES (@follower::bigint, @change::bigint, 0::bigint), (@target::bigint, 0::bigint, @change::bigint)) AS n (id, following, followers)
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = n.id
ORDER  BY n.id
ON CONFLICT (tenant_id, account_id) DO UPDATE SET
       following_count = GREATEST(account_stats.following_count + CASE WHEN EXCLUDED.account_id = @follower THEN @change::bigint ELSE 0 END, 0),
       followers_count = GREATEST(account_stats.followers_count + CASE WHEN EXCLUDED.account_id = @target THEN @change::bigint ELSE 0 END, 0)`

// CountFollow adds change (1 or -1) to both sides of a follow. Call it only for a
// row that this transaction has accepted or deleted.
func CountFollow(ctx context.Context, scope *pg.Scope, follower, target social.AccountID, change int) error {
	_, err := pg.Exec(ctx, scope, countFollow, pgx.NamedArgs{"follower": follower, "target": target, "change": change})
	return err
}

const countStatuses = `
INSERT INTO account_stats (tenant_id, account_id, statuses_count, last_status_at)
SELECT @tenant_id, n.id, count(*), max(n.at)
FROM   unnest(@ids::bigint[], @times::timestamptz[]) AS n (id, at)
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = n.id
GROUP  BY n.id
ORDER  BY n.id
ON CONFLICT (tenant_id, account_id) DO UPDATE SET
       statuses_count = account_stats.statuses_count + EXCLUDED.statuses_count,
       last_status_at = GREATEST(account_stats.last_status_at, EXCLUDED.last_status_at)`

// QueueCountStatuses adds new statuses to their authors' counters.
func QueueCountStatuses(b *pg.Batch, authors []social.AccountID, times []time.Time) {
	if len(authors) > 0 {
		b.Exec(countStatuses, pgx.NamedArgs{"ids": numbers(authors), "times": times})
	}
}

// The status and its boosts, which go with it. The locks are taken in the order of
// the ids, as countStatuses does, before an UPDATE that would choose its own.
const uncountStatuses = `
WITH gone AS (
    SELECT s.account_id, count(*) AS gone
    FROM   statuses s
    WHERE  s.tenant_id = @tenant_id AND (s.id = @id OR s.boost_of_id = @id) AND s.visibility <> 'direct'
    GROUP  BY s.account_id
), locked AS MATERIALIZED (
    SELECT a.account_id
    FROM   account_stats a
    WHERE  a.tenant_id = @tenant_id AND a.account_id IN (SELECT account_id FROM gone)
    ORDER  BY a.account_id
    FOR    UPDATE
)
UPDATE account_stats a SET statuses_count = GREATEST(a.statuses_count - gone.gone, 0)
FROM   locked JOIN gone USING (account_id)
WHERE  a.tenant_id = @tenant_id AND a.account_id = locked.account_id`

// UncountStatuses takes a status and its boosts off their authors' counters. Call
// it before the deletion.
func UncountStatuses(ctx context.Context, scope *pg.Scope, id social.StatusID) error {
	_, err := pg.Exec(ctx, scope, uncountStatuses, pgx.NamedArgs{"id": id})
	return err
}

const uncountAccount = `
WITH liked AS (
    UPDATE status_stats s SET favourites_count = GREATEST(s.favourites_count - 1, 0)
    FROM   favourites f
    WHERE  f.tenant_id = @tenant_id AND f.account_id = @id AND s.tenant_id = @tenant_id AND s.status_id = f.status_id
      AND  NOT EXISTS (SELECT FROM statuses b WHERE b.tenant_id = @tenant_id AND b.boost_of_id = f.status_id AND b.account_id = @id)
), repeated AS (
    UPDATE status_stats s SET boosts_count = GREATEST(s.boosts_count - 1, 0),
           favourites_count = GREATEST(s.favourites_count - CASE WHEN EXISTS (SELECT FROM favourites f WHERE f.tenant_id = @tenant_id
                                                                  AND f.account_id = @id AND f.status_id = s.status_id) THEN 1 ELSE 0 END, 0)
    FROM   statuses b
    WHERE  b.tenant_id = @tenant_id AND b.account_id = @id AND b.boost_of_id IS NOT NULL AND s.tenant_id = @tenant_id AND s.status_id = b.boost_of_id
)
UPDATE account_stats a SET
       followers_count = GREATEST(a.followers_count - f.followed, 0), following_count = GREATEST(a.following_count - f.follows, 0)
FROM   (SELECT other, count(*) FILTER (WHERE outgoing) AS followed, count(*) FILTER (WHERE NOT outgoing) AS follows
        FROM   (SELECT target_id AS other, true AS outgoing FROM follows
                WHERE  tenant_id = @tenant_id AND account_id = @id AND state = 'accepted'
                UNION ALL
                SELECT account_id, false FROM follows
                WHERE  tenant_id = @tenant_id AND target_id = @id AND state = 'accepted') AS ends
        GROUP  BY other) AS f
WHERE  a.tenant_id = @tenant_id AND a.account_id = f.other`

// One statement may change a row once only: answers are uncounted in their own.
const uncountAnswers = `
UPDATE status_stats s SET replies_count = GREATEST(s.replies_count - n.answers, 0)
FROM   (SELECT in_reply_to_id AS id, count(*) AS answers FROM statuses
        WHERE  tenant_id = @tenant_id AND account_id = @id AND in_reply_to_id IS NOT NULL AND visibility IN ('public', 'unlisted')
        GROUP  BY in_reply_to_id) AS n
WHERE  s.tenant_id = @tenant_id AND s.status_id = n.id`

// Boosts of its posts go with them, by the foreign key, and their authors lose a post each.
const uncountBoosters = `
UPDATE account_stats a SET statuses_count = GREATEST(a.statuses_count - n.boosts, 0)
FROM   (SELECT b.account_id, count(*) AS boosts
        FROM   statuses s
        JOIN   statuses b ON b.tenant_id = @tenant_id AND b.boost_of_id = s.id AND b.account_id <> @id
        WHERE  s.tenant_id = @tenant_id AND s.account_id = @id
        GROUP  BY b.account_id) AS n
WHERE  a.tenant_id = @tenant_id AND a.account_id = n.account_id`

// UncountAccount takes everything that an account did off the counters of others.
// Call it before DeleteAccount, whose foreign keys remove the rows without counting.
func UncountAccount(ctx context.Context, scope *pg.Scope, id social.AccountID) error {
	b := pg.NewBatch(scope)
	b.Exec(uncountAnswers, pgx.NamedArgs{"id": id})
	b.Exec(uncountAccount, pgx.NamedArgs{"id": id})
	b.Exec(uncountBoosters, pgx.NamedArgs{"id": id})
	return b.Send(ctx)
}
