package billingtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/billing/ledger"
	"rookery/billing/stripefake"
	"rookery/internal/testkit/stripespec"
)

// The variables that have the tests drive Stripe's test mode in place of the fake.
const (
	keyVariable = "ROOKERY_TEST_STRIPE_KEY" // sk_test_…
	urlVariable = "ROOKERY_TEST_STRIPE_URL" // of a fake on this machine, to try the driver
)

// provider is what differs between the fake and Stripe's test mode: time, the page that
// somebody pays on, and how events come to the door. All the rest tests ask of its API.
type provider interface {
	now() time.Time
	advance(d time.Duration) error
	pay(session string, how stripefake.Purchase) error
	// deliver returns once all that has happened has rung at the door.
	deliver(ctx context.Context) error
}

// place is where a provider is reached, and as whom.
type place struct{ url, key string }

// testMode reads from the environment where Stripe's test mode is; nil: nobody wants it.
func testMode(env func(string) string) (*place, error) {
	at := &place{url: "https://api.stripe.com", key: env(keyVariable)}
	if at.key == "" {
		return nil, nil
	}
	if !strings.HasPrefix(at.key, "sk_test_") {
		return nil, fmt.Errorf("%s is no secret key of Stripe's test mode: one begins with sk_test_; these tests make and delete customers", keyVariable)
	}
	if text := env(urlVariable); text != "" {
		u, err := url.Parse(text)
		if err != nil || !net.ParseIP(u.Hostname()).IsLoopback() {
			return nil, fmt.Errorf("%s=%s is not on this machine: give the address of a fake, with 127.0.0.1 for its host", urlVariable, text)
		}
		at.url = strings.TrimSuffix(text, "/")
	}
	return at, nil
}

// driven are the tests that ThroughTestMode runs: *testing.T to place.
var driven sync.Map

// ThroughTestMode runs tests once more, by the driver for Stripe's test mode, against a fake
// that is reached as Stripe is: over HTTP, with test clocks, without webhooks. So the driver
// is in use where nobody has a key. Where somebody has one all tests run by it anyway.
func ThroughTestMode(t *testing.T, tests map[string]func(*testing.T)) {
	t.Parallel()
	if os.Getenv(keyVariable) != "" {
		t.Skipf("all tests run by that driver: %s is set", keyVariable)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fake := stripefake.New(stripefake.Options{TaxBasisPoints: taxBasisPoints})
			t.Cleanup(fake.Close)
			api := httptest.NewServer(stripespec.Watch(t, fake))
			t.Cleanup(api.Close)
			driven.Store(t, &place{url: api.URL, key: "sk_test_world"})
			t.Cleanup(func() {
				driven.Delete(t)
				if t.Skipped() {
					t.Error("the driver has to be able to do this")
				}
			})
			test(t)
		})
	}
}

// whichProvider is Stripe's test mode where the environment or ThroughTestMode says so.
func whichProvider(t *testing.T) *place {
	t.Helper()
	if at, ok := driven.Load(t); ok {
		return at.(*place)
	}
	at, err := testMode(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// faked is the fake as a provider.
type faked struct{ *stripefake.Server }

func (f faked) now() time.Time                    { return f.Now() }
func (f faked) advance(d time.Duration) error     { f.Advance(d); return nil }
func (f faked) deliver(ctx context.Context) error { return f.Flush(ctx) }
func (f faked) pay(session string, how stripefake.Purchase) error {
	_, err := f.PayCheckout(session, how)
	return err
}

// useFake starts a fake that rings at the webhook's door.
func (w *World) useFake() {
	w.T.Helper()
	start := time.Now() // tenants are made by the real clock
	w.fake = stripefake.New(stripefake.Options{Now: func() time.Time { return start }, Client: http.DefaultClient, TaxBasisPoints: taxBasisPoints})
	w.provider = faked{w.fake}
	api := httptest.NewServer(stripespec.Watch(w.T, w.fake))
	w.T.Cleanup(api.Close)
	w.T.Cleanup(w.fake.Close)
	w.place = place{url: api.URL, key: "sk_test_world"}
	w.connect(api.Client())
	var err error
	if _, w.Secret, _, err = w.Gateway.NewEndpoint(w.T.Context(), w.Door, ledger.Doorbells()); err != nil {
		w.T.Fatal(err)
	}
}

// NeedsFake is the fake, for tests of what Stripe's test mode cannot be made to do. There
// they are skipped, and why says what cannot be had.
func (w *World) NeedsFake(why string) *stripefake.Server {
	w.T.Helper()
	if w.fake == nil {
		w.T.Skip("only against the fake: " + why)
	}
	return w.fake
}

// Now is the provider's time, which is everybody's.
func (w *World) Now() time.Time { return w.provider.now() }

// Advance lets time pass at the provider, in the order in which things fall due there.
func (w *World) Advance(d time.Duration) {
	w.T.Helper()
	if err := w.provider.advance(d); err != nil {
		w.T.Fatal(err)
	}
}

// PayPage does what somebody does on the provider's page.
func (w *World) PayPage(session string, how stripefake.Purchase) error {
	w.T.Helper()
	if how.Answer != "" {
		w.NeedsFake("the bank's question is answered on a page of the bank")
	}
	return w.provider.pay(session, how)
}

// Deliver waits until the provider's events have rung at the door.
func (w *World) Deliver() {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), patience)
	defer cancel()
	if err := w.provider.deliver(ctx); err != nil {
		w.T.Fatal(err)
	}
}
