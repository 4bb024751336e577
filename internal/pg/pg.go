// Package pg opens Postgres and is the only door to it.
//
// Stores get a *Scope (a transaction of one tenant) or a *PlatformTx (the audited
// way across tenants) and nothing else: neither hands out the connection below.
// Together with composite keys and row-level security this makes it hard to read
// another tenant's row by mistake; see docs/ARCHITECTURE.md, "Five locks". It
// holds no SQL of tables: package store and its siblings do.
package pg

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// JobSchema is the schema of River's tables.
const JobSchema = "river"

// Options say how to reach Postgres. URLs may name any login role that may act as
// the role in question; where it is not that role itself, the pool sets it at connect.
type Options struct {
	AppURL      string // acts as rookery_app: tenant data, behind row-level security
	PlatformURL string // acts as rookery_platform; empty: the same server and login as AppURL
	MaxConns    int32  // of the app pool; 0: 16
	// Wait is how long anybody waits for a connection at most; 0: as long as the context lasts.
	Wait   time.Duration
	Log    *slog.Logger
	Tracer pgx.QueryTracer // hears of every statement; for tests that count or explain them
}

// DB holds the pools. It is safe for concurrent use.
type DB struct {
	app      *pgxpool.Pool
	platform *pgxpool.Pool
	inserter *river.Client[pgx.Tx]
	log      *slog.Logger
	wait     time.Duration
}

// Open connects lazily: it fails only for settings that can never work, so that a
// process starts while Postgres is away. Check readiness with Ready.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	if o.PlatformURL == "" {
		o.PlatformURL = o.AppURL
	}
	app, err := newPool(ctx, o.AppURL, RoleApp, o.MaxConns, o.Tracer)
	if err != nil {
		return nil, err
	}
	platform, err := newPool(ctx, o.PlatformURL, RolePlatform, max(4, o.MaxConns/4), o.Tracer)
	if err != nil {
		app.Close()
		return nil, err
	}
	// A client without a pool only inserts, inside the transactions it is given.
	inserter, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: JobSchema, Logger: o.Log})
	if err != nil {
		return nil, fmt.Errorf("make the job inserter: %w", err)
	}
	return &DB{app: app, platform: platform, inserter: inserter, log: o.Log, wait: o.Wait}, nil
}

// Close waits for borrowed connections and closes the pools.
func (db *DB) Close() {
	db.app.Close()
	db.platform.Close()
}

// Pool is the app pool for River's worker client and for LISTEN. Whoever reads
// tenant data through it sees nothing: no tenant is set.
func (db *DB) Pool() *pgxpool.Pool { return db.app }

func newPool(ctx context.Context, url, role string, maxConns int32, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	cfg.MaxConns = maxConns
	cfg.MaxConnIdleTime = 2 * time.Minute
	cfg.MaxConnLifetime = time.Hour
	cfg.MaxConnLifetimeJitter = 10 * time.Minute
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.Tracer = tracer
	p := cfg.ConnConfig.RuntimeParams
	p["application_name"] = "rookery"
	p["statement_timeout"] = "15s"
	p["lock_timeout"] = "5s"
	p["idle_in_transaction_session_timeout"] = "30s"
	if role == RoleOwner {
		p["statement_timeout"] = "0" // an index of a large table takes its time; waiting for locks may not
	}
	if cfg.ConnConfig.User != role {
		p["role"] = role
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("make the database pool: %w", err)
	}
	return pool, nil
}

// Ready reports whether Postgres answers, the schema is current and the serving
// role cannot step over row-level security.
func (db *DB) Ready(ctx context.Context) error {
	var super, bypass bool
	err := db.app.QueryRow(ctx, `SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user`).Scan(&super, &bypass)
	if err != nil {
		return mapError(err)
	}
	if super || bypass {
		return fmt.Errorf("the serving role may step over row-level security: it must be %s", RoleApp)
	}
	return db.schemaIsCurrent(ctx)
}

// Stats returns the app pool's numbers for metrics.
func (db *DB) Stats() *pgxpool.Stat { return db.app.Stat() }
