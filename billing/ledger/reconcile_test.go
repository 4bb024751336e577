package ledger_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/pg"
	"rookery/tenant"
)

// deaf is a world whose door hears nothing from now on.
func (w *world) deaf() {
	w.T.Helper()
	fake := w.NeedsFake("events are lost")
	w.Deliver()
	fake.MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
}

// subscription is the only one of a customer.
func (w *world) subscription(customer string) billing.SubscriptionState {
	w.T.Helper()
	state, err := w.Gateway.Customer(w.T.Context(), customer)
	must(w.T, err)
	if len(state.Subscriptions) != 1 {
		w.T.Fatalf("%d subscriptions", len(state.Subscriptions))
	}
	return state.Subscriptions[0]
}

// works does what the jobs that wait would do.
func (w *world) works() {
	w.T.Helper()
	var customers []string
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		customers, err = pg.Values[string](w.T.Context(), tx, `SELECT DISTINCT args->>'customer_id' FROM river.river_job WHERE kind = 'billing_sync' AND state IN ('available', 'scheduled')`, nil)
		if err == nil {
			_, err = pg.Exec(w.T.Context(), tx, `DELETE FROM river.river_job WHERE kind = 'billing_sync'`, nil)
		}
		return err
	})
	for _, c := range customers {
		must(w.T, w.Ledger.Sync(w.T.Context(), c))
	}
}

// drift is what the comparison has counted.
func (w *world) drift() map[string]float64 {
	w.T.Helper()
	seen := prometheus.NewRegistry()
	seen.MustRegister(w.Ledger.Collectors()...)
	families, err := seen.Gather()
	must(w.T, err)
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "billing_drift_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return out
}

// 18: while the database is away events are not taken, and come again.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NeedsFake("events are delivered to a door that takes none")
	customer := w.Customer(w.Acme)
	gone, err := pg.Open(t.Context(), pg.Options{AppURL: "postgres://nobody@127.0.0.1:1/none", PlatformURL: "postgres://nobody@127.0.0.1:1/none", MaxConns: 1})
	must(t, err)
	defer gone.Close()
	healthy := w.Receive
	w.Receive = w.Ledger.On(gone).Receive
	if got := w.ring([]byte(anEvent), w.Secret, w.Now()); got != http.StatusServiceUnavailable {
		t.Errorf("the door answers %d, want 503", got)
	}
	w.Buy(w.Acme, customer, "team", pays)
	w.Deliver() // all tries fail
	if n := w.Count(`billing_events`, nil); n != 0 {
		t.Errorf("%d events are stored", n)
	}
	w.Receive = healthy
	must(t, w.Ledger.Poll(t.Context()))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_events WHERE source = 'poll'`, nil); n == 0 {
		t.Error("no event came by asking")
	}
}

// 30: a cancelled time is over, and nobody said so.
func TestLostEventsHeal(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c", w.subscription(customer).ID, true))
	w.Settle()
	w.Wants(tenant.PaidEnding, "team")
	w.deaf()
	w.Advance(32 * billing.Day)
	w.Sweep()
	w.Wants(tenant.PaidEnding, "team") // it is for the provider to say
	must(t, w.Ledger.Revisit(t.Context()))
	w.works()
	w.Wants(tenant.Restricted, "team")
}

// The comparison finds everything that was lost, counts it, and then finds nothing.
func TestTheComparison(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	globex := w.Company("globex.test")
	second := w.Customer(globex)
	must(t, w.Ledger.Compare(t.Context()))
	w.works()
	if got := w.drift(); len(got) != 0 {
		t.Fatalf("before anything was lost: %v", got)
	}
	w.deaf()
	w.Buy(globex, second, "solo", pays)
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c", w.subscription(customer).ID, true))
	must(t, w.Ledger.Compare(t.Context()))
	w.works()
	w.Wants(tenant.PaidEnding, "team")
	if e := w.Entitlement(globex); e.Standing != tenant.Paid || e.Plan != "solo" {
		t.Errorf("the other company: %+v", e)
	}
	if got := w.drift(); got["missing"] != 1 || got["cancel_at"] != 1 || len(got) != 2 {
		t.Errorf("drift %v", got)
	}
	must(t, w.Ledger.Compare(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync' AND state IN ('available', 'scheduled')`, nil); n != 0 {
		t.Errorf("%d readings once all is the same", n)
	}
	// What is stored and exists nowhere else.
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE billing_subscriptions SET subscription_id = 'sub_of_nobody' WHERE tenant_id = @id`, pgx.NamedArgs{"id": globex.ID})
		return err
	})
	must(t, w.Ledger.Compare(t.Context()))
	w.works()
	if got := w.drift(); got["vanished"] != 1 || got["missing"] != 2 {
		t.Errorf("drift %v", got)
	}
	if n := w.Count(`billing_drift WHERE field = 'missing' AND n = 2`, nil); n != 1 {
		t.Error("the day's drift is not stored")
	}
	if n := w.Count(`billing_subscriptions WHERE subscription_id = 'sub_of_nobody'`, nil); n != 0 {
		t.Error("what exists nowhere is still stored")
	}
}

// Money that is taken for a company that is gone is told loudly.
func TestPaidForNothing(t *testing.T) {
	t.Parallel()
	w, _ := paying(t)
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET state = 'deleting', delete_at = now() + interval '30 days' WHERE id = @id`, pgx.NamedArgs{"id": w.Acme.ID})
		return err
	})
	must(t, w.Ledger.Compare(t.Context()))
	w.wantsTask(ledger.PaidForNothing)
}

