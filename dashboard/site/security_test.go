package site_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

const signInPage = "https://a.test/auth/sign_in"

// link is the newest link that was mailed with a template.
func (w *world) link(t testing.TB, template string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var link string
	if err := conn.QueryRow(t.Context(), `SELECT data->>'link' FROM mails WHERE template = $1 ORDER BY id DESC LIMIT 1`, template).Scan(&link); err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	return link
}

// The answer is the same whether the address is known; the link works once and signs every
// browser out.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.server.Browser(t)
	before := w.session(t, session)
	b := w.server.Browser(t)
	ask := func(email string) *browse.Page {
		page := b.Get(signInPage + "/forgot")
		return b.Submit(page, b.Form(page, "email", ""), "email", email)
	}
	known, unknown := ask("alice@a.test"), ask("zelda@a.test")
	if known.Status != http.StatusOK || known.Body != strings.ReplaceAll(unknown.Body, "zelda@", "alice@") {
		t.Errorf("the answers differ: %d, %d", known.Status, unknown.Status)
	}
	if got := ask("nonsense"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("no address: %d", got.Status)
	}
	link := w.link(t, "person_reset")
	if !strings.HasPrefix(link, signInPage+"/reset?token=") {
		t.Fatalf("the link leads to %s", link)
	}
	for range 2 { // a mail filter opens it first
		if got := b.Get(link); got.Status != http.StatusOK {
			t.Fatalf("%d\n%s", got.Status, got.Body)
		}
	}
	page := b.Get(link)
	if got := b.Submit(page, b.Form(page, "password", ""), "password", "short"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a short password: %d", got.Status)
	}
	done := b.Submit(page, b.Form(page, "password", ""), "password", password)
	if done.Status != http.StatusSeeOther || !strings.HasPrefix(done.Location(), "/auth/sign_in") {
		t.Fatalf("%d to %q\n%s", done.Status, done.Location(), done.Body)
	}
	if _, err := w.judge.Session(t.Context(), w.A.Tenant.ID, before.Token); err == nil {
		t.Error("a session outlives the reset")
	}
	for _, dead := range []string{link, signInPage + "/reset?token=x", signInPage + "/reset", signInPage + "/reset?token=%00"} {
		if got := b.Get(dead); got.Status != http.StatusGone {
			t.Errorf("%s: %d", dead, got.Status)
		}
	}
	// TEN-42: mails are limited, for known and unknown alike.
	for _, email := range []string{"alice@a.test", "zelda@a.test"} {
		for range 4 {
			ask(email)
		}
		if got := ask(email); got.Status != http.StatusTooManyRequests {
			t.Errorf("the sixth mail to %s: %d", email, got.Status)
		}
	}
	// TEN-29
	if got := b.Post(signInPage+"/forgot", url.Values{"email": {"alice@a.test"}}, "Sec-Fetch-Site", "cross-site"); got.Status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.Status)
	}
}

// withTOTP sets an authenticator up through the pages and returns its secret and the codes.
func (w *world) withTOTP(t testing.TB, b *browse.Browser) (secret string, codes []string) {
	t.Helper()
	page := b.Get("https://a.test/settings/login/authenticator")
	secret = between(t, page.Body, `<div class="code"><code>`, `</code>`)
	secret = strings.ReplaceAll(secret, " ", "")
	if got := b.Get("https://a.test/settings/login/authenticator/qr.png"); got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "\x89PNG") || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the picture: %d, %q", got.Status, got.Header)
	}
	if got := b.Submit(page, b.Form(page, "code", ""), "code", "000000"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.Status)
	}
	got := b.Submit(page, b.Form(page, "code", ""), "code", w.code(t, secret))
	if got.Status != http.StatusOK {
		t.Fatalf("turn it on: %d\n%s", got.Status, got.Body)
	}
	codes = strings.Fields(between(t, got.Body, `tabindex="0">`, `</pre>`))
	w.clock.Add(30)
	return secret, codes
}

func between(t testing.TB, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	found, _, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%q is not there:\n%s", from, text)
	}
	return found
}

