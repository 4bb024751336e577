package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/pg"
	"rookery/tenant"
)

// UsageDay is what a tenant had in use at the end of a day, and what it used on it.
type UsageDay struct {
	Day                       time.Time
	Accounts, Seats, Domains  int
	StorageBytes, EgressBytes int64
	Deliveries                int64
}

const (
	// What is paid for is counted as it is now; the rest as it was counted last.
	usageOf = `
SELECT (SELECT count(*) FROM accounts a WHERE a.tenant_id = @tenant_id AND a.domain = '' AND a.deleted_at IS NULL)::int AS accounts,
       ((SELECT count(*) FROM memberships m WHERE m.tenant_id = @tenant_id)
        + (SELECT count(*) FROM invitations i WHERE i.tenant_id = @tenant_id AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > @now))::int AS seats,
       (SELECT count(*) FROM domains d WHERE d.tenant_id = @tenant_id AND d.role = 'service' AND d.mode <> 'platform' AND d.state = ANY(@held))::int AS domains,
       COALESCE((SELECT u.storage_bytes FROM billing_usage u WHERE u.tenant_id = @tenant_id ORDER BY u.day DESC LIMIT 1), 0)::bigint AS storage_bytes,
       COALESCE((SELECT sum(u.egress_bytes) FROM billing_usage u WHERE u.tenant_id = @tenant_id AND u.day >= date_trunc('month', @now::timestamptz)::date), 0)::bigint AS egress_bytes,
       COALESCE((SELECT sum(u.deliveries) FROM billing_usage u WHERE u.tenant_id = @tenant_id AND u.day >= date_trunc('month', @now::timestamptz)::date), 0)::bigint AS deliveries`
	usageDays = `
SELECT day, accounts, seats, domains, storage_bytes, egress_bytes, deliveries
FROM   billing_usage WHERE tenant_id = @tenant_id AND day >= @since ORDER BY day`
)

// UsageOf returns what a tenant has in use.
func UsageOf(ctx context.Context, q pg.Querier, id tenant.ID, now time.Time) (billing.Usage, error) {
	u, err := pg.One[billing.Usage](ctx, q, usageOf, pgx.NamedArgs{"tenant_id": id, "now": now.UTC(), "held": tenant.HeldDomainStates()})
	if err != nil {
		return billing.Usage{}, err
	}
	return *u, nil
}

// UsageDays returns what was counted since a day, the oldest first.
func UsageDays(ctx context.Context, q pg.Querier, id tenant.ID, since time.Time) ([]*UsageDay, error) {
	return pg.Many[UsageDay](ctx, q, usageDays, pgx.NamedArgs{"tenant_id": id, "since": since})
}
