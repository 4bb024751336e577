package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// A second request with the same key waits on the unique index until the first
// has committed, and then reads its status. A key is good for an hour. The order keeps
// two batches from waiting for one another.
const claimKeys = `
INSERT INTO idempotency_keys AS k (tenant_id, account_id, key, status_id)
SELECT @tenant_id, @account_id, n.key, n.status_id
FROM   unnest(@keys::text[], @status_ids::bigint[]) AS n (key, status_id)
ORDER  BY n.key
ON CONFLICT (tenant_id, account_id, key) DO UPDATE SET
       status_id = CASE WHEN k.created_at < now() - interval '1 hour' THEN EXCLUDED.status_id ELSE k.status_id END,
       created_at = CASE WHEN k.created_at < now() - interval '1 hour' THEN now() ELSE k.created_at END
RETURNING key, status_id`

// ClaimKeys binds Idempotency-Keys of an account to new statuses and returns, for each
// key, the status that it is bound to: the new one, or an earlier one. The lists run in
// parallel, and no key may be there twice.
func ClaimKeys(ctx context.Context, scope *pg.Scope, account social.AccountID, keys []string, statuses []social.StatusID) (map[string]social.StatusID, error) {
	type claim struct {
		Key      string
		StatusID social.StatusID
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := pg.Many[claim](ctx, scope, claimKeys, pgx.NamedArgs{"account_id": account, "keys": keys, "status_ids": numbers(statuses)})
	m := make(map[string]social.StatusID, len(rows))
	for _, c := range rows {
		m[c.Key] = c.StatusID
	}
	return m, err
}

const rebindKey = `
UPDATE idempotency_keys SET status_id = @status_id, created_at = now()
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND key = @key`

// RebindKey gives a key to a new status, for when the one it is bound to has been deleted.
func RebindKey(ctx context.Context, scope *pg.Scope, account social.AccountID, key string, status social.StatusID) error {
	n, err := pg.Exec(ctx, scope, rebindKey, pgx.NamedArgs{"account_id": account, "key": key, "status_id": status})
	return mustTouch(n, err)
}