func (w *world) wantsTask(kind string) {
	w.T.Helper()
	if n := w.Count(`billing_tasks WHERE kind = @kind AND done_at IS NULL`, pgx.NamedArgs{"kind": kind}); n != 1 {
		w.T.Errorf("%d matters of kind %s for the staff, want one", n, kind)
	}
}

// 33: a plan that is not sold any more, and a price that nobody knows: who has it keeps its plan.
func TestPricesThatWent(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	sub := w.subscription(customer)
	w.ArchivePrice(sub.Prices[0].PriceID)
	must(t, w.Ledger.Sync(t.Context(), customer))
	w.Wants(tenant.Paid, "team")
	other, err := billing.ParsePlans("trial = 'gold'\ntrial_days = 14\n[[plan]]\nid = 'gold'\nname = 'Gold'\nprice = [{currency = 'eur', interval = 'month', base = 100000}]")
	must(t, err)
	strange, err := w.Gateway.EnsurePrices(t.Context(), other)
	must(t, err)
	must(t, w.Gateway.ChangePlan(t.Context(), "p", billing.PlanChange{Subscription: sub.ID, BasePrice: strange["rookery_gold_eur_month_base"]}))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	w.wantsTask(ledger.UnknownPrice)
}

// 36, 37: all is given back: a person decides. A dispute is lost: the paid time ends.
func TestMoneyThatGoesBack(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	must(t, w.Gateway.Refund(t.Context(), "r", state.Invoices[0].ID, 0))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	w.wantsTask(ledger.GivenBack)

	globex := w.Company("globex.test")
	second := w.Customer(globex)
	disputed := pays
	disputed.Card = stripefake.CardDisputed
	w.Buy(globex, second, "solo", disputed)
	w.Settle()
	w.CloseDispute(w.charge(second), false)
	w.Settle()
	if e := w.Entitlement(globex); e.Standing != tenant.Restricted || e.IsDisputed {
		t.Errorf("lost: %+v", e)
	}
	w.wantsTask(ledger.DisputeLost)
}

