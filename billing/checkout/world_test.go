package checkout_test

import (
	"net/netip"
	"path"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/testkit/billingtest"
	"rookery/tenant"
)

// The numbers in this package's tests are those of the cases in docs/billing.md.

// world is that of all tests of billing, with a till.
type world struct {
	*billingtest.World
	shop *checkout.Service
}

var (
	pays  = stripefake.Purchase{Card: stripefake.CardPays, Country: "DE", PostalCode: "10115", Name: "Acme"}
	owner = checkout.Buyer{
		Actor: audit.Actor{Kind: audit.Person, ID: 7, Name: "Mara"}, Email: "mara@acme.test", Address: netip.MustParseAddr("192.0.2.1"),
	}
	solo     = billing.Choice{Plan: "solo", Currency: "eur", Every: billing.Monthly}
	team     = billing.Choice{Plan: "team", Currency: "eur", Every: billing.Monthly}
	teamYear = billing.Choice{Plan: "team", Currency: "eur", Every: billing.Yearly}
	business = billing.Choice{Plan: "business", Currency: "eur", Every: billing.Monthly}
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: billingtest.New(t)}
	w.shop = w.sell(w.Gateway)
	return w
}

// sell is a till in front of a provider.
func (w *world) sell(till billing.Till) *checkout.Service {
	return checkout.New(checkout.Options{
		DB: w.DB, Plans: w.Plans, Till: till, Ledger: w.Ledger, Console: "https://console.test", Limiter: limit.New(limit.Options{}), Now: w.Now,
	})
}

// start opens a page to pay on, and returns its session.
func (w *world) start(want billing.Choice) string {
	w.T.Helper()
	url, err := w.shop.Start(w.T.Context(), owner, w.Acme, want)
	if err != nil {
		w.T.Fatal(err)
	}
	return path.Base(url)
}

// pay buys a choice on the provider's page.
func (w *world) pay(want billing.Choice, how stripefake.Purchase) {
	w.T.Helper()
	if err := w.PayPage(w.start(want), how); err != nil {
		w.T.Fatal(err)
	}
	w.Settle()
}

// paying is a world whose company pays for a choice.
func paying(t *testing.T, want billing.Choice) *world {
	t.Helper()
	w := newWorld(t)
	w.pay(want, pays)
	w.Wants(tenant.Paid, want.Plan)
	return w
}

// live is the company's subscription.
func (w *world) live() *store.Subscription {
	w.T.Helper()
	a := w.account()
	if a.Live == nil {
		w.T.Fatal("nothing is paid for")
	}
	return a.Live
}

func (w *world) account() *checkout.Account {
	w.T.Helper()
	a, err := w.shop.Of(w.T.Context(), w.Acme.ID, time.Time{})
	if err != nil {
		w.T.Fatal(err)
	}
	return a
}

// accounts gives the company so many accounts.
func (w *world) accounts(n int) {
	w.T.Helper()
	w.Platform(func(tx *pg.PlatformTx) error {
		args := pgx.NamedArgs{"id": w.Acme.ID, "n": n}
		if _, err := pg.Exec(w.T.Context(), tx, `DELETE FROM accounts WHERE tenant_id = @id AND domain = ''`, pgx.NamedArgs{"id": w.Acme.ID}); err != nil {
			return err
		}
		_, err := pg.Exec(w.T.Context(), tx, `INSERT INTO accounts (tenant_id, id, username, domain, uri, actor_type)
			SELECT @id, 7000 + n, 'desk' || n, '', 'https://acme.test/users/desk' || n, 'Person' FROM generate_series(1, @n::int) AS n`, args)
		return err
	})
}

// recorded counts what the company's log has of an act.
func (w *world) recorded(action string) int {
	w.T.Helper()
	return w.Count(`audit_entries WHERE tenant_id = @id AND action = @action`, pgx.NamedArgs{"id": w.Acme.ID, "action": action})
}

func (w *world) tasks(kind string) int {
	w.T.Helper()
	return w.Count(`billing_tasks WHERE kind = @kind`, pgx.NamedArgs{"kind": kind})
}

// charged is what the company has paid, all invoices together.
func (w *world) charged() (sum int64) {
	w.T.Helper()
	for _, i := range w.account().Invoices {
		if i.Status == "paid" {
			sum += i.Total
		}
	}
	return sum
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}
