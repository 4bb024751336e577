package pg_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/tenant"
)

// twoTenants returns a database in which tenants 1 and 2 each have a tombstone.
func twoTenants(t testing.TB) *testkit.Database {
	db := testkit.DB(t)
	ctx := t.Context()
	err := db.PG.Platform(ctx, "test set-up", func(p *pg.PlatformTx) error {
		_, err := pg.Exec(ctx, p, `INSERT INTO tenants (id, name, host, handle_domain, scheme)
			VALUES (1, 'A', 'a.test', 'a.test', 'https'), (2, 'B', 'b.test', 'b.test', 'https')`, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []tenant.ID{1, 2} {
		err := db.PG.Tenant(ctx, id, func(s *pg.Scope) error {
			_, err := pg.Exec(ctx, s, `INSERT INTO tombstones (tenant_id, uri) VALUES (@tenant_id, @uri)`, pgx.NamedArgs{"uri": "https://" + id.String() + ".test/x"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestAScopeSeesItsTenantAlone(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	err := db.PG.Tenant(ctx, 1, func(s *pg.Scope) error {
		got, err := pg.Values[string](ctx, s, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id`, nil)
		if err != nil || len(got) != 1 || got[0] != "https://1.test/x" {
			t.Errorf("tenant 1 sees %v, %v", got, err)
		}
		// even a query that names another tenant in passing sees nothing of it: row-level security
		n, err := pg.Value[int64](ctx, s, `SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id OR true`, nil)
		if err != nil || n != 1 {
			t.Errorf("a query around the argument sees %d rows, %v; want 1", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAScopeRefusesSQLThatForgetsTheTenant(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	for name, q := range map[string]struct {
		sql  string
		args pgx.NamedArgs
	}{
		"no @tenant_id":        {`SELECT count(*) FROM tombstones`, nil},
		"tenant from a caller": {`SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id`, pgx.NamedArgs{"tenant_id": 2}},
		"missing argument":     {`SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id AND uri = @uri`, nil},
	} {
		err := db.PG.Tenant(ctx, 1, func(s *pg.Scope) error {
			_, err := pg.Value[int64](ctx, s, q.sql, q.args)
			return err
		})
		if err == nil {
			t.Errorf("%s: the query ran", name)
		}
	}
}

func TestAScopeCannotWriteIntoAnotherTenant(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	err := db.PG.Tenant(ctx, 1, func(s *pg.Scope) error {
		_, err := pg.Exec(ctx, s, `INSERT INTO tombstones (tenant_id, uri) VALUES (@tenant_id + 1, 'https://evil.test')`, nil)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("error = %v, want a refusal by row-level security", err)
	}
}

func TestTheAppPoolWithoutATenantSeesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	var n int
	if err := db.PG.Pool().QueryRow(ctx, `SELECT count(*) FROM tombstones`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v; want none", n, err)
	}
	var who string
	for _, table := range []string{"persons", "tenants", "console_sessions", "login_attempts"} {
		err := db.PG.Pool().QueryRow(ctx, `SELECT * FROM `+table).Scan(&who)
		if err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: error = %v, want permission denied", table, err)
		}
	}
}

func TestReadOneSetsTheTenantForItsOwnQueryOnly(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	type row struct{ URI string }
	for range 20 { // over every pooled connection
		got, err := pg.ReadOne[row](ctx, db.PG, 2, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id`, nil)
		if err != nil || got.URI != "https://2.test/x" {
			t.Fatalf("ReadOne = %v, %v", got, err)
		}
		var left string
		if err := db.PG.Pool().QueryRow(ctx, `SELECT COALESCE(current_setting('app.tenant_id', true), '')`).Scan(&left); err != nil || left != "" {
			t.Fatalf("the connection keeps tenant %q, %v", left, err)
		}
	}
	_, err := pg.ReadOne[row](ctx, db.PG, 1, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": "https://2.test/x"})
	if fault.CodeOf(err) != fault.NotFound {
		t.Errorf("another tenant's row: %v, want NotFound", err)
	}
}

func TestAReaderSeesItsTenantAloneAndCannotWrite(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	type row struct{ URI string }
	const all = `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id`
	for range 20 { // over every pooled connection
		err := db.PG.Read(ctx, 2, func(s *pg.Scope) error {
			first, err := pg.Many[row](ctx, s, all, nil)
			if err != nil || len(first) != 1 || first[0].URI != "https://2.test/x" {
				t.Errorf("Many = %v, %v", first, err)
			}
			var second []string
			b := pg.NewBatch(s)
			pg.QueueValues(b, all, nil, &second)
			if err := b.Send(ctx); err != nil || len(second) != 1 || second[0] != "https://2.test/x" {
				t.Errorf("batch = %v, %v", second, err)
			}
			_, err = pg.One[row](ctx, s, all+` AND uri = 'https://1.test/x'`, nil)
			if fault.CodeOf(err) != fault.NotFound {
				t.Errorf("another tenant's row: %v, want NotFound", err)
			}
			if _, err := pg.Exec(ctx, s, `DELETE FROM tombstones WHERE tenant_id = @tenant_id`, nil); err == nil {
				t.Error("a reader wrote by Exec")
			}
			if _, err := pg.Values[string](ctx, s, `DELETE FROM tombstones WHERE tenant_id = @tenant_id RETURNING uri`, nil); err == nil {
				t.Error("a reader wrote by RETURNING")
			}
			if err := s.Nested(ctx, func(*pg.Scope) error { return nil }); err == nil {
				t.Error("a reader opened a savepoint")
			}
			if _, err := pg.Many[row](ctx, s, `SELECT broken FROM tombstones WHERE tenant_id = @tenant_id`, nil); err == nil {
				t.Error("a broken query gave no error")
			}
			s.ByKey()
			_, err = pg.Many[row](ctx, s, all, nil) // the connection is still good
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var left, readOnly, plans string
		err = db.PG.Pool().QueryRow(ctx, `SELECT COALESCE(current_setting('app.tenant_id', true), ''), current_setting('transaction_read_only'),
			current_setting('plan_cache_mode')`).Scan(&left, &readOnly, &plans)
		if err != nil || left != "" || readOnly != "off" || plans != "auto" {
			t.Fatalf("the connection keeps tenant %q, read only %s, plans %s, %v", left, readOnly, plans, err)
		}
	}
}

func TestNestedUndoesItsOwnChangesOnly(t *testing.T) {
	t.Parallel()
	db, ctx := twoTenants(t), t.Context()
	const insert = `INSERT INTO tombstones (tenant_id, uri) VALUES (@tenant_id, @uri)`
	ran := 0
	err := db.PG.Tenant(ctx, 1, func(s *pg.Scope) error {
		if _, err := pg.Exec(ctx, s, insert, pgx.NamedArgs{"uri": "https://kept.test"}); err != nil {
			return err
		}
		boom := errors.New("boom")
		err := s.Nested(ctx, func(inner *pg.Scope) error {
			inner.AfterCommit(func() { t.Error("an undone part ran its after-commit function") })
			if _, err := pg.Exec(ctx, inner, insert, pgx.NamedArgs{"uri": "https://undone.test"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("Nested = %v, want boom", err)
		}
		s.AfterCommit(func() { ran++ })
		return nil
	})
	if err != nil || ran != 1 {
		t.Fatalf("error %v, after-commit ran %d times", err, ran)
	}
	type row struct{ URI string }
	if _, err := pg.ReadOne[row](ctx, db.PG, 1, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id AND uri = 'https://kept.test'`, nil); err != nil {
		t.Errorf("the outer change is gone: %v", err)
	}
	if _, err := pg.ReadOne[row](ctx, db.PG, 1, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id AND uri = 'https://undone.test'`, nil); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the inner change stayed: %v", err)
	}
}

func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	db, err := pg.Open(t.Context(), pg.Options{AppURL: "postgres://rookery_app@127.0.0.1:1/none"})
	if err != nil {
		t.Fatalf("Open must not need the database: %v", err)
	}
	defer db.Close()
	err = db.Tenant(context.Background(), 1, func(*pg.Scope) error { return nil })
	if fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("error = %v, want unavailable", err)
	}
}

func TestTheServingRoleMustNotStepOverTheWall(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	if err := db.PG.Ready(t.Context()); err != nil {
		t.Errorf("the app role is refused: %v", err)
	}
}
