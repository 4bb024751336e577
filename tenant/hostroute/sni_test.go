package hostroute_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"rookery/tenant/hostroute"
)

// TEN-02: on a connection that was opened for one tenant's name, no other tenant answers.
func TestNameOfTheConnection(t *testing.T) {
	t.Parallel()
	plain := newHouse(t, nil)
	behind := newHouse(t, func(o *hostroute.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	for _, tt := range []struct {
		house     *house
		sni, host string
		want      int
	}{
		{plain, "a.test", "a.test", 200}, {plain, "A.test", "a.test:443", 200}, {plain, "xn--bcher-kva.test", "bücher.test", 200},
		{plain, "a.test", "social.b.test", 421}, {plain, "social.b.test", "a.test", 421}, {plain, "a.test", "rookery.test", 421},
		{plain, "rookery.test", "a.test", 421}, {plain, "a.test", "media.test", 421}, {plain, "b.test", "social.b.test", 421},
		{behind, "proxied.internal", "a.test", 200},
	} {
		if got := askTLS(t, tt.house, tt.sni, tt.host); got != tt.want {
			t.Errorf("SNI %s, Host %s: %d, want %d", tt.sni, tt.host, got, tt.want)
		}
	}
}

func askTLS(t *testing.T, h *house, sni, host string) int {
	t.Helper()
	server := httptest.NewUnstartedServer(h.echo)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	transport := &http.Transport{DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		// The certificate is the test server's own: which name it was asked for counts here.
		d := tls.Dialer{Config: &tls.Config{ServerName: sni, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // see above
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+sni+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
