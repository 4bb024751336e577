package store_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
)

const tablesOfTenants = `
SELECT c.relname::text
FROM   pg_class c
JOIN   pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE  c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
ORDER  BY 1`

// TEN-21: whoever adds a table with a tenant_id says what becomes of it when a tenant is
// deleted.
func TestEveryTableHasAnEnd(t *testing.T) {
	t.Parallel()
	emptied := store.TablesOfTenants()
	err := testkit.DB(t).PG.Platform(t.Context(), "test", func(p *pg.PlatformTx) error {
		all, err := pg.Values[string](t.Context(), p, tablesOfTenants, nil)
		for _, table := range all {
			if _, kept := store.KeptOfTenants[table]; !kept && !slices.Contains(emptied, table) {
				t.Errorf("%s has a tenant_id: add it to tenantTables in tenant_removal.go, or to KeptOfTenants with a reason", table)
			}
		}
		for _, table := range emptied {
			if !slices.Contains(all, table) {
				t.Errorf("%s is no table with a tenant_id any more", table)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const foreignKeys = `
SELECT DISTINCT conrelid::regclass::text || '>' || confrelid::regclass::text FROM pg_constraint
WHERE  contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace ORDER BY 1`

// A statement that removes a thousand rows must not have a cascade remove a million more.
func TestTheOrderOfAnEnd(t *testing.T) {
	t.Parallel()
	order := store.TablesOfTenants()
	err := testkit.DB(t).PG.Platform(t.Context(), "test", func(p *pg.PlatformTx) error {
		keys, err := pg.Rows(t.Context(), p, foreignKeys, nil, pgx.RowTo[string])
		checked := 0
		for _, key := range keys {
			i := slices.Index([]byte(key), '>')
			from, to := slices.Index(order, key[:i]), slices.Index(order, key[i+1:])
			if from < 0 || to < 0 {
				continue
			}
			checked++
			if from > to {
				t.Errorf("%s refers to %s and comes after it in tenantTables", key[:i], key[i+1:])
			}
		}
		if checked < 30 {
			t.Errorf("only %d foreign keys were looked at", checked)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestATenantGoesInParts(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	stranger := c.Other()
	stranger.Local("eve")
	others := snapshot(t, c.DB, stranger.Tenant.ID)
	c.Do(func(s *pg.Scope) error {
		_, err := pg.Exec(t.Context(), s, `INSERT INTO tombstones (tenant_id, uri) SELECT @tenant_id, 'https://far.test/' || n FROM generate_series(1, 11) n`, nil)
		return err
	})
	var parts []int64
	for more := true; more; {
		c.Do(func(s *pg.Scope) (err error) {
			var n int64
			n, more, err = store.RemoveTenantPart(t.Context(), s, "tombstones", "https://a.test/gone", 5)
			parts = append(parts, n)
			return err
		})
	}
	if !slices.Equal(parts, []int64{5, 5, 2}) {
		t.Errorf("parts of %v", parts)
	}
	if n := c.Count(`SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id AND uri = 'https://a.test/gone'`, nil); n != 1 {
		t.Error("what was to be kept is gone")
	}
	for _, table := range store.TablesOfTenants() {
		if table == store.MembershipsTable {
			continue
		}
		c.Do(func(s *pg.Scope) error {
			_, more, err := store.RemoveTenantPart(t.Context(), s, table, "", 1000)
			if more {
				t.Errorf("%s: there is more after all of it", table)
			}
			return err
		})
		if n := c.Count(`SELECT count(*) FROM `+table+` WHERE tenant_id = @tenant_id`, nil); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	if got := snapshot(t, c.DB, stranger.Tenant.ID); !equalSnapshots(others, got) {
		t.Errorf("the other tenant changed: %v, was %v", got, others)
	}
	err := c.Try(func(s *pg.Scope) error {
		_, _, err := store.RemoveTenantPart(t.Context(), s, "audit_entries", "", 1)
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("a table that stays: %v", err)
	}
}

func equalSnapshots(a, b map[string]string) bool {
	for table, rows := range a {
		if b[table] != rows {
			return false
		}
	}
	return len(a) == len(b)
}

// People go with their only tenant; who belongs to another one stays.
func TestPeopleGoWithTheirOnlyTenant(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	both := w.Person(t, "both@x.test")
	count := func(sql string, args pgx.NamedArgs) (n int64) {
		t.Helper()
		err := w.PG.Platform(t.Context(), "test", func(p *pg.PlatformTx) (err error) {
			n, err = pg.Value[int64](t.Context(), p, sql, args)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	run := func(fn func(*pg.PlatformTx) error) {
		t.Helper()
		if err := w.PG.Platform(t.Context(), "test", fn); err != nil {
			t.Fatal(err)
		}
	}
	run(func(p *pg.PlatformTx) error {
		b := pg.NewBatch(p)
		for _, of := range []*fixture.Home{w.A, w.B} {
			b.Exec(`INSERT INTO memberships (tenant_id, person_id, role) VALUES (@of, @person, 'member')`, pgx.NamedArgs{"of": of.Tenant.ID, "person": both})
		}
		b.Exec(`INSERT INTO console_sessions (id_hash, person_id, expires_at) VALUES ('x', @a, now()), ('y', @both, now())`, pgx.NamedArgs{"a": w.A.Person, "both": both})
		return b.Send(t.Context())
	})
	run(func(p *pg.PlatformTx) error {
		only, err := store.CountPersonsOnlyIn(t.Context(), p, w.A.Tenant.ID)
		if only != 1 {
			t.Errorf("%d people would go, want 1", only)
		}
		return err
	})
	var members, persons int64
	for range 3 { // one at a time, and once more than there are
		run(func(p *pg.PlatformTx) error {
			m, n, err := store.RemoveMembers(t.Context(), p, w.A.Tenant.ID, 1)
			members, persons = members+m, persons+n
			return err
		})
	}
	if members != 2 || persons != 1 {
		t.Errorf("%d memberships and %d people went, want 2 and 1", members, persons)
	}
	if n := count(`SELECT count(*) FROM persons WHERE id = ANY(@ids)`, pgx.NamedArgs{"ids": []int64{int64(w.A.Person), int64(w.B.Person), int64(both)}}); n != 2 {
		t.Errorf("%d people are left, want 2", n)
	}
	if n := count(`SELECT count(*) FROM console_sessions`, nil); n != 1 {
		t.Errorf("%d sessions are left, want 1", n)
	}
	if n := count(`SELECT count(*) FROM memberships`, nil); n != 2 {
		t.Errorf("%d memberships are left, want the other tenant's 2", n)
	}
}
