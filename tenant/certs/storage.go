package certs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
)

// storage keeps CertMagic's files as rows. It implements certmagic.Storage; the locks are
// in lock.go.
type storage struct {
	db    *pg.DB
	key   *seal.Key
	owner string // of locks: this process
	leases
}

// newStorage makes a storage whose locks are its own.
func newStorage(db *pg.DB, key *seal.Key) *storage {
	return &storage{db: db, key: key, owner: rand.Text()}
}

const (
	putValue    = `INSERT INTO cert_kv (key, value, modified) VALUES (@key, @value, now()) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, modified = EXCLUDED.modified`
	getValue    = `SELECT value FROM cert_kv WHERE key = @key`
	statValue   = `SELECT modified, length(value) AS size FROM cert_kv WHERE key = @key`
	hasValue    = `SELECT EXISTS (SELECT FROM cert_kv WHERE key = @key OR key LIKE @below)`
	deleteValue = `DELETE FROM cert_kv WHERE key = @key OR key LIKE @below`
	listValues  = `SELECT key FROM cert_kv WHERE key LIKE @below ORDER BY key`
)

// below matches all keys under a path. Names hold no wildcard that LIKE knows but "_".
func below(key string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.Trim(key, "/"))
	if escaped == "" {
		return "%"
	}
	return escaped + "/%"
}

// isSecret names what is sealed: private keys of certificates and of our account.
func isSecret(key string) bool { return strings.HasSuffix(key, ".key") }

func purpose(key string) string { return "certificate-storage/" + key }

// Store implements certmagic.Storage.
func (s *storage) Store(ctx context.Context, key string, value []byte) error {
	if isSecret(key) {
		value = s.key.Seal(value, purpose(key))
	}
	return s.do(ctx, "store", key, func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(ctx, tx, putValue, pgx.NamedArgs{"key": key, "value": value})
		return err
	})
}

// Load implements certmagic.Storage: what is missing is fs.ErrNotExist.
func (s *storage) Load(ctx context.Context, key string) (value []byte, err error) {
	err = s.do(ctx, "load", key, func(tx *pg.PlatformTx) error {
		value, err = pg.Value[[]byte](ctx, tx, getValue, pgx.NamedArgs{"key": key})
		return err
	})
	if err != nil || !isSecret(key) {
		return value, err
	}
	opened, err := s.key.Open(value, purpose(key))
	if err != nil {
		return nil, fmt.Errorf("open %s with the master key: %w", key, err)
	}
	return opened, nil
}

// Delete implements certmagic.Storage: a key, or a path with all below it.
func (s *storage) Delete(ctx context.Context, key string) error {
	return s.do(ctx, "delete", key, func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(ctx, tx, deleteValue, pgx.NamedArgs{"key": key, "below": below(key)})
		return err
	})
}

// Exists implements certmagic.Storage. It cannot say that it does not know, and "no" would
// have a certificate ordered again: so after an outage it says yes, and the load fails.
func (s *storage) Exists(ctx context.Context, key string) (found bool) {
	err := s.do(ctx, "look for", key, func(tx *pg.PlatformTx) (err error) {
		found, err = pg.Value[bool](ctx, tx, hasValue, pgx.NamedArgs{"key": key, "below": below(key)})
		return err
	})
	return found || err != nil
}

// List implements certmagic.Storage.
func (s *storage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	var keys []string
	err := s.do(ctx, "list", prefix, func(tx *pg.PlatformTx) (err error) {
		keys, err = pg.Values[string](ctx, tx, listValues, pgx.NamedArgs{"below": below(prefix)})
		return err
	})
	if err != nil || recursive {
		return keys, err
	}
	return children(prefix, keys), nil
}

// children are the direct entries of a path, files and directories.
func children(prefix string, keys []string) []string {
	prefix = strings.Trim(prefix, "/")
	var out []string
	for _, key := range keys {
		rest := strings.TrimPrefix(strings.TrimPrefix(key, prefix), "/")
		first, _, _ := strings.Cut(rest, "/")
		child := path.Join(prefix, first)
		if len(out) == 0 || out[len(out)-1] != child { // keys are sorted
			out = append(out, child)
		}
	}
	return out
}

type statRow struct {
	Modified time.Time
	Size     int64
}

// Stat implements certmagic.Storage.
func (s *storage) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	info := certmagic.KeyInfo{Key: key}
	err := s.do(ctx, "look at", key, func(tx *pg.PlatformTx) error {
		row, err := pg.One[statRow](ctx, tx, statValue, pgx.NamedArgs{"key": key})
		if err == nil {
			info.Modified, info.Size, info.IsTerminal = row.Modified, row.Size, true
			return nil
		}
		if !fault.IsNotFound(err) {
			return err
		}
		isPath, err := pg.Value[bool](ctx, tx, hasValue, pgx.NamedArgs{"key": key, "below": below(key)})
		if err == nil && !isPath {
			err = fs.ErrNotExist
		}
		return err
	})
	return info, err
}

// do runs one operation; what is missing becomes fs.ErrNotExist, which CertMagic expects.
func (s *storage) do(ctx context.Context, what, key string, fn func(*pg.PlatformTx) error) error {
	err := s.db.Platform(ctx, "certificate storage", fn)
	switch {
	case err == nil:
		return nil
	case fault.IsNotFound(err), errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	}
	return fmt.Errorf("%s %s in the certificate storage: %w", what, key, err)
}
