package stripefake_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing/stripefake"
)

// raw sends a form without the library.
func (w *world) raw(method, path, form string, header map[string]string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(form))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Stripe-Version", stripefake.Version())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := w.server.Client().Do(req)
	w.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(body)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	tests := map[string]struct {
		path, form string
		header     map[string]string
		status     int
		says       string
	}{
		"unknown parameter":        {"/v1/customers", "emial=a%40b.test", nil, 400, `"code":"parameter_unknown"`},
		"unknown nested parameter": {"/v1/subscriptions", "customer=" + cu.ID + "&items[0][prise]=" + team, nil, 400, `items[0][prise]`},
		"not a number":             {"/v1/subscriptions", "customer=" + cu.ID + "&items[0][quantity]=two", nil, 400, `"code":"parameter_invalid_integer"`},
		"not one of the words":     {"/v1/subscriptions", "customer=" + cu.ID + "&proration_behavior=maybe", nil, 400, "must be one of"},
		"no items":                 {"/v1/subscriptions", "customer=" + cu.ID, nil, 400, `"code":"parameter_missing"`},
		"no such price":            {"/v1/subscriptions", "customer=" + cu.ID + "&items[0][price]=price_x", nil, 400, `"code":"resource_missing"`},
		"no such customer":         {"/v1/customers/cus_x", "", nil, 404, `"code":"resource_missing"`},
		"another version":          {"/v1/customers", "", map[string]string{"Stripe-Version": "2025-03-31.basil"}, 400, "2023-10-16"},
		"no key":                   {"/v1/customers", "", map[string]string{"Authorization": ""}, 401, "API key"},
		"a live key":               {"/v1/customers", "", map[string]string{"Authorization": "Bearer sk_live_x"}, 401, "Invalid API Key"},
		"no such endpoint":         {"/v1/credit_notes", "", nil, 404, "Unrecognized request URL"},
		"cannot be expanded":       {"/v1/customers", "expand[]=object", nil, 400, "cannot be expanded"},
		"too many at once":         {"/v1/subscriptions", "customer=" + cu.ID + "&items[0][price]=" + team + "&items[1][price]=" + teamYear, nil, 400, "interval"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := w.raw(http.MethodPost, tt.path, tt.form, tt.header)
			if status != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("answered %d %s; want %d with %s", status, body, tt.status, tt.says)
			}
		})
	}
}

func TestCardErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.api.Subscriptions.New(&stripe.SubscriptionParams{Customer: stripe.String(w.customer("").ID), Items: items(team, 1)})
	if e := apiError(t, err); e.HTTPStatusCode != 400 || !strings.Contains(e.Msg, "no attached payment source") {
		t.Errorf("without a card: %v", e)
	}
	cu := w.customer("pm_card_chargeCustomerFail")
	in := &stripe.SubscriptionParams{Customer: stripe.String(cu.ID), Items: items(team, 1), PaymentBehavior: stripe.String("error_if_incomplete")}
	_, err = w.api.Subscriptions.New(in)
	if e := apiError(t, err); e.Type != stripe.ErrorTypeCard || e.DeclineCode != "generic_decline" || e.RequestID == "" {
		t.Errorf("declined: %v", e)
	}
	if w.count("customer.subscription.created") != 0 {
		t.Error("error_if_incomplete made a subscription")
	}
	in.PaymentBehavior = nil
	sub := w.subscribe(in)
	_, err = w.api.Invoices.Pay(sub.LatestInvoice.ID, nil)
	if e := apiError(t, err); e.HTTPStatusCode != 402 || e.Code != stripe.ErrorCodeCardDeclined {
		t.Errorf("paying with a bad card: %v", e)
	}
	w.wantStatus(sub.ID, "incomplete")
	_, err = w.api.PaymentMethods.Attach("pm_card_chargeDeclined", &stripe.PaymentMethodAttachParams{Customer: stripe.String(cu.ID)})
	if e := apiError(t, err); e.HTTPStatusCode != 402 {
		t.Errorf("attaching a refused card: %v", e)
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(name, key string) (*stripe.Customer, error) {
		in := &stripe.CustomerParams{Name: stripe.String(name)}
		in.SetIdempotencyKey(key)
		return w.api.Customers.New(in)
	}
	first, err := create("A", "k1")
	w.must(err)
	again, err := create("A", "k1")
	w.must(err)
	if first.ID != again.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s and %s are not the same answer", first.ID, again.ID)
	}
	_, err = create("B", "k1")
	if e := apiError(t, err); e.Type != stripe.ErrorTypeIdempotency || e.HTTPStatusCode != 400 {
		t.Errorf("other parameters: %v", e)
	}
	if other, err := create("A", "k2"); err != nil || other.ID == first.ID {
		t.Errorf("another key: %v, %v", other, err)
	}
	// A refusal is not kept: the same key may be used for the right request.
	if status, _ := w.raw(http.MethodPost, "/v1/customers", "fullname=C", map[string]string{"Idempotency-Key": "k3"}); status != 400 {
		t.Errorf("answered %d", status)
	}
	w.must2(create("C", "k3"))
	w.fake.Advance(25 * day / 24)
	if late, err := create("A", "k1"); err != nil || late.ID == first.ID {
		t.Errorf("a key lives longer than a day: %v, %v", late, err)
	}
}

