// Package safehttp is the only outgoing HTTP of the program (SECURITY.md rules
// 10 to 12). Everything that fetches or posts goes through one Client: addresses
// are checked when they are dialled, redirects are data, and every request has a
// deadline, a size limit and its share of the target host.
//
// Called by federation/fetch, deliver and webfinger, tenant/domains, media and
// link previews, webhooks; libraries that want an *http.Client get it from
// Client.Standard. cmd/rookery makes the Client.
//
// It must not know ActivityPub, keys, tenants or the database. Callers sign in a
// callback and decide what to believe of what came back. There is no switch that
// turns the checks off: development and tests name extra prefixes instead.
package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Defaults, used where Options or a request say nothing.
const (
	DefaultDeadline = 10 * time.Second
	DefaultMaxBytes = 1 << 20
	connectTimeout  = 5 * time.Second
	// maxDeadline is the most a caller can ask for; media take the longest.
	maxDeadline     = 2 * time.Minute
	maxHeaderBytes  = 64 << 10
	maxRedirects    = 3
	maxURLSize      = 4 << 10
	maxRefusalBytes = 16 << 10 // of the body of an answer that is no success
	defaultPerHost  = 8
	defaultTotal    = 512
	defaultHostWait = 3 * time.Second
	defaultHostRate = 50 // requests a second
)

// Options of a Client. The zero value is right for production, but for UserAgent.
type Options struct {
	// UserAgent names this software and its contact page.
	UserAgent string
	// AllowPrefixes are dialled although the rule forbids them: loopback in tests and development.
	AllowPrefixes []netip.Prefix
	// AllowHTTP admits plain http, for development and tests.
	AllowHTTP bool
	// RootCAs replaces the system's list.
	RootCAs *x509.CertPool
	// LookupIP replaces the system's resolver.
	LookupIP func(ctx context.Context, host string) ([]netip.Addr, error)
	// Local gives the handler of a host that this process serves itself, or nil.
	// Host is in lower case and has a port only if it is not the scheme's own.
	// Such requests never touch the network; they are otherwise like any other.
	Local func(host string) http.Handler
	// PerHost is how many requests to one host may be under way at once.
	PerHost int
	// HostRate is how many requests to one host may begin a second.
	HostRate float64
	// HostWait is how long a request waits for its turn before ErrBusy.
	HostWait time.Duration
	// Total is how many requests may be under way at once.
	Total int
}

// Client makes requests. It is safe for concurrent use; one serves the program.
type Client struct {
	options   Options
	transport *router
	hosts     *hostTable
}

// New makes a Client.
func New(options Options) *Client {
	if options.PerHost <= 0 {
		options.PerHost = defaultPerHost
	}
	if options.HostRate <= 0 {
		options.HostRate = defaultHostRate
	}
	if options.HostWait <= 0 {
		options.HostWait = defaultHostWait
	}
	if options.Total <= 0 {
		options.Total = defaultTotal
	}
	guard := &guard{allow: options.AllowPrefixes, lookup: options.LookupIP}
	if guard.lookup == nil {
		guard.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would dial for us, unchecked
		DialContext:            guard.dial,
		TLSClientConfig:        &tls.Config{RootCAs: options.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // inflated here, under the size limit
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
	}
	return &Client{
		options:   options,
		hosts:     newHostTable(options),
		transport: &router{local: options.Local, network: transport},
	}
}

// AllowsHTTP reports whether plain http is admitted.
func (c *Client) AllowsHTTP() bool { return c.options.AllowHTTP }

// Close ends idle connections.
func (c *Client) Close() { c.transport.network.CloseIdleConnections() }
