package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Held is a subscription as it is stored, for the comparison with the provider's.
type Held struct {
	SubscriptionID string
	TenantID       tenant.ID
	TenantState    tenant.State
	CustomerID     string
	Status         billing.Status
	PriceIDs       []string
	Extra          int
	PeriodEnd      time.Time
	CancelAt       time.Time
	ReadAt         time.Time
}

const (
	heldColumns = `
SELECT s.subscription_id, s.tenant_id, t.state AS tenant_state, s.customer_id, s.status, s.price_ids, s.extra,
       COALESCE(s.period_end, '0001-01-01 00:00:00+00') AS period_end, COALESCE(s.cancel_at, '0001-01-01 00:00:00+00') AS cancel_at, s.read_at
FROM   billing_subscriptions s JOIN tenants t ON t.id = s.tenant_id`
	heldByID = heldColumns + ` WHERE s.subscription_id = ANY(@ids)`
	heldLive = heldColumns + `
WHERE  s.status NOT IN ('canceled', 'incomplete_expired') AND s.subscription_id > @after ORDER BY s.subscription_id LIMIT @limit`
	// Those about which the provider may know more: something is open or on trial, or a period
	// is over and nobody said what came then.
	restless = `
SELECT c.customer_id
FROM   billing_customers c
WHERE  c.deleted_at IS NULL AND (c.synced_at IS NULL OR c.synced_at < @before) AND EXISTS (
       SELECT FROM billing_subscriptions s WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.customer_id
       AND   (s.status IN ('trialing', 'incomplete', 'past_due') OR s.status NOT IN ('canceled', 'incomplete_expired') AND s.period_end < @before))
ORDER  BY c.synced_at NULLS FIRST LIMIT @limit`

	payingGone = `
SELECT DISTINCT s.customer_id FROM billing_subscriptions s JOIN tenants t ON t.id = s.tenant_id
WHERE  t.state = 'deleted' AND s.status NOT IN ('canceled', 'incomplete_expired') LIMIT @limit`
	// Those who pay or have paid lately, and that nobody has looked at for long: a dispute or a
	// refund whose events were all lost is seen then.
	unread = `
SELECT c.customer_id
FROM   billing_customers c JOIN tenants t ON t.id = c.tenant_id AND t.state <> 'deleted'
WHERE  c.deleted_at IS NULL AND (c.synced_at IS NULL OR c.synced_at < @before) AND (
       EXISTS (SELECT FROM billing_subscriptions s WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.customer_id AND s.status NOT IN ('canceled', 'incomplete_expired'))
       OR EXISTS (SELECT FROM billing_invoices i WHERE i.tenant_id = c.tenant_id AND i.customer_id = c.customer_id AND i.status = 'paid' AND i.created_at > @paid))
ORDER  BY c.synced_at NULLS FIRST, c.customer_id LIMIT @limit`
)

// PayingGone returns customers of deleted tenants for whom a subscription is live here yet.
func PayingGone(ctx context.Context, tx *pg.PlatformTx, limit int) ([]string, error) {
	return pg.Values[string](ctx, tx, payingGone, pgx.NamedArgs{"limit": limit})
}

// UnreadCustomers returns those who pay, or have paid since a time, and were not read since
// another one, those that wait for longest first.
func UnreadCustomers(ctx context.Context, tx *pg.PlatformTx, before, paid time.Time, limit int) ([]string, error) {
	return pg.Values[string](ctx, tx, unread, pgx.NamedArgs{"before": before, "paid": paid, "limit": limit})
}

// HeldByID returns those of some subscriptions that are stored.
func HeldByID(ctx context.Context, tx *pg.PlatformTx, ids []string) ([]*Held, error) {
	return pg.Many[Held](ctx, tx, heldByID, pgx.NamedArgs{"ids": ids})
}

// HeldLive returns stored subscriptions that have not ended, in the order of their ids.
func HeldLive(ctx context.Context, tx *pg.PlatformTx, after string, limit int) ([]*Held, error) {
	return pg.Many[Held](ctx, tx, heldLive, pgx.NamedArgs{"after": after, "limit": limit})
}

// RestlessCustomers returns customers that were read before a time and may have changed.
func RestlessCustomers(ctx context.Context, tx *pg.PlatformTx, before time.Time, limit int) ([]string, error) {
	return pg.Values[string](ctx, tx, restless, pgx.NamedArgs{"before": before, "limit": limit})
}
