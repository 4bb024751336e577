package site_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/oidctest"
	"rookery/tenant"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

// A company that wants its own login only: nothing else lets in, but chosen owners, and
// they not in silence.
func TestSSORequired(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	w.setPassword(t, w.A.Person)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.A.Person, people.MemberOwner)
	})
	mate := w.Person(t, "mate@a.test")
	w.setPassword(t, mate)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, mate, people.MemberPlain)
	})
	before := w.server.Browser(t)
	s, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, mate, "test")
	if err != nil {
		t.Fatal(err)
	}
	before.SetCookie("https://a.test/", &http.Cookie{Name: sessionCookie, Value: s.Token, Path: "/", Secure: true})

	wrong := sso.Change{Settings: sso.Settings{Issuer: w.idp.URL(), ClientID: oidctest.ClientID, Role: people.MemberPlain, On: true, Required: true}}
	if err := w.sso.Save(t.Context(), w.A.Tenant, wrong, audit.ByOperator()); err == nil || !strings.Contains(err.Error(), "1 fields") {
		t.Errorf("without an owner who gets in otherwise: %v", err)
	}
	w.save(t, func(c *sso.Change) {
		c.Required, c.Glass, c.MailDomains = true, []social.PersonID{w.A.Person}, []string{"a.test"}
	})
	if page := before.Get("https://a.test/settings/apps"); page.Status == http.StatusOK {
		t.Error("a session by password outlives it")
	}
	enter := func(mail, secret string) (*browse.Browser, *browse.Page) {
		b := w.server.Browser(t)
		page := b.Get("https://a.test/auth/sign_in")
		page = b.Submit(page, b.Form(page, "password", ""), "email", mail, "password", secret)
		return b, page
	}
	b, page := enter("mate@a.test", password)
	w.refused(t, b, page, "sign in with its own login")
	_, page = enter("Mate@A.test", "")
	if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location(), "/auth/sso?mail=") {
		t.Errorf("a mail address of the domain leads to %d %q", page.Status, page.Location())
	}
	if b, page = enter("alice@a.test", password); page.Status != http.StatusSeeOther || !signedIn(b) {
		t.Errorf("the owner with a way in: %d\n%s", page.Status, page.Body)
	}
	if w.acts(t, "sso.break_glass") != 1 || w.mails(t, "sso_break_glass") != 1 {
		t.Errorf("%d entries and %d mails about it, want 1 and 1", w.acts(t, "sso.break_glass"), w.mails(t, "sso_break_glass"))
	}
	err = w.A.Try(t, func(ctx context.Context, scope *pg.Scope) error { return people.Leave(ctx, scope, w.A.Person) })
	if err == nil || !strings.Contains(err.Error(), "one owner at least") {
		t.Errorf("the last owner with a way in leaves: %v", err)
	}
	err = w.A.Try(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.A.Person, people.MemberAdmin)
	})
	if err == nil || !strings.Contains(err.Error(), "one owner at least") {
		t.Errorf("the last owner with a way in becomes an admin: %v", err)
	}
	if changed, err := w.sso.TurnOff(t.Context(), w.A.Tenant.ID, audit.ByOperator()); !changed || err != nil {
		t.Fatalf("off: %t, %v", changed, err)
	}
	if b, page = enter("mate@a.test", password); page.Status != http.StatusSeeOther || !signedIn(b) {
		t.Errorf("after it was turned off: %d", page.Status)
	}
}

func (w *company) mails(t testing.TB, template string) (n int) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		n, err = pg.Value[int](ctx, scope, `SELECT count(*) FROM mails WHERE tenant_id = @tenant_id AND template = '`+template+`'`, nil)
		return err
	})
	return n
}

// Sessions end when the company wants people to sign in again, and visits do not move that.
func TestSSOAgainAfterDays(t *testing.T) {
	t.Parallel()
	w := newCompany(t, func(c *sso.Change) { c.AgainDays = 2 })
	b := w.server.Browser(t)
	w.through(t, b)
	var token string
	for _, c := range b.Cookies("https://a.test/") {
		if c.Name == sessionCookie {
			token = c.Value
		}
	}
	ends := func() time.Duration {
		w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			_, err := pg.Exec(ctx, scope, `UPDATE sessions SET last_seen_at = now() - interval '2 hours' WHERE tenant_id = @tenant_id`, nil)
			return err
		})
		for range 2 { // the first read moves the end
			s, err := w.judge.Session(t.Context(), w.A.Tenant.ID, token)
			if err != nil {
				t.Fatal(err)
			}
			if !s.LastSeen.Before(time.Now().Add(-time.Hour)) {
				return time.Until(s.ExpiresAt)
			}
		}
		t.Fatal("the visit was not noted")
		return 0
	}
	if d := ends(); d > 48*time.Hour || d < 47*time.Hour {
		t.Errorf("ends in %s, want two days", d)
	}
	w.save(t, func(c *sso.Change) { c.AgainDays = 1 })
	if d := ends(); d > 24*time.Hour {
		t.Errorf("ends in %s, want a day", d)
	}
}

