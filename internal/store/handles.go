package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertHandle = `
INSERT INTO handles (tenant_id, domain, username_lower, username, account_id)
VALUES (@tenant_id, @domain, lower(@username), @username, @account_id)`

// AddHandle gives a local account a name on a handle domain. A name that was ever
// used, even by a deleted account, is fault.Conflict.
func AddHandle(ctx context.Context, scope *pg.Scope, account social.AccountID, username, domain string) error {
	_, err := pg.Exec(ctx, scope, insertHandle, pgx.NamedArgs{"domain": domain, "username": username, "account_id": account})
	return err
}

const localAccountByAnyHandle = `SELECT` + accountColumns + `
FROM   handles h
JOIN   accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id AND a.deleted_at IS NULL` + accountStatsJoin + `
WHERE  h.tenant_id = @tenant_id AND h.username_lower = lower(@username)
ORDER  BY h.is_primary DESC, h.retired_at DESC NULLS FIRST
LIMIT  1`

// LocalAccountByAnyHandle returns the local account that has or had a name, or fault.NotFound.
func LocalAccountByAnyHandle(ctx context.Context, scope *pg.Scope, username string) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, localAccountByAnyHandle, pgx.NamedArgs{"username": username})
}

// Nobody is to find the old account by the name that it has lost.
const yieldHandle = `
WITH yielded AS (
    UPDATE accounts
    SET    username = left(username, 100) || '~' || id, updated_at = now()
    WHERE  tenant_id = @tenant_id AND domain = @domain AND lower(username) = lower(@username) AND uri <> @uri AND domain <> ''
    RETURNING id
)
DELETE FROM search_texts x USING yielded WHERE x.tenant_id = @tenant_id AND x.kind = 'account' AND x.ref_id = yielded.id`

// YieldHandle takes a remote handle from whoever held it before, because WebFinger
// now says that it belongs to the actor with this URI.
func YieldHandle(ctx context.Context, scope *pg.Scope, username, domain, uri string) error {
	_, err := pg.Exec(ctx, scope, yieldHandle, pgx.NamedArgs{"username": username, "domain": domain, "uri": uri})
	return err
}
