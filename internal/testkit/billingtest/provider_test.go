package billingtest

import (
	"strings"
	"testing"
)

// Only a key of Stripe's test mode is taken, and an address only on this machine.
func TestWhichKeysAreTaken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ key, url, want, says string }{
		"no key":             {},
		"no key, an address": {url: "http://127.0.0.1:1"},
		"test mode":          {key: "sk_test_1", want: "https://api.stripe.com"},
		"a fake":             {key: "sk_test_1", url: "http://127.0.0.1:7100/stripe-fake/", want: "http://127.0.0.1:7100/stripe-fake"},
		"real money":         {key: "sk_live_1", says: "sk_test_"},
		"a restricted key":   {key: "rk_test_1", says: "sk_test_"},
		"a public key":       {key: "pk_test_1", says: "sk_test_"},
		"another machine":    {key: "sk_test_1", url: "https://stripe.example", says: "not on this machine"},
		"a name":             {key: "sk_test_1", url: "http://127.0.0.1.example:80", says: "not on this machine"},
		"no address":         {key: "sk_test_1", url: "::", says: "not on this machine"},
	} {
		at, err := testMode(func(name string) string { return map[string]string{keyVariable: tt.key, urlVariable: tt.url}[name] })
		switch {
		case tt.says != "":
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case at == nil && tt.want != "", at != nil && at.url != tt.want:
			t.Errorf("%s: %+v", name, at)
		}
	}
}
