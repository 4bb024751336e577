package stripefake_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

// visit opens a page, or sends its form, without following redirects.
func (w *world) visit(address string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := *w.server.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.Do(req)
	w.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	w.must(err)
	return res, string(text)
}

func TestCheckoutPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := checkoutParams(w.customer("").ID)
	in.BillingAddressCollection = stripe.String("required")
	in.CustomerUpdate = &stripe.CheckoutSessionCustomerUpdateParams{Address: stripe.String("auto")}
	in.AllowPromotionCodes = stripe.Bool(true)
	cs := w.checkout(in)
	res, text := w.visit(cs.URL, nil)
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' https://app.example.test") {
		t.Errorf("policy %s", policy)
	}
	for _, want := range []string{"Test payments – no money moves", "€49.00", "4242 4242 4242 4242", `name="country"`, `name="code"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, banned := range []string{"<script", " style=", "onclick"} {
		if strings.Contains(text, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	res, text = w.visit(cs.URL, url.Values{"card": {"declines"}, "country": {"de"}, "name": {`"><script>alert(1)</script>`}})
	if res.StatusCode != http.StatusPaymentRequired || !strings.Contains(text, "Your card was declined.") || strings.Contains(text, "<script") {
		t.Errorf("a decline answers %d: %s", res.StatusCode, text)
	}
	if _, text = w.visit(cs.URL, url.Values{"card": {"3ds"}, "country": {"DE"}}); !strings.Contains(text, "The bank asks") {
		t.Fatalf("no question of the bank: %s", text)
	}
	res, _ = w.visit(cs.URL, url.Values{"card": {"3ds"}, "country": {"DE"}, "answer": {"yes"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "https://app.example.test/done?session="+cs.ID {
		t.Errorf("paid: %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if res, _ = w.visit(cs.URL, nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("visited again: %d", res.StatusCode)
	}
	if res, text = w.visit(w.server.URL+"/_fake/style.css", nil); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") || text == "" {
		t.Errorf("styles: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if res, _ = w.visit(w.server.URL+"/c/pay/cs_test_x", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown session: %d", res.StatusCode)
	}
}

func TestPortalPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.teamSub(cu)
	cfg, err := w.api.BillingPortalConfigurations.New(&stripe.BillingPortalConfigurationParams{
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripe.Bool(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: stripe.Bool(true)},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: stripe.Bool(true), Mode: stripe.String("at_period_end")},
		}})
	w.must(err)
	p, err := w.api.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: stripe.String(cu.ID), Configuration: stripe.String(cfg.ID), ReturnURL: stripe.String("https://app.example.test/billing")})
	w.must(err)
	_, text := w.visit(p.URL, nil)
	for _, want := range []string{"Team", "Renews on 1 February 2026", "Visa ending in 4242", "Paid", "https://app.example.test/billing"} {
		if !strings.Contains(text, want) {
			t.Errorf("the portal lacks %q", want)
		}
	}
	w.visit(p.URL, url.Values{"action": {"cancel"}, "subscription": {sub.ID}})
	if !w.sub(sub.ID).CancelAtPeriodEnd {
		t.Error("not canceled")
	}
	if _, text = w.visit(p.URL, nil); !strings.Contains(text, "Keep the plan") {
		t.Error("the portal does not offer to undo")
	}
	w.visit(p.URL, url.Values{"action": {"undo"}, "subscription": {sub.ID}})
	if w.sub(sub.ID).CancelAtPeriodEnd {
		t.Error("not undone")
	}
	res, _ := w.visit(p.URL, url.Values{"action": {"card"}, "card": {"declines"}})
	if res.StatusCode != http.StatusPaymentRequired {
		t.Errorf("a refused card: %d", res.StatusCode)
	}
	w.visit(p.URL, url.Values{"action": {"card"}, "card": {"fails-later"}})
	w.fake.Advance(32 * day)
	inv := w.wantStatus(sub.ID, "past_due").LatestInvoice

	res, _ = w.visit(inv.HostedInvoiceURL, url.Values{"card": {"pays"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("paid by the invoice's page: %d", res.StatusCode)
	}
	w.wantStatus(sub.ID, "active")
	other := w.teamSub(w.customer("pm_card_visa"))
	w.visit(p.URL, url.Values{"action": {"cancel"}, "subscription": {other.ID}})
	if w.sub(other.ID).CancelAtPeriodEnd {
		t.Error("a portal canceled somebody else's plan")
	}
}

func TestControlsByHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if status, _ := w.raw(http.MethodPost, "/_fake/clock", "advance=72h", map[string]string{"Authorization": ""}); status != http.StatusUnauthorized {
		t.Errorf("without the key: %d", status)
	}
	before := w.fake.Now()
	if status, body := w.raw(http.MethodPost, "/_fake/clock", "advance=72h", nil); status != 200 || w.fake.Now().Sub(before) != 3*day {
		t.Errorf("clock: %d %s, %v", status, body, w.fake.Now())
	}
	if status, _ := w.raw(http.MethodPost, "/_fake/webhooks", "duplicate=lots", nil); status != http.StatusBadRequest {
		t.Errorf("unreadable: %d", status)
	}
	if status, _ := w.raw(http.MethodPost, "/_fake/api", "status=503&calls=1&path=/v1/", nil); status != 200 {
		t.Errorf("api: %d", status)
	}
	if status, _ := w.raw(http.MethodGet, "/v1/customers", "", nil); status != 503 {
		t.Errorf("the next call answered %d", status)
	}
	if status, body := w.raw(http.MethodPost, "/_fake/dispute", "charge=ch_x", nil); status != 400 || !strings.Contains(body, "ch_x") {
		t.Errorf("dispute: %d %s", status, body)
	}
}
