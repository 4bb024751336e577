package stripefake_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing/stripefake"
)

func checkoutParams(customer string) *stripe.CheckoutSessionParams {
	return &stripe.CheckoutSessionParams{
		Mode: stripe.String("subscription"), Customer: stripe.String(customer), ClientReferenceID: stripe.String("7"),
		SuccessURL:       stripe.String("https://app.example.test/done?session={CHECKOUT_SESSION_ID}"),
		CancelURL:        stripe.String("https://app.example.test/plans"),
		LineItems:        []*stripe.CheckoutSessionLineItemParams{{Price: stripe.String(team), Quantity: stripe.Int64(1)}},
		SubscriptionData: &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"tenant_id": "7"}},
	}
}

func (w *world) checkout(in *stripe.CheckoutSessionParams) *stripe.CheckoutSession {
	w.t.Helper()
	cs, err := w.api.CheckoutSessions.New(in)
	w.must(err)
	return cs
}

func TestCheckoutPaysAndRenews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("")
	cs := w.checkout(checkoutParams(cu.ID))
	if cs.Status != "open" || cs.AmountTotal != 4900 || !strings.HasPrefix(cs.URL, w.server.URL+"/c/pay/cs_test_") {
		t.Fatalf("session is %s, %d, %s", cs.Status, cs.AmountTotal, cs.URL)
	}
	target, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPays})
	w.must(err)
	if target != "https://app.example.test/done?session="+cs.ID {
		t.Errorf("leads to %s", target)
	}
	in := &stripe.CheckoutSessionParams{}
	in.AddExpand("subscription")
	in.AddExpand("subscription.latest_invoice")
	cs, err = w.api.CheckoutSessions.Get(cs.ID, in)
	w.must(err)
	sub := cs.Subscription
	if cs.Status != "complete" || cs.PaymentStatus != "paid" || cs.URL != "" || sub.Status != "active" || sub.Metadata["tenant_id"] != "7" {
		t.Fatalf("session is %s and %s, subscription %s with %v", cs.Status, cs.PaymentStatus, sub.Status, sub.Metadata)
	}
	if inv := sub.LatestInvoice; !inv.Paid || inv.AmountPaid != 4900 || inv.BillingReason != "subscription_create" || sub.DefaultPaymentMethod == nil {
		t.Errorf("first invoice: paid %v, %d, %s; card %v", inv.Paid, inv.AmountPaid, inv.BillingReason, sub.DefaultPaymentMethod)
	}
	if sub.CurrentPeriodEnd != startTime+int64(31*day/time.Second) {
		t.Errorf("period ends at %d", sub.CurrentPeriodEnd)
	}

	w.fake.Advance(24 * day)
	if w.count("invoice.upcoming") != 1 {
		t.Error("no invoice.upcoming a week before the renewal")
	}
	w.fake.Advance(7*day + 30*time.Minute)
	if inv := w.wantStatus(sub.ID, "active").LatestInvoice; inv.Status != "draft" || inv.BillingReason != "subscription_cycle" {
		t.Errorf("within the hour after a renewal the invoice is %s for %s", inv.Status, inv.BillingReason)
	}
	w.fake.Advance(time.Hour)
	sub = w.wantStatus(sub.ID, "active")
	if inv := sub.LatestInvoice; inv.Status != "paid" || inv.Total != 4900 || sub.CurrentPeriodEnd != startTime+int64(59*day/time.Second) {
		t.Errorf("after the renewal: %s, %d, period ends at %d", inv.Status, inv.Total, sub.CurrentPeriodEnd)
	}
	if n := w.count("invoice.paid"); n != 2 {
		t.Errorf("%d invoices paid, want 2", n)
	}
}

func TestFailedFirstPaymentExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cs := w.checkout(checkoutParams(w.customer("").ID))
	if _, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardDeclines}); err == nil {
		t.Fatal("a declined card paid")
	}
	subs := w.api.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(cs.Customer.ID), Status: stripe.String("all")})
	if !subs.Next() {
		t.Fatal("no subscription")
	}
	id := subs.Subscription().ID
	w.wantStatus(id, "incomplete")
	w.fake.Advance(23*time.Hour + time.Second)
	if sub := w.wantStatus(id, "incomplete_expired"); sub.LatestInvoice.Status != "void" {
		t.Errorf("its invoice is %s", sub.LatestInvoice.Status)
	}
	w.fake.Advance(time.Hour)
	if w.count("checkout.session.expired") != 1 {
		t.Error("the session did not expire")
	}
}

