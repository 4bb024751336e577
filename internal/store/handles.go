package store

import (
	"context"
	"time"

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

// A name that another account has or had, on whatever domain of the tenant, is left alone:
// WebFinger answers to it everywhere. The primary key decides between two who come at once.
const takeHandle = `
INSERT INTO handles (tenant_id, domain, username_lower, username, account_id)
SELECT @tenant_id, @domain, lower(@username), @username, @account_id
WHERE  NOT EXISTS (SELECT FROM handles o WHERE o.tenant_id = @tenant_id AND o.username_lower = lower(@username) AND o.account_id <> @account_id)
ON CONFLICT (tenant_id, domain, username_lower) DO UPDATE
SET    username = EXCLUDED.username, is_primary = true, since = now(), retired_at = NULL
WHERE  handles.account_id = EXCLUDED.account_id`

const retireOtherHandles = `
UPDATE handles SET is_primary = false, retired_at = COALESCE(retired_at, now())
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND NOT (domain = @domain AND username_lower = lower(@username))`

// TakeHandle makes a name the present one of a local account, and its others old ones.
// It reports false for a name that is or was another account's.
func TakeHandle(ctx context.Context, scope *pg.Scope, account social.AccountID, username, domain string) (bool, error) {
	args := pgx.NamedArgs{"domain": domain, "username": username, "account_id": account}
	n, err := pg.Exec(ctx, scope, takeHandle, args)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = pg.Exec(ctx, scope, retireOtherHandles, args)
	return true, err
}

const renamesSince = `
SELECT count(*) FROM accounts a, unnest(a.renamed_at) AS r (at)
WHERE  a.tenant_id = @tenant_id AND a.id = @account_id AND r.at > @since`

// RenamesSince counts how often an account has taken another name since a time, up to
// what RenameAccount keeps.
func RenamesSince(ctx context.Context, scope *pg.Scope, account social.AccountID, since time.Time) (int, error) {
	return pg.Value[int](ctx, scope, renamesSince, pgx.NamedArgs{"account_id": account, "since": since})
}

const renameAccount = `
UPDATE accounts
SET    username = @username, url = @url, updated_at = now(), renamed_at = (now() || renamed_at)[1:@keep]
WHERE  tenant_id = @tenant_id AND id = @id AND domain = ''`

// RenameAccount writes a local account's new name and page, and remembers when it got its
// last names.
func RenameAccount(ctx context.Context, scope *pg.Scope, a *social.Account, keep int) error {
	n, err := pg.Exec(ctx, scope, renameAccount, pgx.NamedArgs{"id": a.ID, "username": a.Username, "url": a.URL, "keep": keep})
	return mustTouch(n, err)
}

const formerHandles = `
SELECT username FROM handles
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND NOT is_primary
ORDER  BY retired_at DESC NULLS LAST, username_lower
LIMIT  100`

// FormerHandles returns the names that a local account had before, the latest first.
func FormerHandles(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]string, error) {
	return pg.Values[string](ctx, scope, formerHandles, pgx.NamedArgs{"account_id": account})
}

const accountsByFormerNames = `
SELECT DISTINCT ON (h.username_lower) h.username_lower AS name, h.account_id
FROM   handles h
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = h.account_id AND a.deleted_at IS NULL
WHERE  h.tenant_id = @tenant_id AND h.username_lower = ANY(@names)
ORDER  BY h.username_lower, h.retired_at DESC NULLS FIRST`

// AccountsByFormerNames returns the local accounts that had names before, by the name in
// lower case.
func AccountsByFormerNames(ctx context.Context, scope *pg.Scope, names []string) (map[string]*social.Account, error) {
	type row struct {
		Name      string
		AccountID social.AccountID
	}
	rows, err := pg.Many[row](ctx, scope, accountsByFormerNames, pgx.NamedArgs{"names": names})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	accounts, err := AccountsByIDs(ctx, scope, column(rows, func(r *row) social.AccountID { return r.AccountID }))
	out := make(map[string]*social.Account, len(rows))
	for _, r := range rows {
		if a := accounts[r.AccountID]; a != nil {
			out[r.Name] = a
		}
	}
	return out, err
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
