package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// The steps by which a tenant's row comes to its end. Package deletion alone calls these;
// each tells all processes and is refused where the row is not at the step before.

const deletionColumns = `
SELECT t.id, t.name, t.host, t.state, COALESCE(t.delete_at, ` + never + `) AS delete_at, COALESCE(t.deleted_at, ` + never + `) AS deleted_at,
       COALESCE(t.farewell_at, ` + never + `) AS farewell_at, COALESCE(t.removed_at, ` + never + `) AS removed_at, t.is_quiet
FROM   tenants t`

const (
	never           = `'0001-01-01 00:00:00+00'`
	selectDeletion  = deletionColumns + ` WHERE t.id = @id`
	lockDeletion    = selectDeletion + ` FOR UPDATE`
	selectDeletions = deletionColumns + `
WHERE  t.state IN ('deleting', 'deleted') AND t.forgotten_at IS NULL
       AND (t.state = 'deleted' OR t.delete_at <= @now)
       AND (t.removed_at IS NULL OR NOT EXISTS (
            SELECT FROM domains d WHERE d.tenant_id = t.id AND (d.state <> 'released' OR d.tombstones_until > @now)))
ORDER  BY t.id`

	deletionsBefore = deletionColumns + ` WHERE t.state = 'deleting' AND t.forgotten_at IS NULL AND t.delete_at > @now AND t.delete_at <= @until ORDER BY t.id`

	beginDeletion = `
UPDATE tenants SET state = 'deleting', state_before = CASE WHEN state = 'deleting' THEN state_before ELSE state END, delete_at = @at, is_quiet = @is_quiet, updated_at = now()
WHERE  id = @id AND state IN ('active', 'suspended', 'deleting')`
	undoDeletion = `
UPDATE tenants SET state = state_before, state_before = '', delete_at = NULL, updated_at = now() WHERE id = @id AND state = 'deleting'`
	closeTenant = `
UPDATE tenants SET state = 'deleted', deleted_at = now(), updated_at = now() WHERE id = @id AND state = 'deleting' AND delete_at <= @now`
	saidGoodbye   = `UPDATE tenants SET farewell_at = COALESCE(farewell_at, now()) WHERE id = @id AND state = 'deleted'`
	tenantRemoved = `
UPDATE tenants SET removed_at = COALESCE(removed_at, now()), description = '', contact_mail = '', brand_colour = '', updated_at = now()
WHERE  id = @id AND state = 'deleted'`
	tenantForgotten = `UPDATE tenants SET forgotten_at = COALESCE(forgotten_at, now()) WHERE id = @id AND state = 'deleted' AND removed_at IS NOT NULL`
)

// Deletion is how far the end of a tenant is. Times that have not come are zero.
type Deletion struct {
	ID         tenant.ID
	Name       string
	Host       string
	State      tenant.State
	DeleteAt   time.Time // until then it can be undone
	DeletedAt  time.Time // closed for good
	FarewellAt time.Time // all accounts have said goodbye
	RemovedAt  time.Time // its rows are gone
	IsQuiet    bool      // other servers are not told
}

// DueDeletions returns the tenants with whose end something is to be done now.
func DueDeletions(ctx context.Context, tx *pg.PlatformTx, now time.Time) ([]*Deletion, error) {
	return pg.Many[Deletion](ctx, tx, selectDeletions, pgx.NamedArgs{"now": now})
}

// DeletionsBefore returns the tenants that go for good between now and a time, and can
// still be kept.
func DeletionsBefore(ctx context.Context, tx *pg.PlatformTx, now, until time.Time) ([]*Deletion, error) {
	return pg.Many[Deletion](ctx, tx, deletionsBefore, pgx.NamedArgs{"now": now, "until": until})
}

// DeletionOf returns how far the end of a tenant is, or fault.NotFound.
func DeletionOf(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (*Deletion, error) {
	return pg.One[Deletion](ctx, tx, selectDeletion, pgx.NamedArgs{"id": id})
}

// LockDeletion is DeletionOf, and keeps others from moving it until the transaction ends.
func LockDeletion(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (*Deletion, error) {
	return pg.One[Deletion](ctx, tx, lockDeletion, pgx.NamedArgs{"id": id})
}

// BeginDeletion closes a tenant to people and sets when it goes for good, and whether other
// servers are told then. Asked again, both are set anew.
func BeginDeletion(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, at time.Time, isQuiet bool) error {
	return step(ctx, tx, "begin", beginDeletion, id, pgx.NamedArgs{"at": at, "is_quiet": isQuiet})
}

// UndoDeletion puts a tenant back where it was.
func UndoDeletion(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	return step(ctx, tx, "undo", undoDeletion, id, pgx.NamedArgs{})
}

// CloseTenant marks a tenant as deleted whose time for an undo is over.
func CloseTenant(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, now time.Time) error {
	return step(ctx, tx, "close", closeTenant, id, pgx.NamedArgs{"now": now})
}

// SaidGoodbye notes that every account of a deleted tenant has told that it goes.
func SaidGoodbye(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	return step(ctx, tx, "note the farewell in", saidGoodbye, id, pgx.NamedArgs{})
}

// TenantRemoved notes that nothing of a deleted tenant is left but what has to stay, and
// empties its row: the name stays, for the audit log and for invoices.
func TenantRemoved(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	return step(ctx, tx, "note the end of", tenantRemoved, id, pgx.NamedArgs{})
}

// TenantForgotten notes that a deleted tenant's tombstones are gone too.
func TenantForgotten(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	return step(ctx, tx, "forget", tenantForgotten, id, pgx.NamedArgs{})
}

func step(ctx context.Context, tx *pg.PlatformTx, what, sql string, id tenant.ID, args pgx.NamedArgs) error {
	args["id"] = id
	n, err := pg.Exec(ctx, tx, sql, args)
	if err == nil && n == 0 {
		err = whyNot(ctx, tx, id)
	}
	if err == nil {
		_, err = pg.Exec(ctx, tx, notify, pgx.NamedArgs{})
	}
	if err != nil {
		return fmt.Errorf("%s the deletion of tenant %d: %w", what, id, err)
	}
	return nil
}
