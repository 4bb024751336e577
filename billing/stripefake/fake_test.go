package stripefake_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"rookery/billing/stripefake"
	"rookery/internal/testkit/stripespec"
)

const (
	day       = 24 * time.Hour
	team      = "price_team_month"
	business  = "price_business_month"
	teamYear  = "price_team_year"
	extra     = "price_extra_month"
	teamUSD   = "price_team_usd"
	patience  = 20 * time.Second
	testKey   = "sk_test_fake"
	startTime = 1767265200 // 1 January 2026, 11:00 UTC: months of 31 and 28 days follow
)

// world is a fake with its clock stopped, the library's client, and an
// endpoint that remembers what it was sent.
type world struct {
	t      *testing.T
	fake   *stripefake.Server
	api    *client.API
	server *httptest.Server
	hook   *hook
}

type hook struct {
	*httptest.Server
	mu      sync.Mutex
	got     []received
	status  int
	arrived chan struct{} // a signal after the first of what was not taken
}

type received struct {
	body      []byte
	signature string
}

func newWorld(t *testing.T, change ...func(*stripefake.Options)) *world {
	t.Helper()
	h := &hook{status: http.StatusOK, arrived: make(chan struct{}, 1)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, received{body, r.Header.Get("Stripe-Signature")})
		w.WriteHeader(h.status)
		select {
		case h.arrived <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(h.Close)
	opts := stripefake.Options{
		Now:    func() time.Time { return time.Unix(startTime, 0) },
		Client: h.Client(),
		Products: []stripefake.Product{
			{ID: "prod_team", Name: "Team"}, {ID: "prod_business", Name: "Business"}, {ID: "prod_extra", Name: "Extra account"},
		},
		Prices: []stripefake.Price{
			{ID: team, Product: "prod_team", Currency: "eur", UnitAmount: 4900, Interval: "month"},
			{ID: teamYear, Product: "prod_team", Currency: "eur", UnitAmount: 49000, Interval: "year"},
			{ID: teamUSD, Product: "prod_team", Currency: "usd", UnitAmount: 5500, Interval: "month"},
			{ID: business, Product: "prod_business", Currency: "eur", UnitAmount: 19900, Interval: "month"},
			{ID: extra, Product: "prod_extra", Currency: "eur", UnitAmount: 500, Interval: "month"},
		},
	}
	for _, c := range change {
		c(&opts)
	}
	fake := stripefake.New(opts)
	server := httptest.NewServer(stripespec.Watch(t, fake))
	t.Cleanup(server.Close)
	t.Cleanup(fake.Close) // before the server, whose end waits for hanging answers
	w := &world{t: t, fake: fake, api: clientOf(server.URL, 0), server: server, hook: h}
	t.Cleanup(w.asDescribed)
	return w
}

// asDescribed holds all events of a test against Stripe's description, where there is one.
func (w *world) asDescribed() {
	if sp, err := stripespec.Load(); sp == nil && err == nil {
		return
	}
	w.fake.MisbehaveAPI(stripefake.APIChaos{})
	w.fake.MisbehaveWebhooks(stripefake.WebhookChaos{})
	endpoint, _ := w.fake.AddEndpoint(w.hook.URL, "", stripefake.Version())
	all := &stripe.EventListParams{}
	all.Limit, all.Context = stripe.Int64(100), context.WithoutCancel(w.t.Context())
	list := w.api.Events.List(all)
	for list.Next() {
		body, _, err := w.fake.Signed(list.Event().ID, endpoint)
		w.must(err)
		stripespec.Event(w.t, body)
	}
	w.must(list.Err())
}

func clientOf(url string, retries int64) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(url), MaxNetworkRetries: stripe.Int64(retries), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return client.New(testKey, &stripe.Backends{API: backend, Uploads: backend, Connect: backend})
}

// customer makes a customer, with a card where one is named.
func (w *world) customer(card string) *stripe.Customer {
	w.t.Helper()
	in := &stripe.CustomerParams{Email: stripe.String("owner@example.test")}
	in.AddMetadata("tenant_id", "7")
	if card != "" {
		in.PaymentMethod = stripe.String(card)
		in.InvoiceSettings = &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String(card)}
	}
	cu, err := w.api.Customers.New(in)
	w.must(err)
	return cu
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must2(_ any, err error) {
	w.t.Helper()
	w.must(err)
}

func items(price string, quantity int64) []*stripe.SubscriptionItemsParams {
	return []*stripe.SubscriptionItemsParams{{Price: stripe.String(price), Quantity: stripe.Int64(quantity)}}
}

func (w *world) subscribe(in *stripe.SubscriptionParams) *stripe.Subscription {
	w.t.Helper()
	sub, err := w.api.Subscriptions.New(in)
	w.must(err)
	return sub
}

// teamSub is a running subscription of the team plan.
func (w *world) teamSub(cu *stripe.Customer) *stripe.Subscription {
	w.t.Helper()
	return w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(cu.ID), Items: items(team, 1)})
}

// sub reads a subscription with its latest invoice.
func (w *world) sub(id string) *stripe.Subscription {
	w.t.Helper()
	in := &stripe.SubscriptionParams{}
	in.AddExpand("latest_invoice")
	sub, err := w.api.Subscriptions.Get(id, in)
	w.must(err)
	return sub
}

func (w *world) wantStatus(id string, want stripe.SubscriptionStatus) *stripe.Subscription {
	w.t.Helper()
	sub := w.sub(id)
	if sub.Status != want {
		w.t.Fatalf("status is %s, want %s", sub.Status, want)
	}
	return sub
}

// kinds are the types of a customer's events, oldest first.
func (w *world) kinds(types ...string) []string {
	w.t.Helper()
	in := &stripe.EventListParams{}
	if len(types) > 0 {
		in.Types = stripe.StringSlice(types)
	}
	in.Limit = stripe.Int64(100)
	var out []string
	list := w.api.Events.List(in)
	for list.Next() {
		out = append(out, string(list.Event().Type))
	}
	w.must(list.Err())
	slices.Reverse(out)
	return out
}

func (w *world) count(kind string) int {
	w.t.Helper()
	return len(w.kinds(kind))
}

func (w *world) flush() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	w.must(w.fake.Flush(ctx))
}

func (h *hook) take() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// apiError is the library's error, or the test ends.
func apiError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of the API", err)
	}
	return e
}