func (w *world) code(t testing.TB, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Unix(w.clock.Load(), 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// password goes through the first step and returns where it leads.
func (w *world) firstStep(t testing.TB, b *browse.Browser, next string) *browse.Page {
	t.Helper()
	page := b.Get(signInPage + next)
	return b.Submit(page, b.Form(page, "password", ""), "email", "alice@a.test", "password", password)
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.server.Browser(t), w.server.Browser(t)
	w.signIn(t, own)
	w.session(t, other)
	secret, codes := w.withTOTP(t, own)
	if len(codes) != 10 {
		t.Fatalf("codes %q", codes)
	}
	if got := own.Get("https://a.test/settings/apps"); got.Status != http.StatusOK {
		t.Errorf("this browser is signed out: %d", got.Status)
	}
	if got := other.Get("https://a.test/settings/apps"); got.Status != http.StatusSeeOther {
		t.Errorf("a browser that showed no code is still signed in: %d", got.Status)
	}
	b := w.server.Browser(t)
	first := w.firstStep(t, b, "?next=%2Fabout")
	if first.Status != http.StatusSeeOther || first.Location() != "/auth/sign_in/second" {
		t.Fatalf("after the password: %d to %q", first.Status, first.Location())
	}
	if got := b.Get("https://a.test/settings/apps"); got.Status != http.StatusSeeOther {
		t.Errorf("half signed in is signed in: %d", got.Status)
	}
	page := b.Get(signInPage + "/second")
	form := b.Form(page, "code", "")
	if got := b.Submit(page, form, "code", "000000"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.Status)
	}
	code := w.code(t, secret)
	done := b.Submit(page, form, "code", code)
	if done.Status != http.StatusSeeOther || done.Location() != "/about" {
		t.Fatalf("with the code: %d to %q", done.Status, done.Location())
	}
	if got := b.Get("https://a.test/settings/apps"); got.Status != http.StatusOK {
		t.Errorf("signed in: %d", got.Status)
	}
	again := w.server.Browser(t)
	w.firstStep(t, again, "")
	page = again.Get(signInPage + "/second")
	if got := again.Submit(page, again.Form(page, "code", ""), "code", code); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the same code again: %d", got.Status)
	}
	if got := again.Submit(page, again.Form(page, "code", ""), "code", codes[0]); got.Status != http.StatusSeeOther || got.Location() != "/" {
		t.Errorf("a recovery code: %d to %q", got.Status, got.Location())
	}
	if got := b.Get("https://a.test/settings/login"); !strings.Contains(got.Body, "9 recovery codes are left") {
		t.Error("the page does not count the codes")
	}
}

// TEN-42: guesses of a code are bounded for each sign-in, whatever comes after.
func TestSecondStepsTriesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.server.Browser(t)
	w.signIn(t, own)
	secret, _ := w.withTOTP(t, own)
	b := w.server.Browser(t)
	w.firstStep(t, b, "")
	page := b.Get(signInPage + "/second")
	form := b.Form(page, "code", "")
	for i := range 6 {
		if got := b.Submit(page, form, "code", "000000"); got.Status != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i+1, got.Status)
		}
	}
	if got := b.Submit(page, form, "code", w.code(t, secret)); got.Status != http.StatusForbidden || !strings.Contains(got.Body, "failed too often") {
		t.Errorf("after six tries the right code: %d", got.Status)
	}
	// TEN-29: another browser's form is worth nothing.
	stranger := w.server.Browser(t)
	w.firstStep(t, stranger, "")
	if got := stranger.Submit(page, form, "code", w.code(t, secret)); got.Status != http.StatusForbidden {
		t.Errorf("with another browser's form: %d", got.Status)
	}
}

// TEN-42: who knows the password starts anew as often as they like, and gets no more guesses
// by that: a right password forgives nothing while a code is awaited.
func TestGuessesOfCodesAreBoundedForThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.server.Browser(t)
	w.signIn(t, own)
	w.withTOTP(t, own)
	for n := range 8 {
		b := w.server.Browser(t)
		if first := w.firstStep(t, b, ""); first.Status == http.StatusTooManyRequests {
			return
		} else if first.Status != http.StatusSeeOther {
			t.Fatalf("sign-in %d: %d", n+1, first.Status)
		}
		page := b.Get(signInPage + "/second")
		for range 6 {
			if got := b.Submit(page, b.Form(page, "code", ""), "code", "000000"); got.Status == http.StatusTooManyRequests {
				return
			}
		}
	}
	t.Error("48 codes could be guessed within an hour")
}

