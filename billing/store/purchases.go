package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Intent is something that the provider is asked to change. It is written before it is
// asked, so that whoever dies in between asks again by the same key and changes it once.
type Intent struct {
	TenantID       tenant.ID
	IdempotencyKey string
	Kind           string
	Params         json.RawMessage
	State          string // open, done, failed
	ObjectID       string
	Error          string
	CreatedAt      time.Time
}

// Checkout is a page of the provider's on which a tenant can pay.
type Checkout struct {
	SessionID string
	Plan      string
	Currency  string
	Every     billing.Interval
	Status    string // open, complete, expired
	URL       string `db:"url"`
	ExpiresAt time.Time
	CreatedAt time.Time
}

const (
	beginIntent = `
INSERT INTO billing_intents AS i (tenant_id, idempotency_key, kind, params) VALUES (@tenant_id, @key, @kind, @params)
ON CONFLICT (tenant_id, idempotency_key) DO UPDATE SET updated_at = now()
RETURNING i.tenant_id, i.idempotency_key, i.kind, i.params, i.state, i.object_id, i.error, i.created_at`
	endIntent = `
UPDATE billing_intents SET state = @state, object_id = @object_id, error = left(@error, 500), updated_at = now()
WHERE  tenant_id = @tenant_id AND idempotency_key = @key AND state = 'open'`
	intentColumns = `SELECT tenant_id, idempotency_key, kind, params, state, object_id, error, created_at FROM billing_intents`
	openIntents   = intentColumns + ` WHERE tenant_id = @tenant_id AND state = 'open' ORDER BY created_at`
	leftIntents   = intentColumns + ` WHERE state = 'open' AND created_at < @before ORDER BY created_at LIMIT @limit`
	countIntents  = `SELECT (count(*) + count(*) FILTER (WHERE state <> 'open'))::int FROM billing_intents WHERE tenant_id = @tenant_id`
	countRefused  = `
SELECT count(*)::int FROM billing_intents WHERE tenant_id = @tenant_id AND state = 'failed' AND (idempotency_key = @key OR starts_with(idempotency_key, @key || '/'))`
	// Of those that can be taken back yet. What a deleted one pays is ended by the ledger.
	leavingTenants = `
SELECT t.id FROM tenants t
WHERE  t.state = 'deleting' AND (
       EXISTS (SELECT FROM billing_subscriptions s WHERE s.tenant_id = t.id AND s.status IN ('active', 'trialing', 'past_due') AND s.cancel_at IS NULL)
       OR EXISTS (SELECT FROM billing_checkouts c WHERE c.tenant_id = t.id AND c.status = 'open' AND c.expires_at > @now))
ORDER  BY t.id LIMIT @limit`
	lockPurchases = `SELECT pg_advisory_xact_lock(hashtextextended('purchases ' || @tenant_id::bigint, 0))::text`
	openCheckout  = `
SELECT session_id, plan, currency, every, status, url, expires_at, created_at
FROM   billing_checkouts WHERE tenant_id = @tenant_id AND status = 'open' AND expires_at > @now`
	checkoutByID = `
SELECT session_id, plan, currency, every, status, url, expires_at, created_at
FROM   billing_checkouts WHERE tenant_id = @tenant_id AND session_id = @session_id`
	expireCheckouts = `UPDATE billing_checkouts SET status = 'expired' WHERE tenant_id = @tenant_id AND status = 'open' AND session_id <> @session_id`
	addCheckout     = `
INSERT INTO billing_checkouts (tenant_id, session_id, plan, currency, every, url, expires_at, created_at)
VALUES (@tenant_id, @session_id, @plan, @currency, @every, @url, @expires_at, @created_at) ON CONFLICT (tenant_id, session_id) DO NOTHING`
	closeCheckout  = `UPDATE billing_checkouts SET status = @status WHERE tenant_id = @tenant_id AND session_id = @session_id AND status = 'open'`
	countCheckouts = `SELECT count(*)::int FROM billing_checkouts WHERE tenant_id = @tenant_id AND created_at > @since`
)

