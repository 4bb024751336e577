package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// What becomes old and is removed over all tenants at once, in batches. Queries here
// run as the platform role and name no tenant: rows go by their age alone.

const pruneEvents = `
DELETE FROM events e
USING  (SELECT tenant_id, id FROM events WHERE created_at < @before ORDER BY created_at LIMIT @limit) AS old
WHERE  e.tenant_id = old.tenant_id AND e.id = old.id`

// PruneEvents removes facts that were published long ago.
func PruneEvents(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	return pg.Exec(ctx, p, pruneEvents, pgx.NamedArgs{"before": before, "limit": limit})
}

const pruneLogins = `
DELETE FROM login_attempts l
USING  (SELECT subject, window_start FROM login_attempts WHERE window_start < @before LIMIT @limit) AS old
WHERE  l.subject = old.subject AND l.window_start = old.window_start`

// PruneLogins forgets failed log-ins whose window is over.
func PruneLogins(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	return pg.Exec(ctx, p, pruneLogins, pgx.NamedArgs{"before": before, "limit": limit})
}

const lostInboxActivities = `
SELECT id
FROM   inbox_activities
WHERE  tenant_id = @tenant_id AND state = 'pending' AND received_at < @before
ORDER  BY id
LIMIT  @limit`

// LostInboxActivities returns accepted activities that wait since before a time: their
// job should have applied them.
func LostInboxActivities(ctx context.Context, scope *pg.Scope, before time.Time, limit int) ([]int64, error) {
	return pg.Values[int64](ctx, scope, lostInboxActivities, pgx.NamedArgs{"before": before, "limit": limit})
}
