package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/billing/stripegw"
	"rookery/dashboard/console"
	"rookery/internal/pg"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

// till is what the console sells with: the real rules before a fake of Stripe.
type till struct {
	plans   *billing.Catalogue
	fake    *stripefake.Server
	gateway *stripegw.Gateway
	ledger  *ledger.Ledger
	shop    *checkout.Service
}

func newTill(t testing.TB, w *fixture.World) *till {
	t.Helper()
	plans, err := billing.ParsePlans(billing.Examples())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	s := &till{plans: plans, fake: stripefake.New(stripefake.Options{Now: func() time.Time { return start }, Client: http.DefaultClient, TaxBasisPoints: 1900})}
	api := httptest.NewServer(s.fake)
	t.Cleanup(api.Close)
	t.Cleanup(s.fake.Close)
	if s.gateway, err = stripegw.New(stripegw.Options{Key: "sk_test_console", URL: api.URL, Client: api.Client()}); err != nil {
		t.Fatal(err)
	}
	s.ledger = ledger.New(ledger.Options{DB: w.PG, Plans: plans, Gateway: s.gateway, Now: s.fake.Now})
	s.shop = checkout.New(checkout.Options{DB: w.PG, Plans: plans, Till: s.gateway, Ledger: s.ledger, Console: home, Now: s.fake.Now})
	return s
}

