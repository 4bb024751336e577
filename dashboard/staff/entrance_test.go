package staff_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

var shownSecret = regexp.MustCompile(`<div class="code"><code>([A-Z2-7 ]+)</code>`)

func (w *world) knock(t *testing.T, b *browse.Browser, email, password string) *browse.Page {
	t.Helper()
	page := b.Get(home + "/sign_in")
	return b.Submit(page, b.Form(page, "password", ""), "email", email, "password", password)
}

// The first sign-in: nothing opens before a second factor is set up. The next one asks for it.
func TestFirstSignInSetsUpASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.hire(t, "mara@rookery.test", access.StaffAdmin)
	b := w.server.Browser(t)
	page := b.Follow(w.knock(t, b, "mara@rookery.test", password))
	if page.URL.Path != "/staff/me" || !strings.Contains(page.Body, "Set up a second factor to go on") {
		t.Fatalf("after the password: %s\n%s", page.URL, page.Body)
	}
	lacks(t, "the page of a session without a factor", page, `href="/staff/tenants"`)
	if got := b.Get(home + "/tenants"); got.Location() != "/staff/me" {
		t.Errorf("without a factor the tenants answer %d to %q", got.Status, got.Location())
	}
	page = b.Get(home + "/me/authenticator")
	secret := shownSecret.FindStringSubmatch(page.Body)
	if secret == nil {
		t.Fatalf("no key to set up:\n%s", page.Body)
	}
	if got := b.Submit(page, b.Form(page, "code", ""), "code", "000000"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.Status)
	}
	page = b.Submit(page, b.Form(page, "code", ""), "code", w.code(t, secret[1]))
	contains(t, "the recovery codes", page, "recovery codes", `href="/staff/tenants"`)
	contains(t, "the tenants", b.Get(home+"/tenants"), "Tenant a.test", "Tenant b.test", "Staff")

	other := w.server.Browser(t)
	page = other.Follow(w.knock(t, other, "mara@rookery.test", password))
	if page.URL.Path != "/staff/sign_in/second" {
		t.Fatalf("the next sign-in leads to %s", page.URL)
	}
	if got := other.Get(home + "/tenants"); !strings.HasPrefix(got.Location(), "/staff/sign_in?next=") {
		t.Errorf("between the steps: %d to %q", got.Status, got.Location())
	}
	page = other.Submit(page, other.Form(page, "code", ""), "code", w.code(t, secret[1]))
	if page.Location() != "/staff/tenants" {
		t.Errorf("after the code: %d to %q\n%s", page.Status, page.Location(), page.Body)
	}
	for _, c := range page.Header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "__Host-rookery_staff=") && !(strings.Contains(c, "Max-Age=28800") && strings.Contains(c, "HttpOnly") && strings.Contains(c, "Secure")) {
			t.Errorf("the cookie: %s", c)
		}
	}
	if got := other.Get(home + "/tenants").Header; got.Get("Content-Security-Policy") != assets.Policy || got.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", got)
	}
}

// Whoever is no staff gets the answer of a wrong password, word for word, whatever they know.
func TestOthersAreToldNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	gone := w.hire(t, "gone@rookery.test", access.StaffAdmin)
	if err := w.judge.RemoveStaff(t.Context(), gone, audit.ByOperator()); err != nil {
		t.Fatal(err)
	}
	closed := w.hire(t, "closed@rookery.test", access.StaffAdmin)
	if err := w.People.SetDisabled(t.Context(), closed, true); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for name, try := range map[string][2]string{
		"nobody": {"nobody@rookery.test", password}, "an owner's wrong password": {"alice@a.test", "wrong password"}, "an owner's right password": {"alice@a.test", password},
		"who was staff": {"gone@rookery.test", password}, "who is disabled": {"closed@rookery.test", password},
	} {
		b := w.server.Browser(t)
		got := w.knock(t, b, try[0], try[1])
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got.Status)
		}
		body := regexp.MustCompile(`value="[^"]*"`).ReplaceAllString(got.Body, "")
		answers[body] = name
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
}

