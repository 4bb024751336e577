package checkout_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/fault"
	"rookery/internal/pg"
)

// refusals are payments that a bank refused just now; customer "" is somebody's who never paid.
func (w *world) refusals(customer string, n int) {
	w.T.Helper()
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(w.T.Context(), tx, `INSERT INTO billing_events (event_id, type, livemode, customer_id, payload, created_at, received_at, source, outcome, handled_at)
			SELECT 'evt_r' || n || clock_timestamp(), 'invoice.payment_failed', false, @customer, '', @now, @now, 'webhook', 'synced', @now FROM generate_series(1, @n::int) n`,
			pgx.NamedArgs{"n": n, "now": w.Fake.Now(), "customer": customer})
		return err
	})
}

// 46: while cards are tried, buying is closed for those alone who might be trying them. That
// many renewals fail on the first of a month closes nothing.
func TestWhoBuysWhileCardsAreTried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known, refusedOnce := w.Company("known.test"), w.Company("refused.test")
	w.Sweep()
	w.Pass(15 * billing.Day)
	customer := w.Customer(w.Acme)
	w.Buy(w.Acme, customer, "solo", pays)
	w.Settle()
	w.refusals(customer, 50)
	fresh := w.Company("fresh.test")
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET created_at = @now WHERE id = @id`, pgx.NamedArgs{"now": w.Fake.Now(), "id": fresh.ID})
		return err
	})
	_, err := w.shop.Start(t.Context(), owner, fresh, team)
	must(t, err)
	own := w.Customer(refusedOnce)
	w.refusals(own, 1)
	w.refusals("", 20)
	_, err = w.shop.Start(t.Context(), owner, fresh, business)
	refused(t, "who is new", err, fault.Unavailable)
	_, err = w.shop.Start(t.Context(), owner, refusedOnce, team)
	refused(t, "who was refused", err, fault.Unavailable)
	_, err = w.shop.Start(t.Context(), owner, known, team)
	must(t, err)
}
