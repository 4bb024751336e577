package pg_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/testkit"
)

// REL-15: while all connections are busy, whoever comes is told so soon, in each way to
// the database; once one is free, everything goes on.
func TestAFullPoolTurnsAway(t *testing.T) {
	t.Parallel()
	database := testkit.DB(t)
	db, err := pg.Open(t.Context(), pg.Options{AppURL: database.AppURL, PlatformURL: database.PlatformURL, MaxConns: 2, Wait: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	ctx := t.Context()
	nothing := func(*pg.Scope) error { return nil }
	ways := map[string]func(context.Context) error{
		"write": func(ctx context.Context) error { return db.Tenant(ctx, 1, nothing) },
		"read":  func(ctx context.Context) error { return db.Read(ctx, 1, nothing) },
		"read one": func(ctx context.Context) error {
			_, err := pg.ReadOne[struct{ N int }](ctx, db, 1, `SELECT 1 AS n WHERE @tenant_id::bigint = 1`, nil)
			return err
		},
	}
	var held []interface{ Release() }
	for range 2 {
		conn, err := db.Pool().Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for name, way := range ways {
		began := time.Now()
		err := way(ctx)
		if fault.CodeOf(err) != fault.Unavailable || time.Since(began) > 5*time.Second {
			t.Errorf("%s after %v: %v; want it unavailable soon", name, time.Since(began), err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := way(ended); err == nil {
			t.Errorf("%s: no error though the caller has gone", name)
		}
	}
	for _, conn := range held {
		conn.Release()
	}
	for name, way := range ways {
		if err := way(ctx); err != nil {
			t.Errorf("%s with free connections: %v", name, err)
		}
	}
}

// A job that panics gives its connection back.
func TestAPanicKeepsNoConnection(t *testing.T) {
	t.Parallel()
	database := testkit.DB(t)
	db, err := pg.Open(t.Context(), pg.Options{AppURL: database.AppURL, PlatformURL: database.PlatformURL, MaxConns: 1, Wait: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for range 3 {
		func() {
			defer func() { _ = recover() }()
			_ = db.Tenant(t.Context(), 1, func(*pg.Scope) error { panic("a rule") })
		}()
	}
	if err := db.Tenant(t.Context(), 1, func(*pg.Scope) error { return nil }); err != nil {
		t.Error(err)
	}
}
