package site_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/oidctest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/access"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

const sessionCookie = "__Host-rookery_session"

func newSSO(t testing.TB, w *world) *sso.Service {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, HostRate: 1000})
	t.Cleanup(client.Close)
	return sso.New(sso.Options{DB: w.PG, Seal: key, HTTP: client, People: w.People, Accounts: account.NewWith(w.PG, key, testkeys.RSA), Console: "https://rookery.test"})
}

// company is tenant A with a provider of its own.
type company struct {
	*world
	idp *oidctest.Provider
}

func newCompany(t testing.TB, change func(*sso.Change)) *company {
	t.Helper()
	w := &company{world: newWorld(t), idp: oidctest.New(t)}
	w.idp.SetPerson(map[string]any{"sub": "s-1", "email": "zoe@a.test", "email_verified": true, "name": "Zoe", "preferred_username": "zoe"})
	w.save(t, change)
	return w
}

func (w *company) save(t testing.TB, change func(*sso.Change)) {
	t.Helper()
	c := sso.Change{
		Settings: sso.Settings{Issuer: w.idp.URL(), ClientID: oidctest.ClientID, Scopes: []string{"openid", "email", "profile"}, Role: people.MemberPlain, On: true},
		Secret:   oidctest.Secret, Glass: []social.PersonID{},
	}
	if change != nil {
		change(&c)
	}
	if err := w.sso.Save(t.Context(), w.A.Tenant, c, audit.ByOperator()); err != nil {
		t.Fatalf("save the provider: %v", err)
	}
}

// leave begins a sign-in and returns where the provider sends the browser back to.
func (w *company) leave(t testing.TB, b *browse.Browser) string {
	t.Helper()
	page := b.Get("https://a.test/auth/sso?next=/about")
	if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location(), w.idp.URL()+"/authorize?") {
		t.Fatalf("begin: %d to %q\n%s", page.Status, page.Location(), page.Body)
	}
	u, _ := url.Parse(page.Location())
	if got := u.Query().Get("redirect_uri"); got != "https://a.test/auth/sso/callback" {
		t.Fatalf("redirect URI %q", got)
	}
	return w.idp.Approve(page.Location())
}

// through is a whole sign-in.
func (w *company) through(t testing.TB, b *browse.Browser) *browse.Page {
	t.Helper()
	return b.Get(w.leave(t, b))
}

func signedIn(b *browse.Browser) bool {
	return slices.ContainsFunc(b.Cookies("https://a.test/"), func(c *http.Cookie) bool { return c.Name == sessionCookie && c.Value != "" })
}

func (w *company) refused(t testing.TB, b *browse.Browser, page *browse.Page, words string) {
	t.Helper()
	if page.Status < 400 || !strings.Contains(page.Body, words) || signedIn(b) {
		t.Errorf("status %d, signed in %t, want %q in\n%s", page.Status, signedIn(b), words, page.Body)
	}
}

func (w *company) acts(t testing.TB, action string) int {
	t.Helper()
	var n int
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		entries, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: action, Limit: 10})
		n = len(entries)
		return err
	})
	return n
}

// Somebody new becomes a person, a member and, where the company wants it, an account;
// and is the same person the next time, whatever the mail address is by then.
func TestSSOFirstSignInAndNext(t *testing.T) {
	t.Parallel()
	w := newCompany(t, func(c *sso.Change) { c.MakeAccount, c.Role = true, people.MemberModerator })
	w.idp.SetPerson(map[string]any{"sub": "s-1", "email": "Zoe@a.test", "email_verified": true, "name": "Zoe", "preferred_username": "Support"})
	b := w.server.Browser(t)
	front := b.Get("https://a.test/auth/sign_in?next=/about")
	if !strings.Contains(front.Body, "Sign in with Tenant a.test") || !strings.Contains(front.Body, `href="/auth/sso?next=%2Fabout"`) {
		t.Errorf("the sign-in page does not offer it:\n%s", front.Body)
	}
	if page := w.through(t, b); page.Status != http.StatusSeeOther || page.Location() != "/about" || !signedIn(b) {
		t.Fatalf("first sign-in: %d to %q\n%s", page.Status, page.Location(), page.Body)
	}
	zoe, err := w.People.ByEmail(t.Context(), "zoe@a.test")
	if err != nil || zoe.Name != "Zoe" || zoe.HasPassword {
		t.Fatalf("the person is %+v, %v", zoe, err)
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		role, err := people.MembershipOf(ctx, scope, zoe.ID)
		if role != people.MemberModerator {
			t.Errorf("membership %q", role)
		}
		mine, _ := people.AccountsOf(ctx, scope, zoe.ID)
		// @support is taken.
		if len(mine) != 1 || mine[0].Account.Username != "support2" || mine[0].Role != people.Owner {
			t.Errorf("accounts %+v", mine)
		}
		sessions, _ := access.SessionsOf(ctx, scope, zoe.ID)
		if len(sessions) != 1 || !sessions[0].ViaSSO || sessions[0].Factors != 2 {
			t.Errorf("sessions %+v", sessions)
		}
		return err
	})
	if w.acts(t, "sso.join") != 1 || w.acts(t, "sso.change") != 1 {
		t.Error("the audit log lacks who came and who set it up")
	}
	// Another browser, another mail address, the same subject.
	w.idp.SetPerson(map[string]any{"sub": "s-1", "email": "bob@b.test", "email_verified": true, "preferred_username": "other"})
	again := w.server.Browser(t)
	if page := w.through(t, again); page.Status != http.StatusSeeOther || !signedIn(again) {
		t.Fatalf("second sign-in: %d\n%s", page.Status, page.Body)
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		sessions, err := access.SessionsOf(ctx, scope, zoe.ID)
		mine, _ := people.AccountsOf(ctx, scope, zoe.ID)
		if len(sessions) != 2 || len(mine) != 1 {
			t.Errorf("%d sessions and %d accounts, want 2 and 1", len(sessions), len(mine))
		}
		return err
	})
}

