package inbox_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"rookery/federation/fetch"
	"rookery/federation/inbox"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/moderate"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/testkit"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
	"rookery/tenant/hostroute"
	"rookery/tenant/registry"
)

// world is the product with two tenants, over real HTTP and a real database, and
// the queue running.
type world struct {
	t         testing.TB
	db        *pg.DB
	raw       *testkit.Database
	registry  *registry.Registry
	accounts  *account.Service
	statuses  *status.Service
	relations *relate.Service
	servers   *moderate.Servers
	moderator *moderate.Service
	fetcher   *fetch.Fetcher
	keys      *fetch.Keys
	inbox     *inbox.Inbox
	streams   *socialtest.Recorder
	heard     sync.Map // hosts
	address   string   // of the product's listener
	a, b      *home
	client    *http.Client
}

// home is one tenant with one account.
type home struct {
	*world
	tenant *tenant.Tenant
	user   *social.Account
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, raw: testkit.DB(t), streams: &socialtest.Recorder{}}
	w.db = w.raw.PG
	w.registry = registry.New(registry.Options{DB: w.db, Seal: key, NewKey: testkeys.Pair, Entitle: func(t *tenant.Tenant) tenant.Entitlement { return t.Entitlement }})
	w.accounts = account.NewWith(w.db, key, testkeys.RSA)
	w.statuses = status.New(status.Options{Streams: w.streams})
	w.relations = relate.New(w.streams)
	w.servers = moderate.NewServers(w.db, nil)
	w.moderator = moderate.New(w.db, w.servers)
	if err := w.servers.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.a, w.b = w.home("a.test", "alice"), w.home("b.test", "bob")
	client := safehttp.New(safehttp.Options{
		UserAgent: "test", AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.77.0.0/16")}, HostRate: 1000,
		// Names lead to where nothing is dialled: tests reach nobody by accident.
		LookupIP: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
	})
	t.Cleanup(client.Close)
	w.fetcher = fetch.New(fetch.Options{
		HTTP: client, DB: w.db, Keyring: account.NewKeyring(w.db, key), Tenants: w.registry, Statuses: w.statuses, Servers: w.servers,
	})
	w.keys = fetch.NewKeys(w.fetcher)
	w.inbox = inbox.New(inbox.Options{
		DB: w.db, Tenants: w.registry, Fetcher: w.fetcher, Keys: w.keys, Statuses: w.statuses, Relations: w.relations, Servers: w.servers,
		Heard: func(_ context.Context, host string) { w.heard.Store(host, true) },
	})
	w.serve()
	w.work()
	return w
}

func (w *world) home(host, username string) *home {
	w.t.Helper()
	made, err := w.registry.Create(w.t.Context(), registry.NewTenant{Name: host, Host: host})
	if err != nil {
		w.t.Fatal(err)
	}
	h := &home{world: w, tenant: made}
	if h.user, err = w.accounts.Create(w.t.Context(), made, account.Local{Username: username}, nil); err != nil {
		w.t.Fatal(err)
	}
	return h
}

// serve listens as the product does; clients reach every tenant at this address.
func (w *world) serve() {
	e := echo.New()
	e.Pre(hostroute.New(hostroute.Options{Table: w.registry, TLS: true}))
	w.inbox.Routes(e)
	listener, err := net.Listen("tcp", "127.77.3.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	w.t.Cleanup(func() { _ = server.Close() })
	w.address = listener.Addr().String()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	w.client = &http.Client{Transport: transport}
	w.t.Cleanup(transport.CloseIdleConnections)
}

// work runs the queues that incoming activities use. Deliveries are not of this package.
func (w *world) work() {
	workers := river.NewWorkers()
	w.inbox.Register(workers)
	w.fetcher.Register(workers)
	river.AddWorker(workers, &moderate.Walker{DB: w.db, Page: 2, Batch: 1})
	client, err := river.NewClient(riverpgxv5.New(w.db.Pool()), &river.Config{
		Schema: pg.JobSchema, Workers: workers, FetchCooldown: 5 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler), SkipUnknownJobCheck: true, TestOnly: true,
		Queues: map[string]river.QueueConfig{jobs.QueueInbox: {MaxWorkers: 4}, jobs.QueueFetch: {MaxWorkers: 4}, jobs.QueueUpkeep: {MaxWorkers: 1}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := client.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { <-client.Stopped() })
}

func (h *home) url(path string) string { return h.tenant.URL(path) }

func (h *home) personal() string { return h.user.URI + "/inbox" }

// do sends a request that was made for a tenant's URL to the product's listener.
func (w *world) do(req *http.Request) int {
	w.t.Helper()
	req.Host = req.URL.Host
	req.URL.Scheme, req.URL.Host = "http", w.address
	res, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// send posts a correctly signed activity to the shared inbox and returns the status.
func (h *home) send(a *actor, activity any) int {
	h.t.Helper()
	return h.do(a.request(h.t, h.url("/inbox"), activity))
}

// deliver sends activities, each of which must be accepted, and waits for their effect.
func (h *home) deliver(a *actor, activities ...any) {
	h.t.Helper()
	for _, activity := range activities {
		if code := h.send(a, activity); code != http.StatusAccepted {
			h.t.Fatalf("POST /inbox of a %v answers %d", activity.(object)["type"], code)
		}
	}
	h.settle()
}

// settle waits until nothing waits to be applied or fetched.
func (h *home) settle() {
	h.t.Helper()
	testkit.Eventually(h.t, time.Minute, "all activities to be applied", func() bool {
		return h.number(`SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id AND state = 'pending'`, nil) == 0 &&
			h.waiting() == 0
	})
}

// waiting counts the jobs of the queues that run.
func (w *world) waiting() int {
	n := 0
	err := w.db.Platform(w.t.Context(), "count jobs", func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int](w.t.Context(), tx, `SELECT count(*) FROM river.river_job WHERE queue IN ('inbox', 'fetch', 'upkeep') AND state IN ('available', 'running', 'pending')`, nil)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (h *home) in(fn func(scope *pg.Scope) error) {
	h.t.Helper()
	if err := h.db.Tenant(h.t.Context(), h.tenant.ID, fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) number(sql string, args pgx.NamedArgs) int {
	h.t.Helper()
	var n int
	h.in(func(scope *pg.Scope) (err error) {
		n, err = pg.Value[int](h.t.Context(), scope, sql, args)
		return err
	})
	return n
}

func (h *home) wants(what string, want int, sql string, args pgx.NamedArgs) {
	h.t.Helper()
	if got := h.number(sql, args); got != want {
		h.t.Errorf("%s: %d, want %d", what, got, want)
	}
}
