package site_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/pg"
	"rookery/tenant/people"
)

// A mail address alone makes nobody anybody.
func TestSSOLinksWithAPasswordOnly(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	w.setPassword(t, w.A.Person)
	person := func(mail string, verified any) {
		w.idp.SetPerson(map[string]any{"sub": "s-2", "email": mail, "email_verified": verified})
	}
	b := w.server.Browser(t)
	for _, verified := range []any{false, nil, "true"} {
		person("alice@a.test", verified)
		w.refused(t, b, w.through(t, b), "does not say that this address is really yours")
	}
	person("bob@b.test", true) // somebody, but no member
	w.refused(t, b, w.through(t, b), "does not belong to Tenant a.test yet")
	person("new@else.test", false)
	w.refused(t, b, w.through(t, b), "is not confirmed")
	person("", true)
	w.refused(t, b, w.through(t, b), "mail address is missing")

	person("alice@a.test", true)
	ask := b.Follow(w.through(t, b))
	if ask.Status != http.StatusOK || !strings.Contains(ask.Body, "Is this you?") || signedIn(b) {
		t.Fatalf("the question: %d\n%s", ask.Status, ask.Body)
	}
	stranger := w.server.Browser(t)
	stranger.Get("https://a.test/auth/sign_in")
	form := b.Form(ask, "password", "")
	if page := stranger.Get("https://a.test/auth/sso/link?token=" + url.QueryEscape(form.Values.Get("token"))); page.Status != http.StatusForbidden {
		t.Errorf("another browser sees the question: %d", page.Status)
	}
	if page := b.Submit(ask, form, "password", "wrong password"); page.Status != http.StatusUnprocessableEntity || signedIn(b) {
		t.Errorf("a wrong password: %d", page.Status)
	}
	if page := b.Submit(ask, form, "password", password); page.Status != http.StatusSeeOther || page.Location() != "/about" || !signedIn(b) {
		t.Fatalf("the right password: %d\n%s", page.Status, page.Body)
	}
	if w.acts(t, "sso.link") != 1 {
		t.Error("the link is not in the audit log")
	}
	next := w.server.Browser(t)
	if page := w.through(t, next); page.Location() != "/about" || !signedIn(next) {
		t.Errorf("after it: %d\n%s", page.Status, page.Body)
	}
	// Somebody who was sent away does not come back by signing in.
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return people.Leave(ctx, scope, w.A.Person) })
	gone := w.server.Browser(t)
	w.refused(t, gone, w.through(t, gone), "do not belong to Tenant a.test any more")
}

// A company's provider and a stolen password are not enough to guess codes without end.
func TestSSOLinkingForgivesNoGuesses(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	own := w.server.Browser(t)
	w.signIn(t, own)
	w.withTOTP(t, own)
	for n := range 12 { // few enough for the address, which others might share
		b := w.server.Browser(t)
		if first := w.firstStep(t, b, ""); first.Status == http.StatusTooManyRequests {
			return
		}
		page := b.Get(signInPage + "/second")
		if got := b.Submit(page, b.Form(page, "code", ""), "code", "000000"); got.Status == http.StatusTooManyRequests {
			return
		}
		w.idp.SetPerson(map[string]any{"sub": fmt.Sprint("guess-", n), "email": "alice@a.test", "email_verified": true})
		linking := w.server.Browser(t)
		ask := linking.Follow(w.through(t, linking))
		if got := linking.Submit(ask, linking.Form(ask, "password", ""), "password", password); got.Status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("whoever links is forgiven what was counted for the person")
}

// Whoever is signed in has shown a password already.
func TestSSOLinksWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	w.idp.SetPerson(map[string]any{"sub": "s-3"})
	w.idp.SetInfo(map[string]any{"sub": "s-3", "email": "alice@a.test", "email_verified": true})
	b := w.server.Browser(t)
	w.session(t, b)
	if page := w.through(t, b); page.Location() != "/about" || w.acts(t, "sso.link") != 1 {
		t.Errorf("%d to %q, %d links\n%s", page.Status, page.Location(), w.acts(t, "sso.link"), page.Body)
	}
	w.idp.SetInfo(map[string]any{"sub": "s-9", "email": "carol@a.test", "email_verified": true})
	w.idp.SetPerson(map[string]any{"sub": "s-4"})
	other := w.server.Browser(t)
	w.refused(t, other, w.through(t, other), "does not prove who you are")
}
