package registry_test

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const master = "the master key of tests: 32 characters and more"

func sealKey(t *testing.T) *seal.Key {
	t.Helper()
	key, err := seal.New(master)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newRegistry makes a registry on a database of its own.
func newRegistry(t *testing.T, o registry.Options) (*registry.Registry, *testkit.Database) {
	t.Helper()
	db := testkit.DB(t)
	return registryOn(t, db.PG, o), db
}

func registryOn(t *testing.T, db *pg.DB, o registry.Options) *registry.Registry {
	t.Helper()
	o.DB, o.Seal = db, sealKey(t)
	o.NewKey = func() ([]byte, string, error) { return []byte("private"), "public", nil }
	return registry.New(o)
}

func TestCreateAndLookUp(t *testing.T) {
	t.Parallel()
	r, db := newRegistry(t, registry.Options{AllowHTTP: true})
	if r.IsLoaded() {
		t.Error("loaded before anything was read")
	}
	acme, err := r.Create(t.Context(), registry.NewTenant{
		Name: " Acme ", Host: "Social.Acme.test", HandleDomain: "acme.test", Description: "Cycles", ContactMail: "x@acme.test", BrandColour: "#1f7a5c",
	})
	if err != nil {
		t.Fatal(err)
	}
	dev, err := r.Create(t.Context(), registry.NewTenant{Name: "Dev", Host: "dev.localhost:8080", Scheme: "http"})
	if err != nil {
		t.Fatal(err)
	}
	if dev.URL("/x") != "http://dev.localhost:8080/x" || dev.HandleDomain != dev.Host {
		t.Errorf("dev: %+v", dev)
	}
	tests := map[string]struct {
		id   tenant.ID
		role tenant.DomainRole
	}{
		"social.acme.test": {acme.ID, tenant.ServiceDomain}, "SOCIAL.ACME.TEST.:443": {acme.ID, tenant.ServiceDomain}, "acme.test": {acme.ID, tenant.HandleDomain},
		"dev.localhost:8080": {dev.ID, tenant.ServiceDomain}, "dev.localhost": {}, "dev.localhost:8081": {}, "www.acme.test": {}, "": {}, "127.0.0.1": {},
	}
	// Another process reads the same.
	other := registryOn(t, db.PG, registry.Options{})
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, reg := range []*registry.Registry{r, other} {
		for host, want := range tests {
			got, role, ok := reg.ByHost(host)
			if ok != (want.id != 0) || role != want.role || (ok && got.ID != want.id) {
				t.Errorf("%q: %v, %q, %t; want %+v", host, got, role, ok, want)
			}
		}
	}
	got, ok := other.ByID(acme.ID)
	want := &tenant.Tenant{
		ID: acme.ID, Name: "Acme", Host: "social.acme.test", HandleDomain: "acme.test", Scheme: "https", State: tenant.Active,
		Description: "Cycles", ContactMail: "x@acme.test", BrandColour: "#1f7a5c", FederatesSince: acme.CreatedAt, CreatedAt: acme.CreatedAt,
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if all := other.All(); len(all) != 2 || all[0].ID != acme.ID || all[1].ID != dev.ID {
		t.Errorf("all: %v", all)
	}
}

func TestInstanceKeyIsSealedForItsTenant(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	key := sealKey(t)
	r := registry.New(registry.Options{DB: db.PG, Seal: key})
	made, err := r.Create(t.Context(), registry.NewTenant{Name: "A", Host: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	var public string
	var sealed []byte
	super(t, db, func(conn *pgx.Conn) error {
		return conn.QueryRow(t.Context(), `SELECT public_pem, private_sealed FROM tenant_keys WHERE tenant_id = $1`, int64(made.ID)).Scan(&public, &sealed)
	})
	if _, err := key.Open(sealed, registry.KeyPurpose(made.ID+1)); err == nil {
		t.Error("the key opens for another tenant")
	}
	private, err := key.Open(sealed, registry.KeyPurpose(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := signature.ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if !signer.Public().(*rsa.PublicKey).Equal(pub) {
		t.Error("the two halves do not belong together")
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t, registry.Options{})
	made, err := r.Create(t.Context(), registry.NewTenant{Name: "A", Host: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		to   tenant.State
		code fault.Code
		then tenant.State
	}{
		{tenant.Suspended, "", tenant.Suspended},
		{tenant.Active, "", tenant.Active},
		{"asleep", fault.Invalid, tenant.Active},
		{tenant.Deleted, fault.Invalid, tenant.Active}, // has steps of its own
	}
	for _, step := range steps {
		if err := r.SetState(t.Context(), made.ID, step.to); fault.CodeOf(err) != step.code {
			t.Errorf("to %s: %v, want %q", step.to, err, step.code)
		}
		if got, _, ok := r.ByHost("a.test"); !ok || got.State != step.then {
			t.Errorf("after %s: %+v, want %s", step.to, got, step.then)
		}
	}
	if err := r.SetState(t.Context(), made.ID+1, tenant.Active); !fault.IsNotFound(err) {
		t.Errorf("unknown tenant: %v", err)
	}
}

func TestSetProfile(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t, registry.Options{})
	made, err := r.Create(t.Context(), registry.NewTenant{Name: "A", Host: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetProfile(t.Context(), made.ID, registry.Profile{Name: "New", BrandColour: "#AABBCC", AuthorizedFetch: true}); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.ByID(made.ID); got.Name != "New" || got.BrandColour != "#AABBCC" || !got.AuthorizedFetch || got.Host != "a.test" {
		t.Errorf("got %+v", got)
	}
	if made.Name != "A" {
		t.Error("a tenant that somebody holds was changed under their hands")
	}
	for name, p := range map[string]registry.Profile{
		"no name": {}, "long name": {Name: strings.Repeat("x", 101)}, "colour": {Name: "A", BrandColour: "red;}"}, "NUL": {Name: "a\x00b"},
		"long text": {Name: "A", Description: strings.Repeat("x", 2001)},
	} {
		if err := r.SetProfile(t.Context(), made.ID, p); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// run follows changes until the test ends.
func run(t *testing.T, r *registry.Registry) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func has(r *registry.Registry, host string) func() bool {
	return func() bool { _, _, ok := r.ByHost(host); return ok }
}

func TestRunHearsOfChanges(t *testing.T) {
	t.Parallel()
	writer, db := newRegistry(t, registry.Options{})
	reader := registryOn(t, db.PG, registry.Options{ReloadEvery: time.Hour}) // nothing but the notice can tell it
	run(t, reader)
	testkit.Eventually(t, time.Minute, "first load", reader.IsLoaded)
	create(t, writer, "a.test")
	testkit.Eventually(t, time.Minute, "the new tenant", has(reader, "a.test"))
}

func TestRunReloadsWithoutNotice(t *testing.T) {
	t.Parallel()
	writer, db := newRegistry(t, registry.Options{})
	create(t, writer, "a.test")
	reader := registryOn(t, db.PG, registry.Options{ReloadEvery: 50 * time.Millisecond})
	run(t, reader)
	testkit.Eventually(t, time.Minute, "first load", has(reader, "a.test"))
	super(t, db, func(conn *pgx.Conn) error { // a change that tells nobody
		_, err := conn.Exec(t.Context(), `UPDATE domains SET name = 'b.test'`)
		return err
	})
	testkit.Eventually(t, time.Minute, "the silent change", has(reader, "b.test"))
}

// The database goes away under a running registry and comes back.
func TestRunOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	writer, db := newRegistry(t, registry.Options{})
	create(t, writer, "a.test")
	gate := newGate(t, db.AppURL)
	behind, err := pg.Open(t.Context(), pg.Options{AppURL: gate.url(t, db.AppURL), PlatformURL: gate.url(t, db.PlatformURL)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(behind.Close)
	reader := registryOn(t, behind, registry.Options{ReloadEvery: time.Hour})
	run(t, reader)
	testkit.Eventually(t, time.Minute, "first load", has(reader, "a.test"))

	gate.close()
	if err := reader.Load(t.Context()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Load while the database is away: %v, want unavailable", err)
	}
	create(t, writer, "b.test") // nobody behind the gate hears of it
	if !has(reader, "a.test")() || has(reader, "b.test")() || len(reader.All()) != 1 {
		t.Error("during the outage the last table is not served")
	}
	gate.open()
	testkit.Eventually(t, time.Minute, "what changed during the outage", has(reader, "b.test"))
	create(t, writer, "c.test")
	testkit.Eventually(t, time.Minute, "notices after the outage", has(reader, "c.test"))
}

func TestRunOutlivesALostConnection(t *testing.T) {
	t.Parallel()
	writer, db := newRegistry(t, registry.Options{})
	reader := registryOn(t, db.PG, registry.Options{ReloadEvery: time.Hour})
	run(t, reader)
	testkit.Eventually(t, time.Minute, "first load", reader.IsLoaded)
	super(t, db, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
		return err
	})
	create(t, writer, "a.test")
	testkit.Eventually(t, time.Minute, "the new tenant", has(reader, "a.test"))
}

func create(t *testing.T, r *registry.Registry, host string) {
	t.Helper()
	if _, err := r.Create(t.Context(), registry.NewTenant{Name: host, Host: host}); err != nil {
		t.Fatal(err)
	}
}

func super(t *testing.T, db *testkit.Database, fn func(*pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := fn(conn); err != nil {
		t.Fatal(err)
	}
}

// gate passes bytes between its socket and the database's, until it is closed: then
// every connection breaks and new ones are refused.
type gate struct {
	t      *testing.T
	dir    string
	target [2]string // network, address
	cancel context.CancelFunc
	busy   sync.WaitGroup // the listener and every connection
}

const gatePort = "5432"

func newGate(t *testing.T, databaseURL string) *gate {
	t.Helper()
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, dir: t.TempDir()}
	network, address := "tcp", net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		network, address = "unix", filepath.Join(cfg.Host, fmt.Sprintf(".s.PGSQL.%d", cfg.Port))
	}
	g.target = [2]string{network, address}
	g.open()
	t.Cleanup(g.close)
	return g
}

// url is the database's URL by way of the gate.
func (g *gate) url(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", g.dir)
	q.Set("port", gatePort)
	u.RawQuery, u.Host = q.Encode(), ""
	return u.String()
}

func (g *gate) open() {
	listener, err := net.Listen("unix", filepath.Join(g.dir, ".s.PGSQL."+gatePort))
	if err != nil {
		g.t.Fatal(err)
	}
	var ctx context.Context
	ctx, g.cancel = context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	g.busy.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.busy.Go(func() { g.pass(ctx, conn) })
		}
	})
}

func (g *gate) pass(ctx context.Context, conn net.Conn) {
	out, err := net.Dial(g.target[0], g.target[1])
	if err != nil {
		_ = conn.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close(); _ = out.Close() })
	defer stop()
	g.busy.Go(func() { pump(out, conn) })
	pump(conn, out)
}

// pump copies until one side ends, then ends both.
func pump(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
}

// close returns when no byte passes any more.
func (g *gate) close() {
	g.cancel()
	g.busy.Wait()
}
