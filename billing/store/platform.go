package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Price is a part of a plan's price as the provider calls it.
type Price struct {
	PriceID  string
	Plan     string
	Kind     billing.Kind
	Currency string
	Every    billing.Interval
	Livemode bool
	Active   bool
}

// Endpoint is where the provider sends events, and the secret that it signs them with.
type Endpoint struct {
	EndpointID string
	Secret     []byte // sealed
	APIVersion string `db:"api_version"`
	Livemode   bool
	RetiredAt  *time.Time // still good until then
	CreatedAt  time.Time
}

// Task is something that only a person of the platform can decide.
type Task struct {
	ID        int64
	Key       string // one matter comes once
	TenantID  *tenant.ID
	Kind      string
	Detail    map[string]string
	CreatedAt time.Time
	DoneAt    *time.Time
}

const (
	selectPrices = `SELECT price_id, plan, kind, currency, every, livemode, active FROM billing_prices ORDER BY price_id`
	putPrice     = `
INSERT INTO billing_prices (price_id, plan, kind, currency, every, livemode, active)
VALUES (@price_id, @plan, @kind, @currency, @every, @livemode, @active)
ON CONFLICT (price_id) DO UPDATE SET active = excluded.active`
	selectEndpoints = `
SELECT endpoint_id, secret, api_version, livemode, retired_at, created_at FROM billing_endpoints
WHERE  retired_at IS NULL OR retired_at > @now ORDER BY created_at DESC`
	putEndpoint = `
INSERT INTO billing_endpoints (endpoint_id, secret, api_version, livemode) VALUES (@endpoint_id, @secret, @api_version, @livemode)`
	retireEndpoints = `UPDATE billing_endpoints SET retired_at = @at WHERE endpoint_id <> @endpoint_id AND retired_at IS NULL`
	addTask         = `
INSERT INTO billing_tasks (id, key, tenant_id, kind, detail) VALUES (@id, @key, @tenant_id, @kind, @detail) ON CONFLICT (key) DO NOTHING`
	openTasks = `SELECT id, key, tenant_id, kind, detail, created_at, done_at FROM billing_tasks WHERE done_at IS NULL ORDER BY created_at LIMIT @limit`
	endTask   = `UPDATE billing_tasks SET done_at = now(), done_by = @by WHERE id = @id AND done_at IS NULL`
)

// Prices returns all that were ever sold.
func Prices(ctx context.Context, tx *pg.PlatformTx) ([]*Price, error) {
	return pg.Many[Price](ctx, tx, selectPrices, nil)
}

// PutPrices stores what prices are called, and which are still sold.
func PutPrices(ctx context.Context, tx *pg.PlatformTx, all []Price) error {
	if len(all) == 0 {
		return nil
	}
	b := pg.NewBatch(tx)
	for _, p := range all {
		b.Exec(putPrice, pgx.NamedArgs{
			"price_id": p.PriceID, "plan": p.Plan, "kind": string(p.Kind), "currency": p.Currency, "every": string(p.Every), "livemode": p.Livemode, "active": p.Active,
		})
	}
	return b.Send(ctx)
}

// Endpoints returns those whose secrets are good at a time.
func Endpoints(ctx context.Context, tx *pg.PlatformTx, now time.Time) ([]*Endpoint, error) {
	return pg.Many[Endpoint](ctx, tx, selectEndpoints, pgx.NamedArgs{"now": now})
}

// AddEndpoint stores a new one. The secrets of the others are good until a time.
func AddEndpoint(ctx context.Context, tx *pg.PlatformTx, e *Endpoint, othersUntil time.Time) error {
	b := pg.NewBatch(tx)
	b.Exec(putEndpoint, pgx.NamedArgs{"endpoint_id": e.EndpointID, "secret": e.Secret, "api_version": e.APIVersion, "livemode": e.Livemode})
	b.Exec(retireEndpoints, pgx.NamedArgs{"endpoint_id": e.EndpointID, "at": othersUntil})
	return b.Send(ctx)
}

// AddTask leaves something to a person of the platform, unless it is there already.
func AddTask(ctx context.Context, tx *pg.PlatformTx, t Task) (isNew bool, err error) {
	if t.Detail == nil {
		t.Detail = map[string]string{}
	}
	n, err := pg.Exec(ctx, tx, addTask, pgx.NamedArgs{"id": ids.New(), "key": t.Key, "tenant_id": t.TenantID, "kind": t.Kind, "detail": t.Detail})
	return n > 0, err
}

// OpenTasks returns what waits for a person, the oldest first.
func OpenTasks(ctx context.Context, tx *pg.PlatformTx, limit int) ([]*Task, error) {
	return pg.Many[Task](ctx, tx, openTasks, pgx.NamedArgs{"limit": limit})
}

// EndTask says that a person has decided; ok is false where somebody else had.
func EndTask(ctx context.Context, tx *pg.PlatformTx, id, by int64) (ok bool, err error) {
	n, err := pg.Exec(ctx, tx, endTask, pgx.NamedArgs{"id": id, "by": by})
	return n > 0, err
}

// forgetTrials removes what was read from a provider that does not exist any more. Nothing
// of it moved money.
var forgetTrials = []string{
	`DELETE FROM billing_subscriptions s USING billing_customers c WHERE c.tenant_id = s.tenant_id AND c.customer_id = s.customer_id AND NOT c.livemode`,
	`DELETE FROM billing_invoices i USING billing_customers c WHERE c.tenant_id = i.tenant_id AND c.customer_id = i.customer_id AND NOT c.livemode`,
	`DELETE FROM billing_disputes d USING billing_customers c WHERE c.tenant_id = d.tenant_id AND NOT c.livemode`,
	`DELETE FROM billing_checkouts d USING billing_customers c WHERE c.tenant_id = d.tenant_id AND NOT c.livemode`,
	`DELETE FROM billing_intents d USING billing_customers c WHERE c.tenant_id = d.tenant_id AND NOT c.livemode`,
	`UPDATE tenant_entitlements e SET trial_from = now(), next_change_at = now() FROM billing_customers c WHERE c.tenant_id = e.tenant_id AND NOT c.livemode`,
	`DELETE FROM billing_customers WHERE NOT livemode`,
	`DELETE FROM billing_events WHERE NOT livemode`,
	`DELETE FROM billing_prices WHERE NOT livemode`,
	`DELETE FROM billing_endpoints WHERE NOT livemode`,
}

// ErrRealMoney says that real money was paid on this platform.
var ErrRealMoney = fault.New(fault.Conflict, "Companies have paid real money on this platform: billing cannot be a stand-in here. Set ROOKERY_BILLING=stripe.")

// ForgetTrials removes all that came from a stand-in for the provider, whose memory ended
// with its process; who bought something there is on trial again. ErrRealMoney where there
// is a customer of the provider's live mode.
func ForgetTrials(ctx context.Context, tx *pg.PlatformTx) error {
	live, err := pg.Value[bool](ctx, tx, `SELECT EXISTS (SELECT FROM billing_customers WHERE livemode)`, nil)
	if err != nil {
		return err
	}
	if live {
		return ErrRealMoney
	}
	b := pg.NewBatch(tx)
	for _, sql := range forgetTrials {
		b.Exec(sql, nil)
	}
	return b.Send(ctx)
}
