package checkout_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// refusals are payments that a bank refuses now, on a company's page for a plan.
func (w *world) refusals(of *tenant.Tenant, customer string, n int) {
	w.T.Helper()
	page, how := w.Page(of, customer, "team"), pays
	how.Card = stripefake.CardFailsLater
	for range n {
		if w.PayPage(page, how) == nil {
			w.T.Fatal("the card was taken")
		}
	}
	w.Settle()
	if got := w.Count(`billing_events WHERE type = 'invoice.payment_failed' AND customer_id = @id`, pgx.NamedArgs{"id": customer}); got < n {
		w.T.Fatalf("%d refusals are known of %d", got, n)
	}
}

// 46: while cards are tried, buying is closed for those alone who might be trying them. That
// many renewals fail on the first of a month closes nothing.
func TestWhoBuysWhileCardsAreTried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NeedsFake("a test clock has three customers")
	known, refusedOnce := w.Company("known.test"), w.Company("refused.test")
	w.Sweep()
	w.Pass(15 * billing.Day)
	customer := w.Customer(w.Acme)
	w.Buy(w.Acme, customer, "solo", pays)
	w.Settle()
	w.refusals(w.Acme, customer, 50)
	fresh := w.Company("fresh.test")
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET created_at = @now WHERE id = @id`, pgx.NamedArgs{"now": w.Now(), "id": fresh.ID})
		return err
	})
	_, err := w.shop.Start(t.Context(), owner, fresh, team)
	must(t, err)
	own := w.Customer(refusedOnce)
	w.refusals(refusedOnce, own, 1)
	stranger := w.Company("stranger.test")
	w.refusals(stranger, w.Customer(stranger), 20)
	_, err = w.shop.Start(t.Context(), owner, fresh, business)
	refused(t, "who is new", err, fault.Unavailable)
	_, err = w.shop.Start(t.Context(), owner, refusedOnce, team)
	refused(t, "who was refused", err, fault.Unavailable)
	_, err = w.shop.Start(t.Context(), owner, known, team)
	must(t, err)
}