// BeginIntent writes down what the provider is about to be asked, or returns what was
// written under the same key before.
func BeginIntent(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, key, kind string, params any) (*Intent, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("write the intent %s: %w", key, err)
	}
	return pg.One[Intent](ctx, tx, beginIntent, pgx.NamedArgs{"tenant_id": id, "key": key, "kind": kind, "params": string(text)})
}

// EndIntent says what came of an intent: the id of what was made, or an error. ok is false
// where somebody else had said so already.
func EndIntent(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, key, object string, failure error) (ok bool, err error) {
	args := pgx.NamedArgs{"tenant_id": id, "key": key, "state": "done", "object_id": object, "error": ""}
	if failure != nil {
		args["state"], args["error"] = "failed", failure.Error()
	}
	n, err := pg.Exec(ctx, tx, endIntent, args)
	return n > 0, err
}

// LockPurchases lets one at a time begin something for a tenant, until the transaction ends.
func LockPurchases(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	_, err := pg.Exec(ctx, tx, lockPurchases, pgx.NamedArgs{"tenant_id": id})
	return err
}

// OpenIntents returns what a tenant has asked for and nobody has seen the end of.
func OpenIntents(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) ([]*Intent, error) {
	return pg.Many[Intent](ctx, tx, openIntents, pgx.NamedArgs{"tenant_id": id})
}

// LeftIntents returns what was begun before a time, by whomever, and is open yet.
func LeftIntents(ctx context.Context, tx *pg.PlatformTx, before time.Time, limit int) ([]*Intent, error) {
	return pg.Many[Intent](ctx, tx, leftIntents, pgx.NamedArgs{"before": before, "limit": limit})
}

// CountIntents returns a number that has grown whenever anything was begun or has ended for a
// tenant: what was read at one number is stale at another.
func CountIntents(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (int, error) {
	return pg.Value[int](ctx, tx, countIntents, pgx.NamedArgs{"tenant_id": id})
}

// LeavingTenants returns those that are being deleted, and pay or could pay on an open page.
func LeavingTenants(ctx context.Context, tx *pg.PlatformTx, now time.Time, limit int) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, tx, leavingTenants, pgx.NamedArgs{"now": now, "limit": limit})
}

// CountRefused returns how many were refused under a key and those that begin with it.
func CountRefused(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, key string) (int, error) {
	return pg.Value[int](ctx, tx, countRefused, pgx.NamedArgs{"tenant_id": id, "key": key})
}

// OpenCheckout returns the page on which a tenant can pay now, or nil.
func OpenCheckout(ctx context.Context, q pg.Querier, id tenant.ID, now time.Time) (*Checkout, error) {
	c, err := pg.One[Checkout](ctx, q, openCheckout, pgx.NamedArgs{"tenant_id": id, "now": now})
	if fault.IsNotFound(err) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return c, err
}

// CheckoutByID returns one of a tenant's, or fault.NotFound: another tenant's is not there.
func CheckoutByID(ctx context.Context, q pg.Querier, id tenant.ID, session string) (*Checkout, error) {
	return pg.One[Checkout](ctx, q, checkoutByID, pgx.NamedArgs{"tenant_id": id, "session_id": session})
}

// AddCheckout stores a page as the only open one.
func AddCheckout(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, c *Checkout) error {
	b := pg.NewBatch(tx)
	b.Exec(expireCheckouts, pgx.NamedArgs{"tenant_id": id, "session_id": c.SessionID})
	b.Exec(addCheckout, pgx.NamedArgs{
		"tenant_id": id, "session_id": c.SessionID, "plan": c.Plan, "currency": c.Currency, "every": string(c.Every), "url": c.URL, "expires_at": c.ExpiresAt,
		"created_at": c.CreatedAt,
	})
	return b.Send(ctx)
}

// CloseCheckout says that a page was paid on (complete) or came to its end (expired).
func CloseCheckout(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, session, status string) error {
	_, err := pg.Exec(ctx, tx, closeCheckout, pgx.NamedArgs{"tenant_id": id, "session_id": session, "status": status})
	return err
}

// CountCheckouts returns how many pages a tenant has opened since a time.
func CountCheckouts(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, since time.Time) (int, error) {
	return pg.Value[int](ctx, tx, countCheckouts, pgx.NamedArgs{"tenant_id": id, "since": since})
}