// A name of which no account can be made keeps nobody out: the person is told why, and the
// owners once, by mail.
func TestSSOWithoutAnAccount(t *testing.T) {
	t.Parallel()
	w := newCompany(t, func(c *sso.Change) { c.MakeAccount = true })
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.A.Person, people.MemberOwner)
	})
	letters := func() (n int) {
		w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
			n, err = pg.Value[int](ctx, scope, `SELECT count(*) FROM mails WHERE tenant_id = @tenant_id AND template = 'sso_no_account'`, nil)
			return err
		})
		return n
	}
	for i, tt := range []struct {
		name, words string
		taken       bool
	}{
		{"", "no name of which a handle can be made", false},
		{"李雷", "no name of which a handle can be made", false},
		{"support", "is taken, and so are those with a number", true},
	} {
		if tt.taken { // @support is there; these are the numbers behind it
			for n := 2; n <= 20; n++ {
				w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
					return store.AddHandle(ctx, scope, w.support.ID, "support"+strconv.Itoa(n), w.A.Tenant.HandleDomain)
				})
			}
		}
		w.idp.SetPerson(map[string]any{"sub": "new-" + strconv.Itoa(i), "email": "new" + strconv.Itoa(i) + "@a.test", "email_verified": true, "name": "Zoe", "preferred_username": tt.name})
		for range 2 {
			b := w.server.Browser(t)
			page := w.through(t, b)
			if page.Status != http.StatusOK || !signedIn(b) || !strings.Contains(page.Body, tt.words) || !strings.Contains(page.Body, `href="/about"`) {
				t.Errorf("%q: %d, signed in %t\n%s", tt.name, page.Status, signedIn(b), page.Body)
			}
		}
		if n := letters(); n != i+1 {
			t.Errorf("%q: %d letters so far, want %d", tt.name, n, i+1)
		}
	}
	// A better name, and all is well.
	w.idp.SetPerson(map[string]any{"sub": "new-0", "preferred_username": "newcomer"})
	if page := w.through(t, w.server.Browser(t)); page.Status != http.StatusSeeOther {
		t.Errorf("with a name: %d\n%s", page.Status, page.Body)
	}
}

// Whoever comes for the first time takes a seat of the company's plan: the last one, and no
// more. Who is in comes in, and who is invited has a seat. An account too many keeps nobody out.
func TestSSOTakesSeats(t *testing.T) {
	t.Parallel()
	w := newCompany(t, func(c *sso.Change) { c.MakeAccount = true })
	known, _ := w.Registry.ByID(w.A.Tenant.ID)
	known.Entitlement = tenant.Entitlement{Standing: tenant.Paid, Limits: tenant.Limits{Seats: 2, Accounts: 1}}
	first := w.server.Browser(t)
	if page := w.through(t, first); page.Status != http.StatusOK || !strings.Contains(page.Body, "no room for another account") || !signedIn(first) {
		t.Fatalf("the last seat: %d\n%s", page.Status, page.Body)
	}
	w.idp.SetPerson(map[string]any{"sub": "s-2", "email": "yan@a.test", "email_verified": true, "name": "Yan", "preferred_username": "yan"})
	second := w.server.Browser(t)
	w.refused(t, second, w.through(t, second), "has no room for more people")
	if _, err := w.People.ByEmail(t.Context(), "yan@a.test"); !fault.IsNotFound(err) {
		t.Errorf("a person was made nevertheless: %v", err)
	}
	w.idp.SetPerson(map[string]any{"sub": "s-1", "email": "zoe@a.test", "email_verified": true, "name": "Zoe", "preferred_username": "zoe"})
	again := w.server.Browser(t)
	if page := w.through(t, again); !signedIn(again) {
		t.Errorf("who is in: %d\n%s", page.Status, page.Body)
	}
}
