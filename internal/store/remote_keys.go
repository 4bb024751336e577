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

const putRemoteKeys = `
WITH given AS (
    SELECT * FROM unnest(@ids::text[], @owners::text[], @pems::text[], @times::timestamptz[]) AS g (key_id, owner_uri, public_pem, fetched_at)
    ORDER BY key_id
), before AS (
    SELECT k.key_id, k.owner_uri, k.public_pem FROM remote_keys k JOIN given g ON g.key_id = k.key_id
), put AS (
    INSERT INTO remote_keys (key_id, owner_uri, public_pem, fetched_at)
    SELECT key_id, owner_uri, public_pem, fetched_at FROM given
    ON CONFLICT (key_id) DO UPDATE SET
           owner_uri = EXCLUDED.owner_uri, public_pem = EXCLUDED.public_pem, fetched_at = EXCLUDED.fetched_at
)
SELECT before.key_id FROM before JOIN given ON given.key_id = before.key_id
WHERE  (before.owner_uri, before.public_pem) <> (given.owner_uri, given.public_pem)`

// PutRemoteKeys remembers keys as their owner publishes them now, and returns which of
// them were others before. No id may be there twice.
func PutRemoteKeys(ctx context.Context, tx *pg.PlatformTx, keys []RemoteKey) (changed []string, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var ids, owners, pems []string
	var times []time.Time
	for _, k := range keys {
		ids, owners, pems, times = append(ids, k.KeyID), append(owners, k.OwnerURI), append(pems, k.PublicPEM), append(times, k.FetchedAt)
	}
	return pg.Values[string](ctx, tx, putRemoteKeys, pgx.NamedArgs{"ids": ids, "owners": owners, "pems": pems, "times": times})
}

// KeysChanged is the channel on which processes tell one another that the key with an
// id is not what it was.
const KeysChanged = "remote_keys_changed"

const tellKeysChanged = `SELECT count(pg_notify(@channel, id)) FROM unnest(@ids::text[]) AS id WHERE octet_length(id) < 7900`

// TellKeysChanged tells every process, once the transaction commits. A NOTIFY makes
// commits wait for one another, so that nothing is sent for keys that stay the same.
func TellKeysChanged(ctx context.Context, tx *pg.PlatformTx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := pg.Exec(ctx, tx, tellKeysChanged, pgx.NamedArgs{"channel": KeysChanged, "ids": ids})
	return err
}

const dropRemoteKeys = `DELETE FROM remote_keys WHERE owner_uri = @owner_uri AND NOT key_id = ANY(@except) RETURNING key_id`

// DropRemoteKeys forgets an owner's keys, except some, and returns which.
func DropRemoteKeys(ctx context.Context, tx *pg.PlatformTx, owner string, except []string) ([]string, error) {
	return pg.Values[string](ctx, tx, dropRemoteKeys, pgx.NamedArgs{"owner_uri": owner, "except": textList(except)})
}

const keepRemoteKeys = `
DELETE FROM remote_keys k
WHERE  k.owner_uri = @owner_uri
       AND NOT EXISTS (SELECT FROM unnest(@ids::text[], @pems::text[]) AS g (key_id, public_pem)
                       WHERE  g.key_id = k.key_id AND g.public_pem = k.public_pem)
RETURNING k.key_id`

// KeepRemoteKeys forgets an owner's keys but for those that are still as given, and
// returns which.
func KeepRemoteKeys(ctx context.Context, tx *pg.PlatformTx, owner string, same []RemoteKey) ([]string, error) {
	return pg.Values[string](ctx, tx, keepRemoteKeys, pgx.NamedArgs{
		"owner_uri": owner,
		"ids":       column(same, func(k RemoteKey) string { return k.KeyID }),
		"pems":      column(same, func(k RemoteKey) string { return k.PublicPEM }),
	})
}
