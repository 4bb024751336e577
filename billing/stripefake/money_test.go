package stripefake_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"rookery/billing/stripefake"
)

func (w *world) upcoming(in *stripe.InvoiceUpcomingParams) *stripe.Invoice {
	w.t.Helper()
	inv, err := w.api.Invoices.Upcoming(in)
	w.must(err)
	return inv
}

// sameBill compares what a preview promised with what was billed.
func sameBill(t *testing.T, preview, real *stripe.Invoice) {
	t.Helper()
	if preview.ID != "" {
		t.Errorf("a preview has the id %s", preview.ID)
	}
	if preview.Total != real.Total || preview.AmountDue != real.AmountDue || preview.Subtotal != real.Subtotal || len(preview.Lines.Data) != len(real.Lines.Data) {
		t.Fatalf("previewed %d (due %d, %d lines), billed %d (due %d, %d lines)", preview.Total, preview.AmountDue,
			len(preview.Lines.Data), real.Total, real.AmountDue, len(real.Lines.Data))
	}
	for i, line := range preview.Lines.Data {
		if got := real.Lines.Data[i]; got.Amount != line.Amount || got.Description != line.Description || *got.Period != *line.Period {
			t.Errorf("line %d: previewed %d %q, billed %d %q", i, line.Amount, line.Description, got.Amount, got.Description)
		}
	}
}

// After 12 of 31 days an upgrade credits 19/31 of the old price and charges
// 19/31 of the new one.
func TestUpgradeIsProrated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.fake.Advance(12 * day)
	preview := w.upcoming(&stripe.InvoiceUpcomingParams{
		Subscription: stripe.String(sub.ID), SubscriptionProrationBehavior: stripe.String("always_invoice"),
		SubscriptionItems: []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(business)}},
	})
	if w.sub(sub.ID).Items.Data[0].Price.ID != team {
		t.Fatal("a preview changed the subscription")
	}
	in := &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(business)}},
		ProrationBehavior: stripe.String("always_invoice"), PaymentBehavior: stripe.String("pending_if_incomplete"),
	}
	in.AddExpand("latest_invoice")
	got, err := w.api.Subscriptions.Update(sub.ID, in)
	w.must(err)
	inv := got.LatestInvoice
	if got.PendingUpdate != nil || got.Items.Data[0].Price.ID != business || got.CurrentPeriodEnd != sub.CurrentPeriodEnd {
		t.Errorf("pending %v, price %s, period ends at %d", got.PendingUpdate, got.Items.Data[0].Price.ID, got.CurrentPeriodEnd)
	}
	const credit, charge = -3003, 12197 // 4900*19/31 = 3003.2…, 19900*19/31 = 12196.8…
	if inv.Lines.Data[0].Amount != credit || inv.Lines.Data[1].Amount != charge || inv.Total != charge+credit || inv.Status != "paid" {
		t.Errorf("lines %d and %d, total %d, %s", inv.Lines.Data[0].Amount, inv.Lines.Data[1].Amount, inv.Total, inv.Status)
	}
	sameBill(t, preview, inv)

	next := w.upcoming(&stripe.InvoiceUpcomingParams{Subscription: stripe.String(sub.ID)})
	w.fake.Advance(19*day + 2*time.Hour)
	sameBill(t, next, w.wantStatus(sub.ID, "active").LatestInvoice)
	if next.Total != 19900 {
		t.Errorf("next is %d", next.Total)
	}
}

func TestUnpaidUpgradeWaitsAndExpires(t *testing.T) {
	t.Parallel()
	for _, pays := range []bool{true, false} {
		w := newWorld(t)
		cu := w.customer("pm_card_visa")
		sub := w.teamSub(cu)
		w.must(w.fake.DeclineNext(cu.ID, "insufficient_funds"))
		in := &stripe.SubscriptionParams{
			Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(business)}},
			ProrationBehavior: stripe.String("always_invoice"), PaymentBehavior: stripe.String("pending_if_incomplete"),
		}
		got, err := w.api.Subscriptions.Update(sub.ID, in)
		w.must(err)
		if got.Status != "active" || got.PendingUpdate == nil || got.Items.Data[0].Price.ID != team {
			t.Fatalf("%s, pending %v, price %s", got.Status, got.PendingUpdate, got.Items.Data[0].Price.ID)
		}
		if pays {
			w.must2(w.api.Invoices.Pay(got.LatestInvoice.ID, nil))
			if got := w.wantStatus(sub.ID, "active"); got.Items.Data[0].Price.ID != business || got.PendingUpdate != nil {
				t.Errorf("paid, but the price is %s", got.Items.Data[0].Price.ID)
			}
			continue
		}
		w.fake.Advance(23 * time.Hour)
		if got := w.wantStatus(sub.ID, "active"); got.PendingUpdate != nil || got.Items.Data[0].Price.ID != team || got.LatestInvoice.Status != "void" {
			t.Errorf("expired: pending %v, price %s, invoice %s", got.PendingUpdate, got.Items.Data[0].Price.ID, got.LatestInvoice.Status)
		}
	}
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	in := &stripe.SubscriptionParams{Items: items(extra, 1), PaymentBehavior: stripe.String("pending_if_incomplete")}
	in.AddMetadata("plan", "business")
	_, err := w.api.Subscriptions.Update(sub.ID, in)
	if e := apiError(t, err); e.Param != "metadata" {
		t.Errorf("metadata with pending_if_incomplete: %v", e)
	}
}

func TestQuantityAndItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.fake.Advance(24*day + 19*time.Hour + 12*time.Minute) // a fifth of the period is left
	got, err := w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Items: items(extra, 3)})
	w.must(err)
	if len(got.Items.Data) != 2 || got.Items.Data[1].Quantity != 3 || got.Items.Data[1].ID == "" {
		t.Fatalf("items: %v", got.Items.Data)
	}
	next := w.upcoming(&stripe.InvoiceUpcomingParams{Subscription: stripe.String(sub.ID)})
	if len(next.Lines.Data) != 3 || next.Lines.Data[0].Amount != 300 || !next.Lines.Data[0].Proration || next.Total != 300+4900+1500 {
		t.Errorf("next: %d lines, first %d, total %d", len(next.Lines.Data), next.Lines.Data[0].Amount, next.Total)
	}
	_, err = w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Items: items(extra, 1)})
	if e := apiError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("the same price twice: %v", e)
	}
	w.must2(w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{ProrationBehavior: stripe.String("none"),
		Items: []*stripe.SubscriptionItemsParams{{ID: stripe.String(got.Items.Data[1].ID), Deleted: stripe.Bool(true)}}}))
	w.fake.Advance(8 * day)
	if inv := w.wantStatus(sub.ID, "active").LatestInvoice; inv.Total != 300+4900 || inv.Status != "paid" {
		t.Errorf("renewal: %d, %s", inv.Total, inv.Status)
	}
}

func TestAnotherIntervalBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.teamSub(w.customer("pm_card_visa"))
	w.fake.Advance(12 * day)
	change := []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(teamYear)}}
	preview := w.upcoming(&stripe.InvoiceUpcomingParams{Subscription: stripe.String(sub.ID), SubscriptionItems: change})
	w.must2(w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Items: change}))
	got := w.wantStatus(sub.ID, "active")
	sameBill(t, preview, got.LatestInvoice)
	begin := startTime + int64(12*day/time.Second)
	if got.LatestInvoice.Total != 49000-3003 || got.CurrentPeriodStart != begin || got.CurrentPeriodEnd != begin+int64(365*day/time.Second) {
		t.Errorf("total %d, period %d to %d", got.LatestInvoice.Total, got.CurrentPeriodStart, got.CurrentPeriodEnd)
	}
}

func TestDowngradeLeavesCredit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cu := w.customer("pm_card_visa")
	sub := w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(cu.ID), Items: items(business, 1)})
	w.fake.Advance(12 * day)
	w.must2(w.api.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{ProrationBehavior: stripe.String("always_invoice"),
		Items: []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(team)}}}))
	const credit = 12197 - 3003
	if inv := w.sub(sub.ID).LatestInvoice; inv.Total != -credit || inv.AmountDue != 0 || !inv.Paid {
		t.Errorf("total %d, due %d, paid %v", inv.Total, inv.AmountDue, inv.Paid)
	}
	w.fake.Advance(20 * day)
	if inv := w.sub(sub.ID).LatestInvoice; inv.Total != 4900 || inv.AmountDue != 0 {
		t.Errorf("renewal: total %d, due %d", inv.Total, inv.AmountDue)
	}
	if got, err := w.api.Customers.Get(cu.ID, nil); err != nil || got.Balance != -(credit-4900) {
		t.Errorf("balance %d, %v", got.Balance, err)
	}
}

func TestDowngradeBySchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(w.customer("pm_card_visa").ID), Items: items(business, 1)})
	sched, err := w.api.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{FromSubscription: stripe.String(sub.ID)})
	w.must(err)
	phase := func(price string, from, to int64) *stripe.SubscriptionSchedulePhaseParams {
		return &stripe.SubscriptionSchedulePhaseParams{StartDate: stripe.Int64(from), EndDate: stripe.Int64(to),
			Items: []*stripe.SubscriptionSchedulePhaseItemParams{{Price: stripe.String(price), Quantity: stripe.Int64(1)}}}
	}
	end := sub.CurrentPeriodEnd
	w.must2(w.api.SubscriptionSchedules.Update(sched.ID, &stripe.SubscriptionScheduleParams{
		EndBehavior: stripe.String("release"),
		Phases: []*stripe.SubscriptionSchedulePhaseParams{
			phase(business, sub.CurrentPeriodStart, end), phase(team, end, end+int64(28*day/time.Second))},
	}))
	w.fake.Advance(30 * day)
	if got := w.sub(sub.ID); got.Items.Data[0].Price.ID != business || got.Schedule == nil {
		t.Errorf("before its time: %s", got.Items.Data[0].Price.ID)
	}
	w.fake.Advance(2 * day)
	if got := w.wantStatus(sub.ID, "active"); got.Items.Data[0].Price.ID != team || got.LatestInvoice.Total != 4900 {
		t.Errorf("after: %s, %d", got.Items.Data[0].Price.ID, got.LatestInvoice.Total)
	}
	w.fake.Advance(28 * day)
	if got := w.wantStatus(sub.ID, "active"); got.Schedule != nil {
		t.Error("the schedule did not let go")
	}
}

func TestCouponOfAllNeedsNoCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	co, err := w.api.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(100), Duration: stripe.String("forever")})
	w.must(err)
	sub := w.subscribe(&stripe.SubscriptionParams{Customer: stripe.String(w.customer("").ID), Items: items(team, 1), Coupon: stripe.String(co.ID)})
	inv := w.wantStatus(sub.ID, "active").LatestInvoice
	if inv.Total != 0 || !inv.Paid || inv.Subtotal != 4900 || inv.PaymentIntent != nil || inv.TotalDiscountAmounts[0].Amount != 4900 {
		t.Errorf("invoice: %d of %d, paid %v, intent %v", inv.Total, inv.Subtotal, inv.Paid, inv.PaymentIntent)
	}
	w.fake.Advance(32 * day)
	w.wantStatus(sub.ID, "active")
}

func TestPromotionCodeInCheckout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	co, err := w.api.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(12.5), Duration: stripe.String("once")})
	w.must(err)
	w.must2(w.api.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: stripe.String(co.ID), Code: stripe.String("SPRING")}))
	in := checkoutParams(w.customer("").ID)
	in.AllowPromotionCodes = stripe.Bool(true)
	cs := w.checkout(in)
	if _, err := w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPays, Code: "AUTUMN"}); err == nil {
		t.Error("an unknown code was taken")
	}
	w.must2(w.fake.PayCheckout(cs.ID, stripefake.Purchase{Card: stripefake.CardPays, Code: "spring"}))
	cs, err = w.api.CheckoutSessions.Get(cs.ID, nil)
	w.must(err)
	if cs.AmountTotal != 4287 || cs.TotalDetails.AmountDiscount != 613 { // 612.5 is rounded up
		t.Errorf("total %d, discount %d", cs.AmountTotal, cs.TotalDetails.AmountDiscount)
	}
	w.fake.Advance(32 * day)
	if inv := w.sub(cs.Subscription.ID).LatestInvoice; inv.Total != 4900 {
		t.Errorf("a coupon for once took from the renewal: %d", inv.Total)
	}
}

func TestTaxNeedsAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *stripefake.Options) { o.TaxBasisPoints = 1900 })
	cu := w.customer("pm_card_visa")
	in := &stripe.SubscriptionParams{Customer: stripe.String(cu.ID), Items: items(team, 1),
		AutomaticTax: &stripe.SubscriptionAutomaticTaxParams{Enabled: stripe.Bool(true)}}
	_, err := w.api.Subscriptions.New(in)
	if e := apiError(t, err); e.Code != stripe.ErrorCodeCustomerTaxLocationInvalid {
		t.Errorf("without an address: %v", e)
	}
	address := func(country string) {
		w.must2(w.api.Customers.Update(cu.ID, &stripe.CustomerParams{Address: &stripe.AddressParams{Country: stripe.String(country)}}))
	}
	address("DE")
	sub := w.subscribe(in)
	if inv := w.sub(sub.ID).LatestInvoice; inv.Tax != 931 || inv.Total != 5831 || inv.AutomaticTax.Status != "complete" {
		t.Errorf("tax %d of %d, %s", inv.Tax, inv.Total, inv.AutomaticTax.Status)
	}
	address("")
	w.fake.Advance(32 * day)
	inv := w.wantStatus(sub.ID, "active").LatestInvoice
	if inv.Status != "draft" || inv.AutomaticTax.Status != "requires_location_inputs" || w.count("invoice.finalization_failed") != 1 {
		t.Errorf("invoice %s, tax %s, events %v", inv.Status, inv.AutomaticTax.Status, w.kinds("invoice.*"))
	}
	address("FR")
	inv, err = w.api.Invoices.Pay(inv.ID, nil)
	w.must(err)
	if inv.Status != "paid" {
		t.Errorf("with an address again: %s", inv.Status)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := &stripe.SubscriptionParams{Customer: stripe.String(w.customer("pm_card_visa").ID), Items: items(team, 1)}
	in.AddExpand("latest_invoice.payment_intent.latest_charge")
	charge := w.subscribe(in).LatestInvoice.PaymentIntent.LatestCharge
	refund := func(amount int64) (*stripe.Refund, error) {
		in := &stripe.RefundParams{Charge: stripe.String(charge.ID)}
		if amount > 0 {
			in.Amount = stripe.Int64(amount)
		}
		return w.api.Refunds.New(in)
	}
	w.must2(refund(1000))
	if ch, err := w.api.Charges.Get(charge.ID, nil); err != nil || ch.AmountRefunded != 1000 || ch.Refunded {
		t.Errorf("after a part: %d, %v, %v", ch.AmountRefunded, ch.Refunded, err)
	}
	_, err := refund(3901)
	if e := apiError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("more than is left: %v", e)
	}
	if re, err := refund(0); err != nil || re.Amount != 3900 {
		t.Errorf("the rest: %v, %v", re, err)
	}
	if ch, err := w.api.Charges.Get(charge.ID, nil); err != nil || !ch.Refunded {
		t.Errorf("in full: %v, %v", ch.Refunded, err)
	}
	_, err = refund(0)
	if e := apiError(t, err); e.Code != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("twice: %v", e)
	}
	if w.count("charge.refunded") != 2 {
		t.Errorf("events %v", w.kinds("charge.*"))
	}
}

func TestDisputesAndWarnings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := &stripe.SubscriptionParams{Customer: stripe.String(w.customer("pm_card_visa").ID), Items: items(team, 1)}
	in.AddExpand("latest_invoice")
	charge := w.subscribe(in).LatestInvoice.Charge.ID
	w.must2(w.fake.WarnOfFraud(charge))
	id, err := w.fake.OpenDispute(charge, "")
	w.must(err)
	d, err := w.api.Disputes.Get(id, nil)
	w.must(err)
	if d.Status != "needs_response" || d.Amount != 4900 || d.Charge.ID != charge || d.EvidenceDetails.DueBy == 0 {
		t.Errorf("dispute: %s, %d, %s", d.Status, d.Amount, d.Charge.ID)
	}
	w.must(w.fake.CloseDispute(id, true))
	if d, err := w.api.Disputes.Get(id, nil); err != nil || d.Status != "won" {
		t.Errorf("closed: %s, %v", d.Status, err)
	}
	want := []string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed"}
	if got := w.kinds("charge.dispute.*"); len(got) != len(want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if w.count("radar.early_fraud_warning.created") != 1 {
		t.Error("no warning")
	}
}

// The card that disputes what it pays, and the two answers that decide about it.
func TestTheCardThatDisputes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for evidence, want := range map[string]stripe.DisputeStatus{"winning_evidence": "won", "losing_evidence": "lost"} {
		w.teamSub(w.customer("pm_card_createDispute"))
		list := w.api.Disputes.List(&stripe.DisputeListParams{})
		if !list.Next() || list.Dispute().Status != stripe.DisputeStatusNeedsResponse {
			t.Fatal("nothing is disputed")
		}
		id := list.Dispute().ID
		if _, err := w.api.Disputes.Update(id, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String("please")}}); err == nil {
			t.Error("a bank that the fake does not have decided")
		}
		d, err := w.api.Disputes.Update(id, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String(evidence)}, Submit: stripe.Bool(true)})
		w.must(err)
		if d.Status != want {
			t.Errorf("%s: %s", evidence, d.Status)
		}
	}
}
