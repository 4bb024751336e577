package pg_test

import (
	"context"
	"testing"

	"rookery/internal/pg"
)

// The price of the locks: one row through a bare pool, a Scope, and one pipeline
// (docs/adr/0003-five-locks.md has the figures).
func BenchmarkOneRow(b *testing.B) {
	db := twoTenants(b)
	type row struct{ URI string }
	const scoped = `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id`
	b.Run("bare", func(b *testing.B) {
		// the same table's shape without the wall: the platform's own list of tenants
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				var v string
				if err := db.PG.Pool().QueryRow(context.Background(), `SELECT key_id FROM remote_keys WHERE key_id = $1 UNION ALL SELECT 'x' LIMIT 1`, "k").Scan(&v); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("scope", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				err := db.PG.Tenant(context.Background(), 1, func(s *pg.Scope) error {
					_, err := pg.One[row](context.Background(), s, scoped, nil)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("pipeline", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := pg.ReadOne[row](context.Background(), db.PG, 1, scoped, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
