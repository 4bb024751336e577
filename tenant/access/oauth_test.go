package access_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

const (
	callback = "https://app.test/callback?from=rookery"
	verifier = "a-verifier-of-at-least-forty-three-characters-as-demanded"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// oauth is one app in tenant A and what is needed to use it.
type oauth struct {
	*fixture.World
	judge  *access.Judge
	app    *access.App
	client access.Client
}

func newOAuth(t testing.TB) *oauth {
	t.Helper()
	w := fixture.New(t)
	o := &oauth{World: w, judge: access.New(w.PG, nil)}
	o.app, o.client = register(t, w.A)
	return o
}

func register(t testing.TB, h *fixture.Home) (*access.App, access.Client) {
	t.Helper()
	var app *access.App
	var secret string
	h.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		app, secret, err = access.RegisterApp(ctx, s, access.NewApp{
			Name: "App", RedirectURIs: []string{callback, access.OOB, "myapp://done"}, Scopes: "read write follow push",
		})
		return err
	})
	return app, access.Client{ID: app.ClientID, Secret: secret}
}

func (o *oauth) params() access.AuthorizeParams {
	return access.AuthorizeParams{
		ResponseType: "code", ClientID: o.client.ID, RedirectURI: callback, Scope: "read write:statuses", State: "a b&c=d/ü",
		CodeChallenge: challengeOf(verifier), CodeChallengeMethod: "S256",
	}
}

func (o *oauth) check(t testing.TB, h *fixture.Home, p access.AuthorizeParams) (r *access.AuthRequest, err error) {
	t.Helper()
	err = h.Try(t, func(ctx context.Context, s *pg.Scope) (err error) {
		r, err = access.CheckAuthorize(ctx, s, p)
		return err
	})
	return r, err
}

// code walks the browser's half and returns the code.
func (o *oauth) code(t testing.TB, p access.AuthorizeParams) string {
	t.Helper()
	r, err := o.check(t, o.A, p)
	if err != nil {
		t.Fatal(err)
	}
	var answer access.Answer
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		answer, err = access.Approve(ctx, s, r, o.A.Person, o.A.Account.ID)
		return err
	})
	if answer.Code != "" {
		return answer.Code
	}
	u, err := url.Parse(answer.RedirectURL)
	if err != nil || !strings.HasPrefix(answer.RedirectURL, p.RedirectURI) {
		t.Fatalf("redirect %q, %v", answer.RedirectURL, err)
	}
	if got := u.Query().Get("state"); got != p.State {
		t.Errorf("state came back as %q, want %q", got, p.State)
	}
	return u.Query().Get("code")
}

func (o *oauth) grant(code string) access.GrantRequest {
	return access.GrantRequest{GrantType: "authorization_code", Client: o.client, Code: code, RedirectURI: callback, CodeVerifier: verifier}
}

func nameOf(err error) string {
	if e := access.AsOAuthError(err); e != nil {
		return e.Name
	}
	return ""
}

func TestCodeBecomesToken(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(o.code(t, o.params())))
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if v.Tenant != o.A.Tenant.ID || v.Person != o.A.Person || v.Account != o.A.Account.ID || v.App != o.app.ID ||
		v.Role != people.Owner || v.TokenID != issued.TokenID || v.Scopes.String() != "read write:statuses" || v.IsApp() {
		t.Errorf("viewer %+v", v)
	}
	// TEN-06: the same token on another tenant's host.
	if _, err := o.judge.Authenticate(t.Context(), o.B.Tenant.ID, issued.Secret); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("on the other tenant: %v, want unauthorized", err)
	}
	for _, bad := range []string{"", "nonsense", issued.Secret + "x", strings.Repeat("x", 5000)} {
		if _, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, bad); fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("token %.20q: %v, want unauthorized", bad, err)
		}
	}
}