// What a browser comes back with is worth nothing in another browser, twice, late, or on
// another tenant's host.
func TestSSOCallbackBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	b, other := w.server.Browser(t), w.server.Browser(t)
	back := w.leave(t, b)
	other.Get("https://a.test/auth/sign_in") // it has a cookie of its own
	w.refused(t, other, other.Get(back), "cannot be finished")
	w.refused(t, other, other.Get(strings.Replace(back, "a.test", "b.test", 1)), "cannot be finished")
	// The failed tries of others use nothing up.
	if page := b.Get(back); page.Status != http.StatusSeeOther || !signedIn(b) {
		t.Fatalf("its own browser: %d\n%s", page.Status, page.Body)
	}
	fresh := w.server.Browser(t)
	u, _ := url.Parse(back)
	second := w.leave(t, fresh)
	// The first code with a state that works: the provider refuses it.
	v, _ := url.Parse(second)
	q := v.Query()
	q.Set("code", u.Query().Get("code"))
	v.RawQuery = q.Encode()
	w.refused(t, fresh, fresh.Get(v.String()), "login said no")
	w.refused(t, fresh, fresh.Get(second), "cannot be finished") // its state is used
	late := w.server.Browser(t)
	old := w.leave(t, late)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		_, err := pg.Exec(ctx, scope, `UPDATE sso_requests SET expires_at = now() - interval '1 second' WHERE tenant_id = @tenant_id`, nil)
		return err
	})
	w.refused(t, late, late.Get(old), "cannot be finished")
	for _, bad := range []string{"", "?state=x&code=y", "?code=y", "?error=access_denied&state=" + strings.Repeat("x", 5000)} {
		w.refused(t, late, late.Get("https://a.test/auth/sso/callback"+bad), "cannot be finished")
	}
}

// Tokens that a real provider would not issue, or not for this sign-in.
func TestSSORefusesForgedTokens(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	now := time.Now()
	tests := map[string]struct {
		change func(header, claims map[string]any)
		query  string
		ok     bool
	}{
		"as it should be":        {ok: true},
		"nonce of another":       {change: func(_, c map[string]any) { c["nonce"] = "x" }},
		"no nonce":               {change: func(_, c map[string]any) { delete(c, "nonce") }},
		"another audience":       {change: func(_, c map[string]any) { c["aud"] = "x" }},
		"two audiences, no azp":  {change: func(_, c map[string]any) { c["aud"] = []string{oidctest.ClientID, "x"} }},
		"two audiences":          {change: func(_, c map[string]any) { c["aud"], c["azp"] = []string{oidctest.ClientID, "x"}, oidctest.ClientID }, ok: true},
		"azp of another":         {change: func(_, c map[string]any) { c["azp"] = "x" }},
		"another issuer":         {change: func(_, c map[string]any) { c["iss"] = "https://evil.test" }},
		"issuer with a slash":    {change: func(_, c map[string]any) { c["iss"] = w.idp.URL() + "/" }},
		"expired":                {change: func(_, c map[string]any) { c["exp"] = now.Add(-3 * time.Minute).Unix() }},
		"clock a minute behind":  {change: func(_, c map[string]any) { c["exp"] = now.Add(-50 * time.Second).Unix() }, ok: true},
		"clock a minute ahead":   {change: func(_, c map[string]any) { c["iat"] = now.Add(50 * time.Second).Unix() }, ok: true},
		"made in the future":     {change: func(_, c map[string]any) { c["iat"] = now.Add(5 * time.Minute).Unix() }},
		"no subject":             {change: func(_, c map[string]any) { delete(c, "sub") }},
		"long subject":           {change: func(_, c map[string]any) { c["sub"] = strings.Repeat("x", 300) }},
		"alg none":               {change: func(h, _ map[string]any) { h["alg"] = "none" }},
		"alg HS256":              {change: func(h, _ map[string]any) { h["alg"] = "HS256" }},
		"unknown key":            {change: func(h, _ map[string]any) { h["kid"] = "2" }},
		"names another provider": {query: "&iss=https%3A%2F%2Fevil.test"},
		"names itself":           {query: "&iss=" + url.QueryEscape(w.idp.URL()), ok: true},
	}
	for name, tt := range tests {
		w.idp.Change(tt.change)
		b := w.server.Browser(t)
		page := b.Get(w.leave(t, b) + tt.query)
		if ok := page.Status == http.StatusSeeOther; ok != tt.ok || signedIn(b) != tt.ok {
			t.Errorf("%s: %d, signed in %t\n%s", name, page.Status, signedIn(b), page.Body)
		}
	}
	w.idp.Change(nil)
	w.idp.SetDocument("authorization_response_iss_parameter_supported", true)
	w.save(t, nil)
	b := w.server.Browser(t)
	w.refused(t, b, w.through(t, b), "does not prove who you are")
}

