package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"

	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/tenant/registry"
)

// Table is what a handshake asks of memory; *registry.Registry answers.
type Table interface {
	Host(name string) (registry.Host, bool)
	Certificate(name string) (registry.Certificate, bool)
}

// EdgeOptions say what an Edge serves.
type EdgeOptions struct {
	DB    *pg.DB
	Key   *seal.Key
	Table Table
	// CA is the directory of the authority whose certificates are served.
	CA string
	// Own are the platform's own names: console and user files.
	Own []string
	// Suffix is below which trials have their names, all under one wildcard certificate;
	// empty: there is none.
	Suffix   string
	Capacity int          // certificates kept in memory, 4.6 KiB each; 0: 20,000
	Log      *slog.Logger // nil: silent
	// Storage replaces the one in Postgres: for load tests.
	Storage certmagic.Storage
}

const (
	defaultCapacity = 20_000
	// A name whose certificate could not be loaded is not tried again for so long.
	missPause = 5 * time.Second
	// The edge would renew in the last part of a certificate's life, and asks the storage in
	// each handshake then. It must not, so the part is the smallest that CertMagic knows.
	renewalRatio = 0.02
)

var errRefused = errors.New("no certificate is served for this name")

// Edge answers handshakes and challenges. It is safe for concurrent use.
type Edge struct {
	o      EdgeOptions
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	now    func() time.Time

	mu      sync.Mutex
	pauses  map[string]time.Time // names not to load before then
	loading map[string]bool      // names whose newer certificate is on its way
}

// NewEdge makes an Edge. Close it.
func NewEdge(o EdgeOptions) *Edge {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Capacity == 0 {
		o.Capacity = defaultCapacity
	}
	if o.Storage == nil {
		o.Storage = newStorage(o.DB, o.Key)
	}
	e := &Edge{o: o, now: time.Now, pauses: map[string]time.Time{}, loading: map[string]bool{}}
	log := newZap(o.Log)
	e.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return e.config, nil },
		Capacity:         o.Capacity, Logger: log,
	})
	e.config = certmagic.New(e.cache, certmagic.Config{
		OnDemand:           &certmagic.OnDemandConfig{DecisionFunc: e.decide},
		RenewalWindowRatio: renewalRatio, DisableARI: true, DisableStorageCheck: true,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, // Let's Encrypt ended OCSP in 2025
		// Its issuer is set below: it needs the configuration itself.
		Issuers: []certmagic.Issuer{}, Storage: &reading{Storage: o.Storage, now: e.now}, Logger: log,
	})
	e.issuer = certmagic.NewACMEIssuer(e.config, certmagic.ACMEIssuer{CA: o.CA, Agreed: true, Logger: log})
	e.config.Issuers = []certmagic.Issuer{refusing{e.issuer}}
	return e
}

// Close ends what works in the background.
func (e *Edge) Close() { e.cache.Stop() }

// refusing finds the authority's certificates in the storage and orders none.
type refusing struct{ *certmagic.ACMEIssuer }

// Issue implements certmagic.Issuer.
func (refusing) Issue(context.Context, *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	return nil, certmagic.ErrNoRetry{Err: errReadOnly}
}

// TLSConfig is for the listener: TLS 1.2 and later, HTTP/2, and the authority's challenge.
func (e *Edge) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: e.GetCertificate,
		NextProtos:     []string{"h2", "http/1.1", acmez.ACMETLS1Protocol},
	}
}

// GetCertificate chooses by the name alone and from memory first: a name that is not ours
// costs no question to anybody, whatever protocol the client claims to speak.
func (e *Edge) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := registry.Normalise(hello.ServerName)
	if isChallenge(hello) {
		if !e.isOrdering(name) {
			return nil, errRefused
		}
		return e.config.GetCertificate(hello)
	}
	stored, known, ok := e.covering(name)
	if !ok || e.isPaused(name) {
		return nil, errRefused
	}
	cert, err := e.config.GetCertificate(hello)
	if err != nil {
		e.pause(name)
		return nil, err
	}
	if cert.Leaf != nil && cert.Leaf.NotAfter.Before(known.NotAfter) {
		e.refresh(stored, cert.Leaf.NotAfter)
	}
	return cert, nil
}

// isChallenge is how CertMagic knows the authority's question (RFC 8737 section 3).
func isChallenge(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmez.ACMETLS1Protocol
}

// isOrdering reports whether an order for a name runs: only then somebody has a challenge
// to look up.
func (e *Edge) isOrdering(name string) bool {
	c, ok := e.o.Table.Certificate(name)
	return ok && e.now().Before(c.OrderingUntil)
}

// covering returns the name of the stored certificate that a name is served with.
func (e *Edge) covering(name string) (stored string, c registry.Certificate, ok bool) {
	if !e.isOurs(name) {
		return "", c, false
	}
	if c, ok = e.o.Table.Certificate(name); ok && !c.NotAfter.IsZero() {
		return name, c, true
	}
	_, parent, _ := strings.Cut(name, ".")
	if e.o.Suffix == "" || parent != e.o.Suffix {
		return "", c, false
	}
	stored = "*." + parent
	c, ok = e.o.Table.Certificate(stored)
	return stored, c, ok && !c.NotAfter.IsZero()
}

func (e *Edge) isOurs(name string) bool {
	if slices.Contains(e.o.Own, name) {
		return true
	}
	_, ok := e.o.Table.Host(name)
	return ok
}

// decide is asked by CertMagic before it loads anything.
func (e *Edge) decide(_ context.Context, name string) error {
	if _, _, ok := e.covering(name); !ok {
		return errRefused
	}
	return nil
}

func (e *Edge) isPaused(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, ok := e.pauses[name]
	if ok && e.now().After(until) {
		delete(e.pauses, name)
		return false
	}
	return ok
}

func (e *Edge) pause(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pauses[name] = e.now().Add(missPause)
}

// refresh loads the certificate that was renewed, while the present one goes on being
// served: also where the storage does not answer.
func (e *Edge) refresh(stored string, old time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.loading[stored] || e.now().Before(e.pauses["refresh "+stored]) {
		return
	}
	e.loading[stored] = true
	e.pauses["refresh "+stored] = e.now().Add(missPause)
	go func() {
		defer func() {
			e.mu.Lock()
			delete(e.loading, stored)
			e.mu.Unlock()
		}()
		ctx, cancel := context.WithTimeout(context.Background(), missPause)
		defer cancel()
		if _, err := e.config.CacheManagedCertificate(ctx, stored); err != nil {
			e.o.Log.Warn("a renewed certificate could not be loaded; the present one is served", "name", stored, "error", err)
			return
		}
		e.forget(stored, old)
	}()
}

// forget drops the certificates of a name that end at or before a time.
func (e *Edge) forget(stored string, until time.Time) {
	var hashes []string
	for _, c := range e.cache.AllMatchingCertificates(stored) {
		if c.Leaf != nil && !c.Leaf.NotAfter.After(until) {
			hashes = append(hashes, c.Hash())
		}
	}
	e.cache.Remove(hashes)
}

// Challenges answers the authority's questions over plain HTTP, for names that an order
// runs for; everything else goes on to next.
func (e *Edge) Challenges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !certmagic.LooksLikeHTTPChallenge(r) {
			next.ServeHTTP(w, r)
			return
		}
		host, _, _ := strings.Cut(r.Host, ":") // authorities of tests ask on other ports
		if !e.isOrdering(registry.Normalise(host)) || !e.issuer.HandleHTTPChallenge(w, r) {
			http.Error(w, "There is no such challenge.", http.StatusNotFound)
		}
	})
}
