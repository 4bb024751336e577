package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Matter is a task as the staff's pages show it.
type Matter struct {
	ID         int64
	Key        string
	Kind       string
	Detail     map[string]string
	TenantID   *tenant.ID
	TenantName string
	CreatedAt  time.Time
	DoneAt     *time.Time
	DoneBy     *social.PersonID
	Note       string
}

// WaitingName is a domain that waits for a decision of the staff.
type WaitingName struct {
	Name       string
	State      tenant.DomainState
	Since      time.Time
	TenantID   tenant.ID
	TenantName string
}

// Waiting is how much waits for the staff.
type Waiting struct {
	Matters int
	Names   int
	Events  int // of the provider's, for longer than it takes to look at one
}

const (
	matterColumns = `
SELECT b.id, b.key, b.kind, b.detail, b.tenant_id, COALESCE(t.name, '') AS tenant_name, b.created_at, b.done_at, b.done_by, b.note
FROM   billing_tasks b LEFT JOIN tenants t ON t.id = b.tenant_id `
	openMatters  = matterColumns + `WHERE b.done_at IS NULL AND (@after::bigint = 0 OR b.id > @after) ORDER BY b.id LIMIT @limit`
	doneMatters  = matterColumns + `WHERE b.done_at IS NOT NULL AND (@after::bigint = 0 OR b.id < @after) ORDER BY b.id DESC LIMIT @limit`
	matterByID   = matterColumns + `WHERE b.id = @id`
	settleMatter = `UPDATE billing_tasks SET done_at = now(), done_by = @by, note = @note WHERE id = @id AND done_at IS NULL`
	waitingNames = `
SELECT d.name, d.state, d.state_since AS since, d.tenant_id, t.name AS tenant_name FROM domains d JOIN tenants t ON t.id = d.tenant_id
WHERE  d.state IN ('needs_review', 'disputed') ORDER BY d.state_since LIMIT @limit`
	waiting = `
SELECT (SELECT count(*) FROM billing_tasks WHERE done_at IS NULL)::int AS matters,
       (SELECT count(*) FROM domains WHERE state IN ('needs_review', 'disputed'))::int AS names,
       (SELECT count(*) FROM billing_events WHERE handled_at IS NULL AND received_at < now() - interval '5 minutes')::int AS events`
)

// Waits counts what waits for the staff. Each number has an index of its own.
func Waits(ctx context.Context, tx *pg.PlatformTx) (*Waiting, error) {
	return pg.One[Waiting](ctx, tx, waiting, nil)
}

// Matters returns a page of what waits for a person, the oldest first, or of what was done,
// the newest first; after is the last one of the page before.
func Matters(ctx context.Context, tx *pg.PlatformTx, done bool, after int64, limit int) ([]*Matter, error) {
	sql := openMatters
	if done {
		sql = doneMatters
	}
	return pg.Many[Matter](ctx, tx, sql, pgx.NamedArgs{"after": after, "limit": limit})
}

// MatterByID returns one, or fault.NotFound.
func MatterByID(ctx context.Context, tx *pg.PlatformTx, id int64) (*Matter, error) {
	return pg.One[Matter](ctx, tx, matterByID, pgx.NamedArgs{"id": id})
}

// SettleMatter says what a person has decided; ok is false where somebody else had.
func SettleMatter(ctx context.Context, tx *pg.PlatformTx, id int64, by social.PersonID, note string) (ok bool, err error) {
	n, err := pg.Exec(ctx, tx, settleMatter, pgx.NamedArgs{"id": id, "by": by, "note": note})
	return n > 0, err
}

// WaitingNames returns the domains that wait for the staff, the longest first.
func WaitingNames(ctx context.Context, tx *pg.PlatformTx, limit int) ([]*WaitingName, error) {
	return pg.Many[WaitingName](ctx, tx, waitingNames, pgx.NamedArgs{"limit": limit})
}
