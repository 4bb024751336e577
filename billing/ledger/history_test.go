package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	usualHistories = 4
	historySteps   = 30
)

// 2, 4, 5, 6, 30: whatever a company does, and whichever events of it come twice, late, in
// another order or never: in the end it has what a fresh reading of the customer says, and
// all events once more change nothing. ROOKERY_HISTORIES is how many are tried,
// ROOKERY_HISTORY a seed to try again.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	n, seed := usualHistories, rand.Uint64()
	if asked, err := strconv.Atoi(os.Getenv("ROOKERY_HISTORIES")); err == nil {
		n = asked
	}
	if asked, err := strconv.ParseUint(os.Getenv("ROOKERY_HISTORY"), 10, 64); err == nil {
		n, seed = 1, asked
	}
	for i := range n {
		seed := seed + uint64(i)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			h := &history{world: newWorld(t), Rand: rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // a test
			h.fake = h.NeedsFake("events come twice, late, in another order, and never")
			h.customer = h.Customer(h.Acme)
			for range historySteps {
				h.step()
			}
			h.heal()
			h.agrees("in the end")
			h.again()
			if t.Failed() {
				t.Logf("ROOKERY_HISTORY=%d:\n%s", seed, strings.Join(h.did, "\n"))
			}
		})
	}
}

// history is what happens to one company at the provider, and which events of it arrive.
type history struct {
	*world
	*rand.Rand
	fake     *stripefake.Server
	customer string
	disputes []string
	did      []string
}

// never is more declines than the provider tries.
var never = slices.Repeat([]string{"card_declined"}, 12)

func pick[T any](h *history, all []T) T { return all[h.IntN(len(all))] }

// step does one thing. What the provider refuses at that point is no part of the history.
func (h *history) step() {
	h.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Duplicate: h.IntN(3), Shuffle: h.IntN(2) == 0, Drop: h.IntN(4) * h.IntN(2)})
	state, err := h.Gateway.Customer(h.T.Context(), h.customer)
	must(h.T, err)
	what := pick(h, []string{"buy", "buy", "decline", "pay", "end", "cancel", "resume", "change", "dispute", "settle dispute", "refund", "advance", "advance", "advance", "advance"})
	h.did = append(h.did, fmt.Sprintf("%s: %v", what, h.act(what, state)))
	switch h.IntN(3) {
	case 0:
		h.Settle() // all that came is read
	case 1:
		h.Deliver() // it comes, and waits
	}
	if h.IntN(4) == 0 {
		h.Sweep()
	}
}

var errNotNow = errors.New("there is nothing to do that with")

func (h *history) act(what string, state *billing.CustomerState) error {
	ctx, key := h.T.Context(), what+strconv.Itoa(len(h.did))
	live := slices.DeleteFunc(slices.Clone(state.Subscriptions), func(s billing.SubscriptionState) bool { return !s.IsLive() })
	switch what {
	case "buy":
		if len(live) > 1 {
			return errNotNow
		}
		how := pays
		how.Card = pick(h, []stripefake.Card{stripefake.CardPays, stripefake.CardPays, stripefake.CardPoor, stripefake.CardFirstTimeBad, stripefake.Card3DSAlways})
		how.Answer = pick(h, []string{"", "yes", "no"})
		return h.PayPage(h.Page(h.Acme, h.customer, pick(h, []string{"solo", "team", "business"})), how)
	case "decline":
		return h.fake.DeclineNext(h.customer, never[:1+h.IntN(len(never))]...)
	case "advance":
		for range 1 + h.IntN(12) {
			h.Advance(time.Duration(20+h.IntN(50)) * time.Hour)
			if h.IntN(3) > 0 {
				h.Deliver()
			}
			must(h.T, h.Ledger.Poll(ctx)) // within three days, as it is every ten minutes
		}
		return nil
	case "pay", "dispute", "refund":
		return h.money(what, key, state)
	case "settle dispute":
		if len(h.disputes) == 0 {
			return errNotNow
		}
		return h.fake.CloseDispute(pick(h, h.disputes), h.IntN(2) == 0)
	}
	if len(live) == 0 {
		return errNotNow
	}
	sub := pick(h, live)
	switch what {
	case "end":
		return h.Gateway.CancelAtEnd(ctx, key, sub.ID, true)
	case "resume":
		return h.Gateway.CancelAtEnd(ctx, key, sub.ID, false)
	case "cancel":
		return h.Gateway.CancelNow(ctx, key, sub.ID)
	}
	plan := pick(h, []string{"solo", "team", "business"})
	return h.Gateway.ChangePlan(ctx, key, billing.PlanChange{Subscription: sub.ID, BasePrice: h.Prices["rookery_"+plan+"_eur_month_base"], AtPeriodEnd: h.IntN(2) == 0})
}

func (h *history) money(what, key string, state *billing.CustomerState) error {
	for _, i := range state.Invoices {
		switch {
		case i.Total == 0:
		case what == "pay" && i.Status == "open":
			return h.fake.PayInvoice(i.ID, stripefake.Purchase{Card: stripefake.CardPays})
		case what == "refund" && i.Status == "paid":
			return h.Gateway.Refund(h.T.Context(), key, i.ID, 1+h.Int64N(i.Total))
		case what == "dispute" && i.Status == "paid":
			charge, err := h.Gateway.ChargeOf(h.T.Context(), i.ID)
			if err != nil {
				return err
			}
			dispute, err := h.fake.OpenDispute(charge, "fraudulent")
			if err == nil {
				h.disputes = append(h.disputes, dispute)
			}
			return err
		}
	}
	return errNotNow
}

