package account

import (
	"context"
	"crypto"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/federation/signature"
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
type Keyring struct {
	db    *pg.DB
	key   *seal.Key
	cache *otter.Cache[string, *signature.Signer]
}

// NewKeyring returns an empty Keyring of at most 4,096 keys, each kept for 10 minutes.
func NewKeyring(db *pg.DB, key *seal.Key) *Keyring {
	return &Keyring{db: db, key: key, cache: otter.Must(&otter.Options[string, *signature.Signer]{
		MaximumSize:      4096,
		ExpiryCalculator: otter.ExpiryWriting[string, *signature.Signer](10 * time.Minute),
	})}
}

// ForAccount returns what a local account signs with.
func (k *Keyring) ForAccount(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error) {
	purpose := accountPurpose(t, a.ID, RSA)
	return k.open(purpose, a.URI+"#main-key", func() (*store.SealedKey, error) {
		return store.AccountKey(ctx, k.db, t, a.ID, RSA)
	})
}

// ForTenant returns what a tenant's instance actor signs with: every GET.
func (k *Keyring) ForTenant(ctx context.Context, t *tenant.Tenant) (*signature.Signer, error) {
	return k.open(registry.KeyPurpose(t.ID), InstanceURI(t)+"#main-key", func() (*store.SealedKey, error) {
		return store.TenantKey(ctx, k.db, t.ID, RSA)
	})
}

// Forget drops an account's key after a rotation.
func (k *Keyring) Forget(t tenant.ID, account social.AccountID) {
	k.cache.Invalidate(accountPurpose(t, account, RSA))
}

func (k *Keyring) open(purpose, keyID string, load func() (*store.SealedKey, error)) (*signature.Signer, error) {
	if s, ok := k.cache.GetIfPresent(purpose); ok {
		return s, nil
	}
	sealed, err := load()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", purpose, err)
	}
	encoded, err := k.key.Open(sealed.PrivateSealed, purpose)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	private, err := signature.ParsePrivateKey(encoded)
	if err != nil {
		return nil, err
	}
	s, err := signature.NewSigner(keyID, private, nil)
	if err != nil {
		return nil, err
	}
	k.cache.Set(purpose, s)
	return s, nil
}

// InstanceURI is the id of a tenant's instance actor.
func InstanceURI(t *tenant.Tenant) string { return t.URL("/ap/instance") }
