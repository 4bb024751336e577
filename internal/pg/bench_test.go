package pg_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rookery/internal/pg"
)

// The price of the locks: one row of one table, by key, read past the wall and
// through each door in it (docs/adr/0003-five-locks.md has the figures).
func BenchmarkOneRow(b *testing.B) {
	type row struct{ URI string }
	const sql = `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id AND uri = @uri`
	const uri = "https://1.test/x"
	database := twoTenants(b)
	// Without the recorder of the tests, which costs time itself.
	db, err := pg.Open(b.Context(), pg.Options{AppURL: database.AppURL, PlatformURL: database.PlatformURL})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(db.Close)
	// Row-level security stops all but a superuser.
	past, err := pgxpool.New(b.Context(), database.SuperURL)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(past.Close)

	one := func(ctx context.Context, s *pg.Scope) error {
		_, err := pg.One[row](ctx, s, sql, pgx.NamedArgs{"uri": uri})
		return err
	}
	ways := []struct {
		name string
		read func(context.Context) error
	}{
		{"bare", func(ctx context.Context) error {
			rows, err := past.Query(ctx, sql, pgx.NamedArgs{"tenant_id": 1, "uri": uri})
			if err != nil {
				return err
			}
			_, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
			return err
		}},
		{"read", func(ctx context.Context) error {
			return db.Read(ctx, 1, func(s *pg.Scope) error { return one(ctx, s) })
		}},
		{"one", func(ctx context.Context) error {
			_, err := pg.ReadOne[row](ctx, db, 1, sql, pgx.NamedArgs{"uri": uri})
			return err
		}},
		{"transaction", func(ctx context.Context) error {
			return db.Tenant(ctx, 1, func(s *pg.Scope) error { return one(ctx, s) })
		}},
	}
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := way.read(b.Context()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
