package ledger_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// The numbers are those of the cases in docs/billing.md.

var pays = stripefake.Purchase{Card: stripefake.CardPays, Country: "DE", PostalCode: "10115", Name: "Acme"}

// paying is a world whose company has the plan Team.
func paying(t *testing.T) (w *world, customer string) {
	t.Helper()
	w = newWorld(t)
	customer = w.Customer(w.Acme)
	w.Buy(w.Acme, customer, "team", pays)
	w.Settle()
	return w, customer
}

// 1: the first checkout makes a company active, and a new one is on trial before it.
func TestTheFirstPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Wants(tenant.Trial, "trial")
	w.Buy(w.Acme, w.Customer(w.Acme), "team", pays)
	w.Settle()
	w.Wants(tenant.Paid, "team")
	e := w.Entitlement(w.Acme)
	if e.Limits.Accounts != 10 || !e.MayGrow() {
		t.Errorf("%+v", e)
	}
	if n := w.Count(`billing_invoices WHERE tenant_id = @id AND status = 'paid' AND tax = 931`, pgx.NamedArgs{"id": w.Acme.ID}); n != 1 {
		t.Errorf("%d paid invoices with tax", n)
	}
	if n := w.Count(`entitlement_changes WHERE tenant_id = @id AND to_standing = 'active' AND cause = 'sync'`, pgx.NamedArgs{"id": w.Acme.ID}); n != 1 {
		t.Errorf("%d steps to active in the record", n)
	}
}

// TEN-34. 2, 3, 4, 5, 6, 15: events come twice, in any order, late, and in the shape of a newer version.
func TestEventsAreDoorbells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fake := w.NeedsFake("events come twice, in another order, and in another shape")
	fake.MisbehaveWebhooks(stripefake.WebhookChaos{Duplicate: 4, Shuffle: true, Version: stripefake.NewerVersion})
	customer := w.Customer(w.Acme)
	w.Buy(w.Acme, customer, "team", pays)
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`(SELECT event_id FROM billing_events GROUP BY 1 HAVING count(*) > 1) AS twice`, nil); n != 0 {
		t.Errorf("%d events are stored twice", n)
	}
	// What was is sent again after it is over.
	w.cancelNow(customer)
	w.Settle()
	w.Wants(tenant.Restricted, "team")
	var old []string
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		old, err = pg.Values[string](t.Context(), tx, `SELECT event_id FROM billing_events WHERE type LIKE 'customer.subscription.%'`, nil)
		if err == nil {
			_, err = pg.Exec(t.Context(), tx, `DELETE FROM billing_events`, nil)
		}
		return err
	})
	for _, id := range old {
		if err := fake.Resend(id); err != nil {
			t.Fatal(err)
		}
	}
	w.Settle()
	w.Wants(tenant.Restricted, "team")
}

