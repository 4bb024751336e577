package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"rookery/migrations"
)

// MigrationState says where one migration stands.
type MigrationState struct {
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Migrate brings the schema up to date as the owner role. Several processes may
// call it at once: an advisory lock lets one work and the others wait.
func Migrate(ctx context.Context, ownerURL string) error {
	pool, err := newPool(ctx, ownerURL, RoleOwner, 2, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	return underLock(ctx, pool, func() error {
		if err := migrateJobs(ctx, pool); err != nil {
			return err
		}
		provider, done, err := gooseProvider(pool)
		if err != nil {
			return err
		}
		defer done()
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	})
}

// MigrationStatus lists every migration of this binary and whether the database has it.
func MigrationStatus(ctx context.Context, ownerURL string) ([]MigrationState, error) {
	pool, err := newPool(ctx, ownerURL, RoleOwner, 2, nil)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	provider, done, err := gooseProvider(pool)
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read migration state: %w", mapError(err))
	}
	out := make([]MigrationState, len(rows))
	for i, r := range rows {
		out[i] = MigrationState{Name: r.Source.Path, Applied: r.State == goose.StateApplied}
	}
	return out, nil
}

// schemaIsCurrent reports whether every migration of this binary has run.
func (db *DB) schemaIsCurrent(ctx context.Context) error {
	var have int64
	err := db.app.QueryRow(ctx, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", mapError(err))
	}
	want, err := latestVersion()
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("the schema is at version %d, this binary needs %d: run rookery migrate up", have, want)
	}
	return nil
}

func latestVersion() (int64, error) {
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var latest int64
	for _, e := range entries {
		v, err := goose.NumericComponent(e.Name())
		if err != nil {
			return 0, fmt.Errorf("read migration name %s: %w", e.Name(), err)
		}
		latest = max(latest, v)
	}
	return latest, nil
}

func migrateJobs(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: JobSchema})
	if err != nil {
		return fmt.Errorf("prepare the job queue's schema: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	return nil
}

func gooseProvider(pool *pgxpool.Pool) (*goose.Provider, func(), error) {
	sqlDB := stdlib.OpenDBFromPool(pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, sqlDB, migrations.FS)
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, func() { _ = sqlDB.Close() }, nil
}

const migrationLock = 7_226_554_301 // any number nobody else uses

// underLock holds a session lock on a connection of its own while fn runs.
func underLock(ctx context.Context, pool *pgxpool.Pool, fn func() error) error {
	conn, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to migrate: %w", mapError(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `SET lock_timeout = 0; SET statement_timeout = 0`); err != nil {
		return fmt.Errorf("prepare the migration lock: %w", err)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	return fn()
}
