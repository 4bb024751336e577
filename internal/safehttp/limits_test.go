package safehttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/safehttp"
)

// zeros gives n bytes without holding them.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func gzipped(n int64) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.Copy(w, zeros(n))
	_ = w.Close()
	return b.Bytes()
}

// NET-12.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	serve := func(body func(w http.ResponseWriter)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { body(w) }
	}
	compressed := func(data []byte) http.HandlerFunc {
		return serve(func(w http.ResponseWriter) { w.Header().Set("Content-Encoding", "gzip"); _, _ = w.Write(data) })
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		want    error
		size    int
	}{
		"at the limit":           {handler: serve(func(w http.ResponseWriter) { _, _ = io.Copy(w, zeros(limit)) }), size: limit},
		"over, with length":      {handler: serve(func(w http.ResponseWriter) { w.Header().Set("Content-Length", fmt.Sprint(limit+1)) }), want: safehttp.ErrTooLarge},
		"over, chunked":          {handler: serve(func(w http.ResponseWriter) { _, _ = io.Copy(w, zeros(limit+1)) }), want: safehttp.ErrTooLarge},
		"endless":                {handler: serve(func(w http.ResponseWriter) { _, _ = io.Copy(w, zero{}) }), want: safehttp.ErrTooLarge},
		"gzip at the limit":      {handler: compressed(gzipped(limit)), size: limit},
		"gzip bomb":              {handler: compressed(gzipped(32 << 20)), want: safehttp.ErrTooLarge},
		"gzip of nothing, ever":  {handler: compressed(bytes.Repeat(gzipped(0), 60_000)), want: safehttp.ErrTooLarge},
		"gzip cut off":           {handler: compressed(gzipped(1000)[:20]), want: fault.New(fault.Unavailable, "The other server could not be reached.")},
		"encoding not asked for": {handler: serve(func(w http.ResponseWriter) { w.Header().Set("Content-Encoding", "br") }), want: safehttp.ErrContentType},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peer(t, tt.handler)
			response, err := get(t.Context(), newClient(t, options()), p.URL)
			if !errors.Is(err, tt.want) {
				t.Fatalf("get = %v; want %v", err, tt.want)
			}
			if err == nil && len(response.Body) != tt.size {
				t.Errorf("body has %d bytes; want %d", len(response.Body), tt.size)
			}
		})
	}
}

func TestStandardClientIsBounded(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, zeros(100)) })
	client := newClient(t, options())
	for limit, want := range map[int64]error{99: safehttp.ErrTooLarge, 100: nil} {
		answer, err := standard(t, client, p.URL, limit)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if !errors.Is(err, want) || int64(len(body)) != min(limit, 100) {
			t.Errorf("limit %d: read %d, %v", limit, len(body), err)
		}
	}
}

// NET-11: whatever a peer does slowly, the whole ends at the deadline.
func TestDeadline(t *testing.T) {
	t.Parallel()
	drip := func(conn net.Conn, start, each string) {
		_, err := io.WriteString(conn, start)
		for tick := time.NewTicker(20 * time.Millisecond); err == nil; <-tick.C {
			_, err = io.WriteString(conn, each)
		}
	}
	tests := map[string]func(conn net.Conn){
		"silence":     func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) },
		"body drip":   func(conn net.Conn) { drip(conn, "HTTP/1.1 200 OK\r\n\r\n", "x") },
		"header drip": func(conn net.Conn) { drip(conn, "HTTP/1.1 200 OK\r\nX: ", "x") },
		"1xx for ever": func(conn net.Conn) {
			drip(conn, "", "HTTP/1.1 103 Early Hints\r\n\r\n")
		},
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			_, err := newClient(t, options()).Get(t.Context(), safehttp.GetRequest{URL: rawPeer(t, write), Deadline: 300 * time.Millisecond})
			if fault.CodeOf(err) != fault.Unavailable || safehttp.IsPermanent(err) {
				t.Errorf("get = %v; want a temporary error", err)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestEndlessHeader(t *testing.T) {
	t.Parallel()
	url := rawPeer(t, func(conn net.Conn) {
		_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for err == nil {
			_, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	})
	begin := time.Now()
	if _, err := get(t.Context(), newClient(t, options()), url); err == nil || time.Since(begin) > 3*time.Second {
		t.Errorf("get = %v after %v; want a refusal at once", err, time.Since(begin))
	}
}

// A host that hangs holds up its own requests only, and those not for long.
func TestSlowHostHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	arrived, hold := make(chan struct{}, 10), make(chan struct{})
	slow := peer(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-hold })
	fast := peer(t, func(http.ResponseWriter, *http.Request) {})
	o := options()
	o.PerHost, o.Total, o.HostWait = 2, 3, 50*time.Millisecond
	client := newClient(t, o)
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if _, err := get(t.Context(), client, slow.URL); err != nil {
				t.Errorf("first to the slow host: %v", err)
			}
		})
		<-arrived
	}
	if _, err := get(t.Context(), client, slow.URL); !errors.Is(err, safehttp.ErrBusy) || safehttp.IsPermanent(err) {
		t.Errorf("third to the slow host = %v; want busy", err)
	}
	if _, err := get(t.Context(), client, fast.URL); err != nil {
		t.Errorf("get from another host = %v", err)
	}
	close(hold)
	waiting.Wait()
	if _, err := get(t.Context(), client, slow.URL); err != nil {
		t.Errorf("get after the host came back = %v", err)
	}
}

