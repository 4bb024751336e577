package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
	"rookery/tenant/certs"
	"rookery/tenant/registry"
)

// world is an edge and a worker on a real database, with a real authority.
type world struct {
	t         *testing.T
	db        *testkit.Database
	key       *seal.Key
	registry  *registry.Registry
	dns       *pebble.DNS
	authority *pebble.Server
	worker    *certs.Worker
	edge      *certs.Edge
	http, tls string // where the edge listens
	ip        string
}

const name = "social.company.test"

func newWorld(t *testing.T, o pebble.Options, changes ...func(*certs.WorkerOptions)) *world {
	t.Helper()
	dns := pebble.StartDNS(t)
	w := newWorldOn(t, dns, o, changes...)
	dns.A(name, w.ip)
	return w
}

// newWorldOn is a world with another DNS server.
func newWorldOn(t *testing.T, dns *pebble.DNS, o pebble.Options, changes ...func(*certs.WorkerOptions)) *world {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: testkit.DB(t), key: key, ip: "127.88.7.1"}
	w.registry = registry.New(registry.Options{DB: w.db.PG, Seal: key, NewKey: func() ([]byte, string, error) { return []byte("private"), "public", nil }})
	if _, err := w.registry.Create(t.Context(), registry.NewTenant{Name: "Company", Host: name}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = w.registry.Run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })

	plain, secure := w.listen(), w.listen()
	w.http, w.tls = plain.Addr().String(), secure.Addr().String()
	w.dns = dns
	o.DNS, o.HTTPPort, o.TLSPort = w.dns, portOf(plain), portOf(secure)
	w.authority = pebble.Start(t, o)

	w.newEdge("")
	w.serve(plain, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.edge.Challenges(http.NotFoundHandler()).ServeHTTP(out, r)
	}), nil)
	config := w.edge.TLSConfig()
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return w.edge.GetCertificate(hello) }
	w.serve(secure, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") }), config)
	w.newWorker(changes...)
	return w
}

// newEdge serves from now on; names below a suffix under a wildcard.
func (w *world) newEdge(suffix string) {
	w.edge = certs.NewEdge(certs.EdgeOptions{DB: w.db.PG, Key: w.key, Table: w.registry, CA: w.authority.Directory(), Suffix: suffix})
	w.t.Cleanup(w.edge.Close)
}

func (w *world) newWorker(changes ...func(*certs.WorkerOptions)) {
	w.t.Helper()
	o := certs.WorkerOptions{
		DB: w.db.PG, Key: w.key, Table: w.registry, CA: w.authority.Directory(), Email: "ops@rookery.test", Roots: w.authority.Pool(),
	}
	for _, change := range changes {
		change(&o)
	}
	var err error
	if w.worker, err = certs.NewWorker(o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listen() net.Listener {
	w.t.Helper()
	l, err := net.Listen("tcp", w.ip+":0")
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func portOf(l net.Listener) int {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	return n
}

func (w *world) serve(l net.Listener, h http.Handler, config *tls.Config) {
	server := &http.Server{Handler: h, TLSConfig: config, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if config != nil {
			_ = server.ServeTLS(l, "", "")
			return
		}
		_ = server.Serve(l)
	}()
	w.t.Cleanup(func() { _ = server.Close() })
}

func (w *world) order() *certs.State {
	w.t.Helper()
	if err := w.worker.Order(w.t.Context(), name); err != nil {
		w.t.Fatal(err)
	}
	return w.state()
}

func (w *world) state() *certs.State { return w.stateOf(name) }

func (w *world) stateOf(name string) (s *certs.State) {
	w.t.Helper()
	err := w.db.PG.Platform(w.t.Context(), "test", func(tx *pg.PlatformTx) (err error) {
		s, err = certs.Lookup(w.t.Context(), tx, name)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) sql(text string, args ...any) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.db.SuperURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(w.t.Context())) }()
	if _, err := conn.Exec(w.t.Context(), text, args...); err != nil {
		w.t.Fatal(err)
	}
}

// handshake returns the certificate that a client gets for a name, verified.
func (w *world) handshake(sni string) (*x509.Certificate, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.authority.Roots())
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: sni, RootCAs: roots, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(w.t.Context(), "tcp", w.tls)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// A name that is served gets its certificate by itself, and the next one in time; every
// handshake goes on meanwhile.
func TestOrderServeRenew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{RejectNonces: 20})
	if err := w.worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.state(); !s.NotAfter.IsZero() || s.Own {
		t.Errorf("before the order: %+v", s)
	}
	if _, err := w.handshake(name); err == nil {
		t.Error("a handshake succeeded without a certificate")
	}
	var crowd sync.WaitGroup
	for range 6 { // one orders, the others are told to come again
		crowd.Go(func() { _ = w.worker.Order(t.Context(), name) })
	}
	crowd.Wait()
	s := w.state()
	if s.ErrorCode != "" || s.NotAfter.Before(time.Now().Add(80*24*time.Hour)) || !s.OrderingUntil.IsZero() {
		t.Fatalf("after the order: %+v", s)
	}
	if left := s.NotAfter.Sub(s.NextOrderAt); left < 20*24*time.Hour || left > 70*24*time.Hour {
		t.Errorf("the renewal is due %v before the end", left)
	}
	if orders := w.count(`SELECT count(*) FROM cert_orders`); orders != 1 {
		t.Errorf("%d orders were made by six jobs", orders)
	}
	var first *x509.Certificate
	testkit.Eventually(t, 30*time.Second, "the certificate is served", func() (ok bool) {
		var err error
		first, err = w.handshake(name)
		return err == nil
	})
	if again := w.order(); !again.NotAfter.Equal(s.NotAfter) {
		t.Error("a second order was made though none is due")
	}

	issued := time.Now()
	testkit.Eventually(t, 5*time.Second, "the next second begins: ends of certificates are whole ones", func() bool { return time.Since(issued) > 1100*time.Millisecond })
	w.sql(`UPDATE certificates SET next_order_at = now() WHERE name = $1`, name)
	if s = w.order(); s.ErrorCode != "" {
		t.Fatalf("the renewal: %+v", s)
	}
	testkit.Eventually(t, 30*time.Second, "the new certificate is served", func() bool {
		next, err := w.handshake(name)
		if err != nil {
			t.Fatalf("a handshake during the renewal: %v", err)
		}
		return next.SerialNumber.Cmp(first.SerialNumber) != 0
	})
	for _, sni := range []string{"other.test", "x." + name, "company.test", ""} {
		if _, err := w.handshake(sni); err == nil {
			t.Errorf("a certificate is served for %q", sni)
		}
	}
	w.sealed()
}

