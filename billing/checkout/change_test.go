package checkout_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

// More counts at once, is paid at once, and costs what was said before.
func TestALargerPlan(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.Pass(10 * billing.Day)
	before := w.charged()
	o, err := w.shop.Preview(t.Context(), w.Acme.ID, business)
	must(t, err)
	if !o.IsNow || o.Quote.Now <= 0 || o.Quote.Next != 23681 || len(o.Exceeds) != 0 || !o.Quote.NextAt.Equal(w.live().PeriodEnd) {
		t.Errorf("%+v", o)
	}
	got, err := w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	must(t, err)
	w.Wants(tenant.Paid, "business")
	if got.Waits || w.charged()-before != o.Quote.Now {
		t.Errorf("charged %d, said %d: %+v", w.charged()-before, o.Quote.Now, got)
	}
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "the same again", err, fault.Conflict)
	w.Settle()
	if w.charged()-before != o.Quote.Now || w.recorded("billing.change") != 1 {
		t.Errorf("charged %d, recorded %d times", w.charged()-before, w.recorded("billing.change"))
	}
}

// By the year is more: it is paid at once, and what is left of the month comes off.
func TestByTheYear(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	before := w.charged()
	o, err := w.shop.Preview(t.Context(), w.Acme.ID, teamYear)
	must(t, err)
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, teamYear)
	must(t, err)
	is := w.live()
	if is.Every != billing.Yearly || w.charged()-before != o.Quote.Now || !o.Quote.NextAt.Equal(is.PeriodEnd) || o.Quote.Next != 58310 {
		t.Errorf("charged %d, until %s: %+v", w.charged()-before, is.PeriodEnd, o)
	}
	// Back to the month, or to more by the month, is for when the year is over.
	for _, want := range []billing.Choice{team, business} {
		if o, err = w.shop.Preview(t.Context(), w.Acme.ID, want); err != nil || o.IsNow || !o.At.Equal(is.PeriodEnd) || o.Quote.Now != 0 {
			t.Errorf("%+v, %v", o, err)
		}
	}
}

// 32: less counts with the next period, is refused while more is in use, and can be taken back.
func TestASmallerPlan(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	before, end := w.charged(), w.live().PeriodEnd
	w.accounts(4)
	o, err := w.shop.Preview(t.Context(), w.Acme.ID, solo)
	must(t, err)
	if len(o.Exceeds) != 1 || o.Exceeds[0] != (billing.Excess{What: billing.Accounts, Used: 4, Limit: 1}) {
		t.Errorf("%+v", o.Exceeds)
	}
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, solo)
	refused(t, "with four accounts", err, fault.Conflict)
	w.accounts(1)
	o, err = w.shop.Preview(t.Context(), w.Acme.ID, solo)
	if err != nil || o.IsNow || o.Quote.Now != 0 || o.Quote.Next != 1071 || !o.At.Equal(end) || len(o.Loses) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	change := func() {
		_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, solo)
		must(t, err)
		w.Settle()
		w.Wants(tenant.Paid, "team")
		if is := w.live(); is.NextPlan != "solo" || is.NextEvery != billing.Monthly || !is.NextAt.Equal(end) {
			t.Errorf("what comes next: %+v", is)
		}
	}
	change()
	must(t, w.shop.Keep(t.Context(), owner, w.Acme.ID))
	w.Settle()
	if is := w.live(); !is.NextAt.IsZero() || is.Plan != "team" {
		t.Errorf("%+v", is)
	}
	refused(t, "nothing to take back", w.shop.Keep(t.Context(), owner, w.Acme.ID), fault.Conflict)
	change()
	change() // once more changes nothing
	if w.charged() != before {
		t.Errorf("charged %d", w.charged()-before)
	}
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Paid, "solo")
	if is := w.live(); !is.NextAt.IsZero() || w.charged()-before != 1071 {
		t.Errorf("charged %d, %+v", w.charged()-before, is)
	}
	w.Pass(31 * billing.Day)
	w.Wants(tenant.Paid, "solo")
	if w.recorded("billing.change_later") != 3 || w.recorded("billing.keep") != 1 {
		t.Error("not all is in the log")
	}
}

