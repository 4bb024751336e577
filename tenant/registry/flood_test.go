package registry_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// manyNames stores tenants with a name each.
func manyNames(t *testing.T, db *testkit.Database, n int) {
	t.Helper()
	super(t, db, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), `
WITH made AS (
    INSERT INTO tenants (id, name, host, handle_domain, scheme, federates_since)
    SELECT n, 'Company ' || n, 'social.company' || n || '.test', 'social.company' || n || '.test', 'https', now() FROM generate_series(1, $1::int) n
    RETURNING id, host)
INSERT INTO domains (id, tenant_id, name, display_name, registrable, mode, role, state) SELECT id, id, host, host, host, 'whole', 'service', 'live' FROM made`, n)
		return err
	})
}

// However many changes come at the same time, the table is read a few times.
func TestAFloodOfChangesIsReadTogether(t *testing.T) {
	t.Parallel()
	r, db := newRegistry(t, registry.Options{ReloadEvery: time.Hour})
	manyNames(t, db, 10_000)
	began := time.Now()
	if err := r.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("10,000 names are read in %v", time.Since(began))
	run(t, r)
	testkit.Eventually(t, time.Minute, "it listens", func() bool {
		var n int
		super(t, db, func(conn *pgx.Conn) error {
			return conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&n)
		})
		return n > 0
	})
	sent := db.Statements.Record(func() {
		super(t, db, func(conn *pgx.Conn) error {
			for range 1000 { // each is a transaction of its own
				if _, err := conn.Exec(t.Context(), `SELECT pg_notify('tenant_changed', '')`); err != nil {
					return err
				}
			}
			_, err := conn.Exec(t.Context(), `UPDATE domains SET name = 'new.test', display_name = 'new.test' WHERE id = 1; SELECT pg_notify('tenant_changed', '')`)
			return err
		})
		testkit.Eventually(t, time.Minute, "the last change is known", has(r, "new.test"))
		// Each reading makes tenants anew.
		var seen *tenant.Tenant
		var since time.Time
		testkit.Eventually(t, time.Minute, "no notice is read for that was told before", func() bool {
			if now, _ := r.ByID(1); now != seen {
				seen, since = now, time.Now()
			}
			return time.Since(since) > 500*time.Millisecond
		})
	})
	readings := 0
	for _, s := range sent {
		if strings.Contains(s.SQL, "FROM   certificates") {
			readings++
		}
	}
	t.Logf("%d readings", readings)
	// How many depends on the machine: a change takes a millisecond, a reading a hundred.
	if readings == 0 || readings > 200 {
		t.Errorf("the table was read %d times for 1001 changes", readings)
	}
}

// A look that finds what was known already tells nobody.
func TestALookThatChangesNothingIsNotTold(t *testing.T) {
	t.Parallel()
	r, db := newRegistry(t, registry.Options{})
	one, err := r.Create(t.Context(), registry.NewTenant{Name: "Acme", Host: "acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	super(t, db, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(t.Context(), `LISTEN tenant_changed`); err != nil {
			return err
		}
		for _, c := range []struct {
			state tenant.DomainState
			told  bool
		}{{tenant.DomainLive, false}, {tenant.DomainDegraded, true}, {tenant.DomainDegraded, false}} {
			err := db.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
				all, err := registry.DomainsOf(t.Context(), tx, one.ID)
				if err != nil {
					return err
				}
				all[0].State, all[0].NextCheckAt = c.state, time.Now()
				return registry.SaveDomain(t.Context(), tx, all[0])
			})
			if err != nil {
				return err
			}
			// What was told comes with the answer to the next question, if not before.
			if _, err := conn.Exec(t.Context(), `SELECT 1`); err != nil {
				return err
			}
			patience := time.Minute
			if !c.told {
				patience = 0
			}
			waiting, cancel := context.WithTimeout(t.Context(), patience)
			_, err = conn.WaitForNotification(waiting)
			cancel()
			if (err == nil) != c.told {
				t.Errorf("%s: told %v, want %v", c.state, err == nil, c.told)
			}
		}
		return nil
	})
}
