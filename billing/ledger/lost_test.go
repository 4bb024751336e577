package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/tenant"
)

// A dispute of which no event ever came is seen within a week, and no customer is read twice
// for it.
func TestADisputeThatNobodyToldOf(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("events are lost")
	w.works() // of the payment
	w.deaf()
	_, err := fake.OpenDispute(w.charge(customer), "fraudulent")
	must(t, err)
	w.Advance(6 * billing.Day)
	must(t, w.Ledger.Revisit(t.Context()))
	w.works()
	if w.Entitlement(w.Acme).IsDisputed {
		t.Error("everybody is read all the time")
	}
	w.Advance(2 * billing.Day) // longer than events are looked for
	must(t, w.Ledger.Revisit(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync'`, nil); n != 1 {
		t.Errorf("%d readings, want one", n)
	}
	w.works()
	if !w.Entitlement(w.Acme).IsDisputed {
		t.Error("nobody has seen the dispute")
	}
	w.wantsTask(ledger.Disputed)
	must(t, w.Ledger.Revisit(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync'`, nil); n != 0 {
		t.Errorf("%d readings of who was read just now", n)
	}
}

// The weekly reading takes those who wait for longest, so many an hour, spread over it.
func TestTheWeeklyReadingIsSpread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `
			WITH made AS (INSERT INTO billing_customers (customer_id, tenant_id, livemode, is_current, synced_at)
			              SELECT 'cus_' || n, @id, false, false, @now::timestamptz - interval '8 days' - n * interval '1 second' FROM generate_series(1, 700) AS n RETURNING customer_id)
			INSERT INTO billing_subscriptions (tenant_id, subscription_id, customer_id, status, created_at, read_at)
			SELECT @id, 'sub_' || customer_id, customer_id, 'active', @now, @now FROM made`, pgx.NamedArgs{"id": w.Acme.ID, "now": w.Now()})
		return err
	})
	must(t, w.Ledger.Revisit(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync'`, nil); n != 500 {
		t.Errorf("%d readings in an hour", n)
	}
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync' AND args->>'customer_id' IN ('cus_700', 'cus_201')`, nil); n != 2 {
		t.Error("who waits for longest does not come first")
	}
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync' AND scheduled_at < now() + interval '10 minutes'`, nil); n > 100 {
		t.Errorf("%d readings at once", n)
	}
}

// An early fraud warning of which no event came is found by asking for warnings.
func TestAWarningThatNobodyToldOf(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("the bank warns of a payment")
	w.deaf()
	_, err := fake.WarnOfFraud(w.charge(customer))
	must(t, err)
	w.Advance(5 * billing.Day)
	for range 2 {
		must(t, w.Ledger.Nightly(t.Context()))
		w.Settle()
	}
	w.wantsTask(ledger.FraudEnded)
	w.Wants(tenant.Restricted, "team")
	if n := w.Count(`billing_events WHERE type LIKE 'radar%'`, nil); n != 1 {
		t.Errorf("%d events of one warning", n)
	}
	if n := w.Count(`entitlement_overrides`, nil); n != 1 {
		t.Errorf("%d decisions of one warning", n)
	}
}

// Somebody owes and no invoice says since when (support wrote it off): since that was first
// seen, not since a year that began long ago.
func TestOwingWithoutAnInvoice(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	first := w.Now()
	for _, day := range []int{0, 5, 20} {
		w.Advance(first.Add(time.Duration(day) * billing.Day).Sub(w.Now()))
		w.Platform(func(tx *pg.PlatformTx) error {
			all, err := store.Subscriptions(t.Context(), tx, w.Acme.ID)
			if err != nil {
				return err
			}
			s := *all[0]
			s.Status, s.OldestOpen, s.PeriodStart = billing.PastDue, time.Time{}, first.Add(-300*billing.Day)
			if err := store.PutSubscriptions(t.Context(), tx, w.Acme.ID, customer, w.Now(), []store.Subscription{s}); err != nil {
				return err
			}
			return w.Ledger.Assess(t.Context(), tx, w.Acme.ID, store.BySync)
		})
		want := tenant.Grace
		if day > 14 {
			want = tenant.Restricted
		}
		w.Wants(want, "team")
	}
}

// Who pays by bank transfer owes from the day on which the invoice was to be paid.
func TestAnInvoiceByBankTransfer(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	now := w.Now()
	l := *w.Ledger
	l.Gateway = transfers{w.Gateway, now}
	must(t, l.Sync(t.Context(), customer))
	w.Wants(tenant.Grace, "team")
	if since := w.Entitlement(w.Acme).Since; since.Sub(now.Add(-time.Hour)).Abs() > time.Second {
		t.Errorf("owed since %s", since)
	}
}

// transfers is a provider whose customers pay within 30 days, and are an hour late.
type transfers struct {
	billing.Reader
	now time.Time
}

func (p transfers) Customer(ctx context.Context, id string) (*billing.CustomerState, error) {
	state, err := p.Reader.Customer(ctx, id)
	if err == nil {
		state.Subscriptions[0].Status = billing.PastDue
		state.Invoices[0].Status, state.Invoices[0].Created, state.Invoices[0].Due = "open", p.now.Add(-30*billing.Day-time.Hour), p.now.Add(-time.Hour)
	}
	return state, err
}

// What is paid a month is what is charged: after a coupon, at the price that was bought.
func TestWhatIsPaidAMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.Customer(w.Acme)
	how := pays
	how.Code = w.Promotion("50")
	w.Buy(w.Acme, customer, "team", how)
	w.Settle()
	plan, _ := w.Plans.Plan("team")
	price, _ := plan.Price("eur", billing.Monthly)
	w.Platform(func(tx *pg.PlatformTx) error {
		sold, err := store.SoldNow(t.Context(), tx)
		if err == nil && (len(sold) != 1 || sold[0].Monthly == nil || *sold[0].Monthly != price.Base/2) {
			return fmt.Errorf("%+v, want %d", sold, price.Base/2)
		}
		return err
	})
}

// An event of which nobody found out whom it is about, before its job was given up, is taken up
// again.
func TestAnEventWithoutAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := billing.Event{ID: "evt_dispute", Type: "charge.dispute.created", Object: "ch_1", Charge: "ch_1", Raw: []byte("{}")}
	must(t, w.Ledger.Receive(t.Context(), e, store.FromWebhook))
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `DELETE FROM river.river_job`, nil)
		return err
	})
	w.Advance(time.Minute)
	w.Sweep()
	if n := w.Count(`river.river_job WHERE kind = 'billing_event' AND args->>'event_id' = 'evt_dispute'`, nil); n != 1 {
		t.Errorf("%d jobs find out whom it is about", n)
	}
}