// A code goes on to count with the smaller plan.
func TestASmallerPlanKeepsTheDiscount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	how := pays
	how.Code = w.Promotion("50")
	w.pay(team, how)
	w.accounts(1)
	_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, solo)
	must(t, err)
	before := w.charged()
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Paid, "solo")
	if got := w.charged() - before; got != 535 && got != 536 {
		t.Errorf("charged %d for half of 9.00 with tax", got)
	}
}

// A planned change ends with one to more, and with the end of it all.
func TestAPlannedChangeIsReplaced(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.accounts(1)
	later := func() {
		_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, solo)
		must(t, err)
	}
	later()
	_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	must(t, err)
	if is := w.live(); is.Plan != "business" || !is.NextAt.IsZero() {
		t.Errorf("%+v", is)
	}
	later()
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, team) // another smaller one
	must(t, err)
	if is := w.live(); is.NextPlan != "team" {
		t.Errorf("%+v", is)
	}
	must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
	if is := w.live(); !is.NextAt.IsZero() || is.CancelAt.IsZero() {
		t.Errorf("%+v", is)
	}
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, team)
	refused(t, "a plan that ends", err, fault.Conflict)
}

// Within a trial everything counts at once, and nothing is charged before its end.
func TestChangingWithinTheTrial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.pay(team, pays)
	w.accounts(1)
	for _, want := range []billing.Choice{business, solo, teamYear} {
		o, err := w.shop.Preview(t.Context(), w.Acme.ID, want)
		if err != nil || !o.IsNow || o.Quote.Now != 0 {
			t.Errorf("%+v, %v", o, err)
		}
		_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, want)
		must(t, err)
		w.Wants(tenant.Trial, want.Plan)
		if is := w.live(); is.Every != want.Every || w.charged() != 0 {
			t.Errorf("charged %d: %+v", w.charged(), is)
		}
	}
	w.Pass(15 * billing.Day)
	w.Wants(tenant.Paid, "team")
	if w.charged() != 58310 {
		t.Errorf("charged %d", w.charged())
	}
}

// A larger plan that the bank does not pay changes nothing until it is paid, or lapses.
func TestALargerPlanIsNotPaid(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.UseCard(w.live().CustomerID, stripefake.CardFailsLater)
	got, err := w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	must(t, err)
	if !got.Waits || !strings.HasPrefix(got.PayURL, "http") {
		t.Errorf("%+v", got)
	}
	w.Settle()
	w.Wants(tenant.Paid, "team")
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, teamYear)
	refused(t, "while one waits", err, fault.Conflict)
	w.Pass(24 * time.Hour)
	if is := w.live(); !is.PendingUntil.IsZero() || is.Plan != "team" {
		t.Errorf("%+v", is)
	}
	w.UseCard(w.live().CustomerID, stripefake.CardPays)
	got, err = w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	if err != nil || got.Waits {
		t.Errorf("%+v, %v", got, err)
	}
	w.Wants(tenant.Paid, "business")
}

// While a payment is missing or contested the plan does not change.
func TestNoChangeWhileSomethingIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	disputed := pays
	disputed.Card = stripefake.CardDisputed
	w.Sweep()
	w.Pass(13 * billing.Day) // too late for a trial at the provider: it is charged at once
	w.pay(team, disputed)
	_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "contested", err, fault.Conflict)
	if _, err = w.shop.Preview(t.Context(), w.Acme.ID, solo); err != nil {
		t.Error(err)
	}
	w.UseCard(w.live().CustomerID, stripefake.CardFailsLater)
	w.Pass(31*billing.Day + 2*time.Hour)
	w.Wants(tenant.Grace, "team")
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, solo)
	refused(t, "in grace", err, fault.Conflict)
	// 24: the way out is there.
	if a := w.account(); a.ToPay == nil || a.ToPay.PageURL == "" {
		t.Error("there is nothing to pay")
	}
	if url, err := w.shop.Portal(t.Context(), w.Acme.ID); err != nil || url == "" {
		t.Error(url, err)
	}
}

// 29: it ends with the period, and then it does not; twice is once.
func TestCancelAndResume(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	for range 2 {
		must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
		w.Wants(tenant.PaidEnding, "team")
	}
	must(t, w.shop.Resume(t.Context(), owner, w.Acme.ID))
	w.Wants(tenant.Paid, "team")
	refused(t, "twice", w.shop.Resume(t.Context(), owner, w.Acme.ID), fault.Conflict)
	must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Restricted, "team")
	refused(t, "too late", w.shop.Resume(t.Context(), owner, w.Acme.ID), fault.Conflict)
	if w.recorded("billing.cancel") != 2 || w.recorded("billing.resume") != 1 {
		t.Error("not all is in the log")
	}
}

