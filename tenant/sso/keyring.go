package sso

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	keyLifetime = time.Hour
	mostKeys    = 1000 // providers
)

// keyring remembers the keys of providers: for a while, and of so many. Keys that are not
// known are looked up; that happens only for tokens that came straight from the provider.
type keyring struct {
	client *http.Client
	now    func() time.Time
	mu     sync.Mutex
	sets   map[string]keySet
}

type keySet struct {
	oidc.KeySet
	since time.Time
}

func newKeyring(client *http.Client, now func() time.Time) *keyring {
	return &keyring{client: client, now: now, sets: map[string]keySet{}}
}

// at returns the keys at an address.
func (k *keyring) at(url string) oidc.KeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if set, ok := k.sets[url]; ok && now.Sub(set.since) < keyLifetime {
		return set
	}
	if len(k.sets) >= mostKeys {
		for old, set := range k.sets {
			if now.Sub(set.since) >= keyLifetime || len(k.sets) >= mostKeys {
				delete(k.sets, old)
			}
		}
	}
	// A look-up may serve several sign-ins: it has the client's deadline, not that of one.
	set := keySet{oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), k.client), url), now}
	k.sets[url] = set
	return set
}
