package hostroute_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/hostroute"
	"rookery/tenant/registry"
)

// house is an Echo behind the middleware, with the tenants of the table below.
type house struct {
	db       *pg.DB
	echo     *echo.Echo
	registry *registry.Registry
}

func newHouse(t *testing.T, change func(*hostroute.Options)) *house {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{db: testkit.DB(t).PG, echo: echo.New()}
	h.registry = registry.New(registry.Options{
		DB: h.db, Seal: key, NewKey: func() ([]byte, string, error) { return []byte("private"), "public", nil },
	})
	for _, n := range []registry.NewTenant{
		{Name: "Secret Name A", Host: "a.test"},
		{Name: "Secret Name B", Host: "social.b.test", HandleDomain: "b.test"},
		{Name: "Bücher", Host: "bücher.test"},
	} {
		if _, err := h.registry.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	o := hostroute.Options{Table: h.registry, Platform: "Rookery.test", Media: "media.test", TLS: true}
	if change != nil {
		change(&o)
	}
	h.echo.IPExtractor = hostroute.IPExtractor
	h.echo.Pre(hostroute.New(o))
	// It answers who was found, and everything of the request that could leak a host.
	h.echo.Any("/*", func(c echo.Context) error {
		host := "-"
		if found := tenant.FromContext(c.Request().Context()); found != nil {
			host = found.Host
		}
		return c.String(http.StatusOK, fmt.Sprintf("%s %s %s %s %s %v", hostroute.SiteOf(c), host, hostroute.ClientIP(c), c.RealIP(), hostroute.Scheme(c), c.Request().Header))
	})
	return h
}

func (h *house) ask(method, host, path string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Host, r.RemoteAddr = host, "192.0.2.7:1234"
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.echo.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TEN-05, and which host leads where.
func TestHostsLeadToTenants(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for host, want := range map[string]string{
		"a.test": "tenant a.test", "A.TEST:443": "tenant a.test", "a.test.": "tenant a.test", "a.test:80": "tenant a.test",
		"social.b.test": "tenant social.b.test", "xn--bcher-kva.test": "tenant xn--bcher-kva.test", "bücher.test": "tenant xn--bcher-kva.test",
		"rookery.test": "platform -", "ROOKERY.test:443": "platform -", "media.test": "media -",
	} {
		r := h.ask(http.MethodGet, host, "/x", nil)
		if got := bodyOf(t, r); r.StatusCode != http.StatusOK || !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s: %d %q, want %q", host, r.StatusCode, got, want)
		}
	}
}

// TEN-01.
func TestUnknownHostIsMisdirected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, host := range []string{"", "unknown.test", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:443", "evil.a.test", "a.test.evil.test", "a.test:8080", "*.test", "test"} {
		for accept, kind := range map[string]string{
			"text/html,application/xhtml+xml": "text/html", "application/json": "application/json",
			"application/activity+json": "application/json", "": "application/json",
		} {
			r := h.ask(http.MethodGet, host, "/@alice", http.Header{"Accept": {accept}})
			body := bodyOf(t, r)
			if r.StatusCode != http.StatusMisdirectedRequest || !strings.HasPrefix(r.Header.Get("Content-Type"), kind) {
				t.Errorf("%q, %q: %d %s", host, accept, r.StatusCode, r.Header.Get("Content-Type"))
			}
			if r.Header.Get("Set-Cookie") != "" || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%q: headers %v", host, r.Header)
			}
			for _, leak := range []string{"Secret", "a.test", "b.test", "rookery.test", "Rookery"} {
				if strings.Contains(body, leak) {
					t.Errorf("%q: the answer names %q: %s", host, leak, body)
				}
			}
		}
	}
}

// Whom the operator refuses hears so on every host; who asks whether the process lives is answered.
func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *hostroute.Options) {
		o.Refuses = func(from netip.Addr) bool { return from == netip.MustParseAddr("192.0.2.7") }
	})
	for _, host := range []string{"a.test", "rookery.test", "media.test", "nobody.test"} {
		if r := h.ask(http.MethodGet, host, "/", nil); r.StatusCode != http.StatusForbidden || !strings.Contains(bodyOf(t, r), "your network") {
			t.Errorf("%s: %d", host, r.StatusCode)
		}
	}
	if r := h.ask(http.MethodGet, "a.test", "/healthz", nil); r.StatusCode != http.StatusOK {
		t.Errorf("the health check: %d", r.StatusCode)
	}
}

func TestProbesAnswerOnEveryHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := h.ask(http.MethodGet, "10.0.0.9:8080", path, nil); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if r := h.ask(http.MethodGet, "10.0.0.9:8080", "/healthz/x", nil); r.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("below a probe: %d", r.StatusCode)
	}
}

// A table that was never read must not tell peers that a host is not here.
func TestUnknownHostBeforeTheFirstLoadIsUnavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *hostroute.Options) { o.Table = registry.New(registry.Options{}) })
	r := h.ask(http.MethodPost, "a.test", "/inbox", nil)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	if r := h.ask(http.MethodGet, "rookery.test", "/", nil); r.StatusCode != http.StatusOK {
		t.Errorf("the platform's host: %d", r.StatusCode)
	}
}

func TestHandleDomainServesDiscoveryAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	tests := []struct {
		method, path string
		status       int
		location     string
	}{
		{"GET", "/.well-known/webfinger?resource=acct:x@b.test", 200, ""},
		{"GET", "/.well-known/host-meta", 200, ""},
		{"GET", "/nodeinfo/2.1", 200, ""},
		{"GET", "/@alice?x=1&y=%2F", 301, "https://social.b.test/@alice?x=1&y=%2F"},
		{"HEAD", "/", 301, "https://social.b.test/"},
		{"POST", "/inbox", 308, "https://social.b.test/inbox"},
		{"GET", "/.well-known", 301, "https://social.b.test/.well-known"},
		{"GET", "/nodeinfox", 301, "https://social.b.test/nodeinfox"},
		{"GET", "//evil.test/x", 301, "https://social.b.test//evil.test/x"},
		{"GET", "/%2F%2Fevil.test", 301, "https://social.b.test/%2F%2Fevil.test"},
		{"GET", "/api/v1/instance", 301, "https://social.b.test/api/v1/instance"},
	}
	for _, tt := range tests {
		r := h.ask(tt.method, "b.test", tt.path, nil)
		if r.StatusCode != tt.status || r.Header.Get("Location") != tt.location {
			t.Errorf("%s %s: %d to %q, want %d to %q", tt.method, tt.path, r.StatusCode, r.Header.Get("Location"), tt.status, tt.location)
		}
	}
}

// TEN-03: nothing that a stranger writes about hosts is heard, or even passed on.
func TestForwardingHeadersOfStrangersAreDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *hostroute.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	lies := http.Header{
		"X-Forwarded-Host": {"social.b.test"}, "Forwarded": {"host=social.b.test;for=6.6.6.6"}, "X-Original-Host": {"social.b.test"}, "X-Host": {"social.b.test"},
		"X-Forwarded-For": {"6.6.6.6"}, "X-Real-Ip": {"6.6.6.6"}, "X-Forwarded-Proto": {"http"}, "X-Original-Url": {"/b.test"},
	}
	got := bodyOf(t, h.ask(http.MethodGet, "a.test", "/x", lies))
	if !strings.HasPrefix(got, "tenant a.test 192.0.2.7 192.0.2.7 https ") || strings.Contains(got, "b.test") || strings.Contains(got, "6.6.6.6") {
		t.Errorf("got %q", got)
	}
}

