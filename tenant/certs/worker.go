package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"

	"rookery/internal/pg"
	"rookery/internal/seal"
)

// WorkerOptions say how certificates are ordered.
type WorkerOptions struct {
	DB    *pg.DB
	Key   *seal.Key
	Table Table // what this process knows, to see that others know of an order too
	// CA is the authority's directory, TestCA where an order is tried first after a failure
	// (empty: nowhere; Let's Encrypt's is known).
	CA, TestCA string
	Email      string
	Profile    string         // empty: the authority's usual one
	Roots      *x509.CertPool // to reach the authority with; nil: the system's
	AccountKey string         // PEM; empty: made, and kept in the storage
	// Own are the platform's own names, to be ordered as customers' are. Wildcard is the one
	// over names of trials, by DNS-01; empty: none.
	Own      []string
	Wildcard string
	DNS      *DNSUpdates // for the wildcard
	Log      *slog.Logger
	Now      func() time.Time
}

// Worker orders and renews certificates, one order a job.
type Worker struct {
	o       WorkerOptions
	storage *storage
	http    *order
	dns     *order // nil: no wildcard
}

// order is one way to prove names to the authority.
type order struct {
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

// orderTimeout is how long an authority may take. The edge answers challenges as long.
const orderTimeout = 3 * time.Minute

// withoutThrottle lifts CertMagic's own limit, a queue in memory which knows nothing of the
// authority's and makes jobs wait: ours are counted in the database (names.go).
var withoutThrottle = sync.OnceFunc(func() {
	certmagic.RateLimitEvents, certmagic.RateLimitEventsWindow = 0, 0
})

// NewWorker makes a Worker. Close it.
func NewWorker(o WorkerOptions) (*Worker, error) {
	withoutThrottle()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Worker{o: o, storage: newStorage(o.DB, o.Key)}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	w.http = w.newOrder(func(iss *certmagic.ACMEIssuer) {
		// CertMagic insists on a listener of its own for each challenge. The authority never
		// sees it: the edge answers, wherever it runs. So it is kept to this machine.
		iss.ListenHost, iss.AltHTTPPort, iss.AltTLSALPNPort = "127.0.0.1", port, port
	})
	if o.Wildcard != "" && o.DNS != nil {
		w.dns = w.newOrder(func(iss *certmagic.ACMEIssuer) {
			iss.DNS01Solver = &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
				DNSProvider: o.DNS, Resolvers: o.DNS.Resolvers, PropagationTimeout: time.Minute, TTL: time.Minute, Logger: newZap(o.Log),
			}}
		})
	}
	return w, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens for no time at all
	if err != nil {
		return 0, fmt.Errorf("find a free port for CertMagic's own challenge listener: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // it is TCP's
}

func (w *Worker) newOrder(prove func(*certmagic.ACMEIssuer)) *order {
	log := newZap(w.o.Log)
	out := &order{}
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return out.config, nil }, Logger: log,
	})
	// The worker keeps no certificate in memory, so there is nothing to maintain.
	cache.Stop()
	out.config = certmagic.New(cache, certmagic.Config{
		Storage: w.storage, DisableStorageCheck: true, Logger: log, Issuers: []certmagic.Issuer{},
		KeySource: certmagic.StandardKeyGenerator{KeyType: certmagic.P256}, OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	template := certmagic.ACMEIssuer{
		CA: w.o.CA, TestCA: w.o.TestCA, Email: w.o.Email, Agreed: true, Profile: w.o.Profile, TrustedRoots: w.o.Roots,
		AccountKeyPEM: w.o.AccountKey, CertObtainTimeout: orderTimeout, Logger: log,
	}
	prove(&template)
	out.issuer = certmagic.NewACMEIssuer(out.config, template)
	out.config.Issuers = []certmagic.Issuer{out.issuer}
	return out
}

// wayOf is how a name is proven.
func (w *Worker) wayOf(name string) *order {
	if name == w.o.Wildcard && w.dns != nil {
		return w.dns
	}
	return w.http
}

// obtain has the authority sign a certificate for a name. attempts, the failures so far,
// decide whether its test directory is asked first.
func (w *Worker) obtain(ctx context.Context, name string, isRenewal bool, attempts int) error {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	if attempts > 0 && w.http.issuer.TestCA != "" {
		ctx = context.WithValue(ctx, certmagic.AttemptsCtxKey, &attempts)
	}
	way := w.wayOf(name)
	if isRenewal {
		return way.config.RenewCertSync(ctx, name, true)
	}
	return way.config.ObtainCertSync(ctx, name)
}

// leafOf reads the certificate of a name from the storage; nil: there is none.
func (w *Worker) leafOf(ctx context.Context, name string) (*x509.Certificate, error) {
	chain, err := w.storage.Load(ctx, certmagic.StorageKeys.SiteCert(w.wayOf(name).issuer.IssuerKey(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the certificate of %s: %w", name, err)
	}
	block, _ := pem.Decode(chain) // the leaf comes first (RFC 8555 section 9.1)
	if block == nil {
		return nil, fmt.Errorf("read the certificate of %s: what is stored is no PEM", name)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of %s: %w", name, err)
	}
	return leaf, nil
}

// renewalOf is when to renew: when the authority advises (RFC 9773), else with a third of
// the life left. Lifetimes shrink every year, so no number of days is written here.
func (w *Worker) renewalOf(ctx context.Context, name string, leaf *x509.Certificate) time.Time {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	usual := leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3)
	advice, err := w.wayOf(name).issuer.GetRenewalInfo(ctx, certmagic.Certificate{Certificate: tls.Certificate{Leaf: leaf}})
	if err != nil || !advice.HasWindow() || advice.SelectedTime.IsZero() {
		if err != nil && !errors.Is(err, acme.ErrUnsupported) {
			w.o.Log.WarnContext(ctx, "the authority gave no advice on a renewal; it is due with a third of the life left", "name", name, "error", err)
		}
		return usual
	}
	return advice.SelectedTime
}
