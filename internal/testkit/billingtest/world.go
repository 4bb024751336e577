// Package billingtest is a platform with a company on it, a provider of payments whose clock
// tests move, and the webhook's real door between them. The provider is billing/stripefake,
// or Stripe's own test mode where ROOKERY_TEST_STRIPE_KEY has a key for it (docs/billing.md).
// Everything else is the real thing.
//
// Tests of billing's packages drive everything through it. It must hold no expectations of
// any one of them.
package billingtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
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
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// World is what a test works with.
type World struct {
	T       *testing.T
	DB      *pg.DB
	Plans   *billing.Catalogue
	Gateway *stripegw.Gateway
	Ledger  *ledger.Ledger
	Tenants *registry.Registry
	Receive func(context.Context, billing.Event, store.Source) error // what the door hands events to
	Door    string                                                   // of the webhook
	Secret  string                                                   // that the provider signs with
	Secrets []string                                                 // that are good here
	Prices  map[string]string                                        // ids by key
	Acme    *tenant.Tenant
	pages   int

	fake     *stripefake.Server // nil in Stripe's test mode
	provider provider
	place    place
	api      *api
	run      string // tells what this world made at the provider from what others did
}

const (
	patience       = 60 * time.Second // Stripe's test mode takes its time
	clockPatience  = 5 * time.Minute
	taxBasisPoints = 1900
)

// New makes a world.
func New(t *testing.T) *World {
	t.Helper()
	plans, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, DB: testkit.DB(t).PG, Plans: plans}
	w.run = strconv.FormatInt(int64(ids.New()), 36)
	w.open()
	if at := whichProvider(t); at != nil {
		w.useTestMode(*at)
	} else {
		w.useFake()
	}
	w.Secrets = []string{w.Secret}
	w.Ledger = ledger.New(ledger.Options{DB: w.DB, Plans: plans, Gateway: w.Gateway, Now: w.Now})
	w.Receive = w.Ledger.Receive
	if w.Prices, err = w.Gateway.EnsurePrices(t.Context(), plans); err != nil {
		t.Fatal(err)
	}
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w.Tenants = registry.New(registry.Options{DB: w.DB, Seal: key, NewKey: testkeys.Pair})
	if err := w.Ledger.KeepPrices(t.Context(), w.Prices); err != nil {
		t.Fatal(err)
	}
	w.Acme = w.Company("acme.test")
	return w
}

// connect makes the gateway of the product, over the client.
func (w *World) connect(client *http.Client) {
	w.T.Helper()
	w.api = &api{place: w.place, client: http.DefaultClient}
	var err error
	if w.Gateway, err = stripegw.New(stripegw.Options{Key: w.place.key, URL: w.place.url, Client: client}); err != nil {
		w.T.Fatal(err)
	}
}

// open mounts the webhook's door.
func (w *World) open() {
	w.T.Helper()
	e := echo.New()
	(&webhook.Handler{
		Secrets: func(context.Context) ([]string, error) { return w.Secrets, nil }, Now: w.Now,
		Receive: func(ctx context.Context, e billing.Event, from store.Source) error { return w.Receive(ctx, e, from) },
	}).Routes(e)
	srv := httptest.NewServer(e)
	w.T.Cleanup(srv.Close)
	w.Door = srv.URL + webhook.Path
}

// Company makes a company with a host.
func (w *World) Company(host string) *tenant.Tenant {
	w.T.Helper()
	made, err := w.Tenants.Create(w.T.Context(), registry.NewTenant{Name: host, Host: host})
	if err != nil {
		w.T.Fatal(err)
	}
	return made
}

// Person gives a company somebody with a role, and returns the mail address.
func (w *World) Person(of *tenant.Tenant, role string) string {
	w.T.Helper()
	address := role + "@" + of.Host
	w.Platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(w.T.Context(), tx, `
			WITH made AS (INSERT INTO persons (id, email) VALUES (@id, @email) RETURNING id)
			INSERT INTO memberships (tenant_id, person_id, role) SELECT @tenant, id, @role FROM made`,
			pgx.NamedArgs{"tenant": of.ID, "id": ids.New(), "email": address, "role": role})
		return err
	})
	return address
}

