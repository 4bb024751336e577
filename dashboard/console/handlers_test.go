package console_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/internal/barred"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/moderate"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	events "rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/dnstest"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
	"rookery/internal/upkeep"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/brand"
	"rookery/tenant/deletion"
	"rookery/tenant/domains"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

const (
	home     = "https://rookery.test"
	password = "correct horse battery"
)

// world is a platform with two tenants; alice owns tenant A.
type world struct {
	*fixture.World
	sso      *sso.Service
	clock    atomic.Int64 // what authenticators take for now, in seconds
	server   *browse.Server
	judge    *access.Judge
	domains  *domains.Service
	dns      *dnstest.Server
	deps     console.Deps
	barred   *barred.List
	console  *console.Handlers
	deletion *deletion.Service
	till     *till
}

func newWorld(t testing.TB, base string, change ...func(*console.Deps)) *world {
	t.Helper()
	w := &world{World: fixture.New(t)}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w.judge = access.New(w.PG, nil)
	w.clock.Store(time.Now().Unix())
	w.domains, w.dns = newDomains(t, w.World)
	w.deletion = deletion.New(deletion.Options{DB: w.PG, Tenants: w.Registry, Names: w.domains, Console: home})
	w.sso = newSSO(t, w.World, key)
	w.till = newTill(t, w.World)
	w.barred = barred.NewList(w.PG, slog.New(slog.DiscardHandler))
	w.deps = console.Deps{
		SSO: w.sso,
		DB:  w.PG, Log: slog.New(slog.DiscardHandler), Judge: w.judge, People: w.People, Logins: limit.NewLogins(w.PG, limit.Options{Now: testkit.StoppedClock()}),
		Factors: factor.New(factor.Options{DB: w.PG, Seal: key, Now: w.now}), SignUp: true,
		Tenants: w.Registry, Accounts: account.NewWith(w.PG, key, testkeys.RSA), Media: media.Addresses{Scheme: "https", Host: "media.test"},
		Posts: status.New(status.Options{Streams: events.New(w.PG, slog.New(slog.DiscardHandler))}), Files: media.New(w.PG), Relate: relate.New(events.New(w.PG, slog.New(slog.DiscardHandler))),
		Domains: w.domains, Limiter: limit.New(limit.Options{Now: testkit.StoppedClock()}), Scheme: "https", Host: "rookery.test", Base: base,
		LinkKey: key.Derive("domain-link"), Deletion: w.deletion, Brands: brand.New(w.PG, w.Registry), Clocks: upkeep.Defaults,
		Servers: moderate.New(w.PG, nil), Barred: w.barred, Billing: w.till.shop,
	}
	for _, c := range change {
		c(&w.deps)
	}
	h := console.New(w.deps)
	w.console = h
	platform := echo.New()
	platform.HTTPErrorHandler = func(err error, c echo.Context) { h.ErrorPage(c, err) }
	h.Register(platform)
	e := echo.New()
	e.Pre(hostroute.New(hostroute.Options{Table: w.Registry, TLS: true, Platform: "rookery.test", PlatformHandler: platform}))
	w.server = browse.Serve(t, e)
	t.Cleanup(h.Close) // open pages would keep the server from ending
	w.join(t, w.A, w.A.Person, people.MemberOwner)
	return w
}

func (w *world) now() time.Time { return time.Unix(w.clock.Load(), 0) }

func (w *world) join(t testing.TB, h *fixture.Home, person social.PersonID, role people.Membership) {
	t.Helper()
	h.Do(t, func(ctx context.Context, scope *pg.Scope) error { return people.Join(ctx, scope, person, role) })
}

// session gives a person a browser that is signed in.
func (w *world) session(t testing.TB, person social.PersonID) *browse.Browser {
	t.Helper()
	s, err := w.judge.StartConsoleSession(t.Context(), person, "test")
	if err != nil {
		t.Fatal(err)
	}
	b := w.server.Browser(t)
	b.SetCookie(home+"/", &http.Cookie{Name: "__Host-rookery_console", Value: s.Token, Path: "/", Secure: true})
	return b
}

func room(h *fixture.Home) string { return home + "/tenants/" + h.Tenant.ID.String() }

