package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Tombstone stands where an object was: its URI answers 410 and never comes back.
type Tombstone struct {
	URI        string
	FormerType string
	AccountID  social.AccountID
	CreatedAt  time.Time
}

const insertTombstone = `
INSERT INTO tombstones (tenant_id, uri, former_type, account_id)
VALUES (@tenant_id, @uri, @former_type, @account_id)
ON CONFLICT DO NOTHING`

// AddTombstone marks a URI as gone for ever.
func AddTombstone(ctx context.Context, scope *pg.Scope, uri, formerType string, account social.AccountID) error {
	_, err := pg.Exec(ctx, scope, insertTombstone, pgx.NamedArgs{"uri": uri, "former_type": formerType, "account_id": account})
	return err
}

const tombstoneByURI = `
SELECT uri, former_type, account_id, created_at
FROM   tombstones
WHERE  tenant_id = @tenant_id AND uri = @uri`

// TombstoneByURI returns the tombstone of a URI, or fault.NotFound.
func TombstoneByURI(ctx context.Context, scope *pg.Scope, uri string) (*Tombstone, error) {
	return pg.One[Tombstone](ctx, scope, tombstoneByURI, pgx.NamedArgs{"uri": uri})
}
