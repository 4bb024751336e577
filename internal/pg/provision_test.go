package pg_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/testkit"
)

func TestProvisionMayRunAgain(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for range 2 {
		if err := pg.Provision(t.Context(), db.SuperURL); err != nil {
			t.Fatal(err)
		}
	}
	if err := pg.CreateDatabase(t.Context(), db.SuperURL, db.Name); err != nil {
		t.Errorf("an existing database is no error: %v", err)
	}
}

// A managed Postgres: somebody ran roles.sql, and the login that migrates may not.
func TestProvisionFindsItDone(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	if err := pg.Provision(t.Context(), db.OwnerURL); err != nil {
		t.Errorf("as the owner, with all in place: %v", err)
	}
}

func TestProvisionSaysWhoMay(t *testing.T) {
	t.Parallel()
	const hint = "deploy/postgres/roles.sql"
	db := testkit.DB(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	// As in a database that nobody prepared.
	if _, err := conn.Exec(t.Context(), "ALTER DEFAULT PRIVILEGES FOR ROLE rookery_owner IN SCHEMA public REVOKE ALL ON TABLES FROM rookery_app, rookery_platform"); err != nil {
		t.Fatal(err)
	}
	if err := pg.Provision(t.Context(), db.OwnerURL); err == nil || !strings.Contains(err.Error(), hint) {
		t.Errorf("a login that may not: %v, want %s named", err, hint)
	}
	if err := pg.Provision(t.Context(), "postgres://nobody@127.0.0.1:1/nothing"); err == nil || strings.Contains(err.Error(), hint) {
		t.Errorf("a server that is away: %v, want an error that does not speak of roles", err)
	}
}

// The file is for those whose login may not create roles: it has to say what Provision does.
func TestTheRolesFileSaysWhatProvisionDoes(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../deploy/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("provision.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(source), "const createGrants = `\n")
	grants, _, ok := strings.Cut(after, "`")
	if !ok {
		t.Fatal("provision.go no longer has createGrants")
	}
	if !strings.Contains(string(file), grants) {
		t.Errorf("deploy/postgres/roles.sql lacks the grants of provision.go:\n%s", grants)
	}
	for _, role := range []string{pg.RoleOwner, pg.RoleApp, pg.RolePlatform} {
		if !strings.Contains(string(file), "CREATE ROLE "+role+" LOGIN") {
			t.Errorf("deploy/postgres/roles.sql does not make %s", role)
		}
	}
}
