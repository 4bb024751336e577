package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Sold is how many subscriptions of a kind there are.
type Sold struct {
	Plan     string
	Currency string
	Every    billing.Interval
	Extra    int
	Status   billing.Status
	IsPaused bool
	N        int
	Monthly  *int64 // all of them together, as the provider charges them; nil: nobody has read it yet
}

// StandingCount is how many tenants stand so.
type StandingCount struct {
	Standing tenant.Standing
	N        int
}

// MonthMoves is who came, went and came back in a month.
type MonthMoves struct {
	Month              time.Time
	Fresh, Gone, Again int
}

// MonthPaid is what was paid in a month in a currency, without tax and what was given back.
type MonthPaid struct {
	Month    time.Time
	Currency string
	Amount   int64
}

// Debtor is a tenant that owes, or whose time without paying runs.
type Debtor struct {
	ID       tenant.ID
	Name     string
	Host     string
	Standing tenant.Standing
	Since    time.Time
	NextAt   *time.Time
	Owed     int64
	Currency string
	Open     int
	Oldest   *time.Time
	Mail     string // template of the last one about money; "": none
	MailAt   *time.Time
}

const (
	soldNow = `
SELECT plan, currency, every, extra, status, is_paused, count(*)::int AS n, sum(monthly)::bigint AS monthly FROM billing_subscriptions
WHERE  status IN ('active', 'past_due', 'trialing') GROUP BY plan, currency, every, extra, status, is_paused, monthly IS NULL`
	standingCounts = `
SELECT e.standing, count(*)::int AS n FROM tenant_entitlements e JOIN tenants t ON t.id = e.tenant_id AND t.state <> 'deleted' GROUP BY e.standing`
	trialsEnding = `
SELECT count(*)::int FROM tenant_entitlements e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
WHERE  e.standing = 'trial' AND ` + nextOf + ` BETWEEN @now AND @until`
	monthMoves = `
WITH steps AS (
    SELECT at, to_standing IN ('active', 'active_ending') AS pays, from_standing IN ('active', 'active_ending', 'grace') AS paid,
           to_standing IN ('restricted', 'suspended', 'closing', 'deleted') AS ends,
           COALESCE(bool_or(to_standing IN ('active', 'active_ending')) OVER (PARTITION BY tenant_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS before
    FROM   entitlement_changes)
SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date AS month, count(*) FILTER (WHERE pays AND NOT paid AND NOT before)::int AS fresh,
       count(*) FILTER (WHERE ends AND paid)::int AS gone, count(*) FILTER (WHERE pays AND NOT paid AND before)::int AS again
FROM   steps WHERE at >= @since GROUP BY 1 ORDER BY 1`
	monthPaid = `
SELECT date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month, currency, sum(total - tax - refunded)::bigint AS amount
FROM   billing_invoices WHERE status = 'paid' AND created_at >= @since GROUP BY 1, 2 ORDER BY 1, 2`
	debtors = `
WITH owed AS (
    SELECT tenant_id, currency, sum(total)::bigint AS owed, count(*)::int AS open, min(created_at) AS oldest FROM billing_invoices WHERE status = 'open' GROUP BY 1, 2)
SELECT t.id, t.name, t.host, e.standing, COALESCE(NULLIF((e.entitlement->>'Since')::timestamptz, '0001-01-01T00:00:00Z'), e.updated_at) AS since, ` + nextOf + ` AS next_at,
       COALESCE(o.owed, 0) AS owed, COALESCE(o.currency, '') AS currency, COALESCE(o.open, 0) AS open, o.oldest, COALESCE(m.template, '') AS mail, m.at AS mail_at
FROM   tenant_entitlements e JOIN tenants t ON t.id = e.tenant_id AND t.state <> 'deleted'
LEFT   JOIN owed o ON o.tenant_id = t.id
LEFT   JOIN LATERAL (SELECT x.template, COALESCE(x.sent_at, x.created_at) AS at FROM mails x WHERE x.tenant_id = t.id AND x.template LIKE 'billing%' ORDER BY x.created_at DESC LIMIT 1) m ON true
WHERE  e.standing IN ('grace', 'restricted', 'suspended', 'closing') AND (@standing = '' OR e.standing = @standing)
ORDER  BY next_at NULLS LAST, t.id, o.currency LIMIT @limit OFFSET @offset`
)

// SoldNow returns what is sold now, by kind.
func SoldNow(ctx context.Context, tx *pg.PlatformTx) ([]*Sold, error) {
	return pg.Many[Sold](ctx, tx, soldNow, nil)
}

// StandingCounts returns how many tenants stand how.
func StandingCounts(ctx context.Context, tx *pg.PlatformTx) ([]*StandingCount, error) {
	return pg.Many[StandingCount](ctx, tx, standingCounts, nil)
}

// TrialsEnding counts the trials that end between two times.
func TrialsEnding(ctx context.Context, tx *pg.PlatformTx, now, until time.Time) (int, error) {
	return pg.Value[int](ctx, tx, trialsEnding, pgx.NamedArgs{"now": now, "until": until})
}

// MovesByMonth returns who came and went since a time. Months without either are not there.
func MovesByMonth(ctx context.Context, tx *pg.PlatformTx, since time.Time) ([]*MonthMoves, error) {
	return pg.Many[MonthMoves](ctx, tx, monthMoves, pgx.NamedArgs{"since": since})
}

// PaidByMonth returns what was paid since a time. Months without a payment are not there.
func PaidByMonth(ctx context.Context, tx *pg.PlatformTx, since time.Time) ([]*MonthPaid, error) {
	return pg.Many[MonthPaid](ctx, tx, monthPaid, pgx.NamedArgs{"since": since})
}

// Debtors returns who owes or has not paid for long, whose standing changes soonest first; a
// tenant that owes in two currencies comes twice. standing narrows it; "": all.
func Debtors(ctx context.Context, tx *pg.PlatformTx, standing tenant.Standing, limit, offset int) ([]*Debtor, error) {
	return pg.Many[Debtor](ctx, tx, debtors, pgx.NamedArgs{"standing": string(standing), "limit": limit, "offset": offset})
}