// From the front door to an account that can be signed in to, by forms alone.
func TestFromSignInToANewAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	b := w.server.Browser(t)
	page := b.Follow(b.Get(room(w.A) + "/accounts/new"))
	form := b.Form(page, "password", "")
	if got := b.Submit(page, form, "email", "alice@a.test", "password", "wrong password"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "fit together") {
		t.Errorf("a wrong password: %d", got.Status)
	}
	page = b.Follow(b.Submit(page, form, "email", "alice@a.test", "password", password))
	form = b.Form(page, "username", "")
	taken := b.Submit(page, form, "username", "bad name", "display_name", "Night shift")
	if taken.Status != http.StatusUnprocessableEntity || !strings.Contains(taken.Body, "cannot be a name") || !strings.Contains(taken.Body, `value="Night shift"`) {
		t.Errorf("a bad name: %d\n%s", taken.Status, taken.Body)
	}
	page = b.Follow(b.Submit(page, form, "username", "support", "display_name", "Night shift"))
	for _, want := range []string{"@support@a.test is ready", "alice@a.test", "https://a.test/@support", "Night shift"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page after it lacks %s:\n%s", want, page.Body)
		}
	}
	again := b.Get(room(w.A) + "/accounts/new")
	if got := b.Submit(again, b.Form(again, "username", ""), "username", "Support"); got.Status != http.StatusConflict || !strings.Contains(got.Body, "taken") {
		t.Errorf("a taken name: %d", got.Status)
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		a, err := store.AccountByHandle(ctx, scope, social.Handle{User: "support"})
		if err != nil {
			return err
		}
		role, err := people.RoleOf(ctx, scope, a.ID, w.A.Person)
		if role != people.Owner {
			t.Errorf("the maker's role is %q", role)
		}
		return err
	})
	if list := b.Get(room(w.A)); !strings.Contains(list.Body, "@support@a.test") || strings.Contains(list.Body, "b.test") {
		t.Error("the list lacks the account, or names another tenant")
	}
	if list := b.Follow(b.Get(home + "/")); !strings.Contains(list.Body, "Tenant a.test") || !strings.Contains(list.Body, "2 accounts") || strings.Contains(list.Body, "Tenant b.test") {
		t.Errorf("the companies:\n%s", list.Body)
	}
	out := b.Follow(b.Submit(page, b.Form(page, "authenticity_token", "")))
	if !strings.Contains(out.Body, "You are signed out") {
		t.Errorf("after signing out: %s", out.URL)
	}
	if got := b.Get(home + "/tenants"); !strings.HasPrefix(got.Location(), "/sign_in?next=") {
		t.Errorf("signed out, the list leads to %q", got.Location())
	}
}

// TEN-31: another company does not exist, whichever way it is asked for.
func TestAnotherCompanyIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	bob := ids.Format(int64(w.B.Account.ID))
	for name, path := range map[string]string{
		"room": "/tenants/" + w.B.Tenant.ID.String(), "form": "/tenants/" + w.B.Tenant.ID.String() + "/accounts/new",
		"account": "/tenants/" + w.B.Tenant.ID.String() + "/accounts/" + bob, "account in the own room": "/tenants/" + w.A.Tenant.ID.String() + "/accounts/" + bob,
		"no company": "/tenants/1", "no number": "/tenants/x", "negative": "/tenants/-1", "no account": "/tenants/" + w.A.Tenant.ID.String() + "/accounts/x",
	} {
		got := b.Get(home + path)
		if got.Status != http.StatusNotFound || strings.Contains(got.Body, "b.test") {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	page := b.Get(room(w.A) + "/accounts/new")
	form := b.Form(page, "username", "")
	form.Action = "/tenants/" + w.B.Tenant.ID.String() + "/accounts"
	if got := b.Submit(page, form, "username", "intruder"); got.Status != http.StatusNotFound {
		t.Errorf("making an account there: %d to %q", got.Status, got.Location())
	}
	if got := b.Get("https://a.test/tenants"); got.Status == http.StatusOK {
		t.Error("the console answers on a tenant's host")
	}
}

// TEN-31: each role and each page.
func TestWhoMayMakeAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	owner := w.session(t, w.A.Person)
	page := owner.Get(room(w.A) + "/accounts/new")
	for role, may := range map[people.Membership]bool{
		people.MemberAdmin: true, people.MemberBilling: false, people.MemberModerator: false, people.MemberPlain: false,
	} {
		person := w.Person(t, string(role)+"@a.test")
		w.join(t, w.A, person, role)
		b := w.session(t, person)
		list := b.Get(room(w.A))
		if strings.Contains(list.Body, "New account") != may || !strings.Contains(list.Body, "@alice@a.test") {
			t.Errorf("%s: the list is wrong", role)
		}
		if got := b.Get(room(w.A) + "/accounts/new"); (got.Status == http.StatusOK) != may {
			t.Errorf("%s: form %d", role, got.Status)
		}
		if may {
			continue
		}
		token := b.Form(list, "authenticity_token", "").Values.Get("authenticity_token")
		got := b.Submit(page, owner.Form(page, "username", ""), "authenticity_token", token, "username", "made")
		if got.Status != http.StatusForbidden {
			t.Errorf("%s makes an account: %d to %q", role, got.Status, got.Location())
		}
	}
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := owner.Submit(page, owner.Form(page, "username", ""), "username", "made"); got.Status != http.StatusForbidden {
		t.Errorf("an account for a suspended tenant: %d to %q", got.Status, got.Location())
	}
}

