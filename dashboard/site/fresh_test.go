package site_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/tenant/access"
)

// A browser that was left open adds no factor of a stranger's to somebody's login: a while
// after signing in, the password is asked for again, as it is for changing it.
func TestAFactorTakesAFreshPassword(t *testing.T) {
	t.Parallel()
	const own = "https://a.test/settings/login"
	w := newWorld(t)
	b := w.server.Browser(t)
	w.signIn(t, b)
	fresh := b.Get(own + "/authenticator")
	if fresh.Status != http.StatusOK || !strings.Contains(fresh.Body, "qr.png") {
		t.Fatalf("just signed in: %d\n%s", fresh.Status, fresh.Body)
	}
	form, token := b.Form(fresh, "code", ""), b.Form(fresh, "code", "").Values.Get("authenticity_token")
	w.exec(t, `UPDATE sessions SET created_at = now() - interval '11 minutes'`)
	// Who has begun may finish.
	if got := b.Submit(fresh, form, "code", "000000"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "does not fit") {
		t.Errorf("a code eleven minutes after signing in: %d", got.Status)
	}
	ask := b.Get(own + "/authenticator")
	if ask.Status != http.StatusOK || strings.Contains(ask.Body, "qr.png") || !strings.Contains(ask.Body, "Is it still you?") {
		t.Fatalf("a while later: %d\n%s", ask.Status, ask.Body)
	}
	if got := b.Post(own+"/passkeys/begin", url.Values{"authenticity_token": {token}}); got.Status != http.StatusForbidden {
		t.Errorf("a passkey begins: %d", got.Status)
	}
	if got := b.Get(own); strings.Contains(got.Body, `data-passkey="create"`) || !strings.Contains(got.Body, `action="/settings/login/again"`) {
		t.Error("the page offers to add a passkey at once")
	}
	if got := b.Get(own + "/offer?next=/about"); got.Status != http.StatusSeeOther || got.Location() != "/about" {
		t.Errorf("the question after signing in: %d to %q", got.Status, got.Location())
	}
	w.exec(t, `UPDATE sessions SET created_at = now() - interval '21 minutes'`)
	for _, path := range []string{"/authenticator", "/passkeys"} {
		got := b.Post(own+path, url.Values{"authenticity_token": {token}, "code": {"000000"}, "secret": {"x"}, "answer": {"{}"}})
		if got.Status != http.StatusForbidden || !strings.Contains(got.Body, "Is it still you?") {
			t.Errorf("POST %s: %d", path, got.Status)
		}
	}
	if got := b.Get(own + "/authenticator/qr.png"); got.Status != http.StatusForbidden {
		t.Errorf("the picture: %d", got.Status)
	}
	if got := b.Submit(ask, b.Form(ask, "password", ""), "password", "wrong"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "not your password") {
		t.Errorf("a wrong password: %d", got.Status)
	}
	before := b.Cookies("https://a.test/")
	right := b.Submit(ask, b.Form(ask, "password", ""), "password", password)
	if right.Status != http.StatusSeeOther || right.Location() != "/settings/login/authenticator" {
		t.Fatalf("the right password: %d to %q", right.Status, right.Location())
	}
	if got := b.Follow(right); !strings.Contains(got.Body, "qr.png") {
		t.Errorf("after it: %d\n%s", got.Status, got.Body)
	}
	for _, c := range before {
		if c.Name != sessionCookie {
			continue
		}
		if _, err := w.judge.Session(t.Context(), w.A.Tenant.ID, c.Value); err == nil {
			t.Error("the old session goes on beside the new one")
		}
	}
	// A form without the session's token is nobody's.
	if got := b.Post(own+"/again", url.Values{"password": {password}, "authenticity_token": {access.CSRF(&access.Session{Token: "x"})}}); got.Status != http.StatusForbidden {
		t.Errorf("a forged form: %d", got.Status)
	}
}