// cancelNow ends all of a customer's subscriptions, as staff could at the provider.
func (w *world) cancelNow(customer string) {
	w.T.Helper()
	state, err := w.Gateway.Customer(w.T.Context(), customer)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, s := range state.Subscriptions {
		if s.IsLive() {
			if err := w.Gateway.CancelNow(w.T.Context(), "cancel/"+s.ID, s.ID); err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

// TEN-34. 16, 17: events of real money at a test platform, and of customers that are nobody's.
func TestEventsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for name, tt := range map[string]struct {
		event   billing.Event
		outcome store.Outcome
	}{
		"real money":      {billing.Event{ID: "evt_live", Type: "invoice.paid", Customer: "cus_x", Livemode: true, Raw: []byte("{}")}, store.Ignored},
		"another account": {billing.Event{ID: "evt_acct", Type: "invoice.paid", Customer: "cus_x", Account: "acct_1", Raw: []byte("{}")}, store.Ignored},
		"another type":    {billing.Event{ID: "evt_type", Type: "tax_rate.created", Customer: "cus_x", Raw: []byte("{}")}, store.Ignored},
		"nobody's":        {billing.Event{ID: "evt_none", Type: "invoice.paid", Customer: "cus_nobody", Raw: []byte("{}")}, store.Unknown},
	} {
		if err := w.Ledger.Receive(ctx, tt.event, store.FromWebhook); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		w.Platform(func(tx *pg.PlatformTx) error {
			e, err := store.EventByID(ctx, tx, tt.event.ID)
			if err == nil && e.Outcome != tt.outcome {
				t.Errorf("%s: %q, want %q", name, e.Outcome, tt.outcome)
			}
			return err
		})
	}
	if n := w.Count(`billing_tasks WHERE kind = 'unknown_customer'`, nil); n != 1 {
		t.Errorf("%d matters for the staff, want one", n)
	}
	// A customer that says whose it is belongs to that company, if it has none yet.
	id, err := w.Gateway.CreateCustomer(ctx, "k", billing.NewCustomer{Tenant: w.Acme.ID, Name: "Acme", Email: "a@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Buy(w.Acme, id, "solo", pays)
	w.Settle()
	w.Wants(tenant.Paid, "solo")
	second, err := w.Gateway.CreateCustomer(ctx, "k2", billing.NewCustomer{Tenant: w.Acme.ID, Name: "Acme again", Email: "b@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Buy(w.Acme, second, "business", pays)
	w.Settle()
	w.Wants(tenant.Paid, "solo")
}

// 19, 20, REL-13: while the provider is away, or knows us no more, nobody loses anything.
func TestTheProviderIsAway(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("the provider is away")
	for _, status := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusForbidden} {
		fake.MisbehaveAPI(stripefake.APIChaos{Status: status})
		err := w.Ledger.Sync(t.Context(), customer)
		if code := fault.CodeOf(err); code != fault.Unavailable && code != fault.Unauthorized {
			t.Errorf("%d: %v", status, err)
		}
		w.Wants(tenant.Paid, "team")
	}
	fake.MisbehaveAPI(stripefake.APIChaos{})
	if err := w.Ledger.Sync(t.Context(), customer); err != nil {
		t.Error(err)
	}
}

// 24, 25, 26: a renewal fails: grace; it is paid: active; it is given up: restricted.
func TestARenewalFails(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	w.UseCard(customer, stripefake.CardFailsLater)
	w.Pass(31*billing.Day + 2*time.Hour)
	w.Wants(tenant.Grace, "team")
	if e := w.Entitlement(w.Acme); e.MayGrow() || !e.Standing.MayPublish() {
		t.Errorf("in grace: %+v", e)
	}
	w.Pass(2 * billing.Day)
	w.Wants(tenant.Grace, "team")
	w.UseCard(customer, stripefake.CardPays)
	w.Pass(3 * billing.Day) // the third try works
	w.Wants(tenant.Paid, "team")
	w.UseCard(customer, stripefake.CardFailsLater)
	w.Pass(31 * billing.Day)
	w.Wants(tenant.Grace, "team")
	w.Pass(15 * billing.Day)
	w.Wants(tenant.Restricted, "team")
}

// 27: the clock alone: no event comes, and nobody can be asked. It goes as far as read-only;
// what lies behind begins when the provider has said that nothing was paid, and then needs
// nobody either.
func TestTheClockNeedsNobody(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("the provider is away, and no event comes")
	w.UseCard(customer, stripefake.CardFailsLater)
	w.Pass(31*billing.Day + 2*time.Hour)
	w.Wants(tenant.Grace, "team")
	failed := w.Entitlement(w.Acme).Since
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusServiceUnavailable})
	fake.MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
	for _, step := range []struct {
		day      int // since the payment failed
		standing tenant.Standing
	}{{13, tenant.Grace}, {14, tenant.Restricted}, {28, tenant.Restricted}, {200, tenant.Restricted}} {
		w.Advance(failed.Add(time.Duration(step.day) * billing.Day).Sub(w.Now()))
		w.Sweep()
		w.Wants(step.standing, "team")
	}
	fake.MisbehaveAPI(stripefake.APIChaos{})
	asked := w.Now()
	must(t, w.Ledger.Sync(t.Context(), customer))
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusServiceUnavailable})
	w.Wants(tenant.Restricted, "team")
	w.Advance(w.Entitlement(w.Acme).EndsAt.Add(-billing.UnpaidTime).Sub(w.Now()))
	w.Sweep()
	w.Wants(tenant.Unpaid, "team")
	if e := w.Entitlement(w.Acme); e.Since.Before(asked) || e.EndsAt.Sub(e.Since) != billing.UnpaidTime {
		t.Errorf("paused from %v to %v; the provider was asked at %v", e.Since, e.EndsAt, asked)
	}
	for _, step := range []struct {
		days     int
		standing tenant.Standing
	}{{91, tenant.Unpaid}, {1, tenant.Closing}, {13, tenant.Closing}, {1, tenant.ClosedUnpaid}} {
		w.Advance(time.Duration(step.days)*billing.Day + time.Minute)
		w.Sweep()
		w.Wants(step.standing, "team")
	}
}

// 29: it ends with the period, and then it does not.
func TestCancelAndResume(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	sub := state.Subscriptions[0].ID
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c1", sub, true))
	w.Settle()
	w.Wants(tenant.PaidEnding, "team")
	if e := w.Entitlement(w.Acme); e.EndsAt.IsZero() {
		t.Error("nobody knows when it ends")
	}
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c2", sub, false))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c3", sub, true))
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Restricted, "team")
}

