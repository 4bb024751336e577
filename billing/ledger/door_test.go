package ledger_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76/webhook"

	"rookery/billing"
	"rookery/billing/stripefake"
	"rookery/tenant"
)

// ring sends a body to the webhook's door, signed by a secret at a time.
func (w *world) ring(body []byte, secret string, at time.Time) int {
	w.T.Helper()
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at})
	return w.knock(signed.Payload, signed.Header)
}

func (w *world) knock(body []byte, signature string) int {
	w.T.Helper()
	req, err := http.NewRequestWithContext(w.T.Context(), http.MethodPost, w.Door, bytes.NewReader(body))
	must(w.T, err)
	if signature != "" {
		req.Header.Set("Stripe-Signature", signature)
	}
	answer, err := http.DefaultClient.Do(req)
	must(w.T, err)
	must(w.T, answer.Body.Close())
	return answer.StatusCode
}

const anEvent = `{"id":"evt_1","object":"event","type":"invoice.paid","created":1767265200,"livemode":false,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`

// TEN-33. 8, 9, 10, 11, 12, 13, 14, 44: what is not signed by a secret of ours, now, is not
// heard, and leaves nothing behind.
func TestTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now, body := w.Now(), []byte(anEvent)
	good := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: w.Secret, Timestamp: now}).Header
	for name, tt := range map[string]struct {
		got, want int
	}{
		"no signature":     {w.knock(body, ""), http.StatusBadRequest},
		"half a signature": {w.knock(body, "t=1"), http.StatusBadRequest},
		"no time":          {w.knock(body, strings.SplitN(good, ",", 2)[1]), http.StatusBadRequest},
		"another secret":   {w.ring(body, "whsec_of_somebody", now), http.StatusBadRequest},
		"an empty secret":  {w.ring(body, "", now), http.StatusBadRequest},
		"301 seconds old":  {w.ring(body, w.Secret, now.Add(-301*time.Second)), http.StatusBadRequest},
		"from the future":  {w.ring(body, w.Secret, now.Add(301*time.Second)), http.StatusBadRequest},
		"a byte changed":   {w.knock(append(bytes.Clone(body), ' '), good), http.StatusBadRequest},
		"no event":         {w.ring([]byte(`{"id":"x"}`), w.Secret, now), http.StatusBadRequest},
		"no JSON":          {w.ring([]byte(`{`), w.Secret, now), http.StatusBadRequest},
		"too large":        {w.ring(bytes.Repeat([]byte(" "), 600<<10), w.Secret, now), http.StatusRequestEntityTooLarge},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", name, tt.got, tt.want)
		}
	}
	if n := w.Count(`billing_events`, nil); n != 0 {
		t.Errorf("%d events are stored", n)
	}
	for name, at := range map[string]time.Time{"now": now, "four minutes slow": now.Add(-4 * time.Minute), "four minutes fast": now.Add(4 * time.Minute)} {
		if got := w.ring(body, w.Secret, at); got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
	}
	if n := w.Count(`billing_events WHERE event_id = 'evt_1'`, nil); n != 1 {
		t.Errorf("the event is stored %d times", n)
	}
}

// 11: without a secret there is nothing here.
func TestNoSecretNoDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.Secret
	w.Secrets = nil
	if got := w.ring([]byte(anEvent), secret, w.Now()); got != http.StatusNotFound {
		t.Errorf("%d, want 404", got)
	}
	// 12: while a secret is changed, both are good.
	w.Secrets = []string{"whsec_new", secret}
	for _, s := range w.Secrets {
		if got := w.ring([]byte(strings.Replace(anEvent, "evt_1", "evt_"+s, 1)), s, w.Now()); got != http.StatusOK {
			t.Errorf("%s: %d", s, got)
		}
	}
}

// TEN-34. 3: the same event fifty times at once is one.
func TestTheSameEventAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if got := w.ring([]byte(anEvent), w.Secret, w.Now()); got != http.StatusOK {
				t.Errorf("%d", got)
			}
		})
	}
	group.Wait()
	if n := w.Count(`billing_events`, nil); n != 1 {
		t.Errorf("%d events are stored", n)
	}
	if n := w.Count(`river.river_job WHERE kind = 'billing_sync'`, nil); n != 1 {
		t.Errorf("%d readings are asked for", n)
	}
}

// 7: what comes while a customer is read makes another reading.
func TestNewsDuringAReading(t *testing.T) {
	t.Parallel()
	w, customer := paying(t)
	fake := w.NeedsFake("an answer of the provider comes late")
	state, err := w.Gateway.Customer(t.Context(), customer)
	must(t, err)
	fake.MisbehaveAPI(stripefake.APIChaos{Path: "/v1/invoices", Latency: 200 * time.Millisecond, Calls: 1})
	done := make(chan error)
	go func() { done <- w.Ledger.Sync(t.Context(), customer) }()
	must(t, w.Gateway.CancelAtEnd(t.Context(), "c", state.Subscriptions[0].ID, true))
	must(t, w.Ledger.Receive(t.Context(), billing.Event{ID: "evt_now", Type: "customer.updated", Customer: customer, Raw: []byte("{}")}, "webhook"))
	must(t, <-done)
	w.Settle()
	w.Wants(tenant.PaidEnding, "team")
	if n := w.Count(`billing_events WHERE handled_at IS NULL`, pgx.NamedArgs{}); n != 0 {
		t.Errorf("%d events wait", n)
	}
}