// TEN-08 and TEN-29 on the platform's host.
func TestConsoleRefusesWhatIsForeign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b, other := w.session(t, w.A.Person), w.session(t, w.A.Person)
	page := b.Get(room(w.A) + "/accounts/new")
	form := b.Form(page, "username", "")
	if got := other.Submit(page, form, "username", "made"); got.Status != http.StatusForbidden {
		t.Errorf("another session's form: %d", got.Status)
	}
	if got := w.server.Browser(t).Submit(page, form, "username", "made"); got.Status != http.StatusUnauthorized {
		t.Errorf("a form without a session: %d", got.Status)
	}
	values := form.Values
	values.Set("username", "made")
	for name, headers := range map[string][]string{
		"origin": {"Origin", "https://a.test"}, "cross-site": {"Sec-Fetch-Site", "cross-site"}, "tenant's page": {"Sec-Fetch-Site", "same-site"}, "text": {"Content-Type", "text/plain"},
	} {
		if got := b.Post(room(w.A)+"/accounts", values, headers...); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d to %q", name, got.Status, got.Location())
		}
	}
	// A cookie that a tenant's page tossed in for all subdomains has another name.
	tossed := w.server.Browser(t)
	s, err := w.judge.StartConsoleSession(t.Context(), w.A.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	tossed.SetCookie(home+"/", &http.Cookie{Name: "rookery_console", Value: s.Token, Path: "/"})
	if got := tossed.Get(home + "/tenants"); got.Status == http.StatusOK {
		t.Error("a tossed cookie signs in")
	}
	inTenant, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	tossed.SetCookie(home+"/", &http.Cookie{Name: "__Host-rookery_console", Value: inTenant.Token, Path: "/", Secure: true})
	if got := tossed.Get(home + "/tenants"); got.Status == http.StatusOK {
		t.Error("a session of a tenant's host opens the console")
	}
	got := b.Get(room(w.A)).Header
	if got.Get("Content-Security-Policy") != assets.Policy || got.Get("Cache-Control") != "no-store" || got.Get("X-Frame-Options") != "DENY" {
		t.Errorf("headers %v", got)
	}
}

// A self-hoster's console stands below /console of another host.
func TestConsoleBelowAPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/console")
	b := w.session(t, w.A.Person)
	page := b.Follow(b.Get(home + "/console"))
	if page.URL.Path != "/console/tenants" || strings.Contains(page.Body, `href="/tenants`) || strings.Contains(page.Body, `action="/sign_out`) {
		t.Errorf("at %s links leave the console:\n%s", page.URL, page.Body)
	}
	stranger := w.server.Browser(t)
	if got := stranger.Get(home + "/console/tenants"); got.Location() != "/console/sign_in?next=%2Fconsole%2Ftenants" {
		t.Errorf("a stranger is sent to %q", got.Location())
	}
}
