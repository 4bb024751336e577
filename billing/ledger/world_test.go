package ledger_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/billing/stripegw"
	"rookery/billing/webhook"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// world is a platform with one company on it, the fake of Stripe with a clock that tests
// move, and the webhook's door between them. Everything but Stripe is the real thing.
type world struct {
	t       *testing.T
	db      *pg.DB
	plans   *billing.Catalogue
	fake    *stripefake.Server
	gateway *stripegw.Gateway
	ledger  *ledger.Ledger
	tenants *registry.Registry
	door    string            // of the webhook
	secret  string            // that the provider signs with
	secrets []string          // that are good here
	prices  map[string]string // ids by key
	acme    *tenant.Tenant
}

const patience = 20 * time.Second

func newWorld(t *testing.T) *world {
	t.Helper()
	plans, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: testkit.DB(t).PG, plans: plans}
	start := time.Now() // tenants are made by the real clock
	w.fake = stripefake.New(stripefake.Options{Now: func() time.Time { return start }, Client: http.DefaultClient, TaxBasisPoints: 1900})
	api := httptest.NewServer(w.fake)
	t.Cleanup(api.Close)
	t.Cleanup(w.fake.Close)
	w.gateway, err = stripegw.New(stripegw.Options{Key: "sk_test_world", URL: api.URL, Client: api.Client()})
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = ledger.New(ledger.Options{DB: w.db, Plans: plans, Gateway: w.gateway, Now: w.fake.Now})
	w.open()
	if w.prices, err = w.gateway.EnsurePrices(t.Context(), plans); err != nil {
		t.Fatal(err)
	}
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w.tenants = registry.New(registry.Options{DB: w.db, Seal: key})
	w.acme = w.company("acme.test")
	return w
}

// open mounts the webhook's door, and has Stripe ring there.
func (w *world) open() {
	w.t.Helper()
	e := echo.New()
	(&webhook.Handler{
		Secrets: func(context.Context) ([]string, error) { return w.secrets, nil }, Receive: w.ledger.Receive, Now: w.fake.Now,
	}).Routes(e)
	srv := httptest.NewServer(e)
	w.t.Cleanup(srv.Close)
	w.door = srv.URL + webhook.Path
	var err error
	if _, w.secret, _, err = w.gateway.NewEndpoint(w.t.Context(), w.door, ledger.Doorbells()); err != nil {
		w.t.Fatal(err)
	}
	w.secrets = []string{w.secret}
}

func (w *world) company(host string) *tenant.Tenant {
	w.t.Helper()
	made, err := w.tenants.Create(w.t.Context(), registry.NewTenant{Name: host, Host: host})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// customer makes a company known to the provider.
func (w *world) customer(of *tenant.Tenant) string {
	w.t.Helper()
	id, err := w.gateway.CreateCustomer(w.t.Context(), "customer/"+of.Host, billing.NewCustomer{Tenant: of.ID, Name: of.Name, Email: "owner@" + of.Host})
	if err != nil {
		w.t.Fatal(err)
	}
	w.platform(func(tx *pg.PlatformTx) error {
		return store.PutCustomer(w.t.Context(), tx, &store.Customer{CustomerID: id, TenantID: of.ID, Email: "owner@" + of.Host})
	})
	return id
}

// buy pays for a plan on the provider's page.
func (w *world) buy(of *tenant.Tenant, customer, plan string, how stripefake.Purchase) {
	w.t.Helper()
	p, ok := w.plans.Plan(plan)
	if !ok {
		w.t.Fatalf("no plan %q", plan)
	}
	price, _ := p.Price("eur", billing.Monthly)
	page, err := w.gateway.OpenCheckout(w.t.Context(), "checkout/"+customer+"/"+plan, billing.NewCheckout{
		Tenant: of.ID, Customer: customer, BasePrice: w.prices[price.Key(billing.Base)], Success: "https://console.test/ok", Cancel: "https://console.test/no",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.fake.PayCheckout(page.ID, how); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) platform(fn func(tx *pg.PlatformTx) error) {
	w.t.Helper()
	if err := w.db.Platform(w.t.Context(), "a test of billing", fn); err != nil {
		w.t.Fatal(err)
	}
}

// settle waits for the provider's events and does what their jobs would: at once, in place
// of two seconds later.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.fake.Flush(ctx); err != nil {
		w.t.Fatal(err)
	}
	for range 5 {
		var nameless, customers []string
		w.platform(func(tx *pg.PlatformTx) (err error) {
			if nameless, err = pg.Values[string](ctx, tx, `SELECT event_id FROM billing_events WHERE handled_at IS NULL AND customer_id = ''`, nil); err != nil {
				return err
			}
			customers, err = store.CustomersWithNews(ctx, tx, w.fake.Now().Add(time.Hour), 100)
			return err
		})
		for _, e := range nameless {
			if err := w.ledger.Resolve(ctx, e); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, c := range customers {
			if err := w.ledger.Sync(ctx, c); err != nil {
				w.t.Fatal(err)
			}
		}
		if len(nameless)+len(customers) == 0 {
			return
		}
	}
	w.t.Fatal("events come without end")
}

// pass lets time pass at the provider and here, in steps as real time does, and the sweep
// look at what is due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.fake.Advance(d)
	w.settle()
	w.sweep()
}

func (w *world) sweep() {
	w.t.Helper()
	if err := w.ledger.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// entitlement is what a company is entitled to, as every process sees it.
func (w *world) entitlement(of *tenant.Tenant) tenant.Entitlement {
	w.t.Helper()
	var e store.Entitlement
	w.platform(func(tx *pg.PlatformTx) error {
		found, err := store.LockEntitlement(w.t.Context(), tx, of.ID, w.fake.Now())
		if err == nil {
			e = *found
		}
		return err
	})
	return e.Entitlement
}

func (w *world) wants(standing tenant.Standing, plan string) {
	w.t.Helper()
	if e := w.entitlement(w.acme); e.Standing != standing || e.Plan != plan {
		w.t.Errorf("%s on %s, want %s on %s", e.Standing, e.Plan, standing, plan)
	}
}

func (w *world) count(sql string, args pgx.NamedArgs) (n int) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int](w.t.Context(), tx, `SELECT count(*)::int FROM `+sql, args)
		return err
	})
	return n
}
