package checkout_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// lose lets the company pay once more, dispute that, and lose.
func (w *world) lose() {
	w.T.Helper()
	w.UseCard(w.live().CustomerID, stripefake.CardDisputed)
	w.Pass(31*billing.Day + 2*time.Hour)
	charge, err := w.Gateway.ChargeOf(w.T.Context(), w.account().Invoices[0].InvoiceID)
	must(w.T, err)
	w.Advance(billing.Day)
	w.CloseDispute(charge, false)
	w.Settle()
	w.Wants(tenant.Restricted, "team")
}

// ends are the jobs that wait to end a subscription.
func (w *world) ends(subscription string) int {
	w.T.Helper()
	return w.Count(`river.river_job WHERE kind = 'billing_end' AND args->>'subscription_id' = @id`, pgx.NamedArgs{"id": subscription})
}

// 37: with a dispute that is lost the subscription ends at the provider too, once, whoever is
// away or dies meanwhile; then one can buy again, and nothing ends that.
func TestALostDispute(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	sub := w.live().ID
	w.lose()
	if n := w.ends(sub); n != 1 {
		t.Fatalf("%d jobs end the subscription", n)
	}
	paid := w.charged()
	fake := w.NeedsFake("the provider is away")
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusServiceUnavailable})
	refused(t, "while the provider is away", w.shop.End(t.Context(), sub), fault.Unavailable)
	fake.MisbehaveAPI(stripefake.APIChaos{})
	refused(t, "dying after it", w.sell(dying{w.Gateway, "end"}).End(t.Context(), sub), fault.Unavailable)
	if w.recorded("billing.end") != 0 {
		t.Error("nobody knows yet that it was ended")
	}
	w.Advance(2 * time.Minute)
	must(t, w.shop.Sweep(t.Context()))
	must(t, w.shop.End(t.Context(), sub))
	w.Settle()
	if a := w.account(); a.Live != nil || w.recorded("billing.end") != 1 {
		t.Errorf("it goes on: %+v, %d in the log", a.Live, w.recorded("billing.end"))
	}
	w.Pass(40 * billing.Day)
	w.Wants(tenant.Unpaid, "team")
	if w.charged() != paid {
		t.Errorf("charged %d after the loss", w.charged()-paid)
	}
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `DELETE FROM river.river_job WHERE kind = 'billing_end'`, nil)
		return err
	})
	w.pay(solo, pays)
	w.Wants(tenant.Paid, "solo")
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Paid, "solo")
	if n := w.ends(w.live().ID); n != 0 {
		t.Error("what was bought since is ended as well")
	}
	must(t, w.shop.End(t.Context(), "sub_of_nobody"))
}