// TEN-42: the address that limits count.
func TestClientBehindProxies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		trusted string
		values  []string
		want    string
	}{
		"one proxy":                  {"192.0.2.0/24", []string{"203.0.113.5"}, "203.0.113.5"},
		"invented before the proxy":  {"192.0.2.0/24", []string{"6.6.6.6, 203.0.113.5"}, "203.0.113.5"},
		"two proxies":                {"192.0.2.0/24", []string{"203.0.113.5, 192.0.2.9"}, "203.0.113.5"},
		"two headers":                {"192.0.2.0/24", []string{"6.6.6.6", "203.0.113.5"}, "203.0.113.5"},
		"with a port":                {"192.0.2.0/24", []string{"203.0.113.5:4711"}, "203.0.113.5"},
		"IPv6 with a port":           {"192.0.2.0/24", []string{"[2001:db8::5]:4711"}, "2001:db8::5"},
		"IPv6":                       {"192.0.2.0/24", []string{"2001:db8::5"}, "2001:db8::5"},
		"nonsense":                   {"192.0.2.0/24", []string{"unknown"}, "192.0.2.7"},
		"nonsense before an address": {"192.0.2.0/24", []string{"unknown, 203.0.113.5"}, "203.0.113.5"},
		"nothing":                    {"192.0.2.0/24", nil, "192.0.2.7"},
		"no trust":                   {"10.0.0.0/8", []string{"203.0.113.5"}, "192.0.2.7"},
		"all trusted":                {"0.0.0.0/0", []string{"198.51.100.1, 203.0.113.5"}, "198.51.100.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(o *hostroute.Options) {
				o.TLS, o.TrustedProxies = false, []netip.Prefix{netip.MustParsePrefix(tt.trusted)}
			})
			got := bodyOf(t, h.ask(http.MethodGet, "a.test", "/x", http.Header{"X-Forwarded-For": tt.values, "X-Forwarded-Proto": {"https"}}))
			scheme := "https"
			if name == "no trust" {
				scheme = "http"
			}
			if !strings.HasPrefix(got, "tenant a.test "+tt.want+" "+tt.want+" "+scheme+" ") {
				t.Errorf("got %q, want %s %s", got, tt.want, scheme)
			}
		})
	}
}

// RFC 9112 section 3.2.2: in absolute form the request line wins over the Host header.
func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	server := httptest.NewServer(h.echo)
	t.Cleanup(server.Close)
	for line, want := range map[string]string{
		"GET http://a.test/x HTTP/1.1\r\nHost: social.b.test":      "tenant a.test ",
		"GET http://A.test:80/x HTTP/1.1\r\nHost: a.test":          "tenant a.test ",
		"GET http://unknown.test/x HTTP/1.1\r\nHost: a.test":       "421",
		"GET /x HTTP/1.1\r\nHost: a.test":                          "tenant a.test ",
		"GET /x HTTP/1.0":                                          "421",
		"GET /x HTTP/1.1\r\nHost: a.test\r\nHost: social.b.test":   "400",
		"GET http://a.test@social.b.test/x HTTP/1.1\r\nHost: a.it": "tenant social.b.test ",
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, line+"\r\nConnection: close\r\n\r\n")
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got := bodyOf(t, r); !strings.HasPrefix(got, want) && fmt.Sprint(r.StatusCode) != want {
			t.Errorf("%q: %d %q, want %q", line, r.StatusCode, got, want)
		}
		_ = conn.Close()
	}
}

func TestOtherHandlersTakeOver(t *testing.T) {
	t.Parallel()
	named := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
	}
	h := newHouse(t, func(o *hostroute.Options) { o.PlatformHandler, o.MediaHandler = named("console"), named("files") })
	for host, want := range map[string]string{"rookery.test": "console", "media.test": "files"} {
		if got := bodyOf(t, h.ask(http.MethodGet, host, "/x", nil)); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// A self-hoster with one name for both: the tenant's pages win.
func TestPlatformAndTenantMayShareAHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *hostroute.Options) { o.Platform = "a.test" })
	if got := bodyOf(t, h.ask(http.MethodGet, "a.test", "/x", nil)); !strings.HasPrefix(got, "tenant a.test ") {
		t.Errorf("got %q", got)
	}
}

func TestStateTravelsWithTheTenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	a, _, _ := h.registry.ByHost("a.test")
	ctx, now := t.Context(), time.Now()
	for _, step := range []struct {
		to tenant.State
		by func(*pg.PlatformTx) error
	}{
		{tenant.Deleting, func(tx *pg.PlatformTx) error { return registry.BeginDeletion(ctx, tx, a.ID, now, false) }},
		{tenant.Deleted, func(tx *pg.PlatformTx) error { return registry.CloseTenant(ctx, tx, a.ID, now) }},
	} {
		if err := h.db.Platform(ctx, "test", step.by); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.Load(ctx); err != nil {
			t.Fatal(err)
		}
		if found, _, _ := h.registry.ByHost("a.test"); found.State != step.to {
			t.Errorf("%s is %s", found.Host, found.State)
		}
		if r := h.ask(http.MethodGet, "a.test", "/x", nil); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d; routes decide, not the host", step.to, r.StatusCode)
		}
	}
}
