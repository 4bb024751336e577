package staff_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/pquerna/otp/totp"
	"riverqueue.com/riverui"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/billing/stripegw"
	"rookery/dashboard/assets"
	"rookery/dashboard/staff"
	"rookery/internal/audit"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
)

const (
	home     = "https://rookery.test/staff"
	origin   = "https://rookery.test"
	password = "correct horse battery"
)

// world is a platform with two tenants, and nobody among its staff.
type world struct {
	*fixture.World
	clock   atomic.Int64 // what authenticators take for now, in seconds
	server  *browse.Server
	judge   *access.Judge
	factors *factor.Factors
	staff   *staff.Handlers

	// Where the platform asks for money.
	plans   *billing.Catalogue
	fake    *stripefake.Server
	gateway *stripegw.Gateway
	ledger  *ledger.Ledger
	prices  map[string]string
}

// queues are River's own pages on the world's database.
func queues(t testing.TB, db *pg.DB) http.Handler {
	t.Helper()
	client, err := db.Queues()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(client, nil), Logger: slog.New(slog.DiscardHandler), Prefix: staff.Base + "/queues"})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func newWorld(t testing.TB, charges bool) *world {
	t.Helper()
	w := &world{World: fixture.New(t)}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Store(time.Now().Unix())
	w.judge = access.New(w.PG, nil)
	w.factors = factor.New(factor.Options{DB: w.PG, Seal: key, Now: func() time.Time { return time.Unix(w.clock.Load(), 0) }})
	deps := staff.Deps{
		DB: w.PG, Log: slog.New(slog.DiscardHandler), Judge: w.judge, People: w.People, Logins: limit.NewLogins(w.PG, limit.Options{Now: testkit.StoppedClock()}),
		Factors: w.factors, Limiter: limit.New(limit.Options{Now: testkit.StoppedClock()}), Tenants: w.Registry, Scheme: "https", Host: "rookery.test",
		Queues: queues(t, w.PG),
	}
	if charges {
		w.charge(t)
		deps.Billing = &staff.Billing{Plans: w.plans, Ledger: w.ledger, Dashboard: "https://dashboard.provider.test"}
	}
	w.staff = staff.New(deps)
	platform := echo.New()
	w.staff.Register(platform)
	platform.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
	e := echo.New()
	e.Pre(hostroute.New(hostroute.Options{Table: w.Registry, TLS: true, Platform: "rookery.test", PlatformHandler: platform}))
	w.server = browse.Serve(t, e)
	return w
}

// charge gives the platform a payment provider.
func (w *world) charge(t testing.TB) {
	t.Helper()
	var err error
	if w.plans, err = billing.ParsePlans(billing.Examples()); err != nil {
		t.Fatal(err)
	}
	w.fake = stripefake.New(stripefake.Options{Client: http.DefaultClient})
	api := httptest.NewServer(w.fake)
	t.Cleanup(api.Close)
	t.Cleanup(w.fake.Close)
	if w.gateway, err = stripegw.New(stripegw.Options{Key: "sk_test_staff", URL: api.URL, Client: api.Client()}); err != nil {
		t.Fatal(err)
	}
	if w.prices, err = w.gateway.EnsurePrices(t.Context(), w.plans); err != nil {
		t.Fatal(err)
	}
	w.ledger = ledger.New(ledger.Options{DB: w.PG, Plans: w.plans, Gateway: w.gateway})
}

// buy pays for a plan by the month in euros, and reads what follows.
func (w *world) buy(t testing.TB, of *fixture.Home, plan string) (customer string) {
	t.Helper()
	ctx, host := t.Context(), of.Tenant.Host
	customer, err := w.gateway.CreateCustomer(ctx, "customer/"+host, billing.NewCustomer{Tenant: of.Tenant.ID, Name: of.Tenant.Name, Email: "money@" + host})
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		return store.PutCustomer(ctx, tx, &store.Customer{CustomerID: customer, TenantID: of.Tenant.ID, Email: "money@" + host})
	})
	p, _ := w.plans.Plan(plan)
	price, _ := p.Price("eur", billing.Monthly)
	page, err := w.gateway.OpenCheckout(ctx, "checkout/"+customer, billing.NewCheckout{
		Tenant: of.Tenant.ID, Customer: customer, BasePrice: w.prices[price.Key(billing.Base)], Success: "https://console.test/ok", Cancel: "https://console.test/no",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.fake.PayCheckout(page.ID, stripefake.Purchase{Card: stripefake.CardPays, Country: "DE", PostalCode: "10115", Name: "Acme"}); err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.Sync(ctx, customer); err != nil {
		t.Fatal(err)
	}
	return customer
}

// hire makes somebody one of the staff, with a password.
func (w *world) hire(t testing.TB, email string, role access.StaffRole) social.PersonID {
	t.Helper()
	id := w.Person(t, email)
	if err := w.People.SetPassword(t.Context(), id, password); err != nil {
		t.Fatal(err)
	}
	if err := w.judge.AddStaff(t.Context(), id, role, audit.ByOperator()); err != nil {
		t.Fatal(err)
	}
	return id
}

// session gives one of the staff a browser that is signed in by so many factors.
func (w *world) session(t testing.TB, person social.PersonID, factors int) (*browse.Browser, *access.Session) {
	t.Helper()
	s, err := w.judge.AdmitStaff(t.Context(), access.Arrival{Person: person, Factors: factors, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return w.holding(t, "__Host-rookery_staff", s), s
}

func (w *world) holding(t testing.TB, cookie string, s *access.Session) *browse.Browser {
	t.Helper()
	b := w.server.Browser(t)
	b.SetCookie(origin+"/", &http.Cookie{Name: cookie, Value: s.Token, Path: "/", Secure: true})
	return b
}

// do runs a statement as the database's owner would.
func (w *world) do(t testing.TB, fn func(ctx context.Context, tx *pg.PlatformTx) error) {
	t.Helper()
	if err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) set(t testing.TB, sql string) {
	t.Helper()
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		_, err := pg.Exec(ctx, tx, sql, nil)
		return err
	})
}

// code is what the authenticator of a secret shows now; each call is half a minute later.
func (w *world) code(t testing.TB, secret string) string {
	t.Helper()
	now := w.clock.Add(30)
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), time.Unix(now, 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func contains(t testing.TB, what string, p *browse.Page, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(p.Body, want) {
			t.Errorf("%s (%d at %s) lacks %q\n%s", what, p.Status, p.URL, want, p.Body)
			return
		}
	}
}

func lacks(t testing.TB, what string, p *browse.Page, unwanted ...string) {
	t.Helper()
	for _, bad := range unwanted {
		if strings.Contains(p.Body, bad) {
			t.Errorf("%s says %q", what, bad)
		}
	}
}
