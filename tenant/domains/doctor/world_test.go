package doctor_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/safehttp"
	"rookery/internal/testkit"
	"rookery/internal/testkit/dnstest"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
)

// What names can point to: this platform, and a website that was there before.
const (
	ourIPv4   = "198.51.100.10"
	ourIPv6   = "2001:db8:1::10"
	theirIPv4 = "203.0.113.7"
	theirIPv6 = "2001:db8:7::7"
	edge      = "t-42.edge.rookery.test"
	claimed   = "TOKENTOKENTOKENTOKENTOKEN1"
)

// world is a DNS and the servers that its addresses lead to. The addresses are those of
// documentation (RFC 5737); what is dialled in their place is on loopback.
type world struct {
	dns    *dnstest.Server
	looker *look.Looker
	port   string
	at     map[string]netip.Addr // what an address leads to; missing: nothing listens there
	ca     *testkit.CA
}

var worlds atomic.Uint32

const mostAnswers = 250 * time.Millisecond // of a server that says nothing

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dns: dnstest.Start(t), at: map[string]netip.Addr{}, ca: testkit.NewCA(t)}
	w.dns.Zone("rookery.test", "acme.test")
	w.dns.Set(edge+" 300 A "+ourIPv4, edge+" 300 AAAA "+ourIPv6)
	resolve := look.LookupBy(w.dns.ResolverAddresses())
	loopback := netip.MustParsePrefix("127.77.0.0/16")
	client := safehttp.New(safehttp.Options{
		UserAgent: "test", AllowHTTP: true, AllowPrefixes: []netip.Prefix{loopback}, RootCAs: w.ca.Pool(), HostRate: 1000,
		LookupIP: func(ctx context.Context, host string) ([]netip.Addr, error) {
			found, err := resolve(ctx, host)
			for i, addr := range found {
				if there, ok := w.at[addr.String()]; ok {
					found[i] = there
				} else if !loopback.Contains(addr) {
					found[i] = netip.MustParseAddr("127.77.254.254")
				}
			}
			return found, err
		},
	})
	t.Cleanup(client.Close)
	w.looker = look.New(look.Options{
		HTTP: client, Resolvers: w.dns.ResolverAddresses(), ZonePort: w.dns.Port(), AskTimeout: mostAnswers, EdgeSuffix: "edge.rookery.test",
		Addresses: []netip.Addr{netip.MustParseAddr(ourIPv4), netip.MustParseAddr(ourIPv6)}, Issuers: []string{"letsencrypt.org"},
		Secret: []byte("of the test"),
	})
	w.serve(t, ourIPv4, http.HandlerFunc(w.platform))
	w.at[ourIPv6] = w.at[ourIPv4]
	return w
}

// serve puts a server behind an address. All servers of a world have one port, as names do.
func (w *world) serve(t *testing.T, address string, h http.Handler) { w.listen(t, address, h, nil) }

func (w *world) listen(t *testing.T, address string, h http.Handler, wrap func(net.Listener) net.Listener) {
	t.Helper()
	n := worlds.Add(1)
	at := netip.AddrFrom4([4]byte{127, 77, byte(60 + n/250), byte(1 + n%250)})
	port := w.port
	if port == "" {
		port = "0"
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(at.String(), port))
	if err != nil {
		t.Fatal(err)
	}
	_, w.port, _ = net.SplitHostPort(l.Addr().String())
	w.at[address] = at
	if wrap != nil {
		l = wrap(l)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// platform answers as this platform does.
func (w *world) platform(out http.ResponseWriter, r *http.Request) {
	if nonce, ok := strings.CutPrefix(r.URL.Path, look.ProbePath); ok {
		fmt.Fprint(out, w.looker.Proof(r.Host, nonce))
		return
	}
	resource := r.URL.Query().Get("resource")
	user, host, ok := strings.Cut(strings.TrimPrefix(resource, "acct:"), "@")
	nonce, isProbe := strings.CutPrefix(user, look.ProbeUser)
	if r.URL.Path != "/.well-known/webfinger" || !ok || !isProbe {
		http.Error(out, "no", http.StatusBadRequest)
		return
	}
	writeJRD(out, map[string]any{"subject": resource, "properties": map[string]string{look.ProofProperty: w.looker.Proof(host, nonce)}})
}

func writeJRD(out http.ResponseWriter, jrd map[string]any) {
	out.Header().Set("Content-Type", "application/jrd+json")
	_ = json.NewEncoder(out).Encode(jrd)
}

// website is what companies have: a page for every path.
func website(out http.ResponseWriter, _ *http.Request) {
	out.Header().Set("Content-Type", "text/html")
	fmt.Fprint(out, "<!doctype html><title>Acme</title>")
}

// overTLS also serves https on the listener's port, and breaks plain http off.
func (w *world) overTLS(names ...string) func(net.Listener) net.Listener {
	config := &tls.Config{Certificates: []tls.Certificate{w.ca.Issue(names...)}, MinVersion: tls.VersionTLS12}
	return func(l net.Listener) net.Listener { return tls.NewListener(&onlyTLS{l}, config) }
}

// onlyTLS resets what is not a TLS handshake, as a firewall does.
type onlyTLS struct{ net.Listener }

func (l *onlyTLS) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		in := bufio.NewReader(conn)
		if first, err := in.Peek(1); err == nil && first[0] == 0x16 {
			return &peeked{conn, in}, nil
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

type peeked struct {
	net.Conn
	in *bufio.Reader
}

func (c *peeked) Read(b []byte) (int, error) { return c.in.Read(b) }

// target is a name to look at, as a tenant has it.
func (w *world) target(host string, kind tenant.CheckKind) look.Target {
	out := look.Target{Name: host + ":" + w.port, Token: claimed, Tenant: 42, Scheme: "http", Kinds: []tenant.CheckKind{kind}}
	out.Mode, out.Role = tenant.WholeDomain, tenant.ServiceDomain
	if kind == tenant.CheckWebFinger {
		out.Mode, out.Role, out.Host = tenant.SplitDomain, tenant.HandleDomain, "social."+host+":"+w.port
	}
	return out
}

// diagnose looks at a name and judges what there is.
func (w *world) diagnose(t *testing.T, target look.Target) doctor.Finding {
	t.Helper()
	found := doctor.Diagnose(w.looker.Look(t.Context(), target))
	if len(found) != 1 {
		t.Fatalf("findings: %v", found)
	}
	return found[target.Kinds[0]]
}

// expect compares a finding with a code, and its sentence with the words that must be in it.
func expect(t *testing.T, w *world, target look.Target, outcome doctor.Outcome, code doctor.Code, words ...string) {
	t.Helper()
	got := w.diagnose(t, target)
	if got.Outcome != outcome || got.Code != code {
		t.Errorf("%s: %s %s %v, want %s %s", target.Name, got.Outcome, got.Code, got.Detail, outcome, code)
		return
	}
	host, _, _ := strings.Cut(target.Name, ":")
	text := doctor.Sentence(got.Code, host, got.Detail)
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s does not say %q: %s", code, word, text)
		}
	}
}