// A bank that warns of a payment is a matter for the staff, and changes nothing by itself where
// the company has been there for long.
func TestAWarningOfFraud(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("the bank warns of a payment")
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET created_at = created_at - interval '31 days'`, nil)
		return err
	})
	_, err := fake.WarnOfFraud(w.charge(customer))
	must(t, err)
	w.Settle()
	w.wantsTask(ledger.FraudWarning)
	w.Wants(tenant.Paid, "team")
}

// 42: what staff do at the provider: collection is paused, and goes on.
func TestCollectionIsPaused(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	sub := w.subscription(customer)
	w.Ask(http.MethodPost, "/v1/subscriptions/"+sub.ID, url.Values{"pause_collection[behavior]": {"void"}})
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_subscriptions WHERE is_paused`, nil); n != 1 {
		t.Error("nobody can see that nothing is collected")
	}
	w.Pass(32 * billing.Day) // a renewal that nobody has to pay
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_invoices WHERE status IN ('open', 'uncollectible')`, nil); n != 0 {
		t.Errorf("%d invoices are owed", n)
	}
	w.Ask(http.MethodPost, "/v1/subscriptions/"+sub.ID, url.Values{"pause_collection": {""}})
	w.Settle()
	if n := w.Count(`billing_subscriptions WHERE is_paused`, nil); n != 0 {
		t.Error("it is collected again, and nobody can see it")
	}
}

// 43: a subscription is given to another customer.
func TestASubscriptionIsMoved(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("support moves a subscription to another customer")
	sub := w.subscription(customer)
	globex := w.Company("globex.test")
	second := w.Customer(globex)
	w.Advance(time.Minute)
	must(t, fake.MoveSubscription(sub.ID, second))
	w.Settle()
	w.works()
	if e := w.Entitlement(globex); e.Standing != tenant.Paid || e.Plan != "team" {
		t.Errorf("who got it: %+v", e)
	}
	if e := w.Entitlement(w.Acme); e.Plan == "team" {
		t.Errorf("who had it: %+v", e)
	}
	if n := w.Count(`billing_subscriptions`, nil); n != 1 {
		t.Errorf("%d rows of one subscription", n)
	}
	must(t, w.Ledger.Sync(t.Context(), customer)) // neither reading takes it back
	must(t, w.Ledger.Sync(t.Context(), second))
	if e := w.Entitlement(globex); e.Standing != tenant.Paid || e.Plan != "team" {
		t.Errorf("who got it, read again: %+v", e)
	}
	must(t, w.Ledger.Compare(t.Context()))
	if got := w.drift(); len(got) != 0 {
		t.Errorf("the comparison finds %v", got)
	}
}

// 45: what staff decided holds until its end, and then what was holds again.
func TestADecisionEnds(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	w.cancelNow(customer)
	w.Settle()
	w.Wants(tenant.Restricted, "team")
	now := w.Now()
	until := now.Add(10 * billing.Day)
	w.Platform(func(tx *pg.PlatformTx) error {
		o := &store.Override{Standing: tenant.Paid, Plan: "business", FromAt: now, Until: &until, Reason: "their bank is slow"}
		if err := store.AddOverride(t.Context(), tx, w.Acme.ID, o); err != nil {
			return err
		}
		return w.Ledger.Assess(t.Context(), tx, w.Acme.ID, store.ByStaff)
	})
	w.Wants(tenant.Paid, "business")
	w.Pass(9 * billing.Day)
	w.Wants(tenant.Paid, "business")
	w.Pass(2 * billing.Day)
	w.Wants(tenant.Restricted, "team")
	if n := w.Count(`entitlement_changes WHERE to_standing = 'restricted' AND from_standing = 'active' AND cause = 'clock'`, nil); n != 1 {
		t.Errorf("the clock ended it %d times", n)
	}
}

// 48: an invoice cannot be made, because nobody knows where the company is.
func TestAnInvoiceThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	w.Ask(http.MethodPost, "/v1/customers/"+customer, url.Values{"address[country]": {""}, "address[postal_code]": {""}})
	w.Pass(31*billing.Day + 2*time.Hour)
	w.wantsTask(ledger.NotFinal)
	w.Wants(tenant.Paid, "team")
	// It is no debt: nobody loses anything for it, however long it takes.
	w.Pass(20 * billing.Day)
	w.Wants(tenant.Paid, "team")
	w.Ask(http.MethodPost, "/v1/customers/"+customer, url.Values{"address[country]": {"FR"}, "address[postal_code]": {"75001"}})
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	var drafts []string
	for _, i := range state.Invoices {
		if i.Status == "draft" {
			drafts = append(drafts, i.ID)
		}
	}
	if len(drafts) != 1 {
		t.Fatalf("%d invoices wait to be made", len(drafts))
	}
	w.Ask(http.MethodPost, "/v1/invoices/"+drafts[0]+"/pay", nil)
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_invoices WHERE invoice_id = @id AND status = 'paid'`, pgx.NamedArgs{"id": drafts[0]}); n != 1 {
		t.Error("it is not paid")
	}
	w.wantsTask(ledger.NotFinal) // the same one: once an invoice
}
