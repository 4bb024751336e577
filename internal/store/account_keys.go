package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// SealedKey is a key pair whose private half only the master key opens.
type SealedKey struct {
	Kind          string // "rsa" or "ed25519"
	Number        int    // how many keys of its kind the account has had, with this one; 0 for a tenant's
	PublicPEM     string
	PrivateSealed []byte
	CreatedAt     time.Time
}

const addAccountKey = `
INSERT INTO account_keys (tenant_id, account_id, kind, public_pem, private_sealed)
VALUES (@tenant_id, @account_id, @kind, @public_pem, @private_sealed)`

// AddAccountKey stores a local account's first key of a kind.
func AddAccountKey(ctx context.Context, scope *pg.Scope, account social.AccountID, k SealedKey) error {
	_, err := pg.Exec(ctx, scope, addAccountKey, pgx.NamedArgs{
		"account_id": account, "kind": k.Kind, "public_pem": k.PublicPEM, "private_sealed": k.PrivateSealed,
	})
	return err
}

// Only what requests are signed with has to be announced by the key before it.
const replaceAccountKey = `
UPDATE account_keys
SET    public_pem = @public_pem, private_sealed = @private_sealed, number = number + 1, created_at = now(),
       former_sealed = CASE WHEN @former_until::timestamptz IS NULL THEN NULL ELSE private_sealed END, former_until = @former_until
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND kind = @kind`

// ReplaceAccountKey puts a key in place of the one of its kind. The one before can be had
// as FormerAccountKey until then; a zero time erases it at once.
func ReplaceAccountKey(ctx context.Context, scope *pg.Scope, account social.AccountID, k SealedKey, until time.Time) error {
	args := pgx.NamedArgs{"account_id": account, "kind": k.Kind, "public_pem": k.PublicPEM, "private_sealed": k.PrivateSealed, "former_until": nil}
	if !until.IsZero() {
		args["former_until"] = until
	}
	n, err := pg.Exec(ctx, scope, replaceAccountKey, args)
	return mustTouch(n, err)
}

// AccountKeysChanged is the channel on which processes tell one another that an account
// has other keys: "tenant/account".
const AccountKeysChanged = "account_keys_changed"

const tellAccountKeysChanged = `SELECT pg_notify('` + AccountKeysChanged + `', @tenant_id::bigint || '/' || @account_id::bigint) IS NULL`

// TellAccountKeysChanged tells every process, once the transaction commits.
func TellAccountKeysChanged(ctx context.Context, scope *pg.Scope, account social.AccountID) error {
	_, err := pg.Exec(ctx, scope, tellAccountKeysChanged, pgx.NamedArgs{"account_id": account})
	return err
}

const accountKey = `
SELECT kind, number, public_pem, private_sealed, created_at
FROM   account_keys
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND kind = @kind`

// AccountKey returns a local account's key of one kind, or fault.NotFound.
func AccountKey(ctx context.Context, db *pg.DB, t tenant.ID, account social.AccountID, kind string) (*SealedKey, error) {
	return pg.ReadOne[SealedKey](ctx, db, t, accountKey, pgx.NamedArgs{"account_id": account, "kind": kind})
}

const formerAccountKey = `
SELECT kind, number - 1 AS number, '' AS public_pem, former_sealed AS private_sealed, created_at
FROM   account_keys
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND kind = @kind AND former_until > now()`

// FormerAccountKey returns the private half of the key that the account had before, or
// fault.NotFound: there was none, or it has done its last service.
func FormerAccountKey(ctx context.Context, db *pg.DB, t tenant.ID, account social.AccountID, kind string) (*SealedKey, error) {
	return pg.ReadOne[SealedKey](ctx, db, t, formerAccountKey, pgx.NamedArgs{"account_id": account, "kind": kind})
}

const accountPublicKeys = `
SELECT kind, number, public_pem, ''::bytea AS private_sealed, created_at
FROM   account_keys
WHERE  tenant_id = @tenant_id AND account_id = @account_id
ORDER  BY kind DESC`

// AccountPublicKeys returns the public halves of a local account's keys, RSA first.
func AccountPublicKeys(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]*SealedKey, error) {
	return pg.Many[SealedKey](ctx, scope, accountPublicKeys, pgx.NamedArgs{"account_id": account})
}

// Keys are replaced so seldom that the partial index is all but empty.
const (
	eraseFormerKeys = `
UPDATE account_keys k
SET    former_sealed = NULL, former_until = NULL
FROM   (SELECT o.tenant_id, o.account_id, o.kind FROM account_keys o WHERE o.former_until < @before LIMIT @limit) AS old
WHERE  k.tenant_id = old.tenant_id AND k.account_id = old.account_id AND k.kind = old.kind`
	countFormerKeys = `SELECT count(*) FROM account_keys WHERE former_until < @before`
)

// EraseFormerKeys removes private keys that have done their last service, of all tenants.
func EraseFormerKeys(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	return pg.Exec(ctx, p, eraseFormerKeys, pgx.NamedArgs{"before": before, "limit": limit})
}

// CountFormerKeys says how many there are.
func CountFormerKeys(ctx context.Context, p *pg.PlatformTx, before time.Time) (int64, error) {
	return pg.Value[int64](ctx, p, countFormerKeys, pgx.NamedArgs{"before": before})
}

const tenantKey = `
SELECT kind, 0 AS number, public_pem, private_sealed, created_at
FROM   tenant_keys
WHERE  tenant_id = @tenant_id AND kind = @kind`

// TenantKey returns the key of a tenant's instance actor, or fault.NotFound.
func TenantKey(ctx context.Context, db *pg.DB, t tenant.ID, kind string) (*SealedKey, error) {
	return pg.ReadOne[SealedKey](ctx, db, t, tenantKey, pgx.NamedArgs{"kind": kind})
}
