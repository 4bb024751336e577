package main

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"rookery/internal/limit"
)

// connections is how many one address may open: a handshake costs us more than the client,
// and an office behind one address still gets in.
var connections = limit.Rule{Name: "connections", Max: 600, Per: 10 * time.Second}

// fewConnections closes connections of an address that opens too many, before anything is
// read from them.
type fewConnections struct {
	net.Listener
	limiter *limit.Limiter
	trusted []netip.Prefix
}

// Accept implements net.Listener.
func (l *fewConnections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.mayEnter(conn.RemoteAddr()) {
			return conn, err
		}
		_ = conn.Close()
	}
}

func (l *fewConnections) mayEnter(remote net.Addr) bool {
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return true
	}
	for _, p := range l.trusted {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return l.limiter.Take(connections, limit.AddressKey(at.Addr())).OK
}

// fewLines writes what net/http and other libraries have to say, such as of connections that
// failed: a line a minute with how many were left out, since a flood must not fill the log.
type fewLines struct {
	log *slog.Logger

	mu      sync.Mutex
	next    time.Time
	skipped int
}

// Write implements io.Writer.
func (f *fewLines) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.After(f.next) {
		f.log.Info("a library says", "text", strings.TrimSpace(string(line)), "left_out_in_the_last_minute", f.skipped)
		f.next, f.skipped = now.Add(time.Minute), 0
	} else {
		f.skipped++
	}
	return len(line), nil
}
