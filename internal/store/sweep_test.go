package store_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// sweep are functions by name that read with the ids of the cast's tenant, and say how
// much they find. What stands behind a comma tells cases of one function apart.
type sweep map[string]func(ctx context.Context, s *pg.Scope) (int, error)

// changes are functions by name that write with the ids of the cast's tenant.
type changes map[string]func(ctx context.Context, s *pg.Scope) error

// queue is a case of a function that fills a batch.
func queue(fill func(b *pg.Batch)) func(ctx context.Context, s *pg.Scope) error {
	return func(ctx context.Context, s *pg.Scope) error {
		b := pg.NewBatch(s)
		fill(b)
		return b.Send(ctx)
	}
}

// allReads are the cases of all reading functions. Each finds something for the tenant
// itself; a stranger's scope must find nothing.
func (c *cast) allReads() sweep {
	return joined(c.reads(), c.accountReads(), c.planReads(), c.deskReads(), c.ssoReads(), c.insightReads(), c.dataReads(), c.serverReads())
}

// allWrites are the cases of all writing functions.
func (c *cast) allWrites() changes {
	return joined(c.writes(), c.accountWrites(), c.accessWrites(), c.planWrites(), c.deskWrites(), c.ssoWrites(), c.dataWrites(), c.serverWrites())
}

func joined[M ~map[string]V, V any](list ...M) M {
	out := make(M)
	for _, m := range list {
		for name, fn := range m {
			if _, twice := out[name]; twice {
				panic("two cases of one name: " + name)
			}
			out[name] = fn
		}
	}
	return out
}

// A reading function finds what it is asked for in its own tenant alone.
func TestReadsStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	stranger := c.Other()
	for name, read := range c.allReads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n int
			own := c.Try(func(s *pg.Scope) (err error) { n, err = read(t.Context(), s); return err })
			if own != nil || n == 0 {
				t.Errorf("the tenant itself finds %d, %v", n, own)
			}
			err := stranger.Try(func(s *pg.Scope) (err error) { n, err = read(t.Context(), s); return err })
			if n != 0 || (err != nil && !fault.IsNotFound(err)) {
				t.Errorf("another tenant finds %d, %v", n, err)
			}
		})
	}
}

// snapshot is all that the tables hold of a tenant.
func snapshot(t *testing.T, db *pg.DB, id tenant.ID) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := db.Platform(t.Context(), "compare a tenant's rows in a test", func(tx *pg.PlatformTx) error {
		tables, err := pg.Values[string](t.Context(), tx, tablesOfTenants, nil)
		if err != nil {
			return err
		}
		b := pg.NewBatch(tx)
		rows := make([][]string, len(tables))
		for i, table := range tables {
			pg.QueueValues(b, `SELECT COALESCE(string_agg(x::text, E'\n' ORDER BY x::text), '') FROM `+
				pgx.Identifier{table}.Sanitize()+` x WHERE tenant_id = @id`, pgx.NamedArgs{"id": id}, &rows[i])
		}
		if err := b.Send(t.Context()); err != nil {
			return err
		}
		for i, table := range tables {
			out[table] = rows[i][0]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// emptyTables are those that the cast has no row in, and who looks at them instead.
var emptyTables = map[string]string{
	"domains":          "only the platform writes them",
	"mails":            "only the platform writes them",
	"tenant_brand":     "only the platform writes it: TestBrandStaysInsideTheTenant",
	"tenant_rules":     "only the platform writes them: TestBrandStaysInsideTheTenant",
	"tenant_keys":      "only the platform writes them",
	"invitations":      "TestPeopleOfACompanyAreItsOwn",
	"inbox_activities": "TestInboxActivitiesStayInTheirTenant",

	"billing_customers":     byBilling,
	"billing_subscriptions": byBilling,
	"billing_invoices":      byBilling,
	"billing_disputes":      byBilling,
	"billing_intents":       byBilling,
	"billing_checkouts":     byBilling,
	"billing_usage":         byBilling,
	"billing_notices":       byBilling,
	"billing_tasks":         byBilling,
	"tenant_entitlements":   byBilling,
	"entitlement_changes":   byBilling,
	"entitlement_overrides": byBilling,
}

const byBilling = "only billing/store writes them, over all tenants: TestAnotherCompanyIsUntouched"

// A writing function changes nothing of another tenant, whatever ids it is given.
func TestWritesStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	stranger := c.Other()
	before := snapshot(t, c.DB, c.Tenant.ID)
	for table, rows := range maps.All(before) {
		if _, excused := emptyTables[table]; excused != (rows == "") {
			t.Errorf("the cast has a row in %s: %t; excused: %t", table, rows != "", excused)
		}
	}
	writes := c.allWrites()
	for _, name := range slices.Sorted(maps.Keys(writes)) {
		err := stranger.Try(func(s *pg.Scope) error { return writes[name](t.Context(), s) })
		if code := fault.CodeOf(err); code == fault.Internal || code == fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, snapshot(t, c.DB, c.Tenant.ID)); diff != "" {
			t.Fatalf("%s from another tenant changed (-before +after):\n%s", name, diff)
		}
	}
}
