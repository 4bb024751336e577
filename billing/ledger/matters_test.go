package ledger_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/tenant"
)

// letters are who was mailed which page to confirm a payment on.
func (w *world) letters() (out []string) {
	w.T.Helper()
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		out, err = pg.Values[string](w.T.Context(), tx, `SELECT recipient || ' ' || (data->>'link') FROM mails WHERE template = 'billing_confirm' ORDER BY 1`, nil)
		return err
	})
	return out
}

// 22: a bank that asks about a renewal: who can answer is mailed the page, once an invoice.
func TestTheBankAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fake := w.NeedsFake("the bank's question is answered on a page of the bank")
	owner, payer := w.Person(w.Acme, "owner"), w.Person(w.Acme, "billing")
	w.Person(w.Acme, "member")
	customer := w.Customer(w.Acme)
	session := w.Page(w.Acme, customer, "team")
	how := pays
	how.Card = stripefake.Card3DSAlways
	if err := w.PayPage(session, how); !errors.Is(err, stripefake.ErrUnconfirmed) {
		t.Fatal(err)
	}
	w.Settle()
	if got := w.letters(); len(got) != 0 {
		t.Errorf("the question is on the page already: %v", got)
	}
	how.Answer = "yes"
	must(t, w.PayPage(session, how))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	w.Pass(31*billing.Day + 2*time.Hour)
	w.Wants(tenant.Grace, "team")
	w.Pass(billing.Day)
	var open *store.Invoice
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		open, err = store.OpenInvoice(t.Context(), tx, w.Acme.ID)
		return err
	})
	want := []string{payer + " " + open.PageURL, owner + " " + open.PageURL}
	if diff := cmp.Diff(want, w.letters()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, locale := range mail.Locales() {
		letter, err := (mail.Templates{Home: "https://rookery.example"}).Render("billing_confirm", locale, map[string]string{"organisation": "Acme", "link": open.PageURL})
		if err != nil || letter.Subject == "" {
			t.Error(err)
		}
	}
	must(t, fake.PayInvoice(open.InvoiceID, stripefake.Purchase{Card: stripefake.Card3DSAlways, Answer: "yes"}))
	w.Settle()
	w.Wants(tenant.Paid, "team")
}

// Events are forgotten after 90 days, whether or not the provider can be asked; what nobody has
// handled is kept.
func TestOldEventsAreForgotten(t *testing.T) {
	t.Parallel()
	w, _ := paying(t)
	fake := w.NeedsFake("the provider is away")
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE billing_events SET handled_at = NULL, outcome = '' WHERE event_id = (SELECT min(event_id) FROM billing_events)`, nil)
		return err
	})
	before := w.Count(`billing_events`, nil)
	w.deaf()
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusServiceUnavailable})
	w.Advance(89 * billing.Day)
	if err := w.Ledger.Nightly(t.Context()); fault.CodeOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if n := w.Count(`billing_events`, nil); n != before || n < 4 {
		t.Errorf("%d events of %d after 89 days", n, before)
	}
	must(t, w.Ledger.Receive(t.Context(), billing.Event{ID: "evt_new", Type: "tax_rate.created", Raw: []byte("{}")}, store.FromWebhook))
	w.Advance(2 * billing.Day)
	_ = w.Ledger.Nightly(t.Context()) // the provider is still away
	if n := w.Count(`billing_events`, nil); n != 2 {
		t.Errorf("%d events are kept, want the new one and the one that waits", n)
	}
	if n := w.Count(`billing_events WHERE event_id = @id`, pgx.NamedArgs{"id": "evt_new"}); n != 1 {
		t.Error("the new one is gone")
	}
}
