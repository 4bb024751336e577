package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	// formerServes is how long a key that was replaced signs what announces the new one: as
	// long as most servers that are down come back in. Then it is erased.
	formerServes = 24 * time.Hour
	// rotateAgain is how long new keys stay at least: each change asks every server that
	// knows the account to follow.
	rotateAgain = 10 * time.Minute
)

// PublicKey is a key of an account, as people compare it.
type PublicKey struct {
	social.PublicKey
	Kind        string // "rsa" or "ed25519"
	Number      int
	Fingerprint string
	CreatedAt   time.Time
}

// Keys returns the public halves of a local account's keys; the first is the one that its
// requests are signed with.
func Keys(ctx context.Context, scope *pg.Scope, a *social.Account) ([]PublicKey, error) {
	rows, err := store.AccountPublicKeys(ctx, scope, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the keys of account %d: %w", a.ID, err)
	}
	out := make([]PublicKey, len(rows))
	for i, row := range rows {
		out[i] = PublicKey{
			PublicKey: social.PublicKey{ID: a.KeyID(row.Number), PEM: row.PublicPEM},
			Kind:      row.Kind, Number: row.Number, Fingerprint: fingerprint(row.PublicPEM), CreatedAt: row.CreatedAt,
		}
	}
	return out, nil
}

// fingerprint is the SHA-256 of a public key's SPKI, in groups that can be read aloud.
func fingerprint(publicPEM string) string {
	block, _ := pem.Decode([]byte(publicPEM))
	if block == nil {
		return ""
	}
	sum := sha256.Sum256(block.Bytes)
	text := hex.EncodeToString(sum[:])
	groups := make([]string, 0, len(text)/4)
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, " ")
}

// Rotate gives a local account new keys, and has the servers of its followers told by the
// key before. They are made before the transaction, because that takes
// a noticeable part of a second; also then runs in the same transaction, for the record.
// The caller has proved who wants it.
func (s *Service) Rotate(ctx context.Context, t *tenant.Tenant, id social.AccountID, also func(*pg.Scope, *social.Account) error) error {
	keys, err := s.makeKeys(t.ID, id)
	if err != nil {
		return err
	}
	var of *social.Account
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		if of, err = lockOurs(ctx, scope, id); err != nil {
			return err
		}
		if err := mayRotate(ctx, scope, of); err != nil {
			return err
		}
		if err := replaceKeys(ctx, scope, of, keys); err != nil {
			return err
		}
		return also(scope, of)
	})
	if err != nil {
		return err
	}
	return s.forgetPublicKeys(ctx, of)
}

// lockOurs keeps others from changing a local account until the transaction ends.
func lockOurs(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, error) {
	a, err := store.LockAccount(ctx, scope, id)
	if err != nil {
		return nil, fmt.Errorf("lock account %d: %w", id, err)
	}
	if !a.IsLocal() {
		return nil, errNotOurs
	}
	return a, nil
}

func mayRotate(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	now, err := Keys(ctx, scope, a)
	if err != nil {
		return err
	}
	for _, k := range now {
		if wait := rotateAgain - time.Since(k.CreatedAt); k.Number > 1 && wait > 0 {
			return fault.Newf(fault.TooMany, "The keys of @%s were made a moment ago. Other servers need some minutes to learn of them; try again in a quarter of an hour.", a.Username)
		}
	}
	return nil
}

func replaceKeys(ctx context.Context, scope *pg.Scope, a *social.Account, keys []store.SealedKey) error {
	for _, k := range keys {
		var until time.Time
		if k.Kind == RSA {
			until = time.Now().Add(formerServes)
		}
		if err := store.ReplaceAccountKey(ctx, scope, a.ID, k, until); err != nil {
			return fmt.Errorf("replace the %s key of account %d: %w", k.Kind, a.ID, err)
		}
	}
	if err := store.TellAccountKeysChanged(ctx, scope, a.ID); err != nil {
		return fmt.Errorf("tell that account %d has other keys: %w", a.ID, err)
	}
	if err := store.AddEvent(ctx, scope, &social.Event{Kind: social.EventAccountRekeyed, AccountID: a.ID}); err != nil {
		return fmt.Errorf("announce the keys of account %d: %w", a.ID, err)
	}
	return nil
}

// forgetPublicKeys has other tenants of this platform read the account's document before
// they believe a signature of it again: what the old key signs is refused here at once.
func (s *Service) forgetPublicKeys(ctx context.Context, a *social.Account) error {
	err := s.db.Platform(ctx, "forget the replaced key of an account", func(tx *pg.PlatformTx) error {
		gone, err := store.DropRemoteKeys(ctx, tx, a.URI, nil)
		if err != nil {
			return err
		}
		return store.TellKeysChanged(ctx, tx, gone)
	})
	if err != nil {
		return fmt.Errorf("forget the old keys of account %d: %w", a.ID, err)
	}
	return nil
}