func TestHostRate(t *testing.T) {
	t.Parallel()
	p := peer(t, func(http.ResponseWriter, *http.Request) {})
	o := options()
	o.HostRate, o.HostWait = 0.01, 50*time.Millisecond
	client := newClient(t, o)
	if _, err := get(t.Context(), client, p.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), client, p.URL); !errors.Is(err, safehttp.ErrBusy) {
		t.Errorf("second = %v; want busy", err)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hop" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
		_, _ = io.Copy(w, zeros(100))
	})
	other := peer(t, func(http.ResponseWriter, *http.Request) {})
	full := func() *safehttp.Budget { return &safehttp.Budget{Requests: 2, Bytes: 1000, MaxHosts: 1} }
	tests := map[string]struct {
		budget *safehttp.Budget
		urls   []string
		want   error // of the last
	}{
		"enough":             {budget: full(), urls: []string{p.URL, p.URL}},
		"requests":           {budget: full(), urls: []string{p.URL, p.URL, p.URL}, want: safehttp.ErrBudget},
		"redirects count":    {budget: full(), urls: []string{p.URL + "/hop", p.URL}, want: safehttp.ErrBudget},
		"hosts":              {budget: full(), urls: []string{p.URL, other.URL}, want: safehttp.ErrBudget},
		"bytes":              {budget: &safehttp.Budget{Requests: 9, Bytes: 100, MaxHosts: 1}, urls: []string{p.URL, p.URL}, want: safehttp.ErrBudget},
		"wall time":          {budget: &safehttp.Budget{Requests: 9, Bytes: 100, MaxHosts: 1, Deadline: time.Now().Add(-time.Second)}, urls: []string{p.URL}, want: safehttp.ErrLate},
		"survives the queue": {budget: full(), urls: []string{p.URL, "json", p.URL, p.URL}, want: safehttp.ErrBudget},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, budget := newClient(t, options()), tt.budget
			var err error
			for i, url := range tt.urls {
				if err != nil {
					t.Fatalf("request %d = %v", i, err)
				}
				if url == "json" {
					budget = throughJSON(t, budget)
					continue
				}
				_, err = get(safehttp.WithBudget(t.Context(), budget), client, url)
			}
			if !errors.Is(err, tt.want) || safehttp.IsPermanent(err) != (tt.want == safehttp.ErrBudget) {
				t.Errorf("last request = %v; want %v", err, tt.want)
			}
		})
	}
}

func throughJSON(t *testing.T, b *safehttp.Budget) *safehttp.Budget {
	t.Helper()
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	restored := new(safehttp.Budget)
	if err := json.Unmarshal(text, restored); err != nil {
		t.Fatal(err)
	}
	return restored
}

// NET-14: bad certificates are refused, and worth trying again: they get renewed.
func TestTLS(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	tests := map[string]struct {
		server *httptest.Server
		isGood bool
	}{
		"good":        {server: authority.serve(t, "peer.test", time.Now().Add(time.Hour)), isGood: true},
		"expired":     {server: authority.serve(t, "peer.test", time.Now().Add(-time.Hour))},
		"wrong name":  {server: authority.serve(t, "other.test", time.Now().Add(time.Hour))},
		"self-signed": {server: newAuthority(t).serve(t, "peer.test", time.Now().Add(time.Hour))},
		"TLS 1.0":     {server: authority.serveOld(t, "peer.test")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := safehttp.Options{AllowPrefixes: options().AllowPrefixes, RootCAs: authority.pool, LookupIP: resolveToPeer}
			port := tt.server.Listener.Addr().(*net.TCPAddr).Port
			_, err := newClient(t, o).Get(context.WithoutCancel(t.Context()), safehttp.GetRequest{URL: fmt.Sprintf("https://peer.test:%d/", port)})
			if (err == nil) != tt.isGood || safehttp.IsPermanent(err) {
				t.Errorf("get = %v; want success %t, or else a temporary error", err, tt.isGood)
			}
		})
	}
}
