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

const countedAuthors = `
SELECT s.account_id, count(*) AS statuses
FROM   statuses s
WHERE  s.tenant_id = @tenant_id AND (s.id = @id OR s.boost_of_id = @id) AND s.visibility <> 'direct'
GROUP  BY s.account_id`

// CountedAuthor is an author with the number of statuses that count.
type CountedAuthor struct {
	AccountID social.AccountID
	Statuses  int64
}

// CountedAuthors returns who loses how many statuses when one is deleted and its boosts go
// with it. Call it before the deletion.
func CountedAuthors(ctx context.Context, scope *pg.Scope, id social.StatusID) ([]*CountedAuthor, error) {
	return pg.Many[CountedAuthor](ctx, scope, countedAuthors, pgx.NamedArgs{"id": id})
}

// The locks are taken in the order of the ids, as countStatuses does, before an UPDATE that
// would choose its own.
const uncountStatuses = `
WITH gone AS (
    SELECT * FROM unnest(@ids::bigint[], @gone::bigint[]) AS n (account_id, gone)
), locked AS MATERIALIZED (
    SELECT a.account_id
    FROM   account_stats a
    WHERE  a.tenant_id = @tenant_id AND a.account_id = ANY(@ids::bigint[])
    ORDER  BY a.account_id
    FOR    UPDATE
)
UPDATE account_stats a SET statuses_count = GREATEST(a.statuses_count - gone.gone, 0)
FROM   locked JOIN gone USING (account_id)
WHERE  a.tenant_id = @tenant_id AND a.account_id = locked.account_id`

// QueueUncountStatuses takes deleted statuses off their authors' counters.
func QueueUncountStatuses(b *pg.Batch, authors []*CountedAuthor) {
	if len(authors) == 0 {
		return
	}
	ids, gone := make([]int64, len(authors)), make([]int64, len(authors))
	for i, a := range authors {
		ids[i], gone[i] = int64(a.AccountID), a.Statuses
	}
	b.Exec(uncountStatuses, pgx.NamedArgs{"ids": ids, "gone": gone})
}