// TEN-36 and the errors of RFC 6749 section 4.1.2.1.
func TestCheckAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	tests := map[string]struct {
		change   func(*access.AuthorizeParams)
		name     string
		redirect bool // the app hears of it
	}{
		"unknown client":      {func(p *access.AuthorizeParams) { p.ClientID = "nobody" }, "invalid_client", false},
		"no client":           {func(p *access.AuthorizeParams) { p.ClientID = "" }, "invalid_client", false},
		"NUL in client":       {func(p *access.AuthorizeParams) { p.ClientID = "\x00" }, "invalid_client", false},
		"no redirect":         {func(p *access.AuthorizeParams) { p.RedirectURI = "" }, "invalid_redirect_uri", false},
		"prefix":              {func(p *access.AuthorizeParams) { p.RedirectURI = "https://app.test/callback" }, "invalid_redirect_uri", false},
		"sub-path":            {func(p *access.AuthorizeParams) { p.RedirectURI = "https://app.test/callback/x?from=rookery" }, "invalid_redirect_uri", false},
		"extra query":         {func(p *access.AuthorizeParams) { p.RedirectURI += "&x=1" }, "invalid_redirect_uri", false},
		"fragment":            {func(p *access.AuthorizeParams) { p.RedirectURI += "#x" }, "invalid_redirect_uri", false},
		"other host":          {func(p *access.AuthorizeParams) { p.RedirectURI = "https://evil.test/callback?from=rookery" }, "invalid_redirect_uri", false},
		"upper case":          {func(p *access.AuthorizeParams) { p.RedirectURI = strings.ToUpper(callback) }, "invalid_redirect_uri", false},
		"javascript":          {func(p *access.AuthorizeParams) { p.RedirectURI = "javascript:alert(1)" }, "invalid_redirect_uri", false},
		"implicit":            {func(p *access.AuthorizeParams) { p.ResponseType = "token" }, "unsupported_response_type", true},
		"more than the app's": {func(p *access.AuthorizeParams) { p.Scope = "read admin:read" }, "invalid_scope", true},
		"unknown scope":       {func(p *access.AuthorizeParams) { p.Scope = "root" }, "invalid_scope", true},
		"plain PKCE":          {func(p *access.AuthorizeParams) { p.CodeChallengeMethod = "plain" }, "invalid_request", true},
		"PKCE without method": {func(p *access.AuthorizeParams) { p.CodeChallengeMethod = "" }, "invalid_request", true},
		"method alone":        {func(p *access.AuthorizeParams) { p.CodeChallenge = "" }, "invalid_request", true},
		"short challenge":     {func(p *access.AuthorizeParams) { p.CodeChallenge = "abc" }, "invalid_request", true},
		"endless state":       {func(p *access.AuthorizeParams) { p.State = strings.Repeat("x", 5000) }, "invalid_request", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := o.params()
			tt.change(&p)
			_, err := o.check(t, o.A, p)
			e := access.AsOAuthError(err)
			if e == nil || e.Name != tt.name {
				t.Fatalf("got %v, want %s", err, tt.name)
			}
			if (e.RedirectURL != "") != tt.redirect {
				t.Fatalf("redirect %q, want one: %t", e.RedirectURL, tt.redirect)
			}
			if tt.redirect && !strings.HasPrefix(e.RedirectURL, callback+"&error="+tt.name+"&") {
				t.Errorf("redirect %q", e.RedirectURL)
			}
		})
	}
	if _, err := o.check(t, o.B, o.params()); nameOf(err) != "invalid_client" {
		t.Errorf("TEN-07: the app in the other tenant: %v, want invalid_client", err)
	}
}

func TestScopesOfARequest(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	for asked, want := range map[string]string{"": "read", "read:statuses": "read:statuses", "write:follows push": "push write:follows"} {
		p := o.params()
		p.Scope = asked
		r, err := o.check(t, o.A, p)
		if err != nil || r.Scopes.String() != want {
			t.Errorf("asked for %q: %v, %v; want %q", asked, r, err, want)
		}
	}
}

