package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Ageing is a table whose rows go by their age alone, over all tenants at once. An index
// on the age finds them; a statement reads no more rows than it removes.
type Ageing struct {
	Kind         string
	prune, count string
}

// countedAtMost bounds what a dry run counts of one table.
const countedAtMost = 1_000_000

// ageing makes the statements for a table with a key and a column that says how old a
// row is. also narrows them down to a partial index or to rows that are done with.
func ageing(kind, table, key, age, also string) *Ageing {
	where := "WHERE x." + age + " < @before" + also
	columns := strings.Split(key, ", ")
	same := make([]string, len(columns))
	for i, column := range columns {
		same[i] = "t." + column + " = old." + column
	}
	return &Ageing{
		Kind: kind,
		prune: `
DELETE FROM ` + table + ` t
USING  (SELECT x.` + strings.Join(columns, ", x.") + ` FROM ` + table + ` x ` + where + ` ORDER BY x.` + age + ` LIMIT @limit) AS old
WHERE  ` + strings.Join(same, " AND "),
		count: `SELECT count(*) FROM (SELECT FROM ` + table + ` x ` + where + ` LIMIT @limit) AS old`,
	}
}

// The tables that go by age.
var (
	AgedInbox           = ageing("inbox activities", "inbox_activities", "tenant_id, id", "received_at", " AND x.state <> 'pending'")
	AgedEvents          = ageing("events", "events", "tenant_id, id", "created_at", "")
	AgedKeys            = ageing("remote keys", "remote_keys", "key_id", "fetched_at", "")
	AgedPeers           = ageing("peers", "peer_hosts", "host", "updated_at", "")
	AgedLogins          = ageing("failed log-ins", "login_attempts", "subject, window_start", "window_start", "")
	AgedSessions        = ageing("sessions", "sessions", "tenant_id, id_hash", "expires_at", "")
	AgedConsoleSessions = ageing("console sessions", "console_sessions", "id_hash", "expires_at", "")
	AgedStaffSessions   = ageing("staff sessions", "staff_sessions", "id_hash", "expires_at", "")
	AgedCodes           = ageing("authorization codes", "oauth_codes", "tenant_id, code_hash", "expires_at", "")
	AgedMails           = ageing("mails", "mails", "tenant_id, id", "created_at", "")
	AgedSignUps         = ageing("sign-ups", "sign_ups", "token_hash", "expires_at", "")
	AgedPersonTokens    = ageing("links in mails", "person_tokens", "token_hash", "expires_at", "")
	AgedPending         = ageing("half sign-ins", "pending_sign_ins", "token_hash", "expires_at", "")
	AgedChallenges      = ageing("passkey challenges", "passkey_challenges", "token_hash", "expires_at", "")
	AgedMutes           = ageing("ended mutes", "mutes", "tenant_id, id", "expires_at", "")
	AgedIdempotencyKeys = ageing("idempotency keys", "idempotency_keys", "tenant_id, account_id, key", "created_at", "")
	AgedExports         = ageing("archives that are gone", "tenant_exports", "tenant_id, id", "asked_at", " AND x.expires_at IS NULL AND x.state <> 'running'")
	// An upload that no post uses and none will; what comes from elsewhere always belongs to a post.
	AgedUploads = ageing("unused uploads", "media", "tenant_id, id", "created_at", ` AND x.status_id IS NULL AND x.remote_url = ''
       AND NOT EXISTS (SELECT FROM scheduled_media c WHERE c.tenant_id = x.tenant_id AND c.media_id = x.id)`)
	AgedAccountDays = ageing("days of accounts", "account_days", "tenant_id, account_id, day", "day", "")
	AgedUsage       = ageing("days of usage", "billing_usage", "tenant_id, day", "day", "")
	AgedNotices     = ageing("notices about usage", "billing_notices", "tenant_id, key", "at", "")
	// Deliveries go before their activity, which may have very many.
	agedActivities = ageing("activities", "activities", "tenant_id, id", "created_at", "")
)

// Prune removes the oldest rows from before a time, limit at most, and returns how many.
func (a *Ageing) Prune(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	return pg.Exec(ctx, p, a.prune, pgx.NamedArgs{"before": before, "limit": limit})
}

// Count returns how many rows there are from before a time, up to a million.
func (a *Ageing) Count(ctx context.Context, p *pg.PlatformTx, before time.Time) (int64, error) {
	return pg.Value[int64](ctx, p, a.count, pgx.NamedArgs{"before": before, "limit": countedAtMost})
}

