// Package testkit is what tests share: a database for each test, waiting with
// a deadline, a transport for *.localhost, a certificate authority.
//
// Tests alone import it (a test in internal/house fails otherwise). It fakes
// nothing of our own: the database is a real Postgres with the real schema.
package testkit

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Eventually polls ok until it says true, and fails the test after the
// deadline. For what happens in another process or over the network; inside one
// process wait on a channel instead. It starts fast and slows down.
func Eventually(t testing.TB, deadline time.Duration, what string, ok func() bool) {
	t.Helper()
	const slowest = 100 * time.Millisecond
	late := time.NewTimer(deadline)
	defer late.Stop()
	for pause := time.Millisecond; !ok(); pause = min(2*pause, slowest) {
		next := time.NewTimer(pause)
		select {
		case <-late.C:
			next.Stop()
			t.Fatalf("waited %v in vain: %s", deadline, what)
		case <-next.C:
		}
	}
}

// StoppedClock stands still at the moment it was made: for what counts by windows of
// the clock, which a test on a slow machine may otherwise see turn.
func StoppedClock() func() time.Time {
	now := time.Now()
	return func() time.Time { return now }
}

// Localhost returns a transport that dials localhost and every *.localhost on
// loopback, as browsers do and the C library does not (RFC 6761 section 6.3).
// It keeps no idle connection beyond the test.
func Localhost(t testing.TB) *http.Transport {
	t.Helper()
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			host = strings.ToLower(strings.TrimSuffix(host, "."))
			if host == "localhost" || strings.HasSuffix(host, ".localhost") {
				address = net.JoinHostPort("127.0.0.1", port)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
