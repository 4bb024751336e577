// Package fedtest is a small fediverse for tests: a tenant with a real database,
// keys and accounts, and peers that are real HTTP servers on loopback.
//
// Tests of the federation tree alone import it. Peers live in 127.77.0.0/16, which
// is the one range that its client may dial. It must not stand in for any of our
// own code.
package fedtest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/federation/signature"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// Allowed is where peers live.
var Allowed = netip.MustParsePrefix("127.77.0.0/16")

// World is one tenant and its way to others.
type World struct {
	*testkit.Database
	Registry *registry.Registry
	Tenant   *tenant.Tenant
	Keys     *account.Keyring
	HTTP     *safehttp.Client
	accounts *account.Service
}

// New makes a World whose tenant is social.acme.test with the handle domain acme.test.
func New(t testing.TB) *World {
	t.Helper()
	db := testkit.DB(t)
	key, err := seal.New("a master key of tests, 32 characters and more")
	must(t, err)
	reg := registry.New(registry.Options{
		DB: db.PG, Seal: key, NewKey: testkeys.Pair, AllowHTTP: true, Entitle: func(t *tenant.Tenant) tenant.Entitlement { return t.Entitlement },
	})
	acme, err := reg.Create(t.Context(), registry.NewTenant{Name: "Acme", Host: "social.acme.test", HandleDomain: "acme.test"})
	must(t, err)
	client := safehttp.New(safehttp.Options{
		UserAgent: "rookery-test", AllowHTTP: true, AllowPrefixes: []netip.Prefix{Allowed}, HostRate: 10_000,
	})
	t.Cleanup(client.Close)
	return &World{
		Database: db, Registry: reg, Tenant: acme, Keys: account.NewKeyring(db.PG, key), HTTP: client,
		accounts: account.NewWith(db.PG, key, testkeys.RSA),
	}
}

// Apart makes the tenant one in trial, which takes no part in the fediverse yet.
func (w *World) Apart(t testing.TB) {
	t.Helper()
	w.change(t, `UPDATE tenants SET federates_since = NULL WHERE id = @id`)
}

// Park makes the tenant's names ones that have led elsewhere for weeks.
func (w *World) Park(t testing.TB) {
	t.Helper()
	w.change(t, `UPDATE domains SET state = 'parked' WHERE tenant_id = @id`)
}

// Stand gives the tenant a standing with what it pays.
func (w *World) Stand(t testing.TB, standing tenant.Standing) {
	t.Helper()
	fixture.Entitle(t, w.PG, w.Tenant.ID, tenant.Entitlement{Standing: standing})
	must(t, w.Registry.Load(t.Context()))
	w.Tenant, _ = w.Registry.ByID(w.Tenant.ID)
}

func (w *World) change(t testing.TB, sql string) {
	t.Helper()
	must(t, w.PG.Platform(t.Context(), "set up a test", func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, sql, pgx.NamedArgs{"id": w.Tenant.ID})
		return err
	}))
	must(t, w.Registry.Load(t.Context()))
	w.Tenant, _ = w.Registry.ByID(w.Tenant.ID)
}

// Tx runs fn in a transaction of the tenant.
func (w *World) Tx(t testing.TB, fn func(*pg.Scope) error) {
	t.Helper()
	must(t, w.PG.Tenant(t.Context(), w.Tenant.ID, fn))
}

// Account makes a local account.
func (w *World) Account(t testing.TB, name string) *social.Account {
	t.Helper()
	a, err := w.accounts.Create(t.Context(), w.Tenant, account.Local{Username: name, DisplayName: strings.ToUpper(name)}, nil)
	must(t, err)
	return a
}

// Rotate gives a local account new keys.
func (w *World) Rotate(t testing.TB, a *social.Account) {
	t.Helper()
	must(t, w.accounts.Rotate(t.Context(), w.Tenant, a.ID, func(*pg.Scope, *social.Account) error { return nil }))
}