func TestApproveNeedsAnOperator(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	r, err := o.check(t, o.A, o.params())
	if err != nil {
		t.Fatal(err)
	}
	other := o.A.AddAccount(t, "other")
	approve := func(h *fixture.Home, person *fixture.Home, account *fixture.Home) error {
		return h.Try(t, func(ctx context.Context, s *pg.Scope) error {
			_, err := access.Approve(ctx, s, r, person.Person, account.Account.ID)
			return err
		})
	}
	if err := approve(o.A, o.B, o.A); !fault.IsNotFound(err) {
		t.Errorf("a stranger approved: %v", err)
	}
	if err := approve(o.A, o.A, o.B); !fault.IsNotFound(err) {
		t.Errorf("for the other tenant's account: %v", err)
	}
	err = o.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := access.Approve(ctx, s, r, o.A.Person, other.ID)
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("for an account without a grant: %v", err)
	}
	denied := access.Deny(r).RedirectURL
	if u, err := url.Parse(denied); err != nil || u.Query().Get("error") != "access_denied" || u.Query().Get("state") != o.params().State {
		t.Errorf("denied: %q, %v", denied, err)
	}
}

// TEN-37 and TEN-07.
func TestExchangeRefuses(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	_, otherClient := register(t, o.A)
	_, foreignClient := register(t, o.B)
	plain := o.params()
	plain.CodeChallenge, plain.CodeChallengeMethod = "", ""
	tests := map[string]struct {
		params access.AuthorizeParams
		change func(*access.GrantRequest)
		inB    bool
		want   string
	}{
		"verifier missing":         {o.params(), func(r *access.GrantRequest) { r.CodeVerifier = "" }, false, "invalid_grant"},
		"verifier wrong":           {o.params(), func(r *access.GrantRequest) { r.CodeVerifier = verifier + "x" }, false, "invalid_grant"},
		"challenge as verifier":    {o.params(), func(r *access.GrantRequest) { r.CodeVerifier = challengeOf(verifier) }, false, "invalid_grant"},
		"verifier, no challenge":   {plain, func(*access.GrantRequest) {}, false, "invalid_grant"},
		"other redirect":           {o.params(), func(r *access.GrantRequest) { r.RedirectURI = "myapp://done" }, false, "invalid_grant"},
		"no redirect":              {o.params(), func(r *access.GrantRequest) { r.RedirectURI = "" }, false, "invalid_grant"},
		"unknown code":             {o.params(), func(r *access.GrantRequest) { r.Code = "unknown" }, false, "invalid_grant"},
		"no code":                  {o.params(), func(r *access.GrantRequest) { r.Code = "" }, false, "invalid_request"},
		"another app of A":         {o.params(), func(r *access.GrantRequest) { r.Client = otherClient }, false, "invalid_grant"},
		"wrong secret":             {o.params(), func(r *access.GrantRequest) { r.Client.Secret = "x" }, false, "invalid_client"},
		"password grant":           {o.params(), func(r *access.GrantRequest) { r.GrantType = "password" }, false, "unsupported_grant_type"},
		"no grant type":            {o.params(), func(r *access.GrantRequest) { r.GrantType = "" }, false, "invalid_request"},
		"on B, with A's app":       {o.params(), func(*access.GrantRequest) {}, true, "invalid_client"},
		"on B, with an app of B's": {o.params(), func(r *access.GrantRequest) { r.Client = foreignClient }, true, "invalid_grant"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := o.code(t, tt.params)
			r := o.grant(code)
			tt.change(&r)
			where := o.A.Tenant.ID
			if tt.inB {
				where = o.B.Tenant.ID
			}
			if _, err := o.judge.Exchange(t.Context(), where, r); nameOf(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			// What was refused for being wrong is still good for who has it right.
			right := o.grant(code)
			right.CodeVerifier = map[bool]string{true: verifier, false: ""}[tt.params.CodeChallenge != ""]
			if _, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, right); err != nil {
				t.Errorf("the right request afterwards: %v", err)
			}
		})
	}
}

// TEN-37: who uses a code a second time has stolen it, or the first one has.
func TestCodeUsedTwiceRevokesItsToken(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	code := o.code(t, o.params())
	issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(code))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(code)); nameOf(err) != "invalid_grant" {
		t.Fatalf("second use: %v, want invalid_grant", err)
	}
	if _, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("the first token afterwards: %v, want unauthorized", err)
	}
}