// A crash between Stripe's write and ours: the call was carried out, the
// answer got lost, and the repetition finds the one object.
func TestLostAnswerIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.MisbehaveAPI(stripefake.APIChaos{Method: http.MethodPost, Path: "/v1/customers", Calls: 1, Status: 500, After: true})
	in := &stripe.CustomerParams{Name: stripe.String("A")}
	in.SetIdempotencyKey("intent-1")
	_, err := w.api.Customers.New(in)
	if e := apiError(t, err); e.HTTPStatusCode != 500 {
		t.Fatalf("answered %v", e)
	}
	w.must2(w.api.Customers.New(in))
	if n := w.count("customer.created"); n != 1 {
		t.Errorf("%d customers, want one", n)
	}
}

func TestListsAndExpansion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	for range 5 {
		w.teamSub(cu)
	}
	in := &stripe.SubscriptionListParams{Customer: stripe.String(cu.ID), Status: stripe.String("all")}
	in.Limit = stripe.Int64(2) // three pages
	in.AddExpand("data.latest_invoice")
	in.AddExpand("data.default_payment_method")
	in.AddExpand("data.customer")
	in.AddExpand("data.items.data.price")
	var ids []string
	list := w.api.Subscriptions.List(in)
	for list.Next() {
		sub := list.Subscription()
		ids = append(ids, sub.ID)
		if sub.LatestInvoice.Total != 4900 || sub.Customer.Email != "owner@example.test" || sub.Items.Data[0].Price.UnitAmount != 4900 {
			t.Errorf("not expanded: %v %v", sub.LatestInvoice, sub.Customer)
		}
	}
	w.must(list.Err())
	if len(ids) != 5 || ids[0] <= ids[4] {
		t.Errorf("listed %v, want five, newest first", ids)
	}
	back := &stripe.SubscriptionListParams{Customer: stripe.String(cu.ID)}
	back.EndingBefore, back.Single = stripe.String(ids[3]), true
	back.Limit = stripe.Int64(2)
	list = w.api.Subscriptions.List(back)
	if !list.Next() || list.Subscription().ID != ids[2] { // the library turns the page round
		t.Error("ending_before does not page back")
	}
	w.must2(w.api.Subscriptions.Cancel(ids[0], nil))
	list = w.api.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(cu.ID)})
	for list.Next() {
		if list.Subscription().ID == ids[0] {
			t.Error("the default list has what was canceled")
		}
	}
}

func TestDeletedCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.teamSub(cu)
	w.must(w.fake.DeleteCustomer(cu.ID))
	got, err := w.api.Customers.Get(cu.ID, nil)
	w.must(err)
	if !got.Deleted {
		t.Error("not deleted")
	}
	w.wantStatus(sub.ID, "canceled")
	_, err = w.api.Customers.Update(cu.ID, &stripe.CustomerParams{Name: stripe.String("x")})
	if e := apiError(t, err); e.Code != stripe.ErrorCodeResourceMissing {
		t.Errorf("changed: %v", e)
	}
}

func TestSupportMovesAndArchives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, to := w.customer("pm_card_visa"), w.customer("pm_card_visa")
	sub := w.teamSub(from)
	w.must(w.fake.MoveSubscription(sub.ID, to.ID))
	if got := w.sub(sub.ID); got.Customer.ID != to.ID || got.LatestInvoice.Customer.ID != to.ID {
		t.Errorf("still with %s", got.Customer.ID)
	}
	w.must(w.fake.ArchivePrice(team))
	w.fake.Advance(32 * day)
	w.wantStatus(sub.ID, "active") // who has it keeps it
	_, err := w.api.Subscriptions.New(&stripe.SubscriptionParams{Customer: stripe.String(from.ID), Items: items(team, 1)})
	if e := apiError(t, err); !strings.Contains(e.Msg, "inactive") {
		t.Errorf("an archived price was sold: %v", e)
	}
}

func TestOneCurrencyForACustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.teamSub(cu)
	in := &stripe.SubscriptionParams{Customer: stripe.String(cu.ID), Items: items(teamUSD, 1)}
	_, err := w.api.Subscriptions.New(in)
	if e := apiError(t, err); !strings.Contains(e.Msg, "combine currencies") {
		t.Errorf("two currencies: %v", e)
	}
	w.must2(w.api.Subscriptions.Cancel(sub.ID, nil))
	if got := w.subscribe(in); got.Currency != "usd" {
		t.Errorf("currency %s", got.Currency)
	}
}
