package checkout_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// between is a till at which something happens right before it does one thing.
type between struct {
	billing.Till
	expire func()
	open   func()
	change func(n int) error
	end    func() error
	n      int
}

func (b *between) ExpireCheckout(ctx context.Context, session string) error {
	if b.expire != nil {
		b.expire()
	}
	return b.Till.ExpireCheckout(ctx, session)
}

func (b *between) ChangePlan(ctx context.Context, key string, c billing.PlanChange) error {
	if b.n++; b.change != nil {
		if err := b.change(b.n); err != nil {
			return err
		}
	}
	return b.Till.ChangePlan(ctx, key, c)
}

func (b *between) OpenCheckout(ctx context.Context, key string, c billing.NewCheckout) (*billing.CheckoutPage, error) {
	if b.open != nil {
		b.open()
	}
	return b.Till.OpenCheckout(ctx, key, c)
}

func (b *between) CancelNow(ctx context.Context, key, subscription string) error {
	if b.end != nil {
		if err := b.end(); err != nil {
			return err
		}
	}
	return b.Till.CancelNow(ctx, key, subscription)
}

// Somebody pays on the page of one plan in the moment in which another one is chosen: nothing
// more is sold, or it would be paid twice.
func TestPaidWhileChoosingAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NeedsFake("events that never come").MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
	first := w.start(solo)
	till := &between{Till: w.Gateway, expire: func() {
		must(t, w.PayPage(first, pays))
	}}
	_, err := w.sell(till).Start(t.Context(), owner, w.Acme, team)
	refused(t, "another plan", err, fault.Conflict)
	w.Wants(tenant.Paid, "solo")
	if n := w.Count(`billing_checkouts WHERE status = 'open'`, nil); n != 0 {
		t.Errorf("%d pages to pay on are open", n)
	}
}

// One tab reads while another one waits for the provider's answer, and goes on when that is
// there: it gets the same page, or both could be paid on.
func TestATabBetweenTwoMoments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	expired := w.start(solo) // the customer is there
	must(t, w.Gateway.ExpireCheckout(t.Context(), expired))
	w.Settle()
	w.Platform(func(tx *pg.PlatformTx) error {
		return store.CloseCheckout(t.Context(), tx, w.Acme.ID, expired, "expired")
	})
	asking, hasRead, isThere := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var first string
	go func() {
		defer close(isThere)
		first, _ = w.sell(&between{Till: w.Gateway, open: func() { close(asking); <-hasRead }}).Start(t.Context(), owner, w.Acme, team)
	}()
	<-asking
	slow := w.sell(w.Gateway)
	looks := 0
	slow.Now = func() time.Time {
		if looks++; looks == 3 { // usage and the open page were read
			close(hasRead)
			<-isThere
		}
		return w.Now()
	}
	second, err := slow.Start(t.Context(), owner, w.Acme, team)
	must(t, err)
	if first == "" || second != first {
		t.Errorf("two pages: %s and %s", first, second)
	}
}

// What the staff gave is not charged for: another number of accounts, or another plan.
func TestAccountsThatWereGiven(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]store.Override{
		"accounts": {Limits: map[string]int64{"accounts": 30}, Reason: "by contract"}, "a plan": {Plan: "business", Reason: "for a year"},
	} {
		w := paying(t, team)
		given.FromAt = w.Now()
		w.Platform(func(tx *pg.PlatformTx) error {
			if err := store.AddOverride(t.Context(), tx, w.Acme.ID, &given); err != nil {
				return err
			}
			return w.Ledger.Assess(t.Context(), tx, w.Acme.ID, store.ByStaff)
		})
		before := w.charged()
		w.accounts(25)
		must(t, w.shop.Sweep(t.Context()))
		if n := w.Count(`river.river_job WHERE kind = 'billing_quantity'`, nil); n != 0 {
			t.Errorf("%s: %d jobs to charge for it", name, n)
		}
		must(t, w.shop.Count(t.Context(), w.Acme.ID, false))
		if is := w.live(); is.Extra != 0 || w.charged() != before {
			t.Errorf("%s: %d are paid for, charged %d", name, is.Extra, w.charged()-before)
		}
		if e := w.Entitlement(w.Acme); e.Limits.MoreAccounts || e.Limits.Accounts < 30 {
			t.Errorf("%s: %+v", name, e.Limits)
		}
	}
}

