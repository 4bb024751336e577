package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// SealedKey is a key pair whose private half only the master key opens.
type SealedKey struct {
	Kind          string // "rsa" or "ed25519"
	PublicPEM     string
	PrivateSealed []byte
}

const putAccountKey = `
INSERT INTO account_keys (tenant_id, account_id, kind, public_pem, private_sealed)
VALUES (@tenant_id, @account_id, @kind, @public_pem, @private_sealed)
ON CONFLICT (tenant_id, account_id, kind) DO UPDATE
SET    public_pem = EXCLUDED.public_pem, private_sealed = EXCLUDED.private_sealed, created_at = now()`

// PutAccountKey stores a local account's key, in place of an older one of its kind.
func PutAccountKey(ctx context.Context, scope *pg.Scope, account social.AccountID, k SealedKey) error {
	_, err := pg.Exec(ctx, scope, putAccountKey, pgx.NamedArgs{
		"account_id": account, "kind": k.Kind, "public_pem": k.PublicPEM, "private_sealed": k.PrivateSealed,
	})
	return err
}

const accountKey = `
SELECT kind, public_pem, private_sealed
FROM   account_keys
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND kind = @kind`

// AccountKey returns a local account's key of one kind, or fault.NotFound.
func AccountKey(ctx context.Context, db *pg.DB, t tenant.ID, account social.AccountID, kind string) (*SealedKey, error) {
	return pg.ReadOne[SealedKey](ctx, db, t, accountKey, pgx.NamedArgs{"account_id": account, "kind": kind})
}

const accountPublicKeys = `
SELECT kind, public_pem, ''::bytea AS private_sealed
FROM   account_keys
WHERE  tenant_id = @tenant_id AND account_id = @account_id
ORDER  BY kind DESC`

// AccountPublicKeys returns the public halves of a local account's keys, RSA first.
func AccountPublicKeys(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]*SealedKey, error) {
	return pg.Many[SealedKey](ctx, scope, accountPublicKeys, pgx.NamedArgs{"account_id": account})
}

const tenantKey = `
SELECT kind, public_pem, private_sealed
FROM   tenant_keys
WHERE  tenant_id = @tenant_id AND kind = @kind`

// TenantKey returns the key of a tenant's instance actor, or fault.NotFound.
func TenantKey(ctx context.Context, db *pg.DB, t tenant.ID, kind string) (*SealedKey, error) {
	return pg.ReadOne[SealedKey](ctx, db, t, tenantKey, pgx.NamedArgs{"kind": kind})
}
