package billingtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing/stripefake"
	"rookery/internal/testkit"
)

// refusal is an error that the provider answered.
type refusal struct {
	Status  int
	Code    string
	Message string
}

// Error implements error.
func (r *refusal) Error() string {
	return fmt.Sprintf("the provider answers %d %s: %s", r.Status, r.Code, r.Message)
}

// api speaks to a provider past everything of ours.
type api struct {
	place
	client *http.Client
}

// call asks for a path and reads the answer into out, unless that is nil.
func (a *api) call(ctx context.Context, method, path string, form url.Values, out any) error {
	address, body := a.url+path, ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		address += "?" + form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Stripe-Version", stripe.APIVersion)
	answer, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode != http.StatusOK {
		var said struct{ Error refusal }
		if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
			return fmt.Errorf("%s: %s", path, answer.Status)
		}
		said.Error.Status = answer.StatusCode
		return fmt.Errorf("%s: %w", path, &said.Error)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

// thing is what these tests read of an object of the provider's.
type thing struct {
	ID     string
	Status string
	Data   []thing // of a list
}

// Ask does at the provider what somebody could in its dashboard, and returns the id of what
// it answers with.
func (w *World) Ask(method, path string, form url.Values) string {
	w.T.Helper()
	var got thing
	if err := w.api.call(w.T.Context(), method, path, form, &got); err != nil {
		w.T.Fatal(err)
	}
	return got.ID
}

// List are the ids of what the provider lists: all of it, as no test makes a hundred things.
func (w *World) List(path string, filter url.Values) (out []string) {
	w.T.Helper()
	var all thing
	if err := w.api.call(w.T.Context(), http.MethodGet, path+"?limit=100&"+filter.Encode(), nil, &all); err != nil {
		w.T.Fatal(err)
	}
	for _, one := range all.Data {
		out = append(out, one.ID)
	}
	return out
}

// cards are Stripe's names for the test cards.
var cards = map[stripefake.Card]string{
	stripefake.CardPays: "pm_card_visa", stripefake.CardDeclines: "pm_card_visa_chargeDeclined", stripefake.CardPoor: "pm_card_visa_chargeDeclinedInsufficientFunds",
	stripefake.CardFailsLater: "pm_card_chargeCustomerFail", stripefake.CardStolen: "pm_card_visa_chargeDeclinedStolenCard",
	stripefake.Card3DS: "pm_card_authenticationRequiredOnSetup", stripefake.Card3DSAlways: "pm_card_authenticationRequired", stripefake.CardDisputed: "pm_card_createDispute",
}

// attach gives a customer a test card.
func (a *api) attach(ctx context.Context, customer string, card stripefake.Card) (string, error) {
	name, ok := cards[card]
	if !ok {
		return "", fmt.Errorf("Stripe has no test card that is %s", card)
	}
	var m thing
	err := a.call(ctx, http.MethodPost, "/v1/payment_methods/"+name+"/attach", url.Values{"customer": {customer}}, &m)
	return m.ID, err
}

// UseCard has a customer pay by a card from now on, for all that runs.
func (w *World) UseCard(customer string, card stripefake.Card) {
	w.T.Helper()
	m, err := w.api.attach(w.T.Context(), customer, card)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Ask(http.MethodPost, "/v1/customers/"+customer, url.Values{"invoice_settings[default_payment_method]": {m}})
	for _, sub := range w.List("/v1/subscriptions", url.Values{"customer": {customer}}) {
		w.Ask(http.MethodPost, "/v1/subscriptions/"+sub, url.Values{"default_payment_method": {m}})
	}
}

// CloseDispute has the bank decide about a charge that was paid with CardDisputed.
func (w *World) CloseDispute(charge string, won bool) {
	w.T.Helper()
	evidence, want := "losing_evidence", "lost"
	if won {
		evidence, want = "winning_evidence", "won"
	}
	find := func(status string) (id string) {
		var all thing
		testkit.Eventually(w.T, patience, "a dispute that is "+status, func() bool {
			if err := w.api.call(w.T.Context(), http.MethodGet, "/v1/disputes", url.Values{"charge": {charge}}, &all); err != nil {
				w.T.Fatal(err)
			}
			if len(all.Data) == 1 && all.Data[0].Status == status {
				id = all.Data[0].ID
			}
			return id != ""
		})
		return id
	}
	w.Ask(http.MethodPost, "/v1/disputes/"+find("needs_response"), url.Values{"evidence[uncategorized_text]": {evidence}, "submit": {"true"}})
	find(want)
}

// ArchivePrice has a price not be sold any more, until the test is over.
func (w *World) ArchivePrice(id string) {
	w.T.Helper()
	w.Ask(http.MethodPost, "/v1/prices/"+id, url.Values{"active": {"false"}})
	w.T.Cleanup(func() { w.tidy(http.MethodPost, "/v1/prices/"+id, url.Values{"active": {"true"}}) })
}

// Promotion makes a code that takes something off for ever, and returns it.
func (w *World) Promotion(percent string) string {
	w.T.Helper()
	coupon := w.Ask(http.MethodPost, "/v1/coupons", url.Values{"percent_off": {percent}, "duration": {"forever"}})
	w.T.Cleanup(func() { w.tidy(http.MethodDelete, "/v1/coupons/"+coupon, nil) })
	code := "GIFT" + w.run
	w.Ask(http.MethodPost, "/v1/promotion_codes", url.Values{"coupon": {coupon}, "code": {code}})
	return code
}

// tidy is what is done after a test, whose context is over by then.
func (w *World) tidy(method, path string, form url.Values) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var said *refusal
	if err := w.api.call(ctx, method, path, form, nil); err != nil && (!errors.As(err, &said) || said.Status != http.StatusNotFound) {
		w.T.Errorf("after the test: %v", err)
	}
}

// every waits between two looks at a provider.
func every(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