// Customer makes a company known to the provider.
func (w *World) Customer(of *tenant.Tenant) string {
	w.T.Helper()
	id, err := w.Gateway.CreateCustomer(w.T.Context(), "customer/"+of.Host, billing.NewCustomer{Tenant: of.ID, Name: of.Name, Email: "owner@" + of.Host})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Platform(func(tx *pg.PlatformTx) error {
		return store.PutCustomer(w.T.Context(), tx, &store.Customer{CustomerID: id, TenantID: of.ID, Email: "owner@" + of.Host})
	})
	return id
}

// Buy pays for a plan on the provider's page.
func (w *World) Buy(of *tenant.Tenant, customer, plan string, how stripefake.Purchase) {
	w.T.Helper()
	if err := w.PayPage(w.Page(of, customer, plan), how); err != nil {
		w.T.Fatal(err)
	}
}

// Page opens the provider's page for a plan, and returns its session.
func (w *World) Page(of *tenant.Tenant, customer, plan string) string {
	w.T.Helper()
	p, ok := w.Plans.Plan(plan)
	if !ok {
		w.T.Fatalf("no plan %q", plan)
	}
	price, _ := p.Price("eur", billing.Monthly)
	w.pages++
	page, err := w.Gateway.OpenCheckout(w.T.Context(), "checkout/"+customer+"/"+plan+"/"+strconv.Itoa(w.pages), billing.NewCheckout{
		Tenant: of.ID, Customer: customer, BasePrice: w.Prices[price.Key(billing.Base)], Success: "https://console.test/ok", Cancel: "https://console.test/no",
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return page.ID
}

// Platform runs fn in a transaction over all tenants.
func (w *World) Platform(fn func(tx *pg.PlatformTx) error) {
	w.T.Helper()
	if err := w.DB.Platform(w.T.Context(), "a test of billing", fn); err != nil {
		w.T.Fatal(err)
	}
}

// Settle waits for the provider's events and does what their jobs would: at once, in place
// of two seconds later.
func (w *World) Settle() {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), patience)
	defer cancel()
	w.Deliver()
	for range 5 {
		var nameless, customers []string
		w.Platform(func(tx *pg.PlatformTx) (err error) {
			if nameless, err = pg.Values[string](ctx, tx, `SELECT event_id FROM billing_events WHERE handled_at IS NULL AND customer_id = ''`, nil); err != nil {
				return err
			}
			customers, err = store.CustomersWithNews(ctx, tx, w.Now().Add(time.Hour), 100)
			return err
		})
		for _, e := range nameless {
			if err := w.Ledger.Resolve(ctx, e); err != nil {
				w.T.Fatal(err)
			}
		}
		for _, c := range customers {
			if err := w.Ledger.Sync(ctx, c); err != nil {
				w.T.Fatal(err)
			}
		}
		if len(nameless)+len(customers) == 0 {
			return
		}
	}
	w.T.Fatal("events come without end")
}

// Pass lets time pass at the provider and here, in steps as real time does, and the sweep
// look at what is due.
func (w *World) Pass(d time.Duration) {
	w.T.Helper()
	w.Advance(d)
	w.Settle()
	w.Sweep()
}

// Sweep lets the ledger's clock look at what is due.
func (w *World) Sweep() {
	w.T.Helper()
	if err := w.Ledger.Sweep(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// Entitlement is what a company is entitled to, as every process sees it.
func (w *World) Entitlement(of *tenant.Tenant) tenant.Entitlement {
	w.T.Helper()
	var e store.Entitlement
	w.Platform(func(tx *pg.PlatformTx) error {
		found, err := store.LockEntitlement(w.T.Context(), tx, of.ID, w.Now())
		if err == nil {
			e = *found
		}
		return err
	})
	return e.Entitlement
}

// Wants fails the test where Acme stands elsewhere.
func (w *World) Wants(standing tenant.Standing, plan string) {
	w.T.Helper()
	if e := w.Entitlement(w.Acme); e.Standing != standing || e.Plan != plan {
		w.T.Errorf("%s on %s, want %s on %s", e.Standing, e.Plan, standing, plan)
	}
}

// Count counts rows: sql is what stands after FROM.
func (w *World) Count(sql string, args pgx.NamedArgs) (n int) {
	w.T.Helper()
	w.Platform(func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int](w.T.Context(), tx, `SELECT count(*)::int FROM `+sql, args)
		return err
	})
	return n
}
