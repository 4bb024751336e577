package pg_test

import (
	"os"
	"strings"
	"testing"

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
