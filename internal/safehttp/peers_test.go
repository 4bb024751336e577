package safehttp_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/safehttp"
)

// allowed is where the peers of these tests live; the canary lives outside.
var allowed = netip.MustParsePrefix("127.77.0.0/16")

func options() safehttp.Options {
	return safehttp.Options{UserAgent: "test", AllowPrefixes: []netip.Prefix{allowed}, AllowHTTP: true}
}

func newClient(t testing.TB, o safehttp.Options) *safehttp.Client {
	t.Helper()
	client := safehttp.New(o)
	t.Cleanup(client.Close)
	return client
}

// listen opens a port on an address of the tests' own.
func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// peer is a real server on an allowed address.
func peer(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := &httptest.Server{Listener: listen(t, "127.77.1.1:0"), Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// canary listens where nothing may connect, and counts who does.
type canary struct {
	address string
	hits    atomic.Int32
}

func newCanary(t testing.TB) *canary {
	t.Helper()
	listener := listen(t, "127.0.0.1:0")
	c := &canary{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.hits.Add(1)
			conn.Close()
		}
	}()
	return c
}

func (c *canary) port() string { return c.address[strings.LastIndexByte(c.address, ':')+1:] }

// check proves that the canary sings at all, and that nobody else made it.
func (c *canary) check(t testing.TB) {
	t.Helper()
	before := c.hits.Load()
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Read(make([]byte, 1)) // returns when the canary has counted and closed
	if before != 0 || c.hits.Load() != 1 {
		t.Errorf("canary: %d connections before ours, %d with it", before, c.hits.Load())
	}
}

// rawPeer answers each connection with what write writes.
func rawPeer(t testing.TB, write func(conn net.Conn)) string {
	t.Helper()
	listener := listen(t, "127.77.1.2:0")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				write(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/"
}

// standard fetches with the client that libraries get.
func standard(t testing.TB, client *safehttp.Client, url string, limit int64) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return client.Standard(5*time.Second, limit).Do(req)
}

func get(ctx context.Context, client *safehttp.Client, url string) (*safehttp.Response, error) {
	return client.Get(ctx, safehttp.GetRequest{URL: url, Deadline: 5 * time.Second})
}