func (w *world) count(text string) (n int) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.db.SuperURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(w.t.Context())) }()
	if err := conn.QueryRow(w.t.Context(), text).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// sealed: no private key can be read from the database.
func (w *world) sealed() {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.db.SuperURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(w.t.Context())) }()
	var keys, open int
	err = conn.QueryRow(w.t.Context(), `SELECT count(*), count(*) FILTER (WHERE position('PRIVATE KEY'::bytea IN value) > 0) FROM cert_kv WHERE key LIKE '%.key'`).Scan(&keys, &open)
	if err != nil || keys < 2 || open != 0 {
		w.t.Errorf("%d keys are stored, %d of them open: %v", keys, open, err)
	}
}

// What the authority says becomes a code that people understand, and a time for the next try.
func TestOrdersThatFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	w.dns.A(name)
	s := w.order()
	if s.ErrorCode != "CERTIFICATE_REFUSED" || s.Failures != 1 || !strings.Contains(s.ErrorDetail["text"], "resolve") {
		t.Errorf("a name without address: %+v", s)
	}
	w.dns.A(name, "127.88.7.9") // nobody listens there
	// Which of its two challenges the authority tried last is chance, and so are its words.
	if s = w.order(); s.ErrorCode != "CERTIFICATE_REFUSED" && s.ErrorCode != "PORT80_BLOCKED" || s.Failures != 2 || !strings.Contains(s.ErrorDetail["text"], "127.88.7.9") {
		t.Errorf("a name that leads nowhere: %+v", s)
	}
	if pause := time.Until(s.NextOrderAt); pause < 9*time.Minute || pause > 11*time.Minute {
		t.Errorf("the next try is in %v, want ten minutes", pause)
	}

	w.dns.A(name, w.ip)
	w.authority.Stop()
	s = w.order()
	if s.ErrorCode != "AUTHORITY_UNREACHABLE" || s.Failures != 2 {
		t.Errorf("REL-12 the authority is down: %+v; want no failure of the name's", s)
	}
	w.authority.Run()
	w.order() // it has forgotten our account, so that a new one is made first
	if s = w.order(); s.ErrorCode != "" || s.NotAfter.IsZero() || s.Failures != 0 {
		t.Errorf("the authority is back: %+v", s)
	}
}

