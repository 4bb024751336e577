package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Refusals are payments that banks refused lately.
type Refusals struct {
	// OfStrangers counts those of customers who never paid anything: a renewal that fails is
	// none, however many fail on the first of a month.
	OfStrangers int
	OfTenant    int
	HasPaid     bool // the tenant has, at some time
	IsNew       bool // the tenant was made lately
}

const countRefusals = `
WITH refused AS (
	SELECT c.tenant_id FROM billing_events e LEFT JOIN billing_customers c ON c.customer_id = e.customer_id
	WHERE  e.type = 'invoice.payment_failed' AND e.received_at > @since),
paid AS (
	SELECT DISTINCT i.tenant_id FROM billing_invoices i
	WHERE  i.status = 'paid' AND i.total > 0 AND (i.tenant_id = @tenant_id OR i.tenant_id IN (SELECT tenant_id FROM refused)))
SELECT count(*) FILTER (WHERE r.tenant_id IS NULL OR r.tenant_id NOT IN (SELECT tenant_id FROM paid))::int AS of_strangers,
       count(*) FILTER (WHERE r.tenant_id = @tenant_id)::int                                              AS of_tenant,
       EXISTS (SELECT FROM paid WHERE tenant_id = @tenant_id)                                             AS has_paid,
       COALESCE((SELECT created_at > @new_since FROM tenants WHERE id = @tenant_id), true)                AS is_new
FROM   refused r`

// RefusalsOf returns the refusals since a time, as they matter for a tenant; new is who was made
// after newSince.
func RefusalsOf(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, since, newSince time.Time) (*Refusals, error) {
	return pg.One[Refusals](ctx, tx, countRefusals, pgx.NamedArgs{"tenant_id": id, "since": since, "new_since": newSince})
}
