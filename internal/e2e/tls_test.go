package e2e_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// terminator ends TLS in front of a server, as the proxies of operators do, and
// keeps a log of what came to inboxes.
type terminator struct {
	Port string
	ca   *testkit.CA

	mu      sync.Mutex
	backend string
	inbox   []knock
	spoil   func(*http.Request) bool
}

// knock is one delivery to an inbox of ours.
type knock struct {
	Path    string
	RFC9421 bool // else draft-cavage
	Status  int
	Spoilt  bool
}

// newTerminator listens with a certificate for the names. Point it to a server
// with forward.
func newTerminator(t *testing.T, ca *testkit.CA, names ...string) *terminator {
	t.Helper()
	p := &terminator{ca: ca}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			p.mu.Lock()
			r.Out.URL.Host = p.backend
			p.mu.Unlock()
			r.Out.URL.Scheme = "http"
			r.Out.Host = r.In.Host // the tenant, and part of signatures
			r.SetXForwarded()
		},
		FlushInterval: -1, // event streams
	}
	srv := httptest.NewUnstartedServer(p.logged(proxy))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(names...)}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, p.Port, _ = net.SplitHostPort(srv.Listener.Addr().String())
	return p
}

// forward says where requests go from now on.
func (p *terminator) forward(backend string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backend = backend
}

// client reaches *.localhost and trusts the terminator.
func (p *terminator) client(t *testing.T) *http.Client {
	transport := testkit.Localhost(t)
	transport.TLSClientConfig = &tls.Config{RootCAs: p.ca.Pool()}
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// spoilNext breaks the signature of the next delivery for which match says so.
func (p *terminator) spoilNext(match func(*http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil = match
}

// knocks returns the deliveries to inboxes so far.
func (p *terminator) knocks() []knock {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]knock(nil), p.inbox...)
}

func (p *terminator) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/inbox") {
			next.ServeHTTP(w, r)
			return
		}
		k := knock{Path: r.URL.Path, RFC9421: isRFC9421(r), Spoilt: p.mayBreak(r)}
		recorder := &statusRecorder{ResponseWriter: w}
		next.ServeHTTP(recorder, r)
		k.Status = recorder.status
		p.mu.Lock()
		defer p.mu.Unlock()
		p.inbox = append(p.inbox, k)
	})
}

func isRFC9421(r *http.Request) bool { return r.Header.Get("Signature-Input") != "" }

// mayBreak changes one character of the signature's value if that was asked for.
func (p *terminator) mayBreak(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spoil == nil || !p.spoil(r) {
		return false
	}
	p.spoil = nil
	// sig1=:BASE64: — a character in the middle carries six bits of the signature.
	value := []byte(r.Header.Get("Signature"))
	middle := len(value) / 2
	if value[middle] == 'A' {
		value[middle] = 'B'
	} else {
		value[middle] = 'A'
	}
	r.Header.Set("Signature", string(value))
	return true
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
