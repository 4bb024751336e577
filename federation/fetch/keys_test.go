package fetch_test

import (
	"crypto/rsa"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rookery/federation/fetch"
	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/tenant"
)

// newKey returns a public key as actors list it.
func newKey(t *testing.T) string {
	t.Helper()
	private, err := signature.GenerateRSA()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := signature.MarshalPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// sharedKey is for tests that never tell keys apart.
var sharedKey = func() func(t *testing.T) string {
	var once sync.Once
	var encoded string
	return func(t *testing.T) string {
		t.Helper()
		once.Do(func() { encoded = newKey(t) })
		return encoded
	}
}()

func equal(a, b fetch.Key) bool {
	public, ok := a.Public.(*rsa.PublicKey)
	return ok && public.Equal(b.Public)
}

// keyed serves an actor that lists one key.
func (p *peer) keyed(name, fragment, encoded string) (actor, keyID string) {
	id := p.base + "/users/" + name
	p.user(name, fmt.Sprintf(`,"publicKey":{"id":"%s%s","owner":%q,"publicKeyPem":%q}`, id, fragment, id, encoded))
	return id, id + fragment
}

// process is what one of several processes on a database knows of keys.
type process struct {
	*fetch.Keys
	t    *testing.T
	home *tenant.Tenant
}

// newProcess starts a process that hears the others, as cmd/rookery connects it.
func newProcess(t *testing.T, w *world) *process {
	t.Helper()
	p := &process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}
	bus := stream.New(w.db, slog.New(slog.DiscardHandler))
	bus.Listen(store.KeysChanged, p.Heard)
	ready := bus.Ready()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = bus.Run(t.Context())
	}()
	t.Cleanup(func() { <-done })
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatal("the bus does not hear")
	}
	return p
}

func (p *process) get(keyID string) fetch.Key {
	p.t.Helper()
	key, err := p.Get(p.t.Context(), p.home, keyID)
	if err != nil {
		p.t.Fatalf("get %s: %v", keyID, err)
	}
	return key
}

// believes reports whether the process takes a key for the one with that id, without
// asking its owner's server.
func (p *process) believes(keyID string, key fetch.Key) bool {
	p.t.Helper()
	cached, ok, err := p.Cached(p.t.Context(), keyID)
	if err != nil {
		p.t.Fatal(err)
	}
	return ok && equal(cached, key)
}

// SIG-20 with several processes: once one of them has seen that a key is another, or
// none at all any more, the others do not believe the old one.
func TestEveryProcessLearnsOfARotatedKey(t *testing.T) {
	t.Parallel()
	for name, fragment := range map[string]string{"same id": "#main-key", "new id": "#next-key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			one, two := newProcess(t, w), newProcess(t, w)
			v := newPeer(t)
			_, keyID := v.keyed("v", "#main-key", newKey(t))
			old := one.get(keyID)
			if !two.believes(keyID, old) {
				t.Fatal("the second process does not find what the first one has stored")
			}
			_, nextID := v.keyed("v", fragment, newKey(t))
			if nextID == keyID {
				if _, err := one.Renew(t.Context(), one.home, keyID, old); err != nil {
					t.Fatal(err)
				}
			} else {
				one.get(nextID)
			}
			if one.believes(keyID, old) {
				t.Error("the process that read the new key still believes the old one")
			}
			testkit.Eventually(t, 30*time.Second, "the other process does not believe the old key", func() bool { return !two.believes(keyID, old) })
		})
	}
	t.Run("its owner says so", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		one, two := newProcess(t, w), newProcess(t, w)
		encoded := newKey(t)
		owner, keyID := newPeer(t).keyed("v", "#main-key", encoded)
		old := one.get(keyID)
		if !two.believes(keyID, old) {
			t.Fatal("the second process does not find what the first one has stored")
		}
		says := func(encoded string) {
			t.Helper()
			if err := one.Forget(t.Context(), owner, []vocab.PublicKey{{ID: keyID, Owner: owner, PEM: encoded}}); err != nil {
				t.Fatal(err)
			}
		}
		says(encoded)
		if fresh := (&process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}); !fresh.believes(keyID, old) {
			t.Error("a key is forgotten that stays the same")
		}
		says(newKey(t))
		testkit.Eventually(t, 30*time.Second, "the other process does not believe the old key", func() bool { return !two.believes(keyID, old) })
	})
}

// A process whose copy is old takes the new key from the table: its owner's server is
// asked once, not once by every process.
func TestRenewLooksIntoTheTableFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, deaf := newProcess(t, w), &process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}
	v := newPeer(t)
	_, keyID := v.keyed("v", "#main-key", newKey(t))
	old := one.get(keyID)
	if !deaf.believes(keyID, old) {
		t.Fatal("the second process does not find what the first one has stored")
	}
	v.keyed("v", "#main-key", newKey(t))
	fresh, err := one.Renew(t.Context(), one.home, keyID, old)
	if err != nil {
		t.Fatal(err)
	}
	before := v.asked("/users/v")
	found, err := deaf.Renew(t.Context(), deaf.home, keyID, old)
	if err != nil || !equal(found, fresh) {
		t.Errorf("the second process finds another key: %v", err)
	}
	if n := v.asked("/users/v") - before; n != 0 {
		t.Errorf("the actor was read %d times more", n)
	}
}

// Made-up queries are made-up addresses of one document: they do not make us ask for
// it as often as somebody likes (rule 2: at most so often in N minutes).
func TestQueriesDoNotEvadeTheReadLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}
	v := newPeer(t)
	owner, keyID := v.keyed("v", "#main-key", newKey(t))
	for n := range 100 {
		for _, made := range []string{fmt.Sprintf("%s?n=%d#main-key", owner, n), fmt.Sprintf("%s?#key-%d", owner, n)} {
			if _, err := p.Get(t.Context(), p.home, made); fault.CodeOf(err) != fault.Unauthorized {
				t.Fatalf("get %s: %v", made, err)
			}
		}
	}
	if n := v.asked("/users/v"); n > 30 {
		t.Errorf("the actor was read %d times", n)
	}
	p.get(keyID) // and its real key is found all the same
}

// Whoever signs with a made-up key chooses what is asked of its host. An address there
// that fails says nothing about the keys of others.
func TestAFailingAddressDoesNotShutItsHostOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}
	v := newPeer(t)
	_, keyID := v.keyed("v", "#main-key", newKey(t))
	v.put("/broken", "status", "503")
	if _, err := p.Get(t.Context(), p.home, v.base+"/broken#main-key"); fault.CodeOf(err) != fault.Unauthorized {
		t.Fatalf("a key at an address that fails: %v", err)
	}
	p.get(keyID)
}

// Some servers tell their actors apart by the query (WordPress): each is an actor.
func TestActorsThatDifferInTheQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &process{Keys: fetch.NewKeys(w.fetcher()), t: t, home: w.home}
	blog := newPeer(t)
	for n := range 12 {
		id := fmt.Sprintf("%s/?author=%d", blog.base, n)
		blog.put("/", activityJSON, fmt.Sprintf(`{"id":%q,"type":"Person","inbox":"%s/inbox","publicKey":{"id":"%s#main-key","owner":%q,"publicKeyPem":%q}}`,
			id, blog.base, id, id, sharedKey(t)))
		if key := p.get(id + "#main-key"); key.Owner != id {
			t.Errorf("the key of %s is of %s", id, key.Owner)
		}
	}
}
