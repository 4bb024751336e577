package stripegw

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"rookery/billing"
)

// Options say how Stripe is reached.
type Options struct {
	Key string // sk_live_…, sk_test_…, or rk_… with the rights that docs/billing.md lists
	// URL is that of a stand-in; "": Stripe itself. Never with a live key.
	URL string
	// Client makes the requests. Its timeout is what one try may take: 20 s is enough.
	Client *http.Client
	Log    *slog.Logger
}

// Gateway is billing.Gateway by Stripe.
type Gateway struct {
	api      *client.API
	livemode bool

	portalMu sync.Mutex
	portalID string // of what the portal offers, once it is known
}

var _ billing.Gateway = (*Gateway)(nil)

// retries are those of the library, after a timeout or when Stripe asks for it. They carry
// the same idempotency key.
const retries = 2

// New returns a Gateway. It asks Stripe nothing: it may be down at start.
func New(o Options) (*Gateway, error) {
	if err := checkKey(o.Key); err != nil {
		return nil, err
	}
	live := strings.Contains(o.Key, "_live_")
	if err := checkURL(o.URL, live); err != nil {
		return nil, err
	}
	if o.Client == nil {
		return nil, errors.New("the payment provider needs an HTTP client")
	}
	config := &stripe.BackendConfig{
		HTTPClient: o.Client, MaxNetworkRetries: stripe.Int64(retries), EnableTelemetry: stripe.Bool(false), LeveledLogger: leveled{o.Log},
	}
	if o.URL != "" {
		config.URL = stripe.String(o.URL)
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, config)
	return &Gateway{api: client.New(o.Key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend}), livemode: live}, nil
}

func checkKey(key string) error {
	for _, prefix := range []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_"} {
		if strings.HasPrefix(key, prefix) && len(key) > len(prefix) {
			return nil
		}
	}
	return errors.New("ROOKERY_STRIPE_KEY is no secret key: one begins with sk_live_, sk_test_, rk_live_ or rk_test_")
}

// checkURL keeps a key from going anywhere but to Stripe: a stand-in is on this machine, or
// at least behind TLS, and never hears of a key that moves money.
func checkURL(text string, live bool) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("ROOKERY_STRIPE_URL=%s is no URL", text)
	}
	ip := net.ParseIP(u.Hostname())
	isHere := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case live:
		return errors.New("ROOKERY_STRIPE_URL is for tests: it cannot go with a live key")
	case u.Scheme != "https" && !(u.Scheme == "http" && isHere):
		return fmt.Errorf("ROOKERY_STRIPE_URL=%s: use https, or http on this machine", text)
	}
	return nil
}

// Livemode implements billing.Reader.
func (g *Gateway) Livemode() bool { return g.livemode }
