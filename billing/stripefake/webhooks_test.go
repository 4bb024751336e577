package stripefake_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"rookery/billing/stripefake"
)

// listen registers the world's endpoint by the API.
func (w *world) listen(events ...string) *stripe.WebhookEndpoint {
	w.t.Helper()
	ep, err := w.api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String(w.hook.URL), EnabledEvents: stripe.StringSlice(events), APIVersion: stripe.String(stripe.APIVersion)})
	w.must(err)
	return ep
}

// events verifies what arrived, as a receiver whose clock shows the fake's
// time would.
func (w *world) events(secret string) []stripe.Event {
	w.t.Helper()
	var out []stripe.Event
	for _, got := range w.hook.take() {
		ev, err := webhook.ConstructEventWithTolerance(got.body, got.signature, secret, 100*365*day)
		w.must(err)
		out = append(out, ev)
	}
	return out
}

func TestWebhooksAreSignedAndFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *stripefake.Options) { o.Now = time.Now })
	ep := w.listen("customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted", "invoice.paid")
	if again, err := w.api.WebhookEndpoints.Get(ep.ID, nil); err != nil || ep.Secret == "" || again.Secret != "" {
		t.Errorf("secret %q, then %q, %v", ep.Secret, again.Secret, err)
	}
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.flush()
	var kinds []stripe.EventType
	for _, got := range w.hook.take() {
		ev, err := webhook.ConstructEvent(got.body, got.signature, ep.Secret) // the library's own tolerance
		w.must(err)
		kinds = append(kinds, ev.Type)
		var seen stripe.Subscription
		if ev.Type == "customer.subscription.created" {
			w.must(json.Unmarshal(ev.Data.Raw, &seen))
			if seen.ID != sub.ID || seen.Status != "incomplete" || seen.CurrentPeriodEnd == 0 {
				t.Errorf("snapshot: %s %s %d", seen.ID, seen.Status, seen.CurrentPeriodEnd)
			}
		}
	}
	want := []stripe.EventType{"customer.subscription.created", "invoice.paid", "customer.subscription.updated"}
	if len(kinds) != len(want) || kinds[0] != want[0] || kinds[1] != want[1] || kinds[2] != want[2] {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

func TestUndeliveredEventsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ep := w.listen("customer.created")
	undelivered := func() []string {
		in := &stripe.EventListParams{DeliverySuccess: stripe.Bool(false)}
		var ids []string
		for list := w.api.Events.List(in); list.Next(); {
			ids = append(ids, list.Event().ID)
		}
		return ids
	}
	w.hook.answer(http.StatusServiceUnavailable)
	w.customer("")
	w.flush()
	if n := len(w.hook.take()); n != 3 {
		t.Errorf("tried %d times, want 3", n)
	}
	lost := undelivered()
	if len(lost) != 1 {
		t.Fatalf("undelivered: %v", lost)
	}
	w.hook.answer(http.StatusOK)
	w.must(w.fake.Resend(lost[0]))
	w.flush()
	if got := w.events(ep.Secret); len(got) != 1 || got[0].ID != lost[0] || len(undelivered()) != 0 {
		t.Errorf("sent again: %d events, undelivered %v", len(got), undelivered())
	}
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
	w.customer("")
	w.flush()
	if len(undelivered()) != 1 {
		t.Errorf("a lost one: undelivered %v", undelivered())
	}
	w.must2(w.api.WebhookEndpoints.Del(ep.ID, nil))
	if len(undelivered()) != 0 {
		t.Error("an event waits for an endpoint that is gone")
	}
}

func TestWebhookChaos(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ep := w.listen("customer.created")
	ids := func() (out []string) {
		for _, ev := range w.events(ep.Secret) {
			out = append(out, ev.Data.Object["id"].(string))
		}
		return out
	}
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Duplicate: 2})
	w.customer("")
	w.flush()
	if got := ids(); len(got) != 3 || got[0] != got[2] {
		t.Errorf("duplicated: %v", got)
	}
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Shuffle: true})
	a, b := w.customer(""), w.customer("")
	w.flush()
	if got := ids(); len(got) != 2 || got[0] != b.ID || got[1] != a.ID {
		t.Errorf("shuffled: %v", got)
	}
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Drop: 1})
	w.customer("")
	kept := w.customer("")
	w.flush()
	if got := ids(); len(got) != 1 || got[0] != kept.ID {
		t.Errorf("dropped: %v", got)
	}
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{Delay: time.Hour})
	w.customer("")
	w.flush()
	if got := ids(); len(got) != 0 {
		t.Errorf("delayed, but there at once: %v", got)
	}
	w.fake.Advance(time.Hour)
	w.flush()
	if got := ids(); len(got) != 1 {
		t.Errorf("after the delay: %v", got)
	}
}

func TestBadSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *stripefake.Options) { o.Now = time.Now })
	ep := w.listen("customer.created")
	tests := map[string]struct {
		chaos stripefake.WebhookChaos
		want  error
	}{
		"good":         {stripefake.WebhookChaos{}, nil},
		"wrong secret": {stripefake.WebhookChaos{Secret: "whsec_other"}, webhook.ErrNoValidSignature},
		"old":          {stripefake.WebhookChaos{Skew: -301 * time.Second}, webhook.ErrTooOld},
		"future":       {stripefake.WebhookChaos{Skew: 10 * day}, nil}, // the library takes it: receivers must look themselves
	}
	for name, tt := range tests {
		w.fake.MisbehaveWebhooks(tt.chaos)
		w.customer("")
		w.flush()
		for _, got := range w.hook.take() {
			if _, err := webhook.ConstructEvent(got.body, got.signature, ep.Secret); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
	}
}

func TestRolledSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ep := w.listen("customer.created")
	secret, err := w.fake.RollSecret(ep.ID)
	w.must(err)
	w.customer("")
	w.flush()
	got := w.hook.take()
	for _, s := range []string{ep.Secret, secret} {
		if err := webhook.ValidatePayloadIgnoringTolerance(got[0].body, got[0].signature, s); err != nil {
			t.Errorf("with %s: %v", s, err)
		}
	}
	w.fake.EndRoll(ep.ID)
	w.customer("")
	w.flush()
	got = w.hook.take()
	if err := webhook.ValidatePayloadIgnoringTolerance(got[0].body, got[0].signature, ep.Secret); err == nil {
		t.Error("the old secret still signs")
	}
}

func TestNewerVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Made without a version, an endpoint gets the account's.
	ep, err := w.api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String(w.hook.URL), EnabledEvents: stripe.StringSlice([]string{"customer.subscription.updated", "invoice.paid"})})
	w.must(err)
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.flush()
	for _, got := range w.hook.take() {
		if _, err := webhook.ConstructEventWithTolerance(got.body, got.signature, ep.Secret, 100*365*day); err == nil {
			t.Error("the library took an event of another version")
		}
		ev, err := webhook.ConstructEventWithOptions(got.body, got.signature, ep.Secret,
			webhook.ConstructEventOptions{IgnoreTolerance: true, IgnoreAPIVersionMismatch: true})
		w.must(err)
		if ev.APIVersion != stripefake.NewerVersion {
			t.Errorf("version %s", ev.APIVersion)
		}
		switch ev.Type {
		case "invoice.paid":
			parent, _ := ev.Data.Object["parent"].(map[string]any)
			details, _ := parent["subscription_details"].(map[string]any)
			if ev.Data.Object["subscription"] != nil || details["subscription"] != sub.ID {
				t.Errorf("invoice: %v", ev.Data.Object)
			}
		default:
			var seen stripe.Subscription
			w.must(json.Unmarshal(ev.Data.Raw, &seen))
			if seen.CurrentPeriodEnd != 0 {
				t.Error("the period is still where the library looks for it")
			}
		}
	}
}

// A demo's clock is the wall's: nobody asks, and yet the trial ends.
func TestTimePassesByItself(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	w := newWorld(t, func(o *stripefake.Options) {
		o.Now = func() time.Time { return time.Unix(startTime+passed.Load(), 0) }
		o.Tick = time.Millisecond
	})
	ep := w.listen("customer.subscription.trial_will_end")
	w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(w.customer("").ID), Items: items(team, 1), TrialPeriodDays: stripe.Int64(14)})
	passed.Store(int64(12 * day / time.Second))
	select {
	case <-w.hook.arrived:
	case <-time.After(patience):
		t.Fatal("no webhook")
	}
	if got := w.events(ep.Secret); len(got) != 1 || got[0].Type != "customer.subscription.trial_will_end" {
		t.Errorf("got %v", got)
	}
}

func TestSignedByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ep := w.listen("customer.created")
	w.customer("")
	list := w.api.Events.List(&stripe.EventListParams{Type: stripe.String("customer.created")})
	list.Next()
	body, header, err := w.fake.Signed(list.Event().ID, ep.ID)
	w.must(err)
	w.must(webhook.ValidatePayloadIgnoringTolerance(body, header, ep.Secret))
	body[len(body)/2] ^= 1
	if webhook.ValidatePayloadIgnoringTolerance(body, header, ep.Secret) == nil {
		t.Error("a changed body was taken")
	}
}

func TestAPIChaos(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("")
	for _, status := range []int{401, 403, 429, 500, 503} {
		w.fake.MisbehaveAPI(stripefake.APIChaos{Calls: 1, Status: status})
		_, err := w.api.Customers.Get(cu.ID, nil)
		if e := apiError(t, err); e.HTTPStatusCode != status {
			t.Errorf("answered %d, want %d", e.HTTPStatusCode, status)
		}
		w.must2(w.api.Customers.Get(cu.ID, nil)) // once only
	}
	w.fake.MisbehaveAPI(stripefake.APIChaos{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	in := &stripe.CustomerParams{}
	in.Context = ctx
	if _, err := w.api.Customers.Get(cu.ID, in); err == nil || ctx.Err() == nil {
		t.Errorf("a hanging call answered: %v", err)
	}
	w.fake.MisbehaveAPI(stripefake.APIChaos{Latency: time.Millisecond})
	w.must2(w.api.Customers.Get(cu.ID, nil))
}

func TestTwoFakesMakeTheSameIDs(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t), newWorld(t)
	if x, y := a.teamSub(a.customer("pm_card_visa")), b.teamSub(b.customer("pm_card_visa")); x.ID != y.ID || x.LatestInvoice.ID != y.LatestInvoice.ID {
		t.Errorf("%s and %s", x.ID, y.ID)
	}
	c := newWorld(t, func(o *stripefake.Options) { o.Run = "b2" })
	if c.customer("").ID == a.customer("").ID {
		t.Error("another run made the same ids")
	}
}