// open sets the provider up, and lets the clock begin every company's trial.
func (s *till) open(t testing.TB) {
	t.Helper()
	ids, err := s.gateway.EnsurePrices(t.Context(), s.plans)
	if err == nil {
		err = s.ledger.KeepPrices(t.Context(), ids)
	}
	if err == nil {
		err = s.ledger.Sweep(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pay does what somebody does on the provider's page, and comes back.
func (w *world) pay(t *testing.T, b *browse.Browser, page *browse.Page) *browse.Page {
	t.Helper()
	if page.Status != http.StatusSeeOther || !strings.Contains(page.Location(), "/c/pay/") {
		t.Fatalf("%d to %q:\n%s", page.Status, page.Location(), page.Body)
	}
	back, err := w.till.fake.PayCheckout(path.Base(page.Location()), stripefake.Purchase{Card: stripefake.CardPays, Country: "DE", PostalCode: "10115", Name: "Alice"})
	if err != nil {
		t.Fatal(err)
	}
	return b.Get(back)
}

// choose presses the button of a plan.
func choose(t *testing.T, b *browse.Browser, page *browse.Page, plan string) *browse.Page {
	t.Helper()
	for _, f := range page.Forms {
		if strings.HasSuffix(f.Action, "/billing/buy") && f.Values.Get("plan") == plan {
			return b.Submit(page, f)
		}
	}
	t.Fatalf("%s cannot be chosen:\n%s", plan, page.Body)
	return nil
}

// A company buys within its trial, changes within it, cancels, and goes on.
func TestACompanyBuysAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.till.open(t)
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/billing"
	page := b.Get(at + "?every=month&currency=eur")
	contains(t, "on trial", page, "You are trying Rookery until", "€49.00", "Choose Team", "Nothing is charged before your trial ends", "No invoices yet", "each one more €4.00 a month")
	contains(t, "by the year, in dollars", b.Get(at+"?every=year&currency=usd"), "$550.00", "a year, and tax")
	done := w.pay(t, b, choose(t, b, page, "team"))
	contains(t, "back again", done, "Team is yours")
	page = b.Get(at)
	contains(t, "in the trial", page, "The plan is chosen, and the trial goes on until", "Visa ending in 4242", "Your plan", "Card, address and tax id")
	ask := b.Get(link(t, page, "/billing/change", "plan=business"))
	contains(t, "the question", ask, "Change to Business?", "the trial goes on", "€236.81", "Change now")
	page = b.Follow(b.Submit(ask, formTo(t, ask, "/billing/change")))
	contains(t, "after the change", page, "Change to Team …", "€199.00 a month, and tax")
	w.till.fake.Advance(15 * billing.Day)
	w.sync(t)
	page = b.Get(at)
	contains(t, "after the trial", page, "It renews itself on", "€236.81", "Paid", "PDF")
	sure := b.Get(link(t, page, "/billing/cancel"))
	contains(t, "before the end", sure, "Cancel Business?", "The company is deleted.")
	page = b.Follow(b.Submit(sure, formTo(t, sure, "/billing/cancel")))
	contains(t, "cancelled", page, "The plan is cancelled and ends on", "Let it go on")
	page = b.Follow(b.Submit(page, formTo(t, page, "/billing/resume")))
	contains(t, "goes on", page, "It renews itself on")
	// Less, and not less after all.
	ask = b.Get(link(t, page, "/billing/change", "plan=team"))
	contains(t, "the question", ask, "Change to Team?", "is paid for until", "Single sign-on", "€58.31")
	page = b.Follow(b.Submit(ask, formTo(t, ask, "/billing/change")))
	contains(t, "planned", page, "on the plan is Team, for €49.00 a month", "Keep Business")
	page = b.Follow(b.Submit(page, formTo(t, page, "/billing/keep")))
	if strings.Contains(page.Body, "Keep Business") {
		t.Error("the change is still planned")
	}
	if to := b.Submit(page, formTo(t, page, "/billing/portal")); to.Status != http.StatusSeeOther || !strings.Contains(to.Location(), "/p/session/") {
		t.Errorf("%d to %q", to.Status, to.Location())
	}
	log := b.Get(room(w.A) + "/audit")
	for _, want := range []string{"went to pay for the plan Team/month", "cancelled the plan Business/month", "let the plan Business/month go on", "kept the plan Business/month in place of Team/month"} {
		if !strings.Contains(log.Body, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// sync reads what the provider knows of company A.
func (w *world) sync(t *testing.T) {
	t.Helper()
	var customer string
	err := w.PG.Platform(t.Context(), "a test of billing", func(tx *pg.PlatformTx) error {
		all, err := store.Customers(t.Context(), tx, w.A.Tenant.ID)
		if err == nil {
			customer = all[0].CustomerID
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.till.ledger.Sync(t.Context(), customer); err != nil {
		t.Fatal(err)
	}
	if err := w.till.ledger.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// link is the address of a link whose address has all the parts.
func link(t *testing.T, page *browse.Page, parts ...string) string {
	t.Helper()
	for _, part := range strings.Split(page.Body, `href="`)[1:] {
		address := strings.ReplaceAll(part[:strings.IndexByte(part, '"')], "&amp;", "&")
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(address, p) }) {
			return home + address
		}
	}
	t.Fatalf("no link with %v:\n%s", parts, page.Body)
	return ""
}

// What cannot be comes back as a sentence on the room, and what is in the way as a list.
func TestWhatBillingRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.till.open(t)
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/billing"
	page := b.Get(at)
	token := formTo(t, page, "/billing/buy").Values.Get("authenticity_token")
	send := func(path string, values ...string) *browse.Page {
		form := url.Values{"authenticity_token": {token}}
		for i := 0; i < len(values); i += 2 {
			form.Set(values[i], values[i+1])
		}
		return b.Post(at+path, form, "Origin", home)
	}
	refused := func(what string, got *browse.Page, status int, sentence string) {
		t.Helper()
		if got.Status != status {
			t.Errorf("%s: %d, want %d", what, got.Status, status)
		}
		contains(t, what, got, sentence)
	}
	refused("no plan", send("/buy", "plan", "x"), http.StatusUnprocessableEntity, "There is no such plan")
	refused("by contract", send("/buy", "plan", "enterprise", "currency", "eur", "every", "month"), http.StatusUnprocessableEntity, "There is no such plan")
	refused("nothing to change", send("/change", "plan", "team", "currency", "eur", "every", "month"), http.StatusConflict, "There is no plan that is paid for yet")
	refused("nothing to cancel", send("/cancel"), http.StatusConflict, "There is no plan that is paid for yet")
	refused("nothing to resume", send("/resume"), http.StatusConflict, "There is no plan that is paid for yet")
	refused("nothing to keep", send("/keep"), http.StatusConflict, "There is no plan that is paid for yet")
	refused("no portal", send("/portal"), http.StatusConflict, "There are no payments yet")
	w.till.fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusInternalServerError})
	refused("the provider is away", send("/buy", "plan", "team", "currency", "eur", "every", "month"), http.StatusServiceUnavailable, "Nothing was charged. Try again in a few minutes.")
	w.till.fake.MisbehaveAPI(stripefake.APIChaos{})
	w.pay(t, b, choose(t, b, page, "team"))
	refused("a second plan", send("/buy", "plan", "solo", "currency", "eur", "every", "month"), http.StatusConflict, "There is a plan already")
	refused("the same plan", b.Get(at+"/change?plan=team&currency=eur&every=month"), http.StatusConflict, "This is your plan already")
	w.set(t, `INSERT INTO accounts (tenant_id, id, username, domain, uri, actor_type) SELECT $1, 7000 + n, 'desk' || n, '', 'https://a.test/users/desk' || n, 'Person' FROM generate_series(1, 4) n`, w.A.Tenant.ID)
	refused("too much in use", b.Get(at+"/change?plan=solo&currency=eur&every=month"), http.StatusConflict, "accounts, and the plan has 1")
	if got := b.Get(at + "/done?session=cs_of_somebody"); got.Status != http.StatusNotFound {
		t.Errorf("another company's page: %d", got.Status)
	}
}

// Whoever may not pay sees the plan and what is in use, and neither prices paid nor buttons.
func TestBillingForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.till.open(t)
	at := room(w.A) + "/billing"
	owner := w.session(t, w.A.Person)
	w.pay(t, owner, choose(t, owner, owner.Get(at), "team"))
	plain := w.Person(t, "plain@a.test")
	w.join(t, w.A, plain, people.MemberAdmin)
	page := w.session(t, plain).Get(at)
	contains(t, "for an admin", page, "Team", "In use", "Owners, and people with the role Billing")
	for _, no := range []string{"4242", "Invoices", "/billing/portal", "/billing/change", "/billing/buy"} {
		if strings.Contains(page.Body, no) {
			t.Errorf("an admin sees %q", no)
		}
	}
	payer := w.Person(t, "payer@a.test")
	w.join(t, w.A, payer, people.MemberBilling)
	contains(t, "for the billing role", w.session(t, payer).Get(at), "4242", "/billing/portal", "Cancel the plan …")
	// The room is open however the company stands: there is the way out.
	w.set(t, `UPDATE tenants SET state = 'suspended' WHERE id = $1`, w.A.Tenant.ID)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	contains(t, "suspended", owner.Get(at), "Card, address and tax id")
}

// The operator's sentences about plans are read in the reader's language, where they are there.
func TestPlansInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.till.open(t)
	b := w.session(t, w.A.Person)
	contains(t, "in English", b.Get(room(w.A)+"/billing"), "One account, two people.")
	w.set(t, `UPDATE persons SET locale = 'de' WHERE id = $1`, w.A.Person)
	contains(t, "in German", b.Get(room(w.A)+"/billing"), "Ein Konto, zwei Personen.")
}

// Whether other servers hear of an end that comes because nothing is paid is an owner's to
// choose, as soon as an end is in sight.
func TestHowACompanyEndsIsAnOwnersToChoose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.till.open(t)
	at := room(w.A) + "/billing"
	owner := w.session(t, w.A.Person)
	lacks(t, "with a trial", owner.Get(at).Body, "/billing/goodbye")
	w.pay(t, owner, choose(t, owner, owner.Get(at), "team"))
	page := owner.Get(at + "/cancel")
	page = owner.Follow(owner.Submit(page, formTo(t, page, "/billing/cancel")))
	w.sync(t)
	page = owner.Get(at)
	payer := w.Person(t, "payer@a.test")
	w.join(t, w.A, payer, people.MemberBilling)
	other := w.session(t, payer)
	contains(t, "to the billing role", other.Get(at), "An owner can choose otherwise.")
	lacks(t, "to the billing role", other.Get(at).Body, "/billing/goodbye")
	for _, choice := range []string{"true", "true", "false"} {
		form := formTo(t, page, "/billing/goodbye")
		form.Values.Set("goodbye", choice)
		page = owner.Follow(owner.Submit(page, form))
		contains(t, "after "+choice, page, `value="`+choice+`" checked`)
	}
	for _, action := range []string{"billing.goodbye", "billing.quiet_end"} {
		if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = $2`, w.A.Tenant.ID, action); n != 1 {
			t.Errorf("%d entries of %s, want one", n, action)
		}
	}
}

// Where nothing is charged there is no trace of it on any page.
func TestNoBillingNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(d *console.Deps) { d.Billing = nil })
	b := w.session(t, w.A.Person)
	for _, address := range []string{"", "/people", "/audit", "/data", "/domains", "/security"} {
		page := b.Get(room(w.A) + address)
		if page.Status != http.StatusOK {
			t.Errorf("%s: %d", address, page.Status)
		}
		for _, no := range []string{"/billing", "Plan and billing"} {
			if strings.Contains(page.Body, no) {
				t.Errorf("%s has %q", address, no)
			}
		}
	}
	if got := b.Get(room(w.A) + "/billing"); got.Status != http.StatusNotFound {
		t.Errorf("the room: %d", got.Status)
	}
}