// What the provider refused to end is asked for again, as another thing, and recorded once.
func TestAnEndThatWasRefused(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	sub := w.live().ID
	w.lose()
	no := &between{Till: w.Gateway, end: func() error { return fault.New(fault.Invalid, "Not now.") }}
	for range 2 {
		must(t, w.sell(no).End(t.Context(), sub))
	}
	if n := w.Count(`billing_intents WHERE kind = 'end' AND state = 'failed'`, nil); n != 2 || w.recorded("billing.end") != 0 {
		t.Errorf("%d refusals, %d in the log", n, w.recorded("billing.end"))
	}
	must(t, w.shop.End(t.Context(), sub))
	if a := w.account(); a.Live != nil || w.recorded("billing.end") != 1 {
		t.Errorf("it goes on: %+v, %d in the log", a.Live, w.recorded("billing.end"))
	}
	if n := w.Count(`billing_intents WHERE kind = 'end' AND state = 'done'`, nil); n != 1 {
		t.Errorf("%d of it are done", n)
	}
}

// An intent that nobody can make anything of holds up none behind it.
func TestABrokenIntentHoldsUpNone(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	globex := w.Company("globex.test")
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `INSERT INTO billing_intents (tenant_id, idempotency_key, kind, params, created_at)
			VALUES (@id, 'broken/1', 'change', '[]', now() - interval '1 hour')`, pgx.NamedArgs{"id": globex.ID})
		return err
	})
	_, err := w.sell(dying{w.Gateway, "change"}).Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "change", err, fault.Unavailable)
	w.Advance(2 * time.Minute)
	w.Settle()
	if err := w.shop.Sweep(t.Context()); err == nil {
		t.Error("nobody hears of the broken one")
	}
	if w.recorded("billing.change") != 1 {
		t.Error("it is not known what became of the change behind it")
	}
}

// A change that the provider made and nobody saw the answer of is asked for once more: it is
// looked at. Nobody reads that it was refused, or that nothing was charged.
func TestAChangeIsAskedForTwice(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.NeedsFake("events that never come").MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
	before := w.charged()
	_, err := w.sell(dying{w.Gateway, "change"}).Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "the first time", err, fault.Unavailable)
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	refused(t, "while it may be on its way", err, fault.Conflict)
	w.Advance(2 * time.Minute)
	_, err = w.shop.Change(t.Context(), owner, w.Acme.ID, business)
	must(t, err)
	w.Wants(tenant.Paid, "business")
	once := w.charged() - before
	if n := w.Count(`billing_intents WHERE kind = 'change' AND state = 'done'`, nil); n != 1 || once == 0 || w.recorded("billing.change") != 1 {
		t.Errorf("%d done, charged %d, %d in the log", n, once, w.recorded("billing.change"))
	}
}

// An account more makes the provider forget the smaller plan that was to come. Whoever dies in
// between, it comes.
func TestAPlannedChangeOutlivesAnAccount(t *testing.T) {
	t.Parallel()
	for name, till := range map[string]func(w *world) billing.Till{
		"the provider is away": func(w *world) billing.Till {
			return &between{Till: w.Gateway, change: func(n int) error {
				if n == 2 {
					return fault.New(fault.Unavailable, "away")
				}
				return nil
			}}
		},
		"the process dies": func(w *world) billing.Till { return dying{w.Gateway, "change"} },
	} {
		w := paying(t, business)
		w.accounts(12)
		_, err := w.shop.Change(t.Context(), owner, w.Acme.ID, team)
		must(t, err)
		w.accounts(52)
		if err := w.sell(till(w)).Count(t.Context(), w.Acme.ID, false); err == nil {
			t.Errorf("%s: nothing went wrong", name)
		}
		for range 2 {
			w.Advance(2 * time.Minute)
			w.Settle()
			must(t, w.shop.Sweep(t.Context()))
		}
		if is := w.live(); is.Extra != 2 || is.NextPlan != "team" || is.NextExtra != 42 {
			t.Errorf("%s: %d more, then %s with %d", name, is.Extra, is.NextPlan, is.NextExtra)
		}
		if n := w.Count(`billing_intents WHERE state = 'open'`, nil); n != 0 {
			t.Errorf("%s: %d intents are open", name, n)
		}
	}
}
