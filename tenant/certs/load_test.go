package certs_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	weak "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant/certs"
	"rookery/tenant/registry"
)

// What docs/domains.md promises of handshakes. `make load-tls N=10000` measures it; the
// counts hold in every run, the speed only there: a test must not depend on the clock.
const (
	mostHeap     = 6 << 10 // bytes a certificate
	leastPerCore = 1500    // full handshakes a second and core of the server
	mostWaiting  = 100 * time.Millisecond
)

func TestMain(m *testing.M) {
	if os.Getenv(clientEnv) != "" {
		runClient(os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// load is an edge with many names, whose storage is in memory and can be spoilt.
type load struct {
	t       *testing.T
	n       int
	store   *memory
	edge    *certs.Edge
	address string
}

func loadName(i int) string { return fmt.Sprintf("social.company%d.test", i) }

func newLoad(t *testing.T, n int) *load {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	db := testkit.DB(t)
	reg := registry.New(registry.Options{DB: db.PG, Seal: key, NewKey: func() ([]byte, string, error) { return []byte("private"), "public", nil }})
	made, err := reg.Create(t.Context(), registry.NewTenant{Name: "Company", Host: "company.test"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db}
	w.sql(`INSERT INTO domains (id, tenant_id, name, display_name, registrable, mode, role, state)
		SELECT n, $1, 'social.company' || n || '.test', '', 'company' || n || '.test', 'whole', 'service', 'live' FROM generate_series(0, $2::bigint) n`, int64(made.ID), n+1)
	w.sql(`INSERT INTO certificates (name, not_before, not_after) SELECT 'social.company' || n || '.test', now(), now() + interval '60 days' FROM generate_series(0, $1::bigint) n`, n)
	if err := reg.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := &load{t: t, n: n, store: newMemory(t, n)}
	l.edge = certs.NewEdge(certs.EdgeOptions{DB: db.PG, Key: key, Table: reg, CA: "https://ca.test/dir", Storage: l.store})
	t.Cleanup(l.edge.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = listener.Addr().String()
	server := &http.Server{TLSConfig: l.edge.TLSConfig(), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return l
}

// Strangers cost no question to the storage and no order, whatever they claim to speak
// (TEN-25); a crowd for one name costs one load.
func TestStrangersCostNothing(t *testing.T) {
	t.Parallel()
	l := newLoad(t, 4)
	for what, visit := range map[string]visit{
		"TEN-25 names of others":         {Count: 2000, Names: "random", Workers: 32},
		"TEN-25 below a name of ours":    {Count: 200, Names: "below", Workers: 16},
		"challenges for names of others": {Count: 500, Names: "random", Challenge: true, Workers: 16},
		"challenges that nobody ordered": {Count: 500, Names: "ours", N: l.n, Challenge: true, Workers: 16},
		"our name without certificate":   {Count: 200, Names: "bare", N: l.n, Workers: 16},
	} {
		before := l.store.calls.Load()
		got := l.visit(visit)
		if calls := l.store.calls.Load() - before; calls != 0 || got.Done != 0 || got.Failed != visit.Count {
			t.Errorf("%s: %d questions to the storage; %+v", what, calls, got)
		}
	}
	l.store.slow(20 * time.Millisecond)
	got := l.visit(visit{Count: 1000, Names: "one", Workers: 1000})
	// A load is a few questions. Who looked just before one ended begins another: some do on a busy machine.
	if loads := l.store.calls.Load(); got.Done != 1000 || loads > 10 {
		t.Errorf("a crowd of 1,000: %+v, %d questions to the storage; want 10 at most", got, loads)
	}
}

// While the storage hangs or is away, what is in memory is served, and the rest is refused soon.
func TestServedWhileTheStorageIsAway(t *testing.T) {
	t.Parallel()
	l := newLoad(t, 4)
	if got := l.visit(visit{Count: 3, Names: "first", N: 3, Workers: 1}); got.Done != 3 {
		t.Fatalf("three names in memory: %+v", got)
	}
	for what, spoil := range map[string]func(){"hangs": func() { l.store.slow(time.Hour) }, "is away": func() { l.store.fail(true) }} {
		l.store.heal()
		spoil()
		if got := l.visit(visit{Count: 100, Names: "first", N: 3, Workers: 8}); got.Done != 100 {
			t.Errorf("the storage %s: %+v", what, got)
		}
		if got := l.visit(visit{Count: 50, Names: "last", N: l.n, Workers: 50}); got.Failed != 50 {
			t.Errorf("the storage %s: a name that is not in memory: %+v", what, got)
		}
	}
	l.store.heal()
	testkit.Eventually(t, time.Minute, "it is served when the storage is back", func() bool {
		return l.visit(visit{Count: 1, Names: "last", N: l.n, Workers: 1}).Done == 1
	})
}

// The load test of docs/domains.md: make load-tls N=10000.
func TestLoadTLS(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("ROOKERY_LOAD_TLS"))
	if n == 0 {
		t.Skip("make load-tls runs it")
	}
	l := newLoad(t, n)
	before, cpu := heap(), cpuTime()
	began := time.Now()
	got := l.visit(visit{Count: n, Names: "each", N: n, Workers: 32})
	perCertificate := (heap() - before) / int64(n)
	t.Logf("cold: %d names in %v, %.2f ms of the server's CPU each; heap %d bytes a certificate", got.Done, time.Since(began).Round(time.Millisecond), msEach(cpuTime()-cpu, n), perCertificate)
	if got.Done != n || perCertificate > mostHeap {
		t.Errorf("%d of %d names served; %d bytes a certificate, want %d at most", got.Done, n, perCertificate, mostHeap)
	}

	cpu = cpuTime()
	const warm = 10_000
	got = l.visit(visit{Count: warm, Names: "ours", N: n, Workers: 16})
	perCore := float64(got.Done) / (cpuTime() - cpu).Seconds()
	t.Logf("warm: %.0f handshakes/s, %.0f a core of the server; p50 %v, p99 %v", got.Rate, perCore, got.P50, got.P99)
	if got.Failed > 0 || perCore < leastPerCore {
		t.Errorf("%d failed, %.0f handshakes/s and core, want %d at least", got.Failed, perCore, leastPerCore)
	}

	for what, spoil := range map[string]func(){
		"takes 200 ms more": func() { l.store.slow(200 * time.Millisecond) },
		"hangs":             func() { l.store.slow(time.Hour) },
		"is down":           func() { l.store.fail(true) },
	} {
		spoil()
		got = l.visit(visit{Count: 3000, Names: "ours", N: n, Workers: 8, Rate: 400})
		t.Logf("the storage %s: p50 %v, p99 %v", what, got.P50, got.P99)
		if got.Failed > 0 || got.P99 > mostWaiting {
			t.Errorf("the storage %s: %+v", what, got)
		}
		l.store.heal()
	}

	calls := l.store.calls.Load()
	cpu = cpuTime()
	for what, v := range map[string]visit{
		"unknown names":              {Count: 20_000, Names: "random", Workers: 16},
		"acme-tls/1, unknown names":  {Count: 10_000, Names: "random", Challenge: true, Workers: 16},
		"acme-tls/1, names of ours":  {Count: 10_000, Names: "ours", N: n, Challenge: true, Workers: 16},
		"a name without certificate": {Count: 5_000, Names: "bare", N: n, Workers: 16},
	} {
		got = l.visit(v)
		t.Logf("flood of %s: %.0f/s refused", what, got.Rate)
	}
	t.Logf("floods: %.0f/s a core of the server", 45_000/(cpuTime()-cpu).Seconds())
	if asked := l.store.calls.Load() - calls; asked != 0 {
		t.Errorf("the floods asked the storage %d times", asked)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no heap is as large
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func msEach(d time.Duration, n int) float64 { return float64(d.Microseconds()) / 1000 / float64(n) }

// visit is what a client does: in a process of its own, so that the server's CPU time can
// be told from the client's.
type visit struct {
	Address   string
	Names     string // ours, each, first, one, last, bare, below, random
	N         int
	Count     int
	Workers   int
	Rate      float64 // a second; 0: as fast as it goes
	Challenge bool    // claims to be the authority's
}

type visited struct {
	Done, Failed int
	Rate         float64
	P50, P99     time.Duration
}

const clientEnv = "ROOKERY_TLS_CLIENT"

func (l *load) visit(v visit) (out visited) {
	l.t.Helper()
	v.Address = l.address
	text, err := json.Marshal(v)
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.CommandContext(l.t.Context(), os.Args[0]) //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), clientEnv+"=1")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	answer, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil {
		l.t.Fatalf("the client: %v: %s", err, answer)
	}
	return out
}

func runClient(in io.Reader, out io.Writer) {
	var v visit
	if err := json.NewDecoder(in).Decode(&v); err != nil {
		panic(err)
	}
	var next, done, failed atomic.Int64
	times := make([]time.Duration, v.Count)
	began := time.Now()
	pace := make(<-chan time.Time)
	if v.Rate > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / v.Rate))
		defer ticker.Stop()
		pace = ticker.C
	}
	var group sync.WaitGroup
	for range v.Workers {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= v.Count {
					return
				}
				if v.Rate > 0 {
					<-pace
				}
				from := time.Now()
				if v.handshake(i) == nil {
					done.Add(1)
				} else {
					failed.Add(1)
				}
				times[i] = time.Since(from)
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	slices.Sort(times)
	_ = json.NewEncoder(out).Encode(visited{
		Done: int(done.Load()), Failed: int(failed.Load()), Rate: float64(v.Count) / took.Seconds(),
		P50: times[len(times)/2], P99: times[len(times)*99/100],
	})
}

func (v visit) handshake(i int) error {
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, ServerName: v.name(i)} //nolint:gosec // the server is measured
	if v.Challenge {
		config.NextProtos = []string{"acme-tls/1"}
	}
	conn, err := net.DialTimeout("tcp", v.Address, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return tls.Client(conn, config).Handshake()
}

func (v visit) name(i int) string {
	switch v.Names {
	case "ours":
		return loadName(weak.IntN(v.N)) //nolint:gosec // which name is no secret
	case "each", "first":
		return loadName(i % v.N)
	case "last":
		return loadName(v.N)
	case "bare": // live, without a certificate
		return loadName(v.N + 1)
	case "below":
		return strconv.Itoa(i) + "." + loadName(0)
	case "one":
		return loadName(0)
	}
	return rand.Text() + ".test"
}

// memory is a storage that counts what it is asked, and can be slow or away.
type memory struct {
	certmagic.Storage // what the edge must never call is nil
	files             map[string][]byte
	calls             atomic.Int64
	delay             atomic.Int64
	down              atomic.Bool
}

func (m *memory) slow(d time.Duration) { m.delay.Store(int64(d)) }
func (m *memory) fail(down bool)       { m.down.Store(down) }
func (m *memory) heal()                { m.slow(0); m.fail(false) }

// Load implements certmagic.Storage.
func (m *memory) Load(ctx context.Context, key string) ([]byte, error) {
	m.calls.Add(1)
	if d := time.Duration(m.delay.Load()); d > 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(d):
		}
	}
	if m.down.Load() {
		return nil, fmt.Errorf("the storage is away")
	}
	if value, ok := m.files[key]; ok {
		return value, nil
	}
	return nil, fs.ErrNotExist
}

// newMemory holds certificates for n names and one more, from an authority with an intermediate.
func newMemory(t *testing.T, n int) *memory {
	t.Helper()
	m := &memory{files: make(map[string][]byte, 3*n)}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	sign := func(template, parent *x509.Certificate, public, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &public.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	now := time.Now()
	template := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now, NotAfter: now.Add(61 * 24 * time.Hour)}
	}
	rootKey, middleKey := key(), key()
	root := template("root", 1)
	root.IsCA, root.BasicConstraintsValid = true, true
	middle := template("middle", 2)
	middle.IsCA, middle.BasicConstraintsValid = true, true
	middleDER := sign(middle, root, middleKey, rootKey)
	for i := range n + 1 {
		name, leafKey := loadName(i), key()
		leaf := template(name, int64(i)+10)
		leaf.DNSNames = []string{name}
		chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(leaf, middle, leafKey, middleKey)}),
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: middleDER})...)
		private, err := x509.MarshalECPrivateKey(leafKey)
		if err != nil {
			t.Fatal(err)
		}
		issuer := "ca.test-dir"
		m.files[certmagic.StorageKeys.SiteCert(issuer, name)] = chain
		m.files[certmagic.StorageKeys.SitePrivateKey(issuer, name)] = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})
		m.files[certmagic.StorageKeys.SiteMeta(issuer, name)] = []byte(`{"sans":["` + name + `"],"issuer_data":{"url":"https://ca.test/cert/1","ca":"https://ca.test/dir"}}`)
	}
	return m
}