// 39: of a change nobody saw the end of, it is looked at whether it came; it is not asked for
// again behind anybody's back.
func TestDyingWhileChanging(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	fake := w.NeedsFake("the provider is away")
	before := w.charged()
	_, err := w.sell(dying{w.Gateway, "change"}).Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "change", err, fault.Unavailable)
	w.Advance(2 * time.Minute)
	w.Settle() // events that come during a reading put the sweep off to the next minute
	must(t, w.shop.Sweep(t.Context()))
	w.Wants(tenant.Paid, "business")
	paid := w.charged() - before
	if w.recorded("billing.change") != 1 || paid == 0 {
		t.Errorf("paid %d", paid)
	}
	_, err = w.sell(dying{w.Gateway, "before the change"}).Change(t.Context(), owner, w.Acme.ID, billing.Choice{Plan: "business", Currency: "eur", Every: billing.Yearly})
	refused(t, "before the change", err, fault.Unavailable)
	w.Advance(2 * time.Minute)
	w.Settle() // events that come during a reading put the sweep off to the next minute
	must(t, w.shop.Sweep(t.Context()))
	if is := w.live(); is.Every != billing.Monthly || w.charged()-before != paid || w.recorded("billing.change") != 1 {
		t.Errorf("it came after all: %+v", is)
	}
	if n := w.Count(`billing_intents WHERE state = 'open'`, nil); n != 0 {
		t.Errorf("%d intents are open", n)
	}
	// While the provider is away what is open stays open.
	_, err = w.sell(dying{w.Gateway, "change"}).Change(t.Context(), owner, w.Acme.ID, billing.Choice{Plan: "business", Currency: "eur", Every: billing.Yearly})
	refused(t, "change", err, fault.Unavailable)
	w.Advance(2 * time.Minute)
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusServiceUnavailable})
	must(t, w.shop.Sweep(t.Context()))
	refused(t, "meanwhile", w.shop.Cancel(t.Context(), owner, w.Acme.ID), fault.Unavailable)
	fake.MisbehaveAPI(stripefake.APIChaos{})
	must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID)) // finds out first what became of it
	if is := w.live(); is.Every != billing.Yearly || is.CancelAt.IsZero() {
		t.Errorf("%+v", is)
	}
}

// 40: accounts beyond the plan's are paid for at once, three in one step; fewer count with
// the next period, and one that comes again costs nothing.
func TestMoreAccounts(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	count := func() {
		must(t, w.shop.Count(t.Context(), w.Acme.ID, false))
		w.Settle()
	}
	enqueue := func() {
		w.Platform(func(tx *pg.PlatformTx) error {
			return tx.Enqueue(t.Context(), jobs.BillingQuantity{TenantID: w.Acme.ID})
		})
	}
	w.accounts(10)
	count()
	before := w.charged()
	for range 3 {
		enqueue()
	}
	if n := w.Count(`river.river_job WHERE kind = 'billing_quantity' AND scheduled_at > now() + interval '5 seconds'`, nil); n != 1 {
		t.Errorf("%d jobs for three accounts, want one that waits", n)
	}
	w.accounts(13)
	count()
	paid := w.charged() - before
	if is := w.live(); is.Extra != 3 || paid < 1420 || paid > 1428 { // 3 × 4.00 with tax, for all but seconds of a month
		t.Errorf("%d more, charged %d", is.Extra, paid)
	}
	if e := w.Entitlement(w.Acme); e.Limits.Accounts != 13 {
		t.Errorf("%+v", e.Limits)
	}
	count()
	if w.charged()-before != paid || w.recorded("billing.quantity") != 1 {
		t.Error("counting again charges again")
	}
	// One goes, another one comes: nothing happens.
	w.accounts(12)
	count()
	w.accounts(13)
	count()
	if is := w.live(); is.Extra != 3 || !is.NextAt.IsZero() || w.charged()-before != paid {
		t.Errorf("%+v", is)
	}
	// Shortly before the end fewer are told, from the next period on.
	w.accounts(11)
	w.Advance(w.live().PeriodEnd.Add(-20 * time.Hour).Sub(w.Now()))
	w.Settle()
	must(t, w.shop.Sweep(t.Context()))
	if n := w.Count(`river.river_job WHERE kind = 'billing_quantity'`, nil); n < 1 {
		t.Error("nobody counts before the period ends")
	}
	count()
	if is := w.live(); is.Extra != 3 || is.NextExtra != 1 || is.NextPlan != "team" {
		t.Errorf("%+v", is)
	}
	w.accounts(13) // and come again, within what is paid
	count()
	if is := w.live(); is.Extra != 3 || !is.NextAt.IsZero() || w.charged()-before != paid {
		t.Errorf("%+v", is)
	}
	w.accounts(11)
	count()
	w.Pass(2 * billing.Day)
	if is := w.live(); is.Extra != 1 || w.charged()-before-paid != 6307 { // 49.00 and 4.00, with tax
		t.Errorf("%d more, charged %d", is.Extra, w.charged()-before-paid)
	}
	w.Wants(tenant.Paid, "team")
}

