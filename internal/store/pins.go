package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// The lock makes two pins at once wait for one another, so that the limit holds.
const lockPins = `SELECT id FROM accounts WHERE tenant_id = @tenant_id AND id = @account_id FOR NO KEY UPDATE`

const insertPin = `
INSERT INTO pins (tenant_id, id, account_id, status_id)
SELECT @tenant_id, @id, @account_id, @status_id
WHERE  (SELECT count(*) FROM pins WHERE tenant_id = @tenant_id AND account_id = @account_id AND status_id <> @status_id) < @limit
ON CONFLICT (tenant_id, account_id, status_id) DO UPDATE SET status_id = EXCLUDED.status_id
RETURNING (xmax = 0)`

// AddPin puts a status on top of its author's profile and reports whether it is new
// there. fault.Invalid: limit others are there.
func AddPin(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID, limit int) (bool, error) {
	if _, err := pg.Value[int64](ctx, scope, lockPins, pgx.NamedArgs{"account_id": account}); err != nil {
		return false, err
	}
	added, err := pg.Value[bool](ctx, scope, insertPin,
		pgx.NamedArgs{"id": ids.New(), "account_id": account, "status_id": status, "limit": limit})
	if fault.IsNotFound(err) {
		return false, fault.New(fault.Invalid, "Validation failed: You have already pinned the maximum number of posts")
	}
	return added, err
}

const deletePin = `DELETE FROM pins WHERE tenant_id = @tenant_id AND account_id = @account_id AND status_id = @status_id`

// DeletePin takes a status off its author's profile and reports whether it was there.
func DeletePin(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID) (bool, error) {
	n, err := pg.Exec(ctx, scope, deletePin, pgx.NamedArgs{"account_id": account, "status_id": status})
	return n > 0, err
}
