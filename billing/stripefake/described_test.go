package stripefake_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing/stripefake"
	"rookery/internal/testkit/stripespec"
)

// All kinds of objects, lists of them and events about them are as Stripe describes them. The
// other tests are held against the description too, in what they ask for and get.
func TestAsStripeDescribesIt(t *testing.T) {
	t.Parallel()
	if sp, err := stripespec.Load(); err != nil {
		t.Fatal(err)
	} else if sp == nil {
		t.Skipf("set %s to openapi/spec3.json of github.com/stripe/openapi at version %s", stripespec.Variable, stripespec.Version)
	}
	w := newWorld(t)
	w.someOfAll()
	for _, path := range []string{
		"products", "prices", "coupons", "promotion_codes", "customers", "subscriptions?status=all", "subscription_schedules", "invoices", "payment_intents", "charges",
		"refunds", "disputes", "radar/early_fraud_warnings", "checkout/sessions", "billing_portal/configurations", "webhook_endpoints", "events",
	} {
		address, err := url.Parse("/v1/" + path)
		w.must(err)
		ids := w.ids(address.String())
		if len(ids) == 0 {
			t.Errorf("there is nothing at %s", path)
		}
		for _, id := range ids {
			w.ids(address.Path + "/" + id)
			switch path {
			case "invoices":
				w.ids(address.Path + "/" + id + "/lines")
			case "checkout/sessions":
				w.ids(address.Path + "/" + id + "/line_items")
			case "customers":
				for _, card := range w.ids(address.Path + "/" + id + "/payment_methods") {
					w.ids("/v1/payment_methods/" + card)
				}
			case "subscriptions?status=all":
				w.ids("/v1/subscription_items?subscription=" + id)
			}
		}
	}
}

// at asks for a path and reads the answer: an object's id, or those that a list has.
func (w *world) at(method, path string, form url.Values) (id string, listed []string) {
	w.t.Helper()
	status, text := w.raw(method, path, form.Encode(), nil)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s answers %d: %s", method, path, status, text)
	}
	var got struct {
		ID, Object string
		Data       json.RawMessage
	}
	w.must(json.Unmarshal([]byte(text), &got))
	var list []struct{ ID string }
	if got.Object == "list" {
		w.must(json.Unmarshal(got.Data, &list))
	}
	for _, one := range list {
		listed = append(listed, one.ID)
	}
	return got.ID, listed
}

func (w *world) ids(path string) []string {
	w.t.Helper()
	_, out := w.at(http.MethodGet, path, nil)
	return out
}

func (w *world) post(path string, form url.Values) string {
	w.t.Helper()
	id, _ := w.at(http.MethodPost, path, form)
	return id
}

// someOfAll makes at least one object of each kind, in each state that shows others of its
// fields.
func (w *world) someOfAll() {
	w.t.Helper()
	product := w.post("/v1/products", url.Values{"name": {"Solo"}, "description": {"One"}})
	w.post("/v1/products/"+product, url.Values{"name": {"Solo, renamed"}})
	price := w.post("/v1/prices", url.Values{"product": {product}, "currency": {"eur"}, "unit_amount": {"900"}, "recurring[interval]": {"month"}, "lookup_key": {"solo"}})
	w.post("/v1/prices/"+price, url.Values{"nickname": {"Solo"}})
	coupon := w.post("/v1/coupons", url.Values{"amount_off": {"100"}, "currency": {"eur"}, "duration": {"repeating"}, "duration_in_months": {"3"}, "name": {"Welcome"}})
	code := w.post("/v1/promotion_codes", url.Values{"coupon": {coupon}, "code": {"WELCOME"}})
	w.post("/v1/promotion_codes/"+code, url.Values{"metadata[a]": {"b"}})
	cu := w.customer("pm_card_visa")
	w.post("/v1/customers/"+cu.ID, url.Values{"address[country]": {"DE"}, "address[postal_code]": {"10115"}, "coupon": {coupon}})
	w.at(http.MethodDelete, "/v1/customers/"+cu.ID+"/discount", nil)
	reduced := w.subscribed(cu, url.Values{"items[0][price]": {team}, "promotion_code": {code}, "automatic_tax[enabled]": {"true"}})
	w.post("/v1/subscriptions/"+reduced, url.Values{"items[0][id]": {w.sub(reduced).Items.Data[0].ID}, "items[0][price]": {business}, "proration_behavior": {"always_invoice"}})
	w.post("/v1/subscriptions/"+reduced, url.Values{"pause_collection[behavior]": {"void"}})
	w.at(http.MethodDelete, "/v1/subscriptions/"+reduced+"/discount", nil)
	w.at(http.MethodDelete, "/v1/coupons/"+coupon, nil)
	w.post("/v1/coupons", url.Values{"percent_off": {"12.5"}})
	trial := w.subscribed(w.customer("pm_card_visa"), url.Values{"items[0][price]": {team}, "trial_end": {strconv.FormatInt(startTime+864000, 10)}})
	w.post("/v1/subscription_schedules/"+w.post("/v1/subscription_schedules", url.Values{"from_subscription": {trial}})+"/cancel", nil)
	ends := w.subscribed(w.customer("pm_card_visa"), url.Values{"items[0][price]": {team}})
	schedule := w.post("/v1/subscription_schedules", url.Values{"from_subscription": {ends}})
	w.post("/v1/subscription_schedules/"+schedule, url.Values{"end_behavior": {"cancel"}})
	w.post("/v1/invoices/"+w.sub(ends).LatestInvoice.ID, url.Values{"metadata[a]": {"b"}})
	failing := w.subscribed(w.customer("pm_card_chargeCustomerFail"), url.Values{"items[0][price]": {team}})
	w.post("/v1/invoices/"+w.sub(failing).LatestInvoice.ID+"/void", nil)
	w.subscribed(w.customer("pm_card_createDispute"), url.Values{"items[0][price]": {extra}})
	refunded := w.sub(w.subscribed(w.customer("pm_card_visa"), url.Values{"items[0][price]": {team}})).LatestInvoice.Charge.ID
	w.post("/v1/refunds", url.Values{"charge": {refunded}, "amount": {"100"}})
	w.must2(w.fake.WarnOfFraud(refunded))
	w.checkout(checkoutParams(w.customer("").ID))
	paid := w.checkout(checkoutParams(w.customer("").ID))
	w.must2(w.fake.PayCheckout(paid.ID, stripefake.Purchase{Card: stripefake.CardPays, Country: "DE", PostalCode: "10115"}))
	config := w.post("/v1/billing_portal/configurations", url.Values{
		"features[invoice_history][enabled]": {"true"}, "features[subscription_cancel][enabled]": {"true"}, "business_profile[headline]": {"Us"}})
	w.post("/v1/billing_portal/sessions", url.Values{"customer": {cu.ID}, "configuration": {config}, "return_url": {"https://console.test"}})
	w.listen("invoice.paid")
	w.fake.Advance(40 * 24 * time.Hour)
	w.must(w.fake.DeleteCustomer(w.customer("pm_card_visa").ID))
	w.must2(w.api.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: stripe.String(reduced), Customer: stripe.String(cu.ID)}))
}

func (w *world) subscribed(cu *stripe.Customer, form url.Values) string {
	w.t.Helper()
	form.Set("customer", cu.ID)
	return w.post("/v1/subscriptions", form)
}
