package site_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/dashboard/assets"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

const (
	callback = "https://app.test/callback?from=rookery"
	custom   = "myapp://done"
	verifier = "a-verifier-of-at-least-forty-three-characters-as-demanded"
)

// oauth is a world with an app in tenant A.
type oauth struct {
	*world
	app    *access.App
	secret string
}

func newOAuth(t testing.TB) *oauth {
	t.Helper()
	o := &oauth{world: newWorld(t)}
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		o.app, o.secret, err = access.RegisterApp(ctx, s, access.NewApp{
			Name: "Heron", Website: "https://heron.test", RedirectURIs: []string{callback, access.OOB, custom}, Scopes: "read write follow push",
		})
		return err
	})
	return o
}

func (o *oauth) query(change ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	v := url.Values{
		"response_type": {"code"}, "client_id": {o.app.ClientID}, "redirect_uri": {callback}, "scope": {"read write:statuses"}, "state": {"a b&c=d/ü"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "lang": {"de"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func (o *oauth) at(change ...string) string {
	return home + "/oauth/authorize?" + o.query(change...).Encode()
}

// token exchanges a code, which proves whose it is.
func (o *oauth) token(t testing.TB, code, redirect string) *access.Viewer {
	t.Helper()
	issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, access.GrantRequest{
		GrantType: "authorization_code", Client: access.Client{ID: o.app.ClientID, Secret: o.secret}, Code: code, RedirectURI: redirect, CodeVerifier: verifier,
	})
	if err != nil {
		t.Fatal(err)
	}
	viewer, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return viewer
}

// The whole way by forms alone: app, sign-in, choice of account, back to the app.
func TestOAuthFlow(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.setPassword(t, o.A.Person)
	b := o.server.Browser(t)
	page := b.Follow(b.Get(o.at("force_login", "true")))
	if !strings.Contains(page.Body, "Then you choose what Heron may do.") || page.Header.Get("Content-Security-Policy") != assets.PolicyAwayLive {
		t.Fatalf("not the sign-in page of Heron: %s\n%s", page.URL, page.Body)
	}
	page = b.Follow(b.Submit(page, b.Form(page, "password", ""), "email", "alice@a.test", "password", password))
	for _, want := range []string{"Heron", "heron.test", "@alice@a.test", "@support@a.test", "Needs approval", "Read timelines"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the consent page lacks %s", want)
		}
	}
	if page.Header.Get("Content-Security-Policy") != assets.PolicyAway || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers of the consent page: %v", page.Header)
	}
	allow := b.Form(page, "decision", "allow")
	back := b.Submit(page, allow, "account_id", ids.Format(int64(o.support.ID)))
	target, err := url.Parse(back.Location())
	if err != nil || back.Status != http.StatusFound || !strings.HasPrefix(back.Location(), callback+"&code=") || target.Query().Get("state") != "a b&c=d/ü" {
		t.Fatalf("back to the app: %d %q\n%s", back.Status, back.Location(), back.Body)
	}
	viewer := o.token(t, target.Query().Get("code"), callback)
	if viewer.Account != o.support.ID || viewer.Person != o.A.Person || viewer.Scopes.String() != "read write:statuses" {
		t.Errorf("the token speaks for %+v", viewer)
	}
}

func consentPage(t testing.TB, o *oauth, b *browse.Browser, change ...string) *browse.Page {
	t.Helper()
	page := b.Get(o.at(change...))
	if page.Status != http.StatusOK {
		t.Fatalf("consent page: %d to %q", page.Status, page.Location())
	}
	return page
}

func TestOAuthWithoutACallback(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b := o.server.Browser(t)
	o.session(t, b)
	page := consentPage(t, o, b, "redirect_uri", access.OOB)
	sent := b.Submit(page, b.Form(page, "decision", "allow"))
	if !strings.HasPrefix(sent.Location(), "/oauth/authorize/native?") {
		t.Fatalf("leads to %q", sent.Location())
	}
	shown := b.Follow(sent)
	code := shown.URL.Query().Get("code")
	if shown.Status != http.StatusOK || !strings.Contains(shown.Body, "<code>"+code+"</code>") || !strings.Contains(shown.Body, "Heron") {
		t.Fatalf("no code: %d\n%s", shown.Status, shown.Body)
	}
	if viewer := o.token(t, code, access.OOB); viewer.Account != o.A.Account.ID {
		t.Errorf("the token speaks for %+v", viewer)
	}
	// Nobody else's code is shown, and this one to nobody else.
	forged := shown.URL.Query()
	forged.Set("code", "somebody-elses")
	if got := b.Get(home + "/oauth/authorize/native?" + forged.Encode()); got.Status != http.StatusNotFound {
		t.Errorf("a forged code: %d", got.Status)
	}
	other := o.server.Browser(t)
	o.session(t, other)
	if got := other.Get(shown.URL.String()); got.Status != http.StatusNotFound {
		t.Errorf("the code in another session: %d", got.Status)
	}
	denied := b.Submit(page, b.Form(page, "decision", "deny"))
	if denied.Status != http.StatusOK || !strings.Contains(denied.Body, "Heron was not let in") {
		t.Errorf("denied: %d to %q", denied.Status, denied.Location())
	}
}

func TestOAuthDenied(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b := o.server.Browser(t)
	o.session(t, b)
	page := consentPage(t, o, b, "redirect_uri", custom)
	for name, got := range map[string]*browse.Page{
		"button":  b.Submit(page, b.Form(page, "decision", "deny")),
		"_method": b.Submit(page, b.Form(page, "decision", "deny"), "decision", "", "_method", "delete"),
	} {
		if !strings.HasPrefix(got.Location(), custom+"?error=access_denied") || !strings.Contains(got.Location(), "state=a+b%26c%3Dd%2F%C3%BC") {
			t.Errorf("%s leads to %q", name, got.Location())
		}
	}
}

// TEN-36: an address that is not registered to the letter gets nothing, and nobody is
// sent anywhere.
func TestOAuthWrongRedirect(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b := o.server.Browser(t)
	o.session(t, b)
	stranger := o.server.Browser(t)
	for _, redirect := range []string{
		"", "https://app.test/", "https://app.test/callback", callback + "/x", callback + "&a=b", callback + "#f", "javascript:alert(1)",
		"https://evil.test/callback?from=rookery", "https://app.test.evil.test/", "http://app.test/callback?from=rookery", "https://app.test@evil.test/",
	} {
		for _, browser := range []*browse.Browser{b, stranger} {
			got := browser.Get(o.at("redirect_uri", redirect))
			if got.Status != http.StatusBadRequest || got.Location() != "" || !strings.Contains(got.Body, "not registered") {
				t.Errorf("%q: %d to %q", redirect, got.Status, got.Location())
			}
		}
		page := consentPage(t, o, b)
		got := b.Submit(page, b.Form(page, "decision", "allow"), "redirect_uri", redirect)
		if got.Status != http.StatusBadRequest || got.Location() != "" {
			t.Errorf("form with %q: %d to %q", redirect, got.Status, got.Location())
		}
	}
	if got := b.Get(o.at("client_id", "unknown")); got.Status != http.StatusBadRequest || got.Location() != "" {
		t.Errorf("an unknown app: %d to %q", got.Status, got.Location())
	}
	// The app is another tenant's: it does not exist here.
	if got := b.Get(strings.Replace(o.at(), "a.test", "b.test", 1)); got.Status != http.StatusBadRequest {
		t.Errorf("another tenant's app: %d to %q", got.Status, got.Location())
	}
}

// An app that asks for nonsense hears of it, but only by somebody who is signed in:
// this host redirects no stranger.
func TestOAuthNonsense(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b, stranger := o.server.Browser(t), o.server.Browser(t)
	o.session(t, b)
	for name, want := range map[string][2]string{
		"invalid_scope": {"scope", "admin:read"}, "unsupported_response_type": {"response_type", "token"}, "invalid_request": {"code_challenge_method", "plain"},
	} {
		at := o.at(want[0], want[1])
		if got := b.Get(at); !strings.HasPrefix(got.Location(), callback+"&error="+name) {
			t.Errorf("%s leads to %q", name, got.Location())
		}
		if got := stranger.Get(at); !strings.HasPrefix(got.Location(), "/auth/sign_in?") {
			t.Errorf("a stranger with %s is sent to %q", name, got.Location())
		}
	}
}

func TestConsentIsForOwnAccountsAlone(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b := o.server.Browser(t)
	session := o.session(t, b)
	foreign := o.A.AddAccount(t, "foreign")
	page := consentPage(t, o, b)
	if strings.Contains(page.Body, "@foreign") {
		t.Error("the page offers an account of somebody else")
	}
	allow := b.Form(page, "decision", "allow")
	tests := map[string]struct {
		typed  []string
		status int
	}{
		"not an operator":     {[]string{"account_id", ids.Format(int64(foreign.ID))}, http.StatusNotFound},
		"another tenant's":    {[]string{"account_id", ids.Format(int64(o.B.Account.ID))}, http.StatusNotFound},
		"none":                {[]string{"account_id", ""}, http.StatusUnprocessableEntity},
		"no decision":         {[]string{"decision", ""}, http.StatusBadRequest},
		"wrong token":         {[]string{"authenticity_token", "x"}, http.StatusForbidden},
		"the session's token": {[]string{"authenticity_token", session.Token}, http.StatusForbidden},
	}
	for name, tt := range tests {
		if got := b.Submit(page, allow, tt.typed...); got.Status != tt.status || got.Location() != "" {
			t.Errorf("%s: %d to %q, want %d", name, got.Status, got.Location(), tt.status)
		}
	}
	// TEN-29: another session's cookie with this form.
	other := o.server.Browser(t)
	o.session(t, other)
	if got := other.Submit(page, allow); got.Status != http.StatusForbidden {
		t.Errorf("another session's form: %d", got.Status)
	}
	if got := o.server.Browser(t).Submit(page, allow); got.Status != http.StatusUnauthorized {
		t.Errorf("a form without a session: %d", got.Status)
	}
	if got := b.Post(home+"/oauth/authorize", allow.Values, "Origin", "https://evil.test"); got.Status != http.StatusForbidden {
		t.Errorf("a form from elsewhere: %d", got.Status)
	}
}

func TestConsentWithoutAccounts(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	b := o.server.Browser(t)
	o.session(t, b)
	o.withdrawAll(t)
	page := consentPage(t, o, b)
	if !strings.Contains(page.Body, "There is no account you may act as yet") {
		t.Errorf("the page does not say what to do:\n%s", page.Body)
	}
	if got := b.Submit(page, b.Form(page, "decision", "deny")); !strings.HasPrefix(got.Location(), callback+"&error=access_denied") {
		t.Errorf("back leads to %q", got.Location())
	}
}
