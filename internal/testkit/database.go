package testkit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/devpg"
	"rookery/internal/pg"
	"rookery/internal/testkit/throwaway"
	"rookery/migrations"
)

// Database is one test's own database, with the whole schema and no rows.
type Database struct {
	Name string
	// AppURL serves: it sees one tenant at a time. Tests of stores use it (or
	// PG), because the owner and the superuser step over row-level security.
	AppURL string
	// PlatformURL sees all tenants.
	PlatformURL string
	// OwnerURL owns the tables and, row-level security being forced, sees no rows.
	OwnerURL string
	// SuperURL may do anything: for looking behind the scenes.
	SuperURL string
	// PG is open on AppURL and PlatformURL.
	PG *pg.DB
	// Statements hears of all that PG sends.
	Statements *Recorder
}

// DB makes a database for the test and drops it at the test's end. Parallel
// tests may call it freely: a copy of the template takes some 30 ms in memory.
func DB(t testing.TB) *Database {
	t.Helper()
	server, err := serverURL()
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	template, err := templateOn(server)
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := "test_" + randomName()
	if err := execOn(t.Context(), server, `CREATE DATABASE `+quote(name)+` TEMPLATE `+quote(template)); err != nil {
		t.Fatalf("copy the template database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is done by now.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := execOn(ctx, server, `DROP DATABASE IF EXISTS `+quote(name)+` WITH (FORCE)`); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})

	out := &Database{Name: name, Statements: &Recorder{}}
	for role, into := range map[string]*string{
		pg.RoleApp: &out.AppURL, pg.RolePlatform: &out.PlatformURL, pg.RoleOwner: &out.OwnerURL, "": &out.SuperURL,
	} {
		if *into, err = devpg.WithUser(server, name, role); err != nil {
			t.Fatalf("test database: %v", err)
		}
	}
	out.PG, err = pg.Open(t.Context(), pg.Options{AppURL: out.AppURL, PlatformURL: out.PlatformURL, Tracer: out.Statements})
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(out.PG.Close)
	return out
}

// serverURL is the server of the whole run (cmd/testrun), else one of our own
// that ends with this process.
var serverURL = sync.OnceValues(func() (string, error) {
	if url := os.Getenv(throwaway.EnvURL); url != "" {
		return url, nil
	}
	var err error
	if ownServer, err = throwaway.Start(context.Background(), os.Stderr); err != nil {
		return "", err
	}
	return ownServer.URL(), nil
})

// ownServer keeps the janitor's pipe open until the process ends.
var ownServer *throwaway.Server

var (
	templateOnce sync.Once
	templateName string
	errTemplate  error
)

// templateOn returns the template's name, and makes it if this server has none.
func templateOn(server string) (string, error) {
	templateOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		// The roles and River's tables come with the binary too, but a change of
		// theirs without a new migration is rare, and most servers live for one run.
		templateName = "template_" + migrations.Hash()
		errTemplate = makeTemplate(ctx, server, templateName)
	})
	return templateName, errTemplate
}

// templateLock keeps packages that start together from building it twice.
const templateLock = 7_226_554_302

func makeTemplate(ctx context.Context, server, name string) error {
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	// Held by the session: it goes with this connection, whatever happens.
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(templateLock)); err != nil {
		return fmt.Errorf("wait for the template database: %w", err)
	}
	var exists bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("look for the template database: %w", err)
	}
	if exists {
		return nil
	}
	// Built under another name, so that the final name means complete.
	building := name + "_building"
	if _, err := admin.Exec(ctx, `DROP DATABASE IF EXISTS `+quote(building)+` WITH (FORCE)`); err != nil {
		return fmt.Errorf("drop an unfinished template: %w", err)
	}
	if err := build(ctx, server, building); err != nil {
		return err
	}
	for _, sql := range []string{
		// The pools are closed, but their backends may need a moment to be gone.
		`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '` + building + `'`,
		`ALTER DATABASE ` + quote(building) + ` ALLOW_CONNECTIONS false`,
		`ALTER DATABASE ` + quote(building) + ` RENAME TO ` + quote(name),
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("finish the template database: %w", err)
		}
	}
	return nil
}

// build does what an installation does: roles, grants, migrations.
func build(ctx context.Context, server, name string) error {
	if err := pg.CreateDatabase(ctx, server, name); err != nil {
		return err
	}
	super, err := devpg.WithUser(server, name, "")
	if err != nil {
		return err
	}
	owner, err := devpg.WithUser(server, name, pg.RoleOwner)
	if err != nil {
		return err
	}
	if err := pg.Provision(ctx, super); err != nil {
		return err
	}
	return pg.Migrate(ctx, owner)
}

// execOn runs one statement on a connection of its own: tests are many, and
// idle connections would add up.
func execOn(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
