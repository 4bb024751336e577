package fetch_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rookery/federation/fetch"
	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/status"
	"rookery/internal/testkit"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const (
	activityJSON = "application/activity+json"
	public       = "https://www.w3.org/ns/activitystreams#Public"
)

var nextAddress atomic.Int32

// peer is another server: pages by path, and who asked.
type peer struct {
	base, host string
	mu         sync.Mutex
	pages      map[string][2]string // content type, body; "redirect", where to; "status", which
	requests   []*http.Request
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.77.3.%d:0", 100+nextAddress.Add(1)%100))
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{host: listener.Addr().String(), pages: map[string][2]string{}}
	p.base = "http://" + p.host
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r.Clone(context.Background()))
	found, ok := p.pages[r.URL.Path]
	switch {
	case !ok:
		http.NotFound(w, r)
	case found[0] == "redirect":
		http.Redirect(w, r, found[1], http.StatusFound)
	case found[0] == "status":
		status, _ := strconv.Atoi(found[1])
		w.WriteHeader(status)
	default:
		w.Header().Set("Content-Type", found[0])
		_, _ = w.Write([]byte(found[1]))
	}
}

func (p *peer) put(path, kind, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[path] = [2]string{kind, body}
}

func (p *peer) asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

// user serves an actor and its handle at a domain; self is what WebFinger names.
func (p *peer) user(name string, more string) string {
	id := p.base + "/users/" + name
	p.put("/users/"+name, activityJSON, fmt.Sprintf(`{"id":%q,"type":"Person","preferredUsername":%q,"inbox":"%s/inbox","followers":"%s/followers"%s}`, id, name, id, id, more))
	return id
}

func (p *peer) finger(subject, self string) {
	p.put("/.well-known/webfinger", "application/jrd+json",
		fmt.Sprintf(`{"subject":"acct:%s","links":[{"rel":"self","type":"application/activity+json","href":%q}]}`, subject, self))
}

func (p *peer) note(path, id, author string) {
	p.put(path, activityJSON, fmt.Sprintf(`{"id":%q,"type":"Note","attributedTo":%q,"content":"text of %s","to":%q}`, id, author, p.host, public))
}

// world is a tenant on a database, for as many processes as a test wants.
type world struct {
	db      *pg.DB
	home    *tenant.Tenant
	fetcher func() *fetch.Fetcher
}

// newWorld makes a tenant; its fetchers reach the peers.
func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	db := testkit.DB(t).PG
	tenants := registry.New(registry.Options{DB: db, Seal: key, NewKey: testkeys.Pair})
	made, err := tenants.Create(t.Context(), registry.NewTenant{Name: "A", Host: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := account.NewWith(db, key, testkeys.RSA).Create(t.Context(), made, account.Local{Username: "alice"}, nil); err != nil {
		t.Fatal(err)
	}
	return &world{db: db, home: made, fetcher: func() *fetch.Fetcher {
		client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.77.0.0/16")}, HostRate: 1000})
		t.Cleanup(client.Close)
		return fetch.New(fetch.Options{
			HTTP: client, DB: db, Keyring: account.NewKeyring(db, key), Tenants: tenants,
			Statuses: status.New(status.Options{Streams: &socialtest.Recorder{}}),
		})
	}}
}

// setUp makes a tenant and one Fetcher.
func setUp(t *testing.T) (*fetch.Fetcher, *tenant.Tenant) {
	t.Helper()
	w := newWorld(t)
	return w.fetcher(), w.home
}

// The handle must lead back to the actor; webfinger (FEP-2c59) names it at another domain.
func TestActorAndHandle(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	p, apex := newPeer(t), newPeer(t)
	id := p.user("ann", fmt.Sprintf(`,"webfinger":"ann@%s"`, apex.host))
	apex.finger("ann@"+apex.host, id)
	a, err := f.Actor(t.Context(), home, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Handle(); got != (social.Handle{User: "ann", Host: apex.host}) {
		t.Errorf("handle %v, want ann@%s", got, apex.host)
	}
	if !signature.IsSigned(p.requests[0]) {
		t.Error("the GET was not signed")
	}
	if p.asked("/.well-known/webfinger") != 0 {
		t.Error("the actor's own host was asked though the actor names another domain")
	}
	again, err := f.Resolve(t.Context(), home, social.Handle{User: "ANN", Host: apex.host})
	if err != nil || again.ID != a.ID || p.asked("/users/ann") != 1 {
		t.Errorf("a known handle: %v, %v, read %d times", again, err, p.asked("/users/ann"))
	}
}

// A tenant in trial asks nobody: each GET would be signed under an address that will change.
func TestATenantInTrialLooksNothingUp(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	p := newPeer(t)
	id := p.user("ann", "")
	p.finger("ann@"+p.host, id)
	trial := *home
	trial.FederatesSince = time.Time{}
	for _, query := range []string{id, "ann@" + p.host, p.base + "/notes/1"} {
		if found, err := f.Search(t.Context(), &trial, query); !fault.IsNotFound(err) {
			t.Errorf("%s: %+v, %v; want that it is not found", query, found, err)
		}
	}
	if n := len(p.requests); n != 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}

func TestHandleThatDoesNotLoopBack(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	p, v := newPeer(t), newPeer(t)
	victim := v.user("v", "")
	v.finger("v@"+v.host, victim)
	thief := p.user("thief", fmt.Sprintf(`,"webfinger":"v@%s"`, v.host))
	if a, err := f.Actor(t.Context(), home, thief); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("%v, %v; want it refused", a, err)
	}
	ours := p.user("ours", `,"webfinger":"alice@a.test"`)
	if a, err := f.Actor(t.Context(), home, ours); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a handle of ours: %v, %v; want it refused", a, err)
	}
	// Without WebFinger the name in the document counts, at its own host.
	plain := newPeer(t)
	if a, err := f.Actor(t.Context(), home, plain.user("plain", "")); err != nil || a.Domain != plain.host {
		t.Errorf("without WebFinger: %v, %v", a, err)
	}
}

