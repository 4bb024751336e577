package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"

	"rookery/billing/meter"
	"rookery/internal/config"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/upkeep"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/people"
	"rookery/tenant/registry"
)

// system is what every command and every role of the process shares. Parts that only
// serving needs are built in web.go and worker.go.
type system struct {
	cfg      *config.Config
	log      *slog.Logger
	db       *pg.DB
	jobs     *pg.DB // the same database through connections of the queues' own
	key      *seal.Key
	registry *registry.Registry
	people   *people.People
	factors  *factor.Factors
	judge    *access.Judge
	accounts *account.Service
	media    *media.Service
	keyring  *account.Keyring
	money    *money       // nil: billing is off
	tally    *meter.Tally // nil where money is: nothing is counted
	http     *safehttp.Client
	roots    *x509.CertPool // nil: the system's
	// local answers requests of this process to its own hosts, without TCP.
	local http.Handler
	urls  media.Addresses
	// requests counts what the public asks, upkeep what was removed, for /metrics.
	requests *requestMetrics
	upkeep   *upkeep.Metrics
}

func newSystem(ctx context.Context, cfg *config.Config, d *database) (*system, error) {
	log := newLogger(os.Stderr, cfg)
	key, err := seal.New(d.masterKey)
	if err != nil {
		return nil, err
	}
	db, err := pg.Open(ctx, pg.Options{AppURL: d.appURL, PlatformURL: d.platformURL, MaxConns: int32(cfg.Int("database_conns")), Wait: pg.WaitForPublic, Log: log}) //nolint:gosec // validated: small
	if err != nil {
		return nil, err
	}
	s := &system{cfg: cfg, log: log, db: db, key: key, requests: newRequestMetrics(), upkeep: upkeep.NewMetrics(),
		urls: media.Addresses{Scheme: cfg.String("public_scheme"), Host: cfg.String("media_host")}}
	plans, err := s.readPlans()
	if err != nil {
		db.Close()
		return nil, err
	}
	s.registry = registry.New(registry.Options{
		DB: db, Log: log, Seal: key, Entitle: s.entitle(plans), AllowHTTP: cfg.String("public_scheme") == "http",
		Reserved: []string{cfg.String("platform_host"), cfg.String("media_host")},
	})
	s.people = people.New(db, log)
	s.factors = factor.New(factor.Options{DB: db, Seal: key, Log: log})
	s.judge = access.New(db, log)
	s.accounts = account.New(db, key)
	s.media = media.New(db)
	s.keyring = account.NewKeyring(db, key)
	if s.http, err = s.newHTTPClient(); err != nil {
		db.Close()
		return nil, err
	}
	s.jobs, err = pg.Open(ctx, pg.Options{AppURL: d.appURL, PlatformURL: d.platformURL, MaxConns: int32(cfg.Int("database_worker_conns")), Log: log}) //nolint:gosec // validated: small
	if err != nil {
		db.Close()
		return nil, err
	}
	if s.money, err = s.newMoney(plans); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *system) close() {
	if s.money != nil && s.money.fake != nil {
		s.money.fake.server.Close()
	}
	s.http.Close()
	s.jobs.Close()
	s.db.Close()
}

// newHTTPClient makes the one outgoing client. Requests to hosts of this platform go to
// our own handler in memory: the same signatures and checks, no TCP.
func (s *system) newHTTPClient() (*safehttp.Client, error) {
	o := safehttp.Options{
		UserAgent:     s.userAgent(),
		AllowPrefixes: s.cfg.Prefixes("federation_allow_prefixes"),
		AllowHTTP:     s.cfg.Bool("federation_allow_http") || s.cfg.String("public_scheme") == "http",
		Local: func(host string) http.Handler {
			if _, _, ok := s.registry.ByHost(host); ok && s.local != nil {
				return s.local
			}
			return nil
		},
	}
	file := s.cfg.String("federation_ca_file")
	if file == "" {
		return safehttp.New(o), nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ROOKERY_FEDERATION_CA_FILE: %w", err)
	}
	if o.RootCAs, err = x509.SystemCertPool(); err != nil {
		o.RootCAs = x509.NewCertPool()
	}
	s.roots = o.RootCAs
	if !o.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ROOKERY_FEDERATION_CA_FILE: %s holds no certificate in PEM", file)
	}
	return safehttp.New(o), nil
}

// userAgent names us and where to read about us.
func (s *system) userAgent() string {
	return "Rookery/" + version() + " (+" + s.cfg.String("public_scheme") + "://" + s.cfg.String("platform_host") + "/)"
}

// version is the release that this binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0"
}