// 31: two subscriptions that are paid for are a matter for the staff, and end nothing.
func TestTwoSubscriptions(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	w.Advance(time.Hour)
	w.Buy(w.Acme, customer, "business", pays)
	w.Settle()
	w.Wants(tenant.Paid, "business")
	if n := w.Count(`billing_tasks WHERE kind = 'double_subscription' AND tenant_id = @id`, pgx.NamedArgs{"id": w.Acme.ID}); n != 1 {
		t.Errorf("%d matters for the staff, want one", n)
	}
}

// 36, 37: what is given back changes nothing by itself; what is disputed stops growth, and
// what is lost ends it.
func TestRefundsAndDisputes(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	must(t, w.Gateway.Refund(t.Context(), "r1", state.Invoices[0].ID, 100))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_invoices WHERE refunded = 100`, nil); n != 1 {
		t.Errorf("%d invoices with a refund", n)
	}
	w.UseCard(customer, stripefake.CardDisputed)
	w.Pass(31*billing.Day + 2*time.Hour)
	if e := w.Entitlement(w.Acme); !e.IsDisputed || e.MayGrow() || e.Standing != tenant.Paid {
		t.Errorf("disputed: %+v", e)
	}
	w.CloseDispute(w.charge(customer), true)
	w.Settle()
	if e := w.Entitlement(w.Acme); e.IsDisputed || !e.MayGrow() {
		t.Errorf("won: %+v", e)
	}
}

// charge is the id of what a customer was charged last.
func (w *world) charge(customer string) string {
	w.T.Helper()
	state, err := w.Gateway.Customer(w.T.Context(), customer)
	must(w.T, err)
	id, err := w.Gateway.ChargeOf(w.T.Context(), state.Invoices[0].ID)
	must(w.T, err)
	return id
}

// 33, 38: a price that nobody knows leaves the plan, a customer that was deleted ends it;
// both are matters for the staff.
func TestWhatSomebodyChangedAtTheProvider(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE billing_subscriptions SET plan = 'business', price_ids = '{price_of_old}'`, nil)
		return err
	})
	w.Ask(http.MethodDelete, "/v1/customers/"+customer, nil)
	w.Settle()
	w.Wants(tenant.Restricted, "business")
	if n := w.Count(`billing_tasks WHERE kind = 'customer_deleted'`, nil); n != 1 {
		t.Errorf("%d matters for the staff, want one", n)
	}
}

// What one company pays, cancels and disputes is nothing to another one.
func TestAnotherCompanyIsUntouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	globex := w.Company("globex.test")
	w.Buy(globex, w.Customer(globex), "solo", pays)
	w.Settle()
	before := w.Entitlement(globex)
	if before.Standing != tenant.Paid || before.Plan != "solo" {
		t.Fatalf("%+v", before)
	}
	customer := w.Customer(w.Acme)
	w.Buy(w.Acme, customer, "business", pays)
	w.Settle()
	w.cancelNow(customer)
	w.Settle()
	w.Ask(http.MethodDelete, "/v1/customers/"+customer, nil)
	w.Settle()
	w.Wants(tenant.Restricted, "business")
	w.Sweep()
	if after := w.Entitlement(globex); !cmp.Equal(before, after) {
		t.Errorf("the other company: %s", cmp.Diff(before, after))
	}
	for _, table := range []string{"billing_subscriptions", "billing_invoices"} {
		if n := w.Count(table+` WHERE tenant_id = @id`, pgx.NamedArgs{"id": globex.ID}); n != 1 {
			t.Errorf("%s: %d rows of the other company", table, n)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
