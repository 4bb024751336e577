package checkout_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/jobs"
	"rookery/internal/pg"
)

// becomes puts the company into a state of its deletion.
func (w *world) becomes(sql string) {
	w.T.Helper()
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(w.T.Context(), tx, sql, pgx.NamedArgs{"id": w.Acme.ID})
		return err
	})
}

const (
	leaves = `UPDATE tenants SET state = 'deleting', delete_at = now() + interval '30 days' WHERE id = @id`
	isGone = `UPDATE tenants SET state = 'deleted', deleted_at = now() WHERE id = @id`
)

// left does what the jobs that wait would do.
func (w *world) left() (n int) {
	w.T.Helper()
	var all []jobs.BillingLeave
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		if all, err = pg.Values[jobs.BillingLeave](w.T.Context(), tx, `SELECT args FROM river.river_job WHERE kind = 'billing_leave'`, nil); err == nil {
			_, err = pg.Exec(w.T.Context(), tx, `DELETE FROM river.river_job WHERE kind = 'billing_leave'`, nil)
		}
		return err
	})
	for _, j := range all {
		must(w.T, w.shop.Left(w.T.Context(), j))
	}
	return len(all)
}

// An owner deletes the company: it is not renewed while that can be undone, and ended at the
// provider when it cannot. Nobody is charged for nothing.
func TestADeletedCompanyIsNotCharged(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	customer, paid := w.live().CustomerID, w.charged()
	w.becomes(leaves)
	must(t, w.shop.Sweep(t.Context()))
	if w.live().CancelAt.IsZero() || w.recorded("billing.cancel") != 1 {
		t.Errorf("it is renewed: %+v", w.live())
	}
	must(t, w.shop.Resume(t.Context(), owner, w.Acme.ID)) // somebody did so by hand
	w.becomes(isGone)
	must(t, w.Ledger.Sync(t.Context(), customer))
	if n := w.left(); n != 1 || w.recorded("billing.left") != 1 {
		t.Errorf("%d subscriptions are ended, %d in the log", n, w.recorded("billing.left"))
	}
	must(t, w.Ledger.Sync(t.Context(), customer))
	if n := w.left(); n != 0 {
		t.Errorf("%d are ended once more", n)
	}
	w.Advance(40 * billing.Day)
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	if state.Subscriptions[0].Status != billing.Canceled || len(state.Invoices) != 1 || state.Invoices[0].Total != paid {
		t.Errorf("%+v, %d invoices", state.Subscriptions[0], len(state.Invoices))
	}
}

// What nothing is left of here is found by the comparison, ended, and does not come back.
func TestASubscriptionOfNobody(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	customer := w.live().CustomerID
	w.becomes(leaves)
	w.becomes(isGone)
	for _, table := range []string{"billing_subscriptions", "billing_invoices", "billing_intents", "billing_checkouts", "tenant_entitlements", "entitlement_changes"} {
		w.becomes(`DELETE FROM ` + table + ` WHERE tenant_id = @id`)
	}
	w.becomes(`DELETE FROM river.river_job WHERE @id::bigint > 0`)
	must(t, w.Ledger.Compare(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync' AND args->>'customer_id' = @id`, pgx.NamedArgs{"id": customer}); n != 1 {
		t.Fatalf("%d readings", n)
	}
	must(t, w.Ledger.Sync(t.Context(), customer))
	if n := w.left(); n != 1 || w.tasks("paid_for_nothing") != 1 {
		t.Errorf("%d subscriptions are ended", n)
	}
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	if state.Subscriptions[0].Status != billing.Canceled {
		t.Errorf("%+v", state.Subscriptions[0])
	}
	for _, table := range []string{"billing_subscriptions", "billing_invoices", "tenant_entitlements"} {
		if n := w.Count(table, nil); n != 0 {
			t.Errorf("%d rows of %s are back", n, table)
		}
	}
}