// Remote stores an account of a peer. Without a shared inbox there is only its own.
func (w *World) Remote(t testing.TB, peer *Peer, name string, shared bool) *social.Account {
	t.Helper()
	uri := peer.URL + "/users/" + name
	a := &social.Account{
		URI: uri, Username: name, Domain: peer.Host, ActorType: "Person", URL: peer.URL + "/@" + name,
		InboxURL: uri + "/inbox", FollowersURL: uri + "/followers",
	}
	if shared {
		a.SharedInboxURL = peer.URL + "/inbox"
	}
	w.Tx(t, func(scope *pg.Scope) error { return account.SaveRemote(t.Context(), scope, a) })
	return a
}

// Follow makes one account follow another.
func (w *World) Follow(t testing.TB, follower, target *social.Account) {
	t.Helper()
	w.Tx(t, func(scope *pg.Scope) error {
		_, err := store.AddFollow(t.Context(), scope, social.Follow{
			ID: ids.New(), AccountID: follower.ID, TargetID: target.ID, URI: follower.URI + "/follows/1", State: social.FollowAccepted,
		}, true)
		if err != nil {
			return err
		}
		return store.CountFollow(t.Context(), scope, follower.ID, target.ID, 1)
	})
}

// Post stores a local post with its mentions, without telling anybody.
func (w *World) Post(t testing.TB, author *social.Account, visibility social.Visibility, body string, mentions ...*social.Account) *social.Status {
	t.Helper()
	id := ids.New()
	st := &social.Status{
		ID: social.StatusID(id), AccountID: author.ID, URI: w.Tenant.URL("/ap/objects/" + ids.Format(id)),
		URL: w.Tenant.URL("/@" + author.Username + "/" + ids.Format(id)), Body: body, Source: body, Visibility: visibility, Language: "en",
		IsLocal: true, ConversationID: social.StatusID(id), CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	w.Insert(t, st, mentions...)
	return st
}

// Insert stores a status as it is.
func (w *World) Insert(t testing.TB, st *social.Status, mentions ...*social.Account) {
	t.Helper()
	w.Tx(t, func(scope *pg.Scope) error {
		if _, err := store.InsertStatuses(t.Context(), scope, []*social.Status{st}); err != nil {
			return err
		}
		b := pg.NewBatch(scope)
		for _, m := range mentions {
			store.QueueMentions(b, []social.StatusID{st.ID}, []social.AccountID{m.ID})
		}
		return b.Send(t.Context())
	})
}

// Received is a request that came to a peer.
type Received struct {
	Request *http.Request
	Body    []byte
}

// Peer is another server.
type Peer struct {
	URL  string
	Host string // with port

	mu       sync.Mutex
	received []Received
	arrived  chan struct{}
}

// NewPeer starts a server on an address below 127.77.0.0/16 that answers each request
// with what answer says; nil is 202.
func NewPeer(t testing.TB, ip string, answer func(http.ResponseWriter, *http.Request)) *Peer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(ip, "0"))
	must(t, err)
	p := &Peer{URL: "http://" + listener.Addr().String(), Host: listener.Addr().String(), arrived: make(chan struct{}, 1<<16)}
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		p.mu.Lock()
		p.received = append(p.received, Received{r, body})
		p.mu.Unlock()
		p.arrived <- struct{}{}
		answer(w, r)
	})}}
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// Received returns what has come so far.
func (p *Peer) Received() []Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Received(nil), p.received...)
}

// Arrived yields once for each request.
func (p *Peer) Arrived() <-chan struct{} { return p.arrived }

// Verify fails the test unless a request is signed with an account's key.
func (p *Peer) Verify(t testing.TB, w *World, r Received, signer *social.Account) {
	t.Helper()
	parsed, err := signature.Inspect(r.Request, r.Body, signature.Policy{Host: p.Host, URLScheme: "http", Now: time.Now()})
	must(t, err)
	if want := signer.URI + "#main-key"; parsed.KeyID != want {
		t.Fatalf("signed with %q, want %q", parsed.KeyID, want)
	}
	var encoded string
	w.Tx(t, func(scope *pg.Scope) error {
		keys, err := store.AccountPublicKeys(t.Context(), scope, signer.ID)
		for _, k := range keys {
			if k.Kind == account.RSA {
				encoded = k.PublicPEM
			}
		}
		return err
	})
	public, err := signature.ParsePublicKey(encoded)
	must(t, err)
	must(t, parsed.Verify(public))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
