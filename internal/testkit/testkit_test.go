package testkit_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"rookery/internal/testkit"
)

func TestEventuallyComesBackWhenTrue(t *testing.T) {
	t.Parallel()
	calls := 0
	testkit.Eventually(t, time.Minute, "three calls", func() bool { calls++; return calls == 3 })
	if calls != 3 {
		t.Errorf("called %d times, want 3", calls)
	}
}

// failing records a Fatalf and ends its goroutine, as testing does.
type failing struct {
	testing.TB
	failed chan string
}

func (f failing) Helper() {}
func (f failing) Fatalf(format string, _ ...any) {
	f.failed <- format
	panic(f)
}

func TestEventuallyFailsAtTheDeadline(t *testing.T) {
	t.Parallel()
	stub := failing{failed: make(chan string, 1)}
	defer func() {
		if recover() == nil || len(stub.failed) != 1 {
			t.Error("Eventually did not fail the test")
		}
	}()
	testkit.Eventually(stub, 5*time.Millisecond, "never", func() bool { return false })
}

func TestTLSOnASubdomainOfLocalhost(t *testing.T) {
	t.Parallel()
	ca := testkit.NewCA(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.ServerName)
	}))
	certFile, keyFile := ca.IssueFiles("acme.localhost", "127.0.0.1")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	trusting := testkit.Localhost(t)
	trusting.TLSClientConfig = &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
	client := &http.Client{Transport: trusting}
	for _, host := range []string{"acme.localhost", "127.0.0.1"} {
		answer, err := client.Get("https://" + net.JoinHostPort(host, port))
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		_ = answer.Body.Close()
	}
	if answer, err := client.Get("https://globex.localhost:" + port); err == nil {
		_ = answer.Body.Close()
		t.Error("the certificate was accepted for another name")
	}
	stranger := &http.Client{Transport: testkit.Localhost(t)}
	if answer, err := stranger.Get("https://acme.localhost:" + port); err == nil {
		_ = answer.Body.Close()
		t.Error("a client that does not know the authority accepted its certificate")
	}
	if _, err := os.ReadFile(ca.PEMPath()); err != nil {
		t.Error(err)
	}
}