func TestSecondCardSavesTheCheckout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cs := w.checkout(checkoutParams(w.customer("").ID))
	if _, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPoor}); err == nil {
		t.Fatal("a declined card paid")
	}
	if open, err := w.api.CheckoutSessions.Get(cs.ID, nil); err != nil || open.Status != "open" || open.Subscription != nil {
		t.Errorf("an unpaid session is %s with %v, %v", open.Status, open.Subscription, err)
	}
	w.must2(w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPays}))
	if n := w.count("customer.subscription.created"); n != 1 {
		t.Errorf("%d subscriptions, want the first one paid", n)
	}
	if w.count("charge.failed") != 1 || w.count("charge.succeeded") != 1 {
		t.Errorf("charges: %v", w.kinds("charge.*"))
	}
}

func TestThreeDSecure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("")
	cs := w.checkout(checkoutParams(cu.ID))
	if _, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.Card3DS}); !errors.Is(err, stripefake.ErrUnconfirmed) {
		t.Fatalf("got %v, want the bank's question", err)
	}
	list := w.api.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(cu.ID)})
	list.Next()
	id := list.Subscription().ID
	w.wantStatus(id, "incomplete")
	if _, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Answer: "no"}); err == nil {
		t.Fatal("a refused payment paid")
	}
	w.wantStatus(id, "incomplete")
	w.must2(w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.Card3DS, Answer: "yes"}))
	w.wantStatus(id, "active")
	w.fake.Advance(31*day + 2*time.Hour) // the bank was told of later payments
	w.wantStatus(id, "active")
	if w.count("invoice.payment_action_required") != 2 {
		t.Errorf("events: %v", w.kinds("invoice.payment_action_required"))
	}

	// A card that always asks: the renewal waits for its owner.
	sub := w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(w.customer("pm_card_authenticationRequired").ID), Items: items(team, 1)})
	if sub.Status != "incomplete" {
		t.Fatalf("status is %s", sub.Status)
	}
	w.must(w.fake.AnswerBank(sub.LatestInvoice.ID, true))
	w.wantStatus(sub.ID, "active")
	w.fake.Advance(31*day + 2*time.Hour)
	inv := w.wantStatus(sub.ID, "past_due").LatestInvoice
	w.must(w.fake.PayInvoice(inv.ID, stripefake.Purchase{Card: stripefake.CardPays}))
	w.wantStatus(sub.ID, "active")
}

func TestRetriesEndInCancellation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.teamSub(cu)
	w.must(w.fake.DeclineNext(cu.ID, "insufficient_funds", "insufficient_funds", "insufficient_funds"))
	w.fake.Advance(31*day + time.Hour)
	inv := w.wantStatus(sub.ID, "past_due").LatestInvoice
	if inv.AttemptCount != 1 || inv.NextPaymentAttempt != startTime+int64((32*day+time.Hour)/time.Second) {
		t.Errorf("attempt %d, next at %d", inv.AttemptCount, inv.NextPaymentAttempt)
	}
	w.fake.Advance(5 * day) // retries on day 1 and 3 fail, the one on day 5 pays
	if inv := w.wantStatus(sub.ID, "active").LatestInvoice; inv.AttemptCount != 4 || inv.Status != "paid" {
		t.Errorf("recovered after %d attempts, invoice %s", inv.AttemptCount, inv.Status)
	}

	w.must2(w.api.PaymentMethods.Detach(cu.InvoiceSettings.DefaultPaymentMethod.ID, nil))
	m, err := w.api.PaymentMethods.Attach("pm_card_chargeCustomerFail", &stripe.PaymentMethodAttachParams{Customer: stripe.String(cu.ID)})
	w.must(err)
	w.must2(w.api.Customers.Update(cu.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String(m.ID)}}))
	w.fake.Advance(23*day + 13*day + 2*time.Hour)
	if inv := w.wantStatus(sub.ID, "past_due").LatestInvoice; inv.AttemptCount != 8 {
		t.Errorf("%d attempts after 13 days, want 8", inv.AttemptCount)
	}
	w.fake.Advance(day)
	over := w.wantStatus(sub.ID, "canceled")
	if inv := over.LatestInvoice; inv.AttemptCount != 9 || inv.Status != "open" || inv.NextPaymentAttempt != 0 || over.CancellationDetails.Reason != "payment_failed" {
		t.Errorf("at the end: %d attempts, %s, next %d, %s", inv.AttemptCount, inv.Status, inv.NextPaymentAttempt, over.CancellationDetails.Reason)
	}
	if w.count("customer.subscription.deleted") != 1 {
		t.Error("no customer.subscription.deleted")
	}
}

func TestHardDeclineIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.teamSub(cu)
	w.must(w.fake.DeclineNext(cu.ID, "stolen_card"))
	w.fake.Advance(31*day + time.Hour + 8*day)
	if inv := w.wantStatus(sub.ID, "past_due").LatestInvoice; inv.AttemptCount != 1 || inv.NextPaymentAttempt == 0 {
		t.Errorf("%d attempts, next at %d", inv.AttemptCount, inv.NextPaymentAttempt)
	}
	w.fake.Advance(7 * day)
	w.wantStatus(sub.ID, "canceled")
}

func TestTrials(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		card, missing string
		want          stripe.SubscriptionStatus
	}{
		"with a card":            {"pm_card_visa", "cancel", "active"},
		"without, cancel":        {"", "cancel", "canceled"},
		"without, pause":         {"", "pause", "paused"},
		"without, invoice":       {"", "create_invoice", "past_due"},
		"with a card that fails": {"pm_card_chargeCustomerFail", "cancel", "past_due"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sub := w.subscribe(&stripe.SubscriptionParams{
				Customer: stripe.String(w.customer(tt.card).ID), Items: items(team, 1), TrialPeriodDays: stripe.Int64(14),
				TrialSettings: &stripe.SubscriptionTrialSettingsParams{EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{
					MissingPaymentMethod: stripe.String(tt.missing)}},
			})
			if sub.Status != "trialing" || sub.TrialEnd != startTime+int64(14*day/time.Second) {
				t.Fatalf("status is %s until %d", sub.Status, sub.TrialEnd)
			}
			if inv := w.sub(sub.ID).LatestInvoice; inv.Total != 0 || !inv.Paid {
				t.Errorf("first invoice: %d, paid %v", inv.Total, inv.Paid)
			}
			w.fake.Advance(11 * day)
			if w.count("customer.subscription.trial_will_end") != 1 {
				t.Error("no warning three days before the end")
			}
			w.fake.Advance(3*day + 2*time.Hour)
			w.wantStatus(sub.ID, tt.want)
		})
	}
}

func TestCheckoutTrialWithoutCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := checkoutParams(w.customer("").ID)
	in.PaymentMethodCollection = stripe.String("if_required")
	in.SubscriptionData.TrialPeriodDays = stripe.Int64(14)
	in.SubscriptionData.TrialSettings = &stripe.CheckoutSessionSubscriptionDataTrialSettingsParams{
		EndBehavior: &stripe.CheckoutSessionSubscriptionDataTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("cancel")}}
	cs := w.checkout(in)
	w.must2(w.fake.PayCheckout(cs.ID, stripefake.Purchase{}))
	cs, err := w.api.CheckoutSessions.Get(cs.ID, nil)
	w.must(err)
	if cs.PaymentStatus != "no_payment_required" {
		t.Errorf("payment is %s", cs.PaymentStatus)
	}
	w.wantStatus(cs.Subscription.ID, "trialing")
	w.fake.Advance(14*day + time.Second)
	w.wantStatus(cs.Subscription.ID, "canceled")
}

func TestCancelAtPeriodEndAndUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	ends := func(v bool) *stripe.Subscription {
		out, err := w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(v)})
		w.must(err)
		return out
	}
	if got := ends(true); got.Status != "active" || got.CancelAt != sub.CurrentPeriodEnd || got.CanceledAt != startTime {
		t.Errorf("%s, cancel at %d, canceled at %d", got.Status, got.CancelAt, got.CanceledAt)
	}
	if got := ends(false); got.CancelAt != 0 || got.CanceledAt != 0 {
		t.Errorf("undone: cancel at %d, canceled at %d", got.CancelAt, got.CanceledAt)
	}
	ends(true)
	w.fake.Advance(31 * day)
	if got := w.wantStatus(sub.ID, "canceled"); got.EndedAt != sub.CurrentPeriodEnd {
		t.Errorf("ended at %d", got.EndedAt)
	}
	_, err := w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})
	if e := apiError(t, err); e.Code != stripe.ErrorCodeResourceMissing {
		t.Errorf("a canceled subscription came back: %v", e)
	}
}

func TestPauseCollection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	got, err := w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")}})
	w.must(err)
	if got.PauseCollection == nil || got.PauseCollection.Behavior != "void" {
		t.Fatalf("pause is %v", got.PauseCollection)
	}
	w.fake.Advance(32 * day)
	if inv := w.wantStatus(sub.ID, "active").LatestInvoice; inv.Status != "void" {
		t.Errorf("invoice is %s", inv.Status)
	}
}

func TestTestClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock, err := w.api.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{FrozenTime: stripe.Int64(startTime)})
	w.must(err)
	cu, err := w.api.Customers.New(&stripe.CustomerParams{
		TestClock: stripe.String(clock.ID), PaymentMethod: stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")}})
	w.must(err)
	clocked, other := w.teamSub(cu), w.teamSub(w.customer("pm_card_visa"))
	clock, err = w.api.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{
		FrozenTime: stripe.Int64(startTime + int64(32*day/time.Second))})
	w.must(err)
	if clock.Status != "advancing" {
		t.Errorf("the clock is %s as it begins to move", clock.Status)
	}
	if _, err := w.api.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(clock.FrozenTime + 1)}); err == nil {
		t.Error("a clock was moved while it was moving")
	}
	clock, err = w.api.TestHelpersTestClocks.Get(clock.ID, nil)
	w.must(err)
	if clock.Status != "ready" || w.sub(clocked.ID).CurrentPeriodStart != clocked.CurrentPeriodEnd {
		t.Errorf("clock is %s, the period did not turn", clock.Status)
	}
	if w.sub(other.ID).CurrentPeriodStart != startTime {
		t.Error("a test clock moved somebody else's subscription")
	}
	if _, err := w.api.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{
		FrozenTime: stripe.Int64(clock.FrozenTime + int64(63*day/time.Second))}); err == nil {
		t.Error("a clock passed over more than two months at once")
	}
	for i := range 3 {
		_, err := w.api.Customers.New(&stripe.CustomerParams{TestClock: stripe.String(clock.ID)})
		if (err == nil) != (i < 2) {
			t.Errorf("customer %d: %v", i+2, err)
		}
	}
}

// A draft that somebody finalises by hand is charged by itself an hour later.
func TestFinalisedByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.fake.Advance(31*day + time.Minute)
	inv, err := w.api.Invoices.FinalizeInvoice(w.sub(sub.ID).LatestInvoice.ID, nil)
	w.must(err)
	if inv.Status != "open" || inv.AttemptCount != 0 {
		t.Fatalf("invoice is %s after %d attempts", inv.Status, inv.AttemptCount)
	}
	w.fake.Advance(time.Hour)
	if inv := w.wantStatus(sub.ID, "active").LatestInvoice; inv.Status != "paid" {
		t.Errorf("invoice is %s", inv.Status)
	}
}

// Two tabs, two sessions: nothing at Stripe prevents a second subscription.
func TestTwoCheckoutsMakeTwoSubscriptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("")
	a, b := w.checkout(checkoutParams(cu.ID)), w.checkout(checkoutParams(cu.ID))
	for _, cs := range []*stripe.CheckoutSession{a, b} {
		w.must2(w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPays}))
	}
	live := 0
	for list := w.api.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(cu.ID), Status: stripe.String("active")}); list.Next(); {
		live++
	}
	if live != 2 {
		t.Errorf("%d subscriptions, want 2", live)
	}
	if _, err := w.api.CheckoutSessions.Expire(a.ID, nil); err == nil {
		t.Error("a completed session expired")
	}
}