// A session ends by itself: after half an hour without a visit, after eight hours in any case,
// with the place among the staff, and with the password.
func TestASessionEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	mara := w.hire(t, "mara@rookery.test", access.StaffAdmin)
	isOut := func(name string, b *browse.Browser) {
		t.Helper()
		if got := b.Get(home + "/tenants"); !strings.HasPrefix(got.Location(), "/staff/sign_in") {
			t.Errorf("%s: %d to %q", name, got.Status, got.Location())
		}
	}
	for name, act := range map[string]func(){
		"idle":        func() { w.set(t, `UPDATE staff_sessions SET last_seen_at = now() - interval '31 minutes'`) },
		"eight hours": func() { w.set(t, `UPDATE staff_sessions SET expires_at = now()`) },
		"a new password": func() {
			if err := w.People.SetPassword(t.Context(), mara, password); err != nil {
				t.Fatal(err)
			}
		},
		"lost devices": func() {
			if err := w.factors.Reset(t.Context(), mara, audit.ByOperator()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		b, _ := w.session(t, mara, 2)
		if got := b.Get(home + "/tenants"); got.Status != http.StatusOK {
			t.Fatalf("before %s: %d", name, got.Status)
		}
		act()
		isOut(name, b)
	}
	b, s := w.session(t, mara, 2)
	if err := w.judge.RemoveStaff(t.Context(), mara, audit.ByOperator()); err != nil {
		t.Fatal(err)
	}
	isOut("removed", b)
	// Nor does it open anything else.
	if _, err := w.judge.ConsoleSession(t.Context(), s.Token); err == nil {
		t.Error("a session of the staff opens the console")
	}
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		n, err := pg.Value[int](ctx, tx, `SELECT count(*)::int FROM audit_entries WHERE tenant_id = 0 AND action IN ('staff.add', 'staff.sign_in', 'staff.remove', 'person.reset_factors')`, nil)
		if n < 8 {
			t.Errorf("%d entries in the platform's log", n)
		}
		return err
	})
}

// What is dangerous takes a second factor that was shown just now.
func TestDangerousActsAskAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	mara := w.hire(t, "mara@rookery.test", access.StaffAdmin)
	b, s := w.session(t, mara, 2)
	setup, err := w.factors.SetUp(t.Context(), mara, s.Hash, "Rookery", "mara@rookery.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.factors.Confirm(t.Context(), mara, s.Hash, w.code(t, setup.Secret), audit.BySystem("test")); err != nil {
		t.Fatal(err)
	}
	at := home + "/tenants/" + w.A.Tenant.ID.String() + "/decisions"
	if got := b.Get(at + "/new"); got.Status != http.StatusOK {
		t.Fatalf("fresh: %d", got.Status)
	}
	w.set(t, `UPDATE staff_sessions SET proved_at = now() - interval '26 minutes'`)
	got := b.Get(at + "/new")
	if !strings.HasPrefix(got.Location(), "/staff/prove?next=") {
		t.Fatalf("stale: %d to %q", got.Status, got.Location())
	}
	token := url.Values{"authenticity_token": {access.CSRF(s)}, "standing": {"active"}, "reason": {"x"}, "confirmed": {"1"}}
	if got := b.Post(at, token, "Origin", origin); got.Status != http.StatusForbidden {
		t.Errorf("a stale form: %d", got.Status)
	}
	page := b.Follow(got)
	if got := b.Submit(page, b.Form(page, "code", ""), "code", "123456"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.Status)
	}
	if got := b.Submit(page, b.Form(page, "code", ""), "code", w.code(t, setup.Secret), "next", "//evil.test"); got.Location() != "/staff/tenants" {
		t.Errorf("it leads away: %q", got.Location())
	}
	w.set(t, `UPDATE staff_sessions SET proved_at = now() - interval '26 minutes'`)
	page = b.Follow(b.Submit(page, b.Form(page, "code", ""), "code", w.code(t, setup.Secret)))
	if page.URL.Path != "/staff/tenants/"+w.A.Tenant.ID.String()+"/decisions/new" {
		t.Errorf("after the code: %s", page.URL)
	}
}
