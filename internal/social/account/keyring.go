package account

import (
	"context"
	"crypto"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// RSA is the kind of key that requests are signed with.
const RSA = "rsa"

func accountPurpose(t tenant.ID, account social.AccountID, kind string) string {
	return fmt.Sprintf("account-key/%d/%d/%s", t, account, kind)
}

func sealKey(key *seal.Key, kind string, private crypto.Signer, purpose string) (store.SealedKey, error) {
	encoded, err := signature.MarshalPrivateKey(private)
	if err != nil {
		return store.SealedKey{}, err
	}
	public, err := signature.MarshalPublicKey(private.Public())
	if err != nil {
		return store.SealedKey{}, err
	}
	return store.SealedKey{Kind: kind, PublicPEM: public, PrivateSealed: key.Seal(encoded, purpose)}, nil
}

// Keyring opens the signing keys of local accounts and of instance actors and keeps
// the recently used ones in memory, because opening one costs as much as a signature.
//
// The database is the truth for all processes: whoever replaces a key tells the others
// (Follow), and a minute bounds what a notice that never came can do.
type Keyring struct {
	db    *pg.DB
	key   *seal.Key
	cache *otter.Cache[string, *signature.Signer]
	// notices counts what was heard: a key that was read before a notice is not kept after.
	notices atomic.Uint64
}

// NewKeyring returns an empty Keyring of at most 4,096 keys, each kept for a minute.
func NewKeyring(db *pg.DB, key *seal.Key) *Keyring {
	return &Keyring{db: db, key: key, cache: otter.Must(&otter.Options[string, *signature.Signer]{
		MaximumSize:      4096,
		ExpiryCalculator: otter.ExpiryWriting[string, *signature.Signer](time.Minute),
	})}
}

// News carries what other processes say; *stream.Bus does.
type News interface {
	Listen(channel string, fn func(payload string))
}

// Follow has the keyring hear which accounts got other keys, before the news run.
func (k *Keyring) Follow(n News) { n.Listen(store.AccountKeysChanged, k.heard) }

// heard takes in "tenant/account". What it does not understand makes everything old.
func (k *Keyring) heard(payload string) {
	k.notices.Add(1)
	first, second, _ := strings.Cut(payload, "/")
	t, err := strconv.ParseInt(first, 10, 64)
	account, err2 := strconv.ParseInt(second, 10, 64)
	if err != nil || err2 != nil {
		k.cache.InvalidateAll()
		return
	}
	k.cache.Invalidate(accountPurpose(tenant.ID(t), social.AccountID(account), RSA))
}

// ForAccount returns what a local account signs with.
func (k *Keyring) ForAccount(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error) {
	return k.kept(accountPurpose(t, a.ID, RSA), a.KeyID, func() (*store.SealedKey, error) {
		return store.AccountKey(ctx, k.db, t, a.ID, RSA)
	})
}

// FormerOf returns what a local account signed with before its key was replaced, or nil
// if that is erased. It is not kept in memory: it is needed once, and is to be gone then.
func (k *Keyring) FormerOf(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error) {
	sealed, err := store.FormerAccountKey(ctx, k.db, t, a.ID, RSA)
	if fault.IsNotFound(err) {
		return nil, nil //nolint:nilnil // none is no error
	}
	if err != nil {
		return nil, fmt.Errorf("load the former key of account %d: %w", a.ID, err)
	}
	return k.open(accountPurpose(t, a.ID, RSA), a.KeyID, sealed)
}

// ForTenant returns what a tenant's instance actor signs with: every GET.
func (k *Keyring) ForTenant(ctx context.Context, t *tenant.Tenant) (*signature.Signer, error) {
	keyID := func(int) string { return InstanceURI(t) + "#main-key" }
	return k.kept(registry.KeyPurpose(t.ID), keyID, func() (*store.SealedKey, error) {
		return store.TenantKey(ctx, k.db, t.ID, RSA)
	})
}

func (k *Keyring) kept(purpose string, keyID func(number int) string, load func() (*store.SealedKey, error)) (*signature.Signer, error) {
	if s, ok := k.cache.GetIfPresent(purpose); ok {
		return s, nil
	}
	before := k.notices.Load()
	sealed, err := load()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", purpose, err)
	}
	s, err := k.open(purpose, keyID, sealed)
	if err != nil {
		return nil, err
	}
	k.cache.Set(purpose, s)
	if k.notices.Load() != before {
		k.cache.Invalidate(purpose) // it may have been replaced since it was read
	}
	return s, nil
}

func (k *Keyring) open(purpose string, keyID func(number int) string, sealed *store.SealedKey) (*signature.Signer, error) {
	encoded, err := k.key.Open(sealed.PrivateSealed, purpose)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	private, err := signature.ParsePrivateKey(encoded)
	if err != nil {
		return nil, err
	}
	return signature.NewSigner(keyID(sealed.Number), private, nil)
}

// InstanceURI is the id of a tenant's instance actor.
func InstanceURI(t *tenant.Tenant) string { return t.URL("/ap/instance") }
