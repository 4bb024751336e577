package testkit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/testkit"
)

func TestDBIsReadyAndServesAsTheRestrictedRole(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	if err := db.PG.Ready(t.Context()); err != nil {
		t.Fatalf("not ready: %v", err)
	}
	tests := map[string]struct{ url, want string }{
		"app":      {db.AppURL, pg.RoleApp},
		"platform": {db.PlatformURL, pg.RolePlatform},
		"owner":    {db.OwnerURL, pg.RoleOwner},
		"super":    {db.SuperURL, "postgres"},
	}
	for name, tt := range tests {
		got := query(t, tt.url, `SELECT current_user || ' ' || current_database()`)
		if want := tt.want + " " + db.Name; got != want && name != "super" {
			t.Errorf("%s URL: %q, want %q", name, got, want)
		}
		if !strings.HasSuffix(got, " "+db.Name) {
			t.Errorf("%s URL leads to %q, want database %s", name, got, db.Name)
		}
	}
	if got := query(t, db.OwnerURL, `SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user`); got != "false" {
		t.Errorf("the owner is a superuser")
	}
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, two := testkit.DB(t), testkit.DB(t)
	query(t, one.OwnerURL, `CREATE TABLE mine AS SELECT 1; SELECT ''`)
	if got := query(t, two.OwnerURL, `SELECT coalesce(to_regclass('mine')::text, 'none')`); got != "none" {
		t.Errorf("the other test's table is visible: %s", got)
	}
}

func TestDBIsDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	survivor := testkit.DB(t)
	var name string
	t.Run("inner", func(t *testing.T) { name = testkit.DB(t).Name })
	if name == "" {
		t.Fatal("the inner test did not run")
	}
	if got := query(t, survivor.SuperURL, `SELECT count(*)::text FROM pg_database WHERE datname = '`+name+`'`); got != "0" {
		t.Errorf("database %s is still there", name)
	}
}

// query runs SQL (several statements too) and returns the last one's value.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	rows := results[len(results)-1].Rows
	if len(rows) != 1 || len(rows[0]) != 1 {
		t.Fatalf("%s: want one value, got %v", sql, rows)
	}
	return string(rows[0][0])
}

func BenchmarkDB(b *testing.B) {
	for b.Loop() {
		testkit.DB(b)
	}
}