// TEN-37, at the same moment.
func TestCodeRedeemedAtOnceGivesOneTokenAtMost(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	code := o.code(t, o.params())
	var wg sync.WaitGroup
	var mu sync.Mutex
	issued := 0
	for range 8 {
		wg.Go(func() {
			if _, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(code)); err == nil {
				mu.Lock()
				issued++
				mu.Unlock()
			} else if nameOf(err) != "invalid_grant" {
				t.Errorf("got %v, want invalid_grant", err)
			}
		})
	}
	wg.Wait()
	if issued != 1 {
		t.Errorf("%d tokens were issued, want 1", issued)
	}
}

// TEN-37
func TestCodeExpiresAfterTenMinutes(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	for age, want := range map[string]string{"9 minutes 50 seconds": "", "10 minutes": "invalid_grant"} {
		code := o.code(t, o.params())
		// As if it were approved that long ago.
		exec(t, o.World, `UPDATE oauth_codes SET expires_at = expires_at - $1::interval WHERE token_id IS NULL`, age)
		if _, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(code)); nameOf(err) != want {
			t.Errorf("after %s: %v, want %q", age, err, want)
		}
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	ask := func(scope string) (*access.Issued, error) {
		return o.judge.Exchange(t.Context(), o.A.Tenant.ID, access.GrantRequest{GrantType: "client_credentials", Client: o.client, Scope: scope})
	}
	issued, err := ask("")
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if !v.IsApp() || v.Person != 0 || v.Role != "" || v.App != o.app.ID || v.Scopes.String() != "read" {
		t.Errorf("viewer %+v", v)
	}
	if _, err := ask("admin:read"); nameOf(err) != "invalid_scope" {
		t.Errorf("more than the app's: %v", err)
	}
}

// TEN-07: tokens end by their own app alone.
func TestRevoke(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	_, otherClient := register(t, o.A)
	_, foreignClient := register(t, o.B)
	issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(o.code(t, o.params())))
	if err != nil {
		t.Fatal(err)
	}
	heard := listen(t, o.World, store.RevocationChannel)
	revoke := func(h *fixture.Home, c access.Client, token string) string {
		return nameOf(h.Try(t, func(ctx context.Context, s *pg.Scope) error { return access.Revoke(ctx, s, c, token) }))
	}
	lives := func() bool {
		_, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
		return err == nil
	}
	tests := []struct {
		name   string
		home   *fixture.Home
		client access.Client
		token  string
		want   string
		lives  bool
	}{
		{"wrong secret", o.A, access.Client{ID: o.client.ID, Secret: "x"}, issued.Secret, "invalid_client", true},
		{"another app", o.A, otherClient, issued.Secret, "unauthorized_client", true},
		{"A's app on B", o.B, o.client, issued.Secret, "invalid_client", true},
		{"B's app on B", o.B, foreignClient, issued.Secret, "", true},
		{"unknown token", o.A, o.client, "unknown", "", true},
		{"its own app", o.A, o.client, issued.Secret, "", false},
		{"again", o.A, o.client, issued.Secret, "", false},
	}
	for _, tt := range tests {
		if got := revoke(tt.home, tt.client, tt.token); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := lives(); got != tt.lives {
			t.Errorf("%s: the token lives: %t, want %t", tt.name, got, tt.lives)
		}
	}
	tenantID, token, ok := store.ParseRevocation(heard())
	if !ok || tenantID != o.A.Tenant.ID || token != issued.TokenID {
		t.Errorf("open streams were told %d, %d, %t", tenantID, token, ok)
	}
}

