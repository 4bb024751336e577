package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// RemoteKey is a public key of a remote actor, whose binding to its owner was
// proven both ways. The table is shared by all tenants, because keys are public.
// It holds only what was proven: a stranger who makes names up fills no table.
type RemoteKey struct {
	KeyID     string
	OwnerURI  string
	PublicPEM string
	FetchedAt time.Time
}

const remoteKeyByID = `SELECT key_id, owner_uri, public_pem, fetched_at FROM remote_keys WHERE key_id = @key_id`

// RemoteKeyByID returns a key, or fault.NotFound.
func RemoteKeyByID(ctx context.Context, tx *pg.PlatformTx, keyID string) (*RemoteKey, error) {
	return pg.One[RemoteKey](ctx, tx, remoteKeyByID, pgx.NamedArgs{"key_id": keyID})
}

const putRemoteKey = `
INSERT INTO remote_keys (key_id, owner_uri, public_pem, fetched_at)
VALUES (@key_id, @owner_uri, @public_pem, @fetched_at)
ON CONFLICT (key_id) DO UPDATE SET
       owner_uri = EXCLUDED.owner_uri, public_pem = EXCLUDED.public_pem, fetched_at = EXCLUDED.fetched_at`

// PutRemoteKey remembers a key as its owner publishes it now.
func PutRemoteKey(ctx context.Context, tx *pg.PlatformTx, k RemoteKey) error {
	_, err := pg.Exec(ctx, tx, putRemoteKey, pgx.NamedArgs{
		"key_id": k.KeyID, "owner_uri": k.OwnerURI, "public_pem": k.PublicPEM, "fetched_at": k.FetchedAt,
	})
	return err
}

const dropRemoteKeys = `DELETE FROM remote_keys WHERE owner_uri = @owner_uri AND NOT key_id = ANY(@except) RETURNING key_id`

// DropRemoteKeys forgets an owner's keys, except some, and returns which.
func DropRemoteKeys(ctx context.Context, tx *pg.PlatformTx, owner string, except []string) ([]string, error) {
	return pg.Values[string](ctx, tx, dropRemoteKeys, pgx.NamedArgs{"owner_uri": owner, "except": textList(except)})
}

const pruneRemoteKeys = `
DELETE FROM remote_keys
WHERE  key_id IN (SELECT key_id FROM remote_keys WHERE fetched_at < @before ORDER BY fetched_at LIMIT @limit)`

// PruneRemoteKeys forgets the oldest keys fetched before a time: for upkeep.
func PruneRemoteKeys(ctx context.Context, tx *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	return pg.Exec(ctx, tx, pruneRemoteKeys, pgx.NamedArgs{"before": before, "limit": limit})
}
