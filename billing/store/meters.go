package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Used is what somebody sent and had sent in a while.
type Used struct {
	TenantID    tenant.ID
	EgressBytes int64
	Deliveries  int64
}

// Metered is what a tenant has in use beside what it may.
type Metered struct {
	TenantID tenant.ID
	Name     string
	billing.Usage
	Entitlement tenant.Entitlement
}

const (
	// One reading of each table for all tenants. The length of stored bytes is known without
	// reading them. Copies of what other servers have are not stored.
	countUsage = `
INSERT INTO billing_usage (tenant_id, day, accounts, seats, domains, storage_bytes)
SELECT t.id, @day::date, COALESCE(a.n, 0), COALESCE(m.n, 0) + COALESCE(i.n, 0), COALESCE(d.n, 0), COALESCE(b.n, 0)
FROM   tenants t
LEFT   JOIN (SELECT tenant_id, count(*) AS n FROM accounts WHERE domain = '' AND deleted_at IS NULL GROUP BY tenant_id) AS a ON a.tenant_id = t.id
LEFT   JOIN (SELECT tenant_id, count(*) AS n FROM memberships GROUP BY tenant_id) AS m ON m.tenant_id = t.id
LEFT   JOIN (SELECT tenant_id, count(*) AS n FROM invitations WHERE accepted_at IS NULL AND revoked_at IS NULL AND expires_at > @now GROUP BY tenant_id) AS i ON i.tenant_id = t.id
LEFT   JOIN (SELECT tenant_id, count(*) AS n FROM domains WHERE role = 'service' AND mode <> 'platform' AND state = ANY(@held) GROUP BY tenant_id) AS d ON d.tenant_id = t.id
LEFT   JOIN (SELECT tenant_id, sum(octet_length(bytes)) AS n FROM blobs GROUP BY tenant_id) AS b ON b.tenant_id = t.id
WHERE  t.state <> 'deleted'
ON     CONFLICT (tenant_id, day) DO UPDATE SET
       accounts = excluded.accounts, seats = excluded.seats, domains = excluded.domains, storage_bytes = excluded.storage_bytes`
	// A day that nobody has counted yet begins with what the one before ended with.
	addUsed = `
INSERT INTO billing_usage (tenant_id, day, accounts, seats, domains, storage_bytes, egress_bytes, deliveries)
SELECT n.tenant_id, @day::date, COALESCE(u.accounts, 0), COALESCE(u.seats, 0), COALESCE(u.domains, 0), COALESCE(u.storage_bytes, 0), n.egress, n.sent
FROM   unnest(@ids::bigint[], @egress::bigint[], @sent::bigint[]) AS n (tenant_id, egress, sent)
JOIN   tenants t ON t.id = n.tenant_id AND t.state <> 'deleted'
LEFT   JOIN LATERAL (SELECT x.accounts, x.seats, x.domains, x.storage_bytes FROM billing_usage x WHERE x.tenant_id = n.tenant_id ORDER BY x.day DESC LIMIT 1) AS u ON true
ORDER  BY n.tenant_id
ON     CONFLICT (tenant_id, day) DO UPDATE SET
       egress_bytes = billing_usage.egress_bytes + excluded.egress_bytes, deliveries = billing_usage.deliveries + excluded.deliveries`
	// Since when storage is more than a tenth above its limit.
	markStorage = `
UPDATE tenant_entitlements e SET storage_over_since = CASE WHEN n.is_over THEN @now::timestamptz END
FROM   (SELECT u.tenant_id, x.most > 0 AND u.storage_bytes > x.most * 1.1 AS is_over
        FROM   billing_usage u
        JOIN   tenant_entitlements l ON l.tenant_id = u.tenant_id
        CROSS  JOIN LATERAL (SELECT COALESCE((l.entitlement -> 'Limits' ->> 'storage_bytes')::bigint, 0) AS most) AS x
        WHERE  u.day = @day::date) AS n
WHERE  e.tenant_id = n.tenant_id AND n.is_over <> (e.storage_over_since IS NOT NULL)
RETURNING e.tenant_id`
	allMetered = `
SELECT u.tenant_id, t.name, u.accounts, u.seats, u.domains, u.storage_bytes, m.egress_bytes, m.deliveries, e.entitlement
FROM   billing_usage u
JOIN   tenants t ON t.id = u.tenant_id AND t.state = 'active'
JOIN   tenant_entitlements e ON e.tenant_id = u.tenant_id
JOIN   (SELECT tenant_id, sum(egress_bytes)::bigint AS egress_bytes, sum(deliveries)::bigint AS deliveries
        FROM billing_usage WHERE day >= date_trunc('month', @day::date)::date AND day <= @day::date GROUP BY tenant_id) AS m ON m.tenant_id = u.tenant_id
WHERE  u.day = @day::date
ORDER  BY u.tenant_id`
	addNotices = `
INSERT INTO billing_notices (tenant_id, key, at)
SELECT n.tenant_id, n.key, @now FROM unnest(@ids::bigint[], @keys::text[]) AS n (tenant_id, key) ORDER BY n.tenant_id, n.key
ON     CONFLICT DO NOTHING
RETURNING tenant_id, key, at`
	noticesOf     = `SELECT tenant_id, key, at FROM billing_notices WHERE key = @key ORDER BY tenant_id`
	forgetNotices = `DELETE FROM billing_notices WHERE key LIKE @prefix || '%' AND tenant_id <> ALL(@but)`
)