// The provider may be down: people hear so, and it is asked once it is back.
func TestSSOProviderIsDown(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	asked := w.idp.Asked("/.well-known/openid-configuration")
	b := w.server.Browser(t)
	back := w.leave(t, b)
	w.idp.SetDown(true)
	w.refused(t, b, b.Get(back), "does not answer")
	if page := b.Get("https://a.test/auth/sso"); page.Status != http.StatusSeeOther {
		t.Errorf("a sign-in begins while it is down: %d", page.Status)
	}
	if got := w.idp.Asked("/.well-known/openid-configuration"); got != asked {
		t.Errorf("its document was read %d times more", got-asked)
	}
	w.save(t, func(c *sso.Change) { c.AgainDays = 3 }) // it is known: no obstacle
	w.idp.SetDown(false)
	if page := w.through(t, b); page.Status != http.StatusSeeOther || !signedIn(b) {
		t.Errorf("when it is back: %d", page.Status)
	}
}

// What is wrong with a provider is said in words.
func TestSSOFindings(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	if found := w.sso.Test(t.Context(), w.idp.URL()+"/"); found != nil {
		t.Errorf("with a slash at the end: %+v", found)
	}
	tests := []struct {
		name  string
		value any
		want  sso.FindCode
	}{
		{"issuer", "https://other.test", sso.FindIssuer},
		{"response_types_supported", []string{"id_token"}, sso.FindNoCode},
		{"code_challenge_methods_supported", []string{"plain"}, sso.FindNoPKCE},
		{"code_challenge_methods_supported", nil, ""}, // Entra ID does not say
		{"id_token_signing_alg_values_supported", []string{"none", "HS256"}, sso.FindSignatures},
		{"token_endpoint", "http://169.254.169.254/token", sso.FindEndpoints},
		{"jwks_uri", "javascript:alert(1)", sso.FindEndpoints},
		{"jwks_uri", w.idp.URL() + "/nothing", sso.FindNoKeys},
		{"token_endpoint_auth_methods_supported", []string{"private_key_jwt"}, sso.FindLogin},
	}
	for _, tt := range tests {
		w.idp.SetIssuer(w.idp.URL())
		w.idp.SetDocument(tt.name, tt.value)
		var got sso.FindCode
		if found := w.sso.Test(t.Context(), w.idp.URL()); found != nil {
			got = found.Code
			if found.Text == "" {
				t.Errorf("%s says nothing", found.Code)
			}
		}
		if got != tt.want {
			t.Errorf("%s = %v: %q, want %q", tt.name, tt.value, got, tt.want)
		}
	}
	for issuer, want := range map[string]sso.FindCode{
		"https://10.0.0.1": sso.FindAddress, "ftp://x": sso.FindAddress, "": sso.FindAddress, w.idp.URL() + "/nothing": sso.FindNoDocument, "http://" + testkit.FreeAddress(t): sso.FindUnreachable,
	} {
		if found := w.sso.Test(t.Context(), issuer); found == nil || found.Code != want {
			t.Errorf("%s: %+v, want %s", issuer, found, want)
		}
	}
}

// An administrator who does not know the secret cannot have it sent elsewhere.
func TestSSOSecretStaysWithItsProvider(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	evil := oidctest.New(t)
	for _, c := range []sso.Settings{{Issuer: evil.URL(), ClientID: oidctest.ClientID}, {Issuer: w.idp.URL(), ClientID: "other"}} {
		c.Role, c.On = people.MemberPlain, true
		err := w.sso.Save(t.Context(), w.A.Tenant, sso.Change{Settings: c}, audit.ByOperator())
		if wrong, ok := err.(sso.Wrong); !ok || wrong["client_secret"] == "" { //nolint:errorlint // never wrapped
			t.Errorf("%s for %s: %v", c.ClientID, c.Issuer, err)
		}
	}
	w.save(t, func(c *sso.Change) { c.Secret = "" }) // the same: it is kept
	b := w.server.Browser(t)
	if page := w.through(t, b); page.Status != http.StatusSeeOther {
		t.Errorf("with the secret that was kept: %d", page.Status)
	}
}

// An issuer that ends with a slash is called what it calls itself.
func TestSSOIssuerWithASlash(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	w.idp.SetIssuer(w.idp.URL() + "/")
	w.save(t, func(c *sso.Change) { c.Issuer = "  " + w.idp.URL() + " " })
	b := w.server.Browser(t)
	if page := w.through(t, b); page.Status != http.StatusSeeOther || !signedIn(b) {
		t.Errorf("%d\n%s", page.Status, page.Body)
	}
}