// SECURITY.md rule 19 and TEN-40: what ends a token, at once.
func TestTokenEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		end  func(*testing.T, *oauth)
		want fault.Code
	}{
		"operator withdrawn": {func(t *testing.T, o *oauth) {
			o.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
				return people.Withdraw(ctx, s, o.A.Account.ID, o.A.Person)
			})
		}, fault.Unauthorized},
		"member left": {func(t *testing.T, o *oauth) {
			o.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return people.Leave(ctx, s, o.A.Person) })
		}, fault.Unauthorized},
		"person disabled": {func(t *testing.T, o *oauth) {
			if err := o.People.SetDisabled(t.Context(), o.A.Person, true); err != nil {
				t.Fatal(err)
			}
		}, fault.Unauthorized},
		"app revoked by the person": {func(t *testing.T, o *oauth) {
			o.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return access.RevokeApp(ctx, s, o.app.ID, o.A.Person) })
		}, fault.Unauthorized},
		"account deleted": {func(t *testing.T, o *oauth) {
			o.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return store.DeleteAccount(ctx, s, o.A.Account.ID) })
		}, fault.Unauthorized},
		"account suspended": {func(t *testing.T, o *oauth) {
			exec(t, o.World, `UPDATE accounts SET suspended_at = now() WHERE id = $1`, int64(o.A.Account.ID))
		}, fault.Forbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOAuth(t)
			issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(o.code(t, o.params())))
			if err != nil {
				t.Fatal(err)
			}
			pending := o.code(t, o.params())
			tt.end(t, o)
			if _, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret); fault.CodeOf(err) != tt.want {
				t.Errorf("token: %v, want %s", err, tt.want)
			}
			if tt.want == fault.Forbidden {
				return // it may be let in again
			}
			if _, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(pending)); nameOf(err) != "invalid_grant" {
				t.Errorf("a code on its way: %v, want invalid_grant", err)
			}
		})
	}
}

func TestCreateTokenKeepsTheRules(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	create := func(h *fixture.Home, scopes access.Scopes, by *fixture.Home) (issued *access.Issued, err error) {
		err = h.Try(t, func(ctx context.Context, s *pg.Scope) (err error) {
			issued, err = access.CreateToken(ctx, s, by.Account.ID, by.Person, scopes, o.app)
			return err
		})
		return issued, err
	}
	issued, err := create(o.A, access.Scopes{"push", "read"}, o.A)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret); err != nil || v.Scopes.String() != "push read" {
		t.Errorf("viewer %+v, %v", v, err)
	}
	if _, err := create(o.A, access.Scopes{"admin:write"}, o.A); nameOf(err) != "invalid_scope" {
		t.Errorf("more than the app's scopes: %v", err)
	}
	if _, err := create(o.A, access.Scopes{"read"}, o.B); !fault.IsNotFound(err) {
		t.Errorf("for the other tenant's account: %v", err)
	}
	if _, err := create(o.B, access.Scopes{"read"}, o.B); !fault.IsNotFound(err) {
		t.Errorf("with the other tenant's app: %v", err)
	}
}

func TestLastUseIsWrittenOnceADay(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	issued, err := o.judge.Exchange(t.Context(), o.A.Tenant.ID, o.grant(o.code(t, o.params())))
	if err != nil {
		t.Fatal(err)
	}
	lastUse := func() *time.Time {
		if _, err := o.judge.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret); err != nil {
			t.Fatal(err)
		}
		var tokens []*store.Token
		o.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
			tokens, err = store.TokensOfPerson(ctx, s, o.A.Person)
			return err
		})
		return tokens[0].LastUsedAt
	}
	first := lastUse()
	if first == nil {
		t.Fatal("the first use was not written")
	}
	if again := lastUse(); !again.Equal(*first) {
		t.Errorf("written again at once: %v, then %v", first, again)
	}
	exec(t, o.World, `UPDATE tokens SET last_used_at = now() - interval '25 hours'`)
	if later := lastUse(); later.Before(*first) {
		t.Errorf("not written after a day: %v", later)
	}
}

// exec changes rows behind the product's back, as time and staff do.
func exec(t testing.TB, w *fixture.World, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// listen returns a function that waits for the next notification.
func listen(t testing.TB, w *fixture.World, channel string) func() string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "LISTEN "+channel); err != nil {
		t.Fatal(err)
	}
	return func() string {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			t.Fatalf("no notification: %v", err)
		}
		return n.Payload
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	o := newOAuth(b)
	issued, err := o.judge.Exchange(b.Context(), o.A.Tenant.ID, o.grant(o.code(b, o.params())))
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(4) // eight at once on two cores
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := o.judge.Authenticate(b.Context(), o.A.Tenant.ID, issued.Secret); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
