package site_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"rookery/dashboard/assets"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	w.signIn(t, b)
	var cookie *http.Cookie
	for _, c := range b.Cookies(home + "/") {
		if strings.HasSuffix(c.Name, "rookery_session") {
			cookie = c
		}
	}
	if cookie == nil || cookie.Name != "__Host-rookery_session" {
		t.Fatalf("cookies %v", b.Cookies(home+"/"))
	}
	// TEN-08: the session is one host's, and not another tenant's.
	other := w.server.Browser(t)
	other.SetCookie("https://b.test/", &http.Cookie{Name: cookie.Name, Value: cookie.Value, Path: "/", Secure: true})
	if got := other.Get("https://b.test/auth/sign_out"); got.Location() != "/auth/sign_in" {
		t.Errorf("a session of tenant A at tenant B: %d to %q", got.Status, got.Location())
	}
	// Signed in already.
	if got := b.Get(home + "/auth/sign_in?next=/about"); got.Location() != "/about" {
		t.Errorf("signed in, the sign-in page leads to %q", got.Location())
	}
	page := b.Get(home + "/auth/sign_out")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "alice@a.test") {
		t.Fatalf("sign-out page: %d\n%s", page.Status, page.Body)
	}
	form := b.Form(page, "authenticity_token", "")
	if got := b.Submit(page, form, "authenticity_token", "x"); got.Status != http.StatusForbidden {
		t.Errorf("sign-out with a wrong token: %d", got.Status)
	}
	if got := b.Submit(page, form); got.Status != http.StatusOK || !strings.Contains(got.Body, "You are signed out") {
		t.Errorf("sign-out: %d", got.Status)
	}
	b.SetCookie(home+"/", &http.Cookie{Name: cookie.Name, Value: cookie.Value, Path: "/", Secure: true})
	if got := b.Get(home + "/auth/sign_out"); got.Location() != "/auth/sign_in" {
		t.Error("the session outlives the sign-out")
	}
}

// A second sign-in ends the first session, and never takes over one that was there.
func TestSignInMakesANewSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	before := w.session(t, b)
	page := b.Get(home + "/auth/sign_in?again=1")
	w.setPasswordKeeping(t, before)
	done := b.Submit(page, b.Form(page, "password", ""), "email", "alice@a.test", "password", password)
	if done.Status != http.StatusSeeOther {
		t.Fatalf("sign in: %d\n%s", done.Status, done.Body)
	}
	for _, c := range b.Cookies(home + "/") {
		if c.Value == before.Token {
			t.Error("the session is the one from before")
		}
	}
	if _, err := w.judge.Session(t.Context(), w.A.Tenant.ID, before.Token); err == nil {
		t.Error("the session from before goes on")
	}
}

// What goes wrong looks the same for a known and an unknown address.
func TestSignInProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPassword(t, w.A.Person)
	w.setPassword(t, w.B.Person)
	b := w.server.Browser(t)
	page := b.Get(home + "/auth/sign_in")
	form := b.Form(page, "password", "")
	known := b.Submit(page, form, "email", "alice@a.test", "password", "wrong password")
	unknown := b.Submit(page, form, "email", "nobody@a.test", "password", "wrong password")
	if known.Status != http.StatusUnprocessableEntity || strings.ReplaceAll(known.Body, "alice@a.test", "") != strings.ReplaceAll(unknown.Body, "nobody@a.test", "") || known.Status != unknown.Status {
		t.Errorf("the answer tells a known address: %d, %d", known.Status, unknown.Status)
	}
	if strings.Contains(known.Body, "wrong password") || !strings.Contains(known.Body, `value="alice@a.test"`) {
		t.Error("the password came back, or the address did not")
	}
	stranger := b.Submit(page, form, "email", "bob@b.test", "password", password)
	if stranger.Status != http.StatusForbidden || !strings.Contains(stranger.Body, "You have no access here yet") {
		t.Errorf("somebody of another tenant: %d", stranger.Status)
	}
	if err := w.People.SetDisabled(t.Context(), w.A.Person, true); err != nil {
		t.Fatal(err)
	}
	if got := b.Submit(page, form, "email", "alice@a.test", "password", password); got.Status != http.StatusForbidden || !strings.Contains(got.Body, "login is closed") {
		t.Errorf("a closed login: %d", got.Status)
	}
}