// OWN-14, OWN-16, OWN-20: a document is believed under its own id and type alone.
func TestObjectAuthority(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	v, q := newPeer(t), newPeer(t)
	author, thief := v.user("v", ""), q.user("q", "")
	v.note("/notes/1", v.base+"/notes/1", author)
	q.note("/forged", v.base+"/notes/1", author)
	st, err := f.Status(t.Context(), home, q.base+"/forged")
	if err != nil || !strings.Contains(st.Body, v.host) {
		t.Fatalf("OWN-14: %+v, %v; want what its own server shows", st, err)
	}
	q.note("/missing", v.base+"/notes/none", author)
	q.note("/foreign", q.base+"/foreign", author)
	q.note("/ours", "https://a.test/ap/objects/1", thief)
	q.put("/elsewhere", "redirect", v.base+"/notes/1")
	q.note("/loop", q.base+"/loop2", thief)
	q.note("/loop2", q.base+"/loop", thief)
	for _, path := range []string{"/missing", "/foreign", "/ours", "/loop"} {
		if st, err := f.Status(t.Context(), home, q.base+path); err == nil {
			t.Errorf("%s was believed: %+v", path, st)
		}
	}
	if st, err := f.Status(t.Context(), home, q.base+"/elsewhere"); err != nil || st.URI != v.base+"/notes/1" {
		t.Errorf("a redirect to the real one: %+v, %v", st, err)
	}
	for n, kind := range []string{"application/json", "text/plain", "image/png", "application/ld+json", `application/ld+json; profile="https://example.org"`} {
		path := fmt.Sprintf("/kinds/%d", n)
		q.put(path, kind, fmt.Sprintf(`{"id":"%s%s","type":"Note","attributedTo":%q,"content":"x"}`, q.base, path, thief))
		if st, err := f.Status(t.Context(), home, q.base+path); err == nil {
			t.Errorf("OWN-16: %s was believed: %+v", kind, st)
		}
	}
}

// Our own ids are read from the database, whoever asks.
func TestOwnIsNeverFetched(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	found, err := f.Search(t.Context(), home, "@alice@a.test")
	if err != nil || !found.Account.IsLocal() {
		t.Fatalf("%+v, %v", found, err)
	}
	if again, err := f.Search(t.Context(), home, found.Account.URI); err != nil || again.Account.ID != found.Account.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := f.Search(t.Context(), home, "https://a.test/ap/actors/1"); !fault.IsNotFound(err) {
		t.Errorf("an unknown id of ours: %v", err)
	}
}

// A page for people leads to its document, which must speak for itself.
func TestSearchByPage(t *testing.T) {
	t.Parallel()
	f, home := setUp(t)
	p, q := newPeer(t), newPeer(t)
	author := p.user("ann", "")
	p.note("/notes/1", p.base+"/notes/1", author)
	p.put("/@ann/1", "text/html; charset=utf-8", `<html><head><title>x</title><link rel="alternate" type="application/activity+json" href="/notes/1"></head></html>`)
	found, err := f.Search(t.Context(), home, p.base+"/@ann/1")
	if err != nil || found.Status == nil || found.Status.URI != p.base+"/notes/1" {
		t.Errorf("%+v, %v", found, err)
	}
	q.put("/page", "text/html", `<link rel=alternate type="application/activity+json" href="https://a.test/ap/actors/1">`)
	if found, err := f.Search(t.Context(), home, q.base+"/page"); err == nil {
		t.Errorf("a page led to %+v", found)
	}
	q.finger("ann@"+q.host, author) // a name that the actor does not claim, at a domain that names it
	if found, err := f.Search(t.Context(), home, "@ann@"+q.host); err == nil && found.Account.Domain != p.host {
		t.Errorf("an actor goes by a name it does not claim: %+v", found.Account)
	}
}
