package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Counters change only in the statement that really inserted or deleted the row
// they count, or set-wise for rows that the caller knows to be new. Rows are
// touched in the order of their ids, so that two batches do not deadlock.

const countReplies = `
INSERT INTO status_stats (tenant_id, status_id, replies_count)
SELECT @tenant_id, n.id, count(*)
FROM   unnest(@ids::bigint[]) AS n (id)
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = n.id
GROUP  BY n.id
ORDER  BY n.id
ON CONFLICT (tenant_id, status_id) DO UPDATE SET replies_count = status_stats.replies_count + EXCLUDED.replies_count`

// QueueCountReplies adds one to a parent's replies for each time it is named.
func QueueCountReplies(b *pg.Batch, parents []social.StatusID) {
	if len(parents) > 0 {
		b.Exec(countReplies, pgx.NamedArgs{"ids": numbers(parents)})
	}
}

const countBoosts = `
INSERT INTO status_stats (tenant_id, status_id, boosts_count)
SELECT @tenant_id, n.id, count(*)
FROM   unnest(@ids::bigint[]) AS n (id)
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = n.id
GROUP  BY n.id
ORDER  BY n.id
ON CONFLICT (tenant_id, status_id) DO UPDATE SET boosts_count = status_stats.boosts_count + EXCLUDED.boosts_count`

// QueueCountBoosts adds one to an original's boosts for each time it is named.
func QueueCountBoosts(b *pg.Batch, originals []social.StatusID) {
	if len(originals) > 0 {
		b.Exec(countBoosts, pgx.NamedArgs{"ids": numbers(originals)})
	}
}

const uncountStatus = `
UPDATE status_stats SET
       replies_count = GREATEST(replies_count - @replies::bigint, 0), boosts_count = GREATEST(boosts_count - @boosts::bigint, 0)
WHERE  tenant_id = @tenant_id AND status_id = @id`

// QueueUncountReply takes a deleted reply off its parent's counter.
func QueueUncountReply(b *pg.Batch, parent social.StatusID) {
	b.Exec(uncountStatus, pgx.NamedArgs{"id": parent, "replies": 1, "boosts": 0})
}

// QueueUncountBoost takes a deleted boost off its original's counter.
func QueueUncountBoost(b *pg.Batch, original social.StatusID) {
	b.Exec(uncountStatus, pgx.NamedArgs{"id": original, "replies": 0, "boosts": 1})
}

// StatusFlags is what a viewer has done with a status.
type StatusFlags struct {
	Favourited bool
	Boosted    bool
	Bookmarked bool
	Pinned     bool
	Muted      bool // the conversation
}

const statusReach = `
SELECT DISTINCT a.id
FROM   (SELECT account_id FROM status_mentions WHERE tenant_id = @tenant_id AND status_id = @id
        UNION SELECT account_id FROM favourites WHERE tenant_id = @tenant_id AND status_id = @id
        UNION SELECT account_id FROM statuses WHERE tenant_id = @tenant_id AND boost_of_id = @id
        UNION SELECT account_id FROM statuses WHERE tenant_id = @tenant_id AND in_reply_to_id = @id
        UNION SELECT in_reply_to_account_id FROM statuses WHERE tenant_id = @tenant_id AND id = @id) AS heard
CROSS  JOIN LATERAL (SELECT r.id FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = heard.account_id AND r.domain <> '' LIMIT 1) AS a
LIMIT  1000`

// StatusReach returns the remote accounts, followers aside, whose servers have
// heard of a status: they were named in it, answered, boosted or liked it.
func StatusReach(ctx context.Context, scope *pg.Scope, id social.StatusID) ([]social.AccountID, error) {
	return pg.Values[social.AccountID](ctx, scope, statusReach, pgx.NamedArgs{"id": id})
}

const localBoosters = `
SELECT s.account_id FROM statuses s
WHERE  s.tenant_id = @tenant_id AND s.boost_of_id = @id AND s.is_local`

// LocalBoosters returns the tenant's own accounts that boosted a status.
func LocalBoosters(ctx context.Context, scope *pg.Scope, id social.StatusID) ([]social.AccountID, error) {
	return pg.Values[social.AccountID](ctx, scope, localBoosters, pgx.NamedArgs{"id": id})
}