// What the deliveries of a post's first activity had come to is added up in the statement
// that removes them: insights show it as long as the post is there (ReachOf).
const pruneDeliveries = `
WITH gone AS (
    DELETE FROM deliveries t
    USING  (SELECT d.place
            FROM   (SELECT tenant_id, id FROM activities WHERE created_at < @before ORDER BY created_at LIMIT @limit) AS a
            CROSS  JOIN LATERAL (SELECT x.ctid AS place FROM deliveries x WHERE x.tenant_id = a.tenant_id AND x.activity_id = a.id LIMIT @limit) AS d
            LIMIT  @limit) AS old
    WHERE  t.ctid = old.place
    RETURNING t.tenant_id, t.activity_id, t.state
), sums AS (
    SELECT tenant_id, activity_id, count(*) FILTER (WHERE state = 'done') AS reached, count(*) FILTER (WHERE state <> 'done') AS failed
    FROM   gone
    GROUP  BY tenant_id, activity_id
), kept AS (
    INSERT INTO status_reach (tenant_id, status_id, reached, failed)
    SELECT n.tenant_id, s.id, n.reached, n.failed
    FROM   sums n
    CROSS  JOIN LATERAL (SELECT x.tenant_id, x.status_id, x.uri FROM activities x WHERE x.tenant_id = n.tenant_id AND x.id = n.activity_id LIMIT 1) AS a
    CROSS  JOIN LATERAL (SELECT x.tenant_id, x.id FROM statuses x
                         WHERE  x.tenant_id = a.tenant_id AND x.id = a.status_id AND x.is_local AND x.boost_of_id IS NULL LIMIT 1 FOR KEY SHARE) AS s
    WHERE  ` + firstActivity + `
    ORDER  BY n.tenant_id, s.id
    ON     CONFLICT (tenant_id, status_id) DO UPDATE SET
           reached = status_reach.reached + EXCLUDED.reached, failed = status_reach.failed + EXCLUDED.failed
)
SELECT count(*) FROM gone`

// PruneActivities removes the oldest activities from before a time with their
// deliveries: first those, limit at a time, then limit activities. It returns how many
// rows of both went. Days later nothing waits for delivery any more.
func PruneActivities(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	n, err := pg.Value[int64](ctx, p, pruneDeliveries, pgx.NamedArgs{"before": before, "limit": limit})
	if err != nil || n >= int64(limit) {
		return n, err
	}
	without, err := agedActivities.Prune(ctx, p, before, limit)
	return n + without, err
}

// CountActivities returns how many activities there are from before a time, up to a million.
func CountActivities(ctx context.Context, p *pg.PlatformTx, before time.Time) (int64, error) {
	return agedActivities.Count(ctx, p, before)
}

const lostInboxActivities = `
SELECT tenant_id, id
FROM   (SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id ORDER BY id) AS n
        FROM inbox_activities WHERE state = 'pending' AND received_at < @before) AS waiting
ORDER  BY n, tenant_id
LIMIT  @limit`

// RequeueLost gives accepted activities that wait since before a time another job: their
// own should have applied them, and 202 was a promise. It returns how many wait.
func RequeueLost(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	type row struct {
		TenantID tenant.ID
		ID       int64
	}
	rows, err := pg.Many[row](ctx, p, lostInboxActivities, pgx.NamedArgs{"before": before, "limit": limit})
	if err != nil {
		return 0, err
	}
	// One tenant's are not to keep those of others waiting, so they came in turns.
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Or(cmp.Compare(a.TenantID, b.TenantID), cmp.Compare(a.ID, b.ID)) })
	var list []river.JobArgs
	for start := 0; start < len(rows); {
		args := jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: rows[start].TenantID}}
		for start < len(rows) && rows[start].TenantID == args.TenantID {
			args.IDs = append(args.IDs, rows[start].ID)
			start++
		}
		list = append(list, args)
	}
	return int64(len(rows)), p.Enqueue(ctx, list...)
}

const departures = `
SELECT a.tenant_id, a.id
FROM   accounts a
WHERE  a.deleted_at < @stuck
       AND NOT EXISTS (SELECT FROM tenants t WHERE t.id = a.tenant_id AND t.state = 'deleted') -- it goes as a whole
       AND (a.domain <> '' OR a.deleted_at < @before
            OR EXISTS (SELECT FROM statuses s WHERE s.tenant_id = a.tenant_id AND s.account_id = a.id)
            OR EXISTS (SELECT FROM follows f WHERE f.tenant_id = a.tenant_id AND f.target_id = a.id))
ORDER  BY a.deleted_at
LIMIT  @limit`

// RequeueDepartures has accounts removed that are marked as deleted: local ones whose
// row nothing needs any more after a time, and those whose job is stuck since another.
func RequeueDepartures(ctx context.Context, p *pg.PlatformTx, before, stuck time.Time, limit int) (int64, error) {
	type row struct {
		TenantID tenant.ID
		ID       social.AccountID
	}
	rows, err := pg.Many[row](ctx, p, departures, pgx.NamedArgs{"before": before, "stuck": stuck, "limit": limit})
	if err != nil {
		return 0, err
	}
	list := make([]river.JobArgs, len(rows))
	for i, r := range rows {
		list[i] = jobs.RemoveAccount{Scoped: jobs.Scoped{TenantID: r.TenantID}, AccountID: int64(r.ID)}
	}
	return int64(len(rows)), p.Enqueue(ctx, list...)
}
