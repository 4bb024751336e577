package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// A second request with the same key waits on the unique index until the first
// has committed, and then reads its status. A key is good for an hour.
const claimKey = `
INSERT INTO idempotency_keys AS k (tenant_id, account_id, key, status_id)
VALUES (@tenant_id, @account_id, @key, @status_id)
ON CONFLICT (tenant_id, account_id, key) DO UPDATE SET
       status_id = CASE WHEN k.created_at < now() - interval '1 hour' THEN EXCLUDED.status_id ELSE k.status_id END,
       created_at = CASE WHEN k.created_at < now() - interval '1 hour' THEN now() ELSE k.created_at END
RETURNING status_id`

// ClaimKey binds an Idempotency-Key of an account to a new status, or returns the
// status that it is bound to already.
func ClaimKey(ctx context.Context, scope *pg.Scope, account social.AccountID, key string, status social.StatusID) (social.StatusID, error) {
	return pg.Value[social.StatusID](ctx, scope, claimKey, pgx.NamedArgs{"account_id": account, "key": key, "status_id": status})
}

const rebindKey = `
UPDATE idempotency_keys SET status_id = @status_id, created_at = now()
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND key = @key`

// RebindKey gives a key to a new status, for when the one it is bound to has been deleted.
func RebindKey(ctx context.Context, scope *pg.Scope, account social.AccountID, key string, status social.StatusID) error {
	n, err := pg.Exec(ctx, scope, rebindKey, pgx.NamedArgs{"account_id": account, "key": key, "status_id": status})
	return mustTouch(n, err)
}
