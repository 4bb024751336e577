package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// What changes many requests to follow one account at once.

// Whoever is silenced or suspended keeps waiting: the owner decides about them alone.
const acceptFollows = `
WITH waiting AS (
    SELECT w.id, a.domain = '' AS is_local
    FROM   follows w
    CROSS  JOIN LATERAL (SELECT r.domain, r.silenced_at, r.suspended_at FROM accounts r
                         WHERE r.tenant_id = @tenant_id AND r.id = w.account_id LIMIT 1) AS a
    WHERE  w.tenant_id = @tenant_id AND w.target_id = @target_id AND w.state = 'pending' AND a.silenced_at IS NULL AND a.suspended_at IS NULL
    ORDER  BY w.id LIMIT @limit
    FOR    UPDATE OF w
)
UPDATE follows f SET state = 'accepted'
FROM   waiting
WHERE  f.tenant_id = @tenant_id AND f.id = waiting.id
RETURNING ` + followColumns + `, waiting.is_local`

// AcceptedFollow is a follow that was a request, and whether its follower is local.
type AcceptedFollow struct {
	social.Follow
	IsLocal bool
}

// AcceptFollows turns the oldest open requests to a target into follows and returns them.
func AcceptFollows(ctx context.Context, scope *pg.Scope, target social.AccountID, limit int) ([]*AcceptedFollow, error) {
	return pg.Many[AcceptedFollow](ctx, scope, acceptFollows, pgx.NamedArgs{"target_id": target, "limit": limit})
}

// Rows are locked in the order of their ids, as countFollow does.
const countAccepted = `
INSERT INTO account_stats (tenant_id, account_id, following_count, followers_count)
SELECT @tenant_id, n.id, CASE WHEN n.id = @target_id THEN 0 ELSE 1 END, CASE WHEN n.id = @target_id THEN @count::bigint ELSE 0 END
FROM   (SELECT unnest(@ids::bigint[]) AS id UNION SELECT @target_id::bigint ORDER BY id) AS n
ON CONFLICT (tenant_id, account_id) DO UPDATE SET
       following_count = account_stats.following_count + EXCLUDED.following_count,
       followers_count = account_stats.followers_count + EXCLUDED.followers_count`

const withdrawRequests = `
DELETE FROM notifications
WHERE  tenant_id = @tenant_id AND account_id = @target_id AND from_id = ANY(@ids) AND type = 'follow_request'`

// SettleAccepted does in one round trip what follows from requests to a target having
// been accepted: counters, the notifications of the requests, and the target's latest
// posts in the home timelines of local followers.
func SettleAccepted(ctx context.Context, scope *pg.Scope, target social.AccountID, list []*AcceptedFollow, backfill int) error {
	followers := column(list, func(f *AcceptedFollow) int64 { return int64(f.AccountID) })
	b := pg.NewBatch(scope)
	b.Exec(countAccepted, pgx.NamedArgs{"target_id": target, "ids": followers, "count": len(list)})
	b.Exec(withdrawRequests, pgx.NamedArgs{"target_id": target, "ids": followers})
	for _, f := range list {
		if f.IsLocal {
			b.Exec(backfillHome, pgx.NamedArgs{"owner_id": f.AccountID, "target_id": target, "limit": backfill})
		}
	}
	return b.Send(ctx)
}

const insertAccepts = `
INSERT INTO events (tenant_id, id, kind, account_id, target_id, object_uri)
SELECT @tenant_id, n.id, @kind, @account_id, n.target_id, n.uri
FROM   unnest(@ids::bigint[], @target_ids::bigint[], @uris::text[]) AS n (id, target_id, uri)`

// AddAcceptEvents leaves an event for each remote follower whom an owner has accepted.
func AddAcceptEvents(ctx context.Context, scope *pg.Scope, owner social.AccountID, list []*AcceptedFollow) error {
	var remote []*AcceptedFollow
	for _, f := range list {
		if !f.IsLocal {
			remote = append(remote, f)
		}
	}
	if len(remote) == 0 {
		return nil
	}
	events := column(remote, func(*AcceptedFollow) int64 { return ids.New() })
	_, err := pg.Exec(ctx, scope, insertAccepts, pgx.NamedArgs{
		"kind": social.EventFollowAccepted, "account_id": owner, "ids": events,
		"target_ids": column(remote, func(f *AcceptedFollow) int64 { return int64(f.AccountID) }),
		"uris":       column(remote, func(f *AcceptedFollow) string { return f.URI }),
	})
	if err != nil {
		return err
	}
	return scope.Enqueue(ctx, column(events, func(id int64) river.JobArgs {
		return jobs.Publish{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, EventID: id}
	})...)
}