// heal does what looks for lost events from time to time.
func (h *history) heal() {
	ctx := h.T.Context()
	h.fake.MisbehaveWebhooks(stripefake.WebhookChaos{})
	h.Settle()
	h.Platform(func(tx *pg.PlatformTx) error { // the jobs of earlier events ran long ago: it is not they that heal
		_, err := pg.Exec(ctx, tx, `DELETE FROM river.river_job WHERE kind = 'billing_sync'`, nil)
		return err
	})
	must(h.T, h.Ledger.Poll(ctx))
	must(h.T, h.Ledger.Revisit(ctx))
	must(h.T, h.Ledger.Compare(ctx))
	h.works()
	h.Settle()
	h.Sweep()
}

// agrees fails the test where what is stored is not what the customer says now.
func (h *history) agrees(when string) {
	h.T.Helper()
	state, err := h.Gateway.Customer(h.T.Context(), h.customer)
	must(h.T, err)
	var facts billing.Facts
	h.Platform(func(tx *pg.PlatformTx) error {
		e, err := store.LockEntitlement(h.T.Context(), tx, h.Acme.ID, h.Now())
		if err != nil {
			return err
		}
		stored, err := store.Facts(h.T.Context(), tx, e)
		// When a trial began and when a loss was first seen is known here alone.
		facts = billing.Facts{TrialFrom: stored.TrialFrom, Lost: stored.Lost}
		return err
	})
	isLost := false
	for _, d := range state.Disputes {
		isLost = isLost || d.Status == "lost"
		facts.Disputed = facts.Disputed || d.Status == "needs_response"
	}
	if isLost != (len(facts.Lost) > 0) {
		h.T.Errorf("%s: a dispute is lost: %v, seen here: %v", when, isLost, facts.Lost)
	}
	for _, s := range state.Subscriptions {
		facts.Subscriptions = append(facts.Subscriptions, fresh(s, state.Invoices))
	}
	want, _ := h.Plans.Entitle(facts, h.Now())
	if want.Standing.IsWorseThan(tenant.Grace) { // how late an end was seen is for the history to say
		facts.PutOff = h.putOff()
		want, _ = h.Plans.Entitle(facts, h.Now())
	}
	if diff := cmp.Diff(want, h.Entitlement(h.Acme)); diff != "" {
		h.T.Errorf("%s: -as the customer says now, +as is stored:\n%s", when, diff)
	}
}

// putOff is by how much an end comes later than the facts say.
func (h *history) putOff() time.Duration {
	h.T.Helper()
	var seconds int64
	h.Platform(func(tx *pg.PlatformTx) (err error) {
		seconds, err = pg.Value[int64](h.T.Context(), tx, `SELECT put_off FROM tenant_entitlements WHERE tenant_id = @id`, pgx.NamedArgs{"id": h.Acme.ID})
		return err
	})
	if seconds < 0 {
		h.T.Errorf("an end comes %d s sooner than it should", -seconds)
	}
	return time.Duration(seconds) * time.Second
}

// fresh is a subscription as it was just read, with its plan by the name of its price.
func fresh(s billing.SubscriptionState, all []billing.InvoiceState) billing.Subscription {
	out := s.Subscription
	for _, item := range s.Prices {
		if name := strings.Split(item.LookupKey, "_"); name[len(name)-1] == "base" {
			out.Plan = name[1]
		} else {
			out.Extra += item.Quantity
		}
	}
	for _, i := range all {
		if i.Subscription == s.ID && i.Status == "open" && (out.OldestOpen.IsZero() || i.Created.Before(out.OldestOpen)) {
			out.OldestOpen = i.Created
		}
	}
	return out
}

// again forgets that any event came, and lets all of them come once more in any order.
func (h *history) again() {
	var events []string
	h.Platform(func(tx *pg.PlatformTx) (err error) {
		events, err = pg.Values[string](h.T.Context(), tx, `SELECT event_id FROM billing_events ORDER BY 1`, nil)
		if err == nil {
			_, err = pg.Exec(h.T.Context(), tx, `DELETE FROM billing_events`, nil)
		}
		return err
	})
	before := h.stored()
	h.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for n, e := range events {
		must(h.T, h.fake.Resend(e))
		if n%20 == 0 {
			h.Settle()
		}
	}
	h.Settle()
	if diff := cmp.Diff(before, h.stored()); diff != "" {
		h.T.Errorf("all %d events once more: -before +after:\n%s", len(events), diff)
	}
	h.agrees("after all events once more")
}

// stored is all that is known of the company's payments, but for when it was read.
func (h *history) stored() (out []string) {
	h.T.Helper()
	for _, sql := range []string{
		`SELECT (to_jsonb(s) - 'read_at')::text FROM billing_subscriptions s WHERE tenant_id = @id ORDER BY subscription_id`,
		`SELECT (to_jsonb(i) - 'read_at')::text FROM billing_invoices i WHERE tenant_id = @id ORDER BY invoice_id`,
		`SELECT (to_jsonb(d) - 'read_at')::text FROM billing_disputes d WHERE tenant_id = @id ORDER BY dispute_id`,
		`SELECT entitlement::text FROM tenant_entitlements WHERE tenant_id = @id`,
		`SELECT count(*)::text FROM entitlement_changes WHERE tenant_id = @id`,
		`SELECT key FROM billing_tasks WHERE tenant_id = @id ORDER BY key`,
	} {
		h.Platform(func(tx *pg.PlatformTx) error {
			rows, err := pg.Values[string](h.T.Context(), tx, sql, pgx.NamedArgs{"id": h.Acme.ID})
			out = append(out, rows...)
			return err
		})
	}
	return out
}
