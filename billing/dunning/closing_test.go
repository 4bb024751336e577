package dunning_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/dunning"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/pg"
	"rookery/internal/testkit/billingtest"
	"rookery/tenant"
	"rookery/tenant/deletion"
	"rookery/tenant/domains"
)

// 47: the clock that closes a company which does not pay begins no deletion before its last
// day, and then a quiet one: a Delete goes out only where an owner chose so. What a quiet end
// sends, which is nothing, is tenant/deletion's TestAQuietEnd.
func TestTheClockClosesQuietly(t *testing.T) {
	t.Parallel()
	w := billingtest.New(t)
	fake := w.NeedsFake("from some day on no event comes")
	loud := w.Company("globex.test")
	var customers []string
	pays := stripefake.Purchase{Card: stripefake.CardFirstTimeBad, Country: "DE", PostalCode: "10115", Name: "Acme"}
	for _, of := range []*tenant.Tenant{w.Acme, loud} {
		w.Person(of, "owner")
		customers = append(customers, w.Customer(of))
		w.Buy(of, customers[len(customers)-1], "team", pays)
	}
	w.Settle()
	w.Pass(31*billing.Day + 2*time.Hour)
	w.Wants(tenant.Grace, "team")
	fake.MisbehaveWebhooks(stripefake.WebhookChaos{Drop: -1})
	w.Advance(16 * billing.Day) // the provider gives up
	for _, customer := range customers {
		if err := w.Ledger.Sync(t.Context(), customer); err != nil {
			t.Fatal(err)
		}
	}
	w.Wants(tenant.Restricted, "team")
	ended := w.Entitlement(w.Acme).Since // from here on there is only the clock
	service := &dunning.Service{
		DB: w.DB, Trial: w.Plans.Trial, Console: "https://console.test", Now: w.Now,
		Ender: deletion.New(deletion.Options{DB: w.DB, Tenants: w.Tenants, Names: domains.New(domains.Options{DB: w.DB, Tenants: w.Tenants}), Now: w.Now}),
	}
	w.Platform(func(tx *pg.PlatformTx) error {
		changed, err := store.ChooseGoodbye(t.Context(), tx, loud.ID, true)
		if err == nil && !changed {
			t.Error("the choice is not stored")
		}
		return err
	})
	ends := func(of *tenant.Tenant, quiet bool) int {
		return w.Count(`tenants WHERE id = @id AND state = 'deleting' AND is_quiet = @quiet`, pgx.NamedArgs{"id": of.ID, "quiet": quiet})
	}
	for _, day := range []int{14, 76, 105, 106, 119} {
		w.Advance(ended.Add(time.Duration(day)*billing.Day + time.Hour).Sub(w.Now()))
		w.Sweep()
		if err := service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(`tenants WHERE state <> 'active'`, nil); n != 0 {
			t.Fatalf("%d deletions began on day %d", n, day)
		}
	}
	w.Wants(tenant.Closing, "team")
	w.Advance(billing.Day)
	w.Sweep()
	for range 2 {
		if err := service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if ends(w.Acme, true) != 1 {
		t.Error("nobody chose to tell other servers: it has to end quietly")
	}
	if ends(loud, false) != 1 {
		t.Error("the owner chose to tell other servers")
	}
	if n := w.Count(`mails WHERE tenant_id = @id AND template = 'account_closing'`, pgx.NamedArgs{"id": w.Acme.ID}); n != 2 {
		t.Errorf("%d letters in the last days, want two", n)
	}
}