// A planned smaller plan counts the accounts that there are then.
func TestMoreAccountsWithAPlannedChange(t *testing.T) {
	t.Parallel()
	w := paying(t, business)
	w.accounts(12)
	_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, team)
	must(t, err)
	if is := w.live(); is.NextPlan != "team" || is.NextExtra != 2 {
		t.Errorf("%+v", is)
	}
	w.accounts(15)
	must(t, w.shop.Count(t.Context(), w.Acme.ID, false))
	if is := w.live(); is.NextPlan != "team" || is.NextExtra != 5 || is.Extra != 0 {
		t.Errorf("%+v", is)
	}
	w.accounts(52)
	must(t, w.shop.Count(t.Context(), w.Acme.ID, false))
	if is := w.live(); is.Extra != 2 || is.NextPlan != "team" || is.NextExtra != 42 {
		t.Errorf("%+v", is)
	}
}

// The job waits for somebody who is changing the plan just now.
func TestCountingWaits(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	_, err := w.sell(dying{w.Gateway, "before the change"}).Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "change", err, fault.Unavailable)
	w.accounts(12)
	workers := river.NewWorkers()
	w.shop.Register(workers)
	refused(t, "while a change is open", w.shop.Count(t.Context(), w.Acme.ID, false), fault.Conflict)
	w.Advance(2 * time.Minute)
	must(t, w.shop.Count(t.Context(), w.Acme.ID, false))
	if is := w.live(); is.Extra != 2 || is.Plan != "team" {
		t.Errorf("%+v", is)
	}
}

// 32: a smaller plan that somebody gave at the provider's own pages, past all of ours: more is
// in use than it allows, which is said, and nothing is taken away.
func TestASmallerPlanFromOutside(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.accounts(4)
	w.Platform(func(tx *pg.PlatformTx) error { return w.Ledger.Assess(t.Context(), tx, w.Acme.ID, store.ByStaff) })
	if e := w.Entitlement(w.Acme); e.IsOver {
		t.Fatalf("four accounts are within the plan: %+v", e)
	}
	dashboard := billing.PlanChange{Subscription: w.live().ID, BasePrice: w.Prices["rookery_solo_eur_month_base"]}
	must(t, w.Gateway.ChangePlan(t.Context(), "by hand", dashboard))
	w.Settle()
	w.Wants(tenant.Paid, "solo")
	if e := w.Entitlement(w.Acme); !e.IsOver || e.Limits.Accounts != 1 {
		t.Errorf("more is in use than the plan allows: %+v", e)
	}
	must(t, w.shop.Count(t.Context(), w.Acme.ID, true))
	w.Pass(40 * billing.Day)
	w.Wants(tenant.Paid, "solo")
	if n := w.Count(`accounts WHERE tenant_id = @id AND domain = '' AND deleted_at IS NULL`, pgx.NamedArgs{"id": w.Acme.ID}); n != 4 || !w.Entitlement(w.Acme).IsOver {
		t.Errorf("%d accounts are left, %+v", n, w.Entitlement(w.Acme))
	}
	_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, team)
	must(t, err)
	w.Wants(tenant.Paid, "team")
	if w.Entitlement(w.Acme).IsOver {
		t.Error("four accounts are within the plan again")
	}
}