// TEN-08: a sign-in that waits for its code is of its host alone, and ends with the password
// that began it.
func TestAHalfSignInEndsWithItsPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.server.Browser(t)
	w.signIn(t, own)
	w.withTOTP(t, own)
	b := w.server.Browser(t)
	w.firstStep(t, b, "")
	if got := b.Get(signInPage + "/second"); got.Status != http.StatusOK {
		t.Fatalf("half signed in: %d", got.Status)
	}
	half, err := w.judge.StartPending(t.Context(), w.A.Tenant.ID, w.A.Person, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, realm := range []tenant.ID{w.B.Tenant.ID, 0} {
		if _, err := w.judge.TryPending(t.Context(), realm, half.Token); err == nil {
			t.Errorf("half signed in at A is half signed in at %d", realm)
		}
	}
	w.setPassword(t, w.A.Person)
	if got := b.Get(signInPage + "/second"); got.Status != http.StatusSeeOther || got.Location() != "/auth/sign_in" {
		t.Errorf("after another password: %d to %q", got.Status, got.Location())
	}
}

// A company's provider speaks for its company: what it lets in cannot move the login, which
// opens other companies too, to another mail address, nor read recovery codes.
func TestAProvidersSessionCannotTakeALoginOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // alice has no password
	b := w.server.Browser(t)
	s := w.session(t, b)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		_, err := pg.Exec(ctx, scope, `UPDATE sessions SET via_sso = true WHERE tenant_id = @tenant_id`, nil)
		return err
	})
	page := b.Get("https://a.test/settings/login")
	if page.Status != http.StatusOK {
		t.Fatalf("%d\n%s", page.Status, page.Body)
	}
	token := url.Values{"authenticity_token": {access.CSRF(s)}, "email": {"thief@x.test"}}
	for _, path := range []string{"/mail", "/codes", "/authenticator/remove", "/passkeys/remove"} {
		if got := b.Post("https://a.test/settings/login"+path, token); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "your company’s own login") {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

// On a company's host only its people are mailed a link for a new password: the name is in the
// company's hands, and the link opens whatever somebody has elsewhere.
func TestForgottenPasswordsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	for _, email := range []string{"alice@a.test", "bob@b.test"} {
		page := b.Get(signInPage + "/forgot")
		if got := b.Submit(page, b.Form(page, "email", ""), "email", email); got.Status != http.StatusOK {
			t.Fatalf("%s: %d", email, got.Status)
		}
	}
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var to []string
	if err := conn.QueryRow(t.Context(), `SELECT array_agg(recipient) FROM mails WHERE template = 'person_reset'`).Scan(&to); err != nil || len(to) != 1 || to[0] != "alice@a.test" {
		t.Errorf("mailed %q, %v", to, err)
	}
}

// A company that asks for a second factor lets people without one set it up, and nothing else:
// no settings, no consent, so that no app gets a token.
func TestRequiredSecondFactor(t *testing.T) {
	t.Parallel()
	w := newOAuth(t)
	b := w.server.Browser(t)
	w.signIn(t, b)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.SetNeedsSecondFactor(ctx, scope, true) })
	authorize := strings.TrimPrefix(w.at(), home)
	for _, path := range []string{"/settings/apps", "/settings/password"} {
		if got := b.Get("https://a.test" + path); got.Status != http.StatusSeeOther || got.Location() != "/settings/login" {
			t.Errorf("%s: %d to %q", path, got.Status, got.Location())
		}
	}
	if got := b.Get("https://a.test" + authorize); got.Status != http.StatusSeeOther || got.Location() != "/settings/login" {
		t.Errorf("consent: %d to %q", got.Status, got.Location())
	}
	page := b.Get("https://a.test/settings/login")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "Set up a second factor to go on") || strings.Contains(page.Body, "Sign out everywhere else") {
		t.Errorf("the page: %d", page.Status)
	}
	if got := b.Post("https://a.test/settings/login/profile", url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("another form: %d", got.Status)
	}
	if got := b.Get("https://a.test/about"); got.Status != http.StatusOK {
		t.Errorf("a public page: %d", got.Status)
	}
	w.withTOTP(t, b)
	if got := b.Get("https://a.test" + authorize); got.Status != http.StatusOK {
		t.Errorf("consent with a second factor: %d", got.Status)
	}
}

func TestOwnPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.server.Browser(t), w.server.Browser(t)
	w.signIn(t, b)
	elsewhere := w.session(t, other)
	page := b.Get("https://a.test/settings/login")
	form := func(action string) browse.Form {
		for _, f := range page.Forms {
			if strings.HasSuffix(f.Action, action) {
				return f
			}
		}
		t.Fatalf("no form for %s", action)
		return browse.Form{}
	}
	if got := b.Submit(page, form("/profile"), "name", "Alice A", "locale", "de"); got.Status != http.StatusSeeOther {
		t.Errorf("name: %d", got.Status)
	} else if shown := b.Follow(got); !strings.Contains(shown.Body, "Gespeichert.") || !strings.Contains(shown.Body, `<html lang="de">`) ||
		!strings.Contains(shown.Body, `<option value="de" lang="de" selected>`) || shown.Header.Get("Content-Language") != "de" {
		t.Errorf("the page does not say in the new language that it was saved: %v\n%.200s\n%v", shown.Header, shown.Body, strings.Contains(shown.Body, "Gespeichert."))
	}
	if got := b.Get("https://a.test/settings/login?done=profile"); strings.Contains(got.Body, "Saved.") {
		t.Error("a stranger's link claims that something was saved")
	}
	if p, err := w.People.ByID(t.Context(), w.A.Person); err != nil || p.Name != "Alice A" || p.Locale != "de" {
		t.Errorf("%+v, %v", p, err)
	}
	if got := b.Follow(b.Submit(page, form("/profile"), "name", "Alice A", "locale", "en")); !strings.Contains(got.Body, "Saved.") {
		t.Error("the page does not go back to English")
	}
	if got := b.Submit(page, form("/mail"), "email", "alice@new.test", "password", "wrong password"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `value="alice@new.test"`) {
		t.Errorf("another address with a wrong password: %d", got.Status)
	}
	if got := b.Submit(page, form("/mail"), "email", "alice@new.test", "password", password); got.Status != http.StatusSeeOther {
		t.Fatalf("another address: %d", got.Status)
	}
	link := w.link(t, "person_new_mail")
	token := strings.TrimPrefix(link, "https://a.test/settings/login/mail/confirm?token=")
	// Whoever clicks on what comes must not give their address to a stranger's login.
	stranger := w.server.Browser(t)
	if got := stranger.Get(link); got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location(), "/auth/sign_in?again=1&next=%2Fsettings%2Flogin%2Fmail") {
		t.Errorf("a browser that is signed out: %d to %q", got.Status, got.Location())
	}
	entry := stranger.Get(signInPage)
	if got := stranger.Post("https://a.test/settings/login/mail/confirm", url.Values{"token": {token}, "authenticity_token": entry.Forms[0].Values["authenticity_token"]}); got.Status != http.StatusSeeOther {
		t.Errorf("its form: %d", got.Status)
	}
	asked := b.Get(link)
	if got := b.Submit(asked, b.Form(asked, "token", "")); got.Status != http.StatusOK || !strings.Contains(got.Body, "alice@new.test") {
		t.Errorf("confirm: %d\n%s", got.Status, got.Body)
	}
	if _, err := w.People.Authenticate(t.Context(), "alice@new.test", password); err != nil {
		t.Error(err)
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.B.Person, people.MemberPlain)
	})
	foreign, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, w.B.Person, "bob's")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		hash   []byte
		status int
	}{"bob's": {foreign.Hash, http.StatusNotFound}, "hers": {elsewhere.Hash, http.StatusSeeOther}, "none": {[]byte("x"), http.StatusNotFound}} {
		values := url.Values{"id": {base64.RawURLEncoding.EncodeToString(tt.hash)}, "authenticity_token": {form("/revoke").Values.Get("authenticity_token")}}
		if got := b.Post("https://a.test/settings/login/sessions/end", values); got.Status != tt.status {
			t.Errorf("end the session of %s: %d", name, got.Status)
		}
	}
	if got := other.Get("https://a.test/settings/apps"); got.Status != http.StatusSeeOther {
		t.Errorf("the ended session: %d", got.Status)
	}
	if got := b.Submit(page, form("/revoke"), "sure", "1"); got.Status != http.StatusSeeOther {
		t.Errorf("end all: %d", got.Status)
	}
	if got := b.Get("https://a.test/settings/apps"); got.Status != http.StatusSeeOther {
		t.Errorf("after ending all: %d", got.Status)
	}
}