// Our own limits come before the authority's, which lock an account out for days.
func TestOrdersWithinLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	for _, c := range []struct{ what, sql string }{
		{"failures of a name", `INSERT INTO cert_orders (id, name, registrable, at, error_code) SELECT n, '` + name + `', 'company.test', now(), 'X' FROM generate_series(1, 4) n`},
		{"certificates of what was bought", `INSERT INTO cert_orders (id, name, registrable, at) SELECT n, n || '.company.test', 'company.test', now() FROM generate_series(1, 40) n`},
		{"orders of the account", `INSERT INTO cert_orders (id, name, registrable, at) SELECT n, n || '.test', n || '.test', now() FROM generate_series(1, 240) n`},
		{"the authority refuses the account", `INSERT INTO cert_orders (id, name, registrable, at, error_code, pauses_until) VALUES (1, 'x.test', 'x.test', now(), 'RATE_LIMITED', now() + interval '1 hour')`},
		{"the authority sheds load", `INSERT INTO cert_orders (id, name, registrable, at, error_code, pauses_until) VALUES (1, 'x.test', 'x.test', now(), 'AUTHORITY_UNREACHABLE', now() + interval '5 minutes')`},
	} {
		w.sql(`DELETE FROM cert_orders`)
		w.sql(c.sql)
		s := w.order()
		if s.ErrorCode != "RATE_LIMITED" || !s.NextOrderAt.After(time.Now()) || s.ErrorDetail["until"] == "" || s.Failures != 0 {
			t.Errorf("%s: %+v", c.what, s)
		}
	}
	w.sql(`DELETE FROM cert_orders`)
	if s := w.order(); s.ErrorCode != "" || s.NotAfter.IsZero() {
		t.Errorf("within the limits: %+v", s)
	}
}

// An authority that was away for hours locks nobody out afterwards: what failed counts
// against no limit, however often it was tried.
func TestAnOutageOfTheAuthorityUsesNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	w.authority.Stop()
	if s := w.order(); s.ErrorCode != "AUTHORITY_UNREACHABLE" {
		t.Fatalf("the authority is down: %+v", s)
	}
	w.sql(`INSERT INTO cert_orders (id, name, registrable, at, ended_at, error_code)
SELECT n, name, registrable, at, ended_at, error_code FROM cert_orders, generate_series(1, 300) n`)
	w.authority.Run()
	w.order() // it has forgotten our account, so that a new one is made first
	if s := w.order(); s.ErrorCode != "" || s.NotAfter.IsZero() {
		t.Errorf("the authority is back: %+v", s)
	}
}

// Orders that start at the same moment share what is left, too.
func TestLimitsHoldForOrdersAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	w.sql(`INSERT INTO cert_orders (id, name, registrable, at) SELECT n, n || '.test', n || '.test', now() FROM generate_series(1, 239) n`)
	var hosts []string
	for i := range 12 {
		hosts = append(hosts, fmt.Sprintf("social.company%d.test", i)) // it has no address, so each order fails
		if _, err := w.registry.Create(t.Context(), registry.NewTenant{Name: "Company", Host: hosts[i]}); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for _, host := range hosts {
		all.Go(func() {
			if err := w.worker.Order(t.Context(), host); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.count(`SELECT count(*) FROM cert_orders`); n != 240 {
		t.Errorf("%d orders were made, want 240", n)
	}
}

// A job that waited is not for a name that was given up meanwhile.
func TestNoOrderForANameThatWasGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	for _, state := range []string{"released", "expired", "pending_routing", "parked"} {
		w.sql(`UPDATE domains SET state = $1`, state)
		if err := w.worker.Order(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT count(*) FROM cert_orders`); n != 0 {
			t.Errorf("%s: %d orders", state, n)
		}
	}
	w.sql(`UPDATE domains SET state = 'issuing'`)
	if s := w.order(); s.NotAfter.IsZero() {
		t.Errorf("a name that waits for its first certificate: %+v", s)
	}
}

// The key of a name that was given up is not kept for ever, and no other goes with it.
func TestKeysEndWithTheirNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	if s := w.order(); s.NotAfter.IsZero() {
		t.Fatalf("no certificate: %+v", s)
	}
	// Another's, one label below: its path holds the same name.
	w.sql(`INSERT INTO cert_kv (key, value) SELECT replace(key, '` + name + `', 'x.` + name + `'), value FROM cert_kv WHERE key LIKE 'certificates/%'`)
	files := func(of string) int {
		return w.count(`SELECT count(*) FROM cert_kv WHERE key LIKE 'certificates/%/` + of + `/%'`)
	}
	want := files(name)
	for _, c := range []struct {
		what, domain, age string
		files             int
	}{
		{"a name that is held", "parked", "31 days", want},
		{"a name that was given up, and a certificate that ended lately", "released", "29 days", want},
		{"a name that was given up long ago", "released", "31 days", 0},
	} {
		w.sql(`UPDATE domains SET state = $1`, c.domain)
		w.sql(`UPDATE certificates SET not_after = now() - $1::interval, updated_at = now() - interval '60 days'`, c.age)
		if err := w.worker.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, others := files(name), files("x."+name); got != c.files || others != want {
			t.Errorf("%s: %d files, want %d; of another %d, want %d", c.what, got, c.files, others, want)
		}
	}
	if n := w.count(`SELECT count(*) FROM certificates`); n != 0 || want < 3 {
		t.Errorf("%d rows are left, of %d files", n, want)
	}
}