// TEN-29: no form from elsewhere, no form of another browser, nothing but forms.
func TestForeignFormsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPassword(t, w.A.Person)
	b, other := w.server.Browser(t), w.server.Browser(t)
	mine := b.Form(b.Get(home+"/auth/sign_in"), "password", "").Values
	theirs := other.Form(other.Get(home+"/auth/sign_in"), "password", "").Values
	fill := func(v url.Values) url.Values {
		v.Set("email", "alice@a.test")
		v.Set("password", password)
		return v
	}
	const at = home + "/auth/sign_in"
	tests := map[string]struct {
		values  url.Values
		headers []string
	}{
		"other origin":      {fill(mine), []string{"Origin", "https://evil.test"}},
		"sandboxed":         {fill(mine), []string{"Origin", "null"}},
		"cross-site":        {fill(mine), []string{"Sec-Fetch-Site", "cross-site"}},
		"sibling host":      {fill(mine), []string{"Sec-Fetch-Site", "same-site"}},
		"another browser's": {fill(theirs), nil},
		"no token":          {url.Values{"email": {"alice@a.test"}, "password": {password}}, nil},
		"text":              {fill(mine), []string{"Content-Type", "text/plain"}},
		"json":              {fill(mine), []string{"Content-Type", "application/json"}},
		"multipart":         {fill(mine), []string{"Content-Type", "multipart/form-data; boundary=x"}},
	}
	for name, tt := range tests {
		if got := b.Post(at, tt.values, tt.headers...); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d to %q", name, got.Status, got.Location())
		}
	}
	if got := b.Post(at, fill(mine)); got.Status != http.StatusSeeOther {
		t.Errorf("the right form: %d", got.Status)
	}
	if got := b.Post(at, url.Values{"email": {strings.Repeat("a", 100<<10)}}); got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d", got.Status)
	}
}

// TEN-41: after signing in, everybody stays on the host.
func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	w.session(t, b)
	stranger := w.server.Browser(t)
	for next, want := range map[string]string{
		"/about": "/about", "/oauth/authorize?client_id=1&scope=a+b": "/oauth/authorize?client_id=1&scope=a+b",
		"//evil.test": "", `/\evil.test`: "", "https:evil.test": "", "https://evil.test/": "", "javascript:alert(1)": "", "/\t/evil.test": "",
		"evil.test": "", "/\n/evil.test": "", `\\evil.test`: "", "": "",
	} {
		at := home + "/auth/sign_in?next=" + url.QueryEscape(next)
		got := b.Get(at)
		if want == "" && got.Location() != "/" || want != "" && got.Location() != want {
			t.Errorf("next=%q leads to %q", next, got.Location())
		}
		form := stranger.Form(stranger.Get(at), "password", "")
		if form.Values.Get("next") != want {
			t.Errorf("the form carries next=%q for %q", form.Values.Get("next"), next)
		}
	}
	if got := b.Get(home + "/web//evil.test"); got.Location() != "" {
		t.Errorf("a path with two slashes leads to %q", got.Location())
	}
	if got := b.Get(home + "/.well-known/change-password"); got.Location() != "/settings/password" {
		t.Errorf("change-password leads to %q", got.Location())
	}
	w.setPasswordKeeping(t, nil)
	page := stranger.Get(home + "/auth/sign_in")
	if got := stranger.Submit(page, stranger.Form(page, "password", ""), "next", "//evil.test", "email", "alice@a.test", "password", password); got.Location() != "/" {
		t.Errorf("a forged next leads to %q", got.Location())
	}
}

// TEN-42: limits hold for an address whatever header it sends, and for a mail address
// wherever the tries come from; the right password does not help then.
func TestSignInLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPassword(t, w.A.Person)
	b := w.server.Browser(t)
	page := b.Get(home + "/auth/sign_in")
	values := b.Form(page, "password", "").Values
	values.Set("email", "alice@a.test")
	values.Set("password", password)
	for i := range 25 {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		if err := w.logins.Attempt(t.Context(), from, "alice@a.test"); err != nil {
			t.Fatal(err)
		}
	}
	got := b.Post(home+"/auth/sign_in", values, "X-Forwarded-For", "203.0.113.9")
	if got.Status != http.StatusTooManyRequests || !strings.Contains(got.Body, "Too many tries") {
		t.Errorf("a mail address with too many tries: %d", got.Status)
	}
	for i := range 25 {
		_ = w.logins.Attempt(t.Context(), netip.MustParseAddr("127.0.0.1"), "x"+string(rune('a'+i))+"@a.test")
	}
	values.Set("email", "bob@b.test")
	if got := b.Post(home+"/auth/sign_in", values, "X-Forwarded-For", "203.0.113.10"); got.Status != http.StatusTooManyRequests {
		t.Errorf("an address with too many tries: %d", got.Status)
	}
	if got := b.Get(home + "/auth/sign_in"); got.Status != http.StatusOK || strings.Contains(got.Body, string(assets.Paused)) {
		t.Errorf("the page itself: %d", got.Status)
	}
}