// CountUsage counts what all tenants have in use on a day.
func CountUsage(ctx context.Context, tx *pg.PlatformTx, now time.Time) error {
	_, err := pg.Exec(ctx, tx, countUsage, pgx.NamedArgs{"day": dayOf(now), "now": now, "held": tenant.HeldDomainStates()})
	return err
}

// AddUsed adds to what tenants used on a day.
func AddUsed(ctx context.Context, tx *pg.PlatformTx, now time.Time, list []Used) error {
	args := pgx.NamedArgs{"day": dayOf(now)}
	ids, egress, sent := make([]int64, len(list)), make([]int64, len(list)), make([]int64, len(list))
	for i, u := range list {
		ids[i], egress[i], sent[i] = int64(u.TenantID), u.EgressBytes, u.Deliveries
	}
	args["ids"], args["egress"], args["sent"] = ids, egress, sent
	_, err := pg.Exec(ctx, tx, addUsed, args)
	return err
}

// MarkStorage notes since when tenants have far more stored than they may, and returns those
// with whom that begins or ends.
func MarkStorage(ctx context.Context, tx *pg.PlatformTx, now time.Time) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, tx, markStorage, pgx.NamedArgs{"day": dayOf(now), "now": now})
}

// AllMetered returns every tenant's use, as it was counted on a day, beside its entitlement.
func AllMetered(ctx context.Context, tx *pg.PlatformTx, now time.Time) ([]*Metered, error) {
	return pg.Many[Metered](ctx, tx, allMetered, pgx.NamedArgs{"day": dayOf(now)})
}

// Noticed is something that a tenant's people were told, and when.
type Noticed struct {
	TenantID tenant.ID
	Key      string
	At       time.Time
}

// AddNotices notes what people are told, and returns what they had not been told before.
func AddNotices(ctx context.Context, tx *pg.PlatformTx, now time.Time, list []Noticed) ([]*Noticed, error) {
	ids, keys := make([]int64, len(list)), make([]string, len(list))
	for i, n := range list {
		ids[i], keys[i] = int64(n.TenantID), n.Key
	}
	return pg.Many[Noticed](ctx, tx, addNotices, pgx.NamedArgs{"now": now, "ids": ids, "keys": keys})
}

// NoticesOf returns who was told something.
func NoticesOf(ctx context.Context, tx *pg.PlatformTx, key string) ([]*Noticed, error) {
	return pg.Many[Noticed](ctx, tx, noticesOf, pgx.NamedArgs{"key": key})
}

// ForgetNotices forgets what everybody but some tenants was told: it is over.
func ForgetNotices(ctx context.Context, tx *pg.PlatformTx, prefix string, but []tenant.ID) error {
	ids := make([]int64, len(but))
	for i, id := range but {
		ids[i] = int64(id)
	}
	_, err := pg.Exec(ctx, tx, forgetNotices, pgx.NamedArgs{"prefix": prefix, "but": ids})
	return err
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
