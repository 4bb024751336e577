package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertBlock = `
INSERT INTO blocks (tenant_id, id, account_id, target_id, uri)
SELECT @tenant_id, @id, @account_id, @target_id, @uri
WHERE  NOT EXISTS (SELECT FROM tombstones t WHERE t.tenant_id = @tenant_id AND t.uri = @uri AND t.account_id IN (0, @account_id))
ON CONFLICT (tenant_id, account_id, target_id) DO NOTHING`

// AddBlock stores a block. It reports false when it is there already or when its URI was
// undone before it came.
func AddBlock(ctx context.Context, scope *pg.Scope, account, target social.AccountID, uri string) (bool, error) {
	n, err := pg.Exec(ctx, scope, insertBlock,
		pgx.NamedArgs{"id": ids.New(), "account_id": account, "target_id": target, "uri": uri})
	return n > 0, err
}

const deleteBlock = `DELETE FROM blocks WHERE tenant_id = @tenant_id AND account_id = @account_id AND target_id = @target_id RETURNING uri`

// DeleteBlock removes a block and returns the id of its activity, or fault.NotFound.
func DeleteBlock(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (string, error) {
	return pg.Value[string](ctx, scope, deleteBlock, pgx.NamedArgs{"account_id": account, "target_id": target})
}

const blockedBy = `SELECT target_id FROM blocks WHERE tenant_id = @tenant_id AND account_id = @account_id AND uri = @uri AND @uri <> '' LIMIT 1`

// BlockedBy returns whom an account blocks by the activity with a URI, or fault.NotFound.
func BlockedBy(ctx context.Context, scope *pg.Scope, account social.AccountID, uri string) (social.AccountID, error) {
	return pg.Value[social.AccountID](ctx, scope, blockedBy, pgx.NamedArgs{"account_id": account, "uri": uri})
}

const blockExists = `SELECT EXISTS (SELECT FROM blocks WHERE tenant_id = @tenant_id AND account_id = @account_id AND target_id = @target_id)`

// IsBlocking reports whether an account blocks another.
func IsBlocking(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (bool, error) {
	return pg.Value[bool](ctx, scope, blockExists, pgx.NamedArgs{"account_id": account, "target_id": target})
}

const blockedPairs = `
SELECT b.account_id
FROM   blocks b
WHERE  b.tenant_id = @tenant_id AND b.target_id = @target_id AND b.account_id = ANY(@account_ids)`

// WhoBlocks returns which of the accounts block a target.
func WhoBlocks(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, target social.AccountID) (map[social.AccountID]bool, error) {
	rows, err := pg.Values[social.AccountID](ctx, scope, blockedPairs,
		pgx.NamedArgs{"account_ids": numbers(accounts), "target_id": target})
	m := make(map[social.AccountID]bool, len(rows))
	for _, id := range rows {
		m[id] = true
	}
	return m, err
}

var blocksOf = paged(`
SELECT b.id, b.target_id AS account_id
FROM   blocks b
WHERE  b.tenant_id = @tenant_id AND b.account_id = @account_id AND b.id < @max_id AND b.id > @since_id
ORDER  BY b.id /*order*/ LIMIT @limit`)

// BlocksOf returns whom an account blocks, the latest first.
func BlocksOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, blocksOf, page, pgx.NamedArgs{"account_id": account})
}
