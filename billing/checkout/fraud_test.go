package checkout_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/internal/fault"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/tenant"
)

// warn lets the bank warn of the company's payment, and returns what was charged.
func (w *world) warn() (charge string) {
	w.T.Helper()
	fake := w.NeedsFake("the bank warns of a payment")
	charge, err := w.Gateway.ChargeOf(w.T.Context(), w.account().Invoices[0].InvoiceID)
	must(w.T, err)
	_, err = fake.WarnOfFraud(charge)
	must(w.T, err)
	w.Settle()
	return charge
}

// dyingRefund is a provider whose answer to a refund nobody sees.
type dyingRefund struct{ billing.Till }

func (d dyingRefund) RefundCharge(ctx context.Context, key, charge string) error {
	if err := d.Till.RefundCharge(ctx, key, charge); err != nil {
		return err
	}
	return errDied
}

// A bank warns that a young company paid with a stolen card: it is restricted at once, the
// payment goes back and the plan ends, once, whoever dies meanwhile; its owners are told.
func TestFraudOfAYoungCompany(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.Person(w.Acme, "owner")
	sub := w.live()
	charge := w.warn()
	w.Wants(tenant.Restricted, "team")
	if n := w.tasks(ledger.FraudEnded); n != 1 || w.recorded("billing.fraud") != 1 {
		t.Errorf("%d matters, %d in the log", n, w.recorded("billing.fraud"))
	}
	if n := w.Count(`river.river_job WHERE kind = 'billing_fraud' AND args->>'charge_id' = @id`, pgx.NamedArgs{"id": charge}); n != 1 {
		t.Fatalf("%d jobs give it back", n)
	}
	refused(t, "dying after it", w.sell(dyingRefund{w.Gateway}).Fraud(t.Context(), sub.CustomerID, charge), fault.Unavailable)
	w.Advance(2 * time.Minute)
	must(t, w.shop.Sweep(t.Context()))
	must(t, w.shop.Fraud(t.Context(), sub.CustomerID, charge))
	w.Settle()
	a := w.account()
	if a.Live != nil || a.Invoices[0].Refunded != a.Invoices[0].Total || w.recorded("billing.fraud_refund") != 1 {
		t.Errorf("%+v, given back %d of %d, %d in the log", a.Live, a.Invoices[0].Refunded, a.Invoices[0].Total, w.recorded("billing.fraud_refund"))
	}
	w.Wants(tenant.Restricted, "team")
	_, err := w.shop.Start(t.Context(), owner, w.Acme, team)
	refused(t, "another card", err, fault.Forbidden)
	var data []map[string]string
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		data, err = pg.Values[map[string]string](t.Context(), tx, `SELECT data FROM mails WHERE template = 'billing_fraud'`, nil)
		return err
	})
	if len(data) != 1 {
		t.Fatalf("%d letters", len(data))
	}
	for locale, said := range map[string]string{"en": "We gave the payment back", "de": "zurückgebucht"} {
		letter, err := (mail.Templates{Home: "https://rookery.example"}).Render("billing_fraud", locale, data[0])
		if err != nil || !strings.Contains(letter.Text, said) || !strings.Contains(letter.Text, "rookery.example") {
			t.Errorf("%v\n%+v", err, letter)
		}
	}
}

// Where the owner of the card contests the payment already nothing can be given back: the plan
// ends all the same, and a person hears of it.
func TestFraudThatIsContestedAlready(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	customer := w.live().CustomerID
	charge, err := w.Gateway.ChargeOf(t.Context(), w.account().Invoices[0].InvoiceID)
	must(t, err)
	_, err = w.NeedsFake("a dispute").OpenDispute(charge, "fraudulent")
	must(t, err)
	w.warn()
	must(t, w.shop.Fraud(t.Context(), customer, charge))
	w.Settle()
	if a := w.account(); a.Live != nil || w.recorded("billing.fraud_end") != 1 || w.tasks(ledger.FraudWarning) != 1 {
		t.Errorf("%+v, %d in the log, %d matters", a.Live, w.recorded("billing.fraud_end"), w.tasks(ledger.FraudWarning))
	}
}

// A company that has been there for 30 days is looked at by a person first.
func TestFraudOfAnOlderCompany(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET created_at = created_at - interval '31 days'`, nil)
		return err
	})
	w.warn()
	w.Wants(tenant.Paid, "team")
	if w.tasks(ledger.FraudWarning) != 1 || w.tasks(ledger.FraudEnded) != 0 || w.Count(`river.river_job WHERE kind = 'billing_fraud'`, nil) != 0 {
		t.Error("something was done by itself")
	}
}
