package oauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/api/oauth"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

const (
	callback = "https://app.test/callback"
	formType = "application/x-www-form-urlencoded"
)

type server struct {
	*fixture.World
	echo *echo.Echo
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{World: fixture.New(t), echo: echo.New()}
	judge := access.New(s.PG, nil)
	handlers := oauth.New(oauth.Deps{
		DB: s.PG, Judge: judge, VAPIDKey: "vapid",
		Picture: func(h *tenant.Tenant, a *social.Account) string { return h.URL("/avatar/" + a.Username) },
	})
	s.echo.IPExtractor = hostroute.IPExtractor
	s.echo.Pre(hostroute.New(hostroute.Options{Table: s.Registry, TLS: true}))
	deps := httpx.Deps{Auth: judge, Limiter: limit.ByClass{Limiter: limit.New(limit.Options{Factor: 100})}, Log: slog.New(slog.DiscardHandler)}
	if err := httpx.Mount(s.echo, deps, handlers.Routes()); err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (s *server) do(t *testing.T, method, host, path, contentType, body string, header ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = host
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	raw, _ := io.ReadAll(w.Result().Body)
	out := answer{status: w.Code, header: w.Result().Header, body: map[string]any{}}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			t.Fatalf("%s %s: %d %s: %v", method, path, w.Code, raw, err)
		}
	}
	return out
}

func (s *server) post(t *testing.T, host, path string, values url.Values, header ...string) answer {
	t.Helper()
	return s.do(t, http.MethodPost, host, path, formType, values.Encode(), header...)
}

// app registers one over HTTP, as apps do.
func (s *server) app(t *testing.T, host, scopes string) (id, secret string) {
	t.Helper()
	a := s.post(t, host, "/api/v1/apps", url.Values{"client_name": {"App"}, "redirect_uris": {callback + "\n" + access.OOB}, "scopes": {scopes}})
	if a.status != http.StatusOK {
		t.Fatalf("register: %d %v", a.status, a.body)
	}
	return a.body["client_id"].(string), a.body["client_secret"].(string)
}

// code is what the consent page would hand out.
func (s *server) code(t *testing.T, clientID, scope string) string {
	t.Helper()
	var out access.Answer
	s.A.Do(t, func(ctx context.Context, scoped *pg.Scope) error {
		r, err := access.CheckAuthorize(ctx, scoped, access.AuthorizeParams{ResponseType: "code", ClientID: clientID, RedirectURI: access.OOB, Scope: scope})
		if err != nil {
			return err
		}
		out, err = access.Approve(ctx, scoped, r, s.A.Person, s.A.Account.ID)
		return err
	})
	return out.Code
}

func (s *server) token(t *testing.T, scope string) string {
	t.Helper()
	id, secret := s.app(t, "a.test", "read write profile")
	a := s.post(t, "a.test", "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "client_secret": {secret}, "redirect_uri": {access.OOB}, "code": {s.code(t, id, scope)},
	})
	if a.status != http.StatusOK {
		t.Fatalf("token: %d %v", a.status, a.body)
	}
	return a.body["access_token"].(string)
}

func TestRegisterApp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, tt := range map[string]struct{ kind, body string }{
		"form, lines":      {formType, url.Values{"client_name": {"App"}, "redirect_uris": {callback + "\n" + access.OOB}, "scopes": {"read write"}, "website": {"https://app.test"}}.Encode()},
		"JSON, lines":      {"application/json", `{"client_name":"App","redirect_uris":"` + callback + `\n` + access.OOB + `","scopes":"read write","website":"https://app.test"}`},
		"JSON, a list":     {"application/json", `{"client_name":"App","redirect_uris":["` + callback + `","` + access.OOB + `"],"scopes":"read write","website":"https://app.test"}`},
		"form, repetition": {formType, url.Values{"client_name": {"App"}, "redirect_uris[]": {callback, access.OOB}, "scopes": {"read write"}, "website": {"https://app.test"}}.Encode()},
	} {
		a := s.do(t, http.MethodPost, "a.test", "/api/v1/apps", tt.kind, tt.body)
		for _, secret := range []string{"id", "client_id", "client_secret"} {
			if text, _ := a.body[secret].(string); text == "" {
				t.Errorf("%s: %s is missing", name, secret)
			}
			delete(a.body, secret)
		}
		want := map[string]any{
			"name": "App", "website": "https://app.test", "scopes": []any{"read", "write"}, "vapid_key": "vapid", "client_secret_expires_at": 0.0,
			"redirect_uri": callback + "\n" + access.OOB, "redirect_uris": []any{callback, access.OOB},
		}
		if diff := cmp.Diff(want, a.body); a.status != http.StatusOK || diff != "" {
			t.Errorf("%s: %d, -want +got:\n%s", name, a.status, diff)
		}
	}
	for name, body := range map[string]string{
		"javascript": `{"client_name":"x","redirect_uris":"javascript:alert(1)"}`, "nothing": `{}`, "scope": `{"client_name":"x","redirect_uris":"x://y","scopes":"root"}`,
	} {
		if a := s.do(t, http.MethodPost, "a.test", "/api/v1/apps", "application/json", body); a.status != http.StatusUnprocessableEntity || a.body["error"] == nil {
			t.Errorf("%s: %d %v, want 422", name, a.status, a.body)
		}
	}
}

func TestTokenInAllShapes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, secret := s.app(t, "a.test", "read write")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	code := func() string { return s.code(t, id, "read:statuses write") }
	values := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	credentials := []string{"client_id", id, "client_secret", secret}
	jsonBody, err := json.Marshal(map[string]string{
		"grant_type": "authorization_code", "code": code(), "redirect_uri": access.OOB, "client_id": id, "client_secret": secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		got   answer
		scope string
	}{
		"form": {s.post(t, "a.test", "/oauth/token", values(append(credentials, "grant_type", "authorization_code", "code", code(), "redirect_uri", access.OOB)...)), "read:statuses write"},
		"JSON": {s.do(t, http.MethodPost, "a.test", "/oauth/token", "application/json", string(jsonBody)), "read:statuses write"},
		"Basic": {s.post(t, "a.test", "/oauth/token", values("grant_type", "authorization_code", "code", code(), "redirect_uri", access.OOB),
			"Authorization", basic), "read:statuses write"},
		"app alone":            {s.post(t, "a.test", "/oauth/token", values(append(credentials, "grant_type", "client_credentials")...)), "read"},
		"app alone, its scope": {s.post(t, "a.test", "/oauth/token", values(append(credentials, "grant_type", "client_credentials", "scope", "write read")...)), "read write"},
	} {
		if tt.got.status != http.StatusOK {
			t.Errorf("%s: %d %v", name, tt.got.status, tt.got.body)
			continue
		}
		token, _ := tt.got.body["access_token"].(string)
		created, _ := tt.got.body["created_at"].(float64)
		if len(token) < 43 || created < 1.7e9 || tt.got.body["token_type"] != "Bearer" || tt.got.body["scope"] != tt.scope || len(tt.got.body) != 4 {
			t.Errorf("%s: %v", name, tt.got.body)
		}
		if tt.got.header.Get("Cache-Control") != "no-store" || tt.got.header.Get("Access-Control-Allow-Origin") != "*" ||
			tt.got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: headers %v", name, tt.got.header)
		}
		// Any token knows its app; on another tenant's host it is nothing (TEN-06).
		for host, want := range map[string]int{"a.test": http.StatusOK, "b.test": http.StatusUnauthorized} {
			a := s.do(t, http.MethodGet, host, "/api/v1/apps/verify_credentials", "", "", "Authorization", "Bearer "+token)
			if a.status != want || (want == http.StatusOK && (a.body["name"] != "App" || a.body["client_secret"] != nil)) {
				t.Errorf("%s: verify_credentials on %s: %d %v", name, host, a.status, a.body)
			}
		}
	}
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, secret := s.app(t, "a.test", "read")
	for name, tt := range map[string]struct {
		host   string
		values url.Values
		header []string
		status int
		error  string
	}{
		"wrong secret":          {"a.test", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {"x"}}, nil, 401, "invalid_client"},
		"no client":             {"a.test", url.Values{"grant_type": {"client_credentials"}}, nil, 401, "invalid_client"},
		"wrong Basic":           {"a.test", url.Values{"grant_type": {"client_credentials"}}, []string{"Authorization", "Basic eDp5"}, 401, "invalid_client"},
		"TEN-07: app of A on B": {"b.test", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}, nil, 401, "invalid_client"},
		"password grant":        {"a.test", url.Values{"grant_type": {"password"}, "client_id": {id}, "client_secret": {secret}}, nil, 400, "unsupported_grant_type"},
		"no grant type":         {"a.test", url.Values{"client_id": {id}, "client_secret": {secret}}, nil, 400, "invalid_request"},
		"unknown code":          {"a.test", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {id}, "client_secret": {secret}}, nil, 400, "invalid_grant"},
		"too wide a scope":      {"a.test", url.Values{"grant_type": {"client_credentials"}, "scope": {"write"}, "client_id": {id}, "client_secret": {secret}}, nil, 400, "invalid_scope"},
	} {
		a := s.post(t, tt.host, "/oauth/token", tt.values, tt.header...)
		if a.status != tt.status || a.body["error"] != tt.error || a.body["error_description"] == "" {
			t.Errorf("%s: %d %v, want %d %s", name, a.status, a.body, tt.status, tt.error)
		}
		if got := a.header.Get("WWW-Authenticate") != ""; got != (name == "wrong Basic") {
			t.Errorf("%s: WWW-Authenticate %q", name, a.header.Get("WWW-Authenticate"))
		}
	}
	if a := s.do(t, http.MethodPost, "a.test", "/oauth/token", "application/json", "{"); a.status != 400 || a.body["error"] != "invalid_request" {
		t.Errorf("broken JSON: %d %v", a.status, a.body)
	}
}

// TEN-07: the app and the token of one tenant do nothing at another.
func TestRevoke(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, secret := s.app(t, "a.test", "read")
	otherID, otherSecret := s.app(t, "a.test", "read")
	token := s.post(t, "a.test", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}).body["access_token"].(string)
	for _, tt := range []struct {
		name, host, id, secret, token string
		status, alive                 int
	}{
		{"on another tenant", "b.test", id, secret, token, 401, 200},
		{"another app", "a.test", otherID, otherSecret, token, 403, 200},
		{"unknown token", "a.test", id, secret, "unknown", 200, 200},
		{"its own", "a.test", id, secret, token, 200, 401},
		{"again", "a.test", id, secret, token, 200, 401},
	} {
		a := s.post(t, tt.host, "/oauth/revoke", url.Values{"client_id": {tt.id}, "client_secret": {tt.secret}, "token": {tt.token}})
		if a.status != tt.status {
			t.Errorf("%s: %d %v, want %d", tt.name, a.status, a.body, tt.status)
		}
		if got := s.do(t, http.MethodGet, "a.test", "/api/v1/apps/verify_credentials", "", "", "Authorization", "Bearer "+token).status; got != tt.alive {
			t.Errorf("%s: the token answers %d, want %d", tt.name, got, tt.alive)
		}
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.do(t, http.MethodGet, "a.test", "/oauth/userinfo", "", "", "Authorization", "Bearer "+s.token(t, "profile"))
	want := map[string]any{
		"iss": "https://a.test/", "sub": s.A.Account.URI, "name": "alice", "preferred_username": "alice",
		"profile": "https://a.test/@alice", "picture": "https://a.test/avatar/alice",
	}
	if diff := cmp.Diff(want, a.body); a.status != http.StatusOK || diff != "" {
		t.Errorf("%d, -want +got:\n%s", a.status, diff)
	}
	// TEN-39 at this surface: the scope is asked for, and asked for by its name.
	if a := s.do(t, http.MethodGet, "a.test", "/oauth/userinfo", "", "", "Authorization", "Bearer "+s.token(t, "read write")); a.status != http.StatusForbidden {
		t.Errorf("without the scope: %d %v", a.status, a.body)
	}
	if a := s.do(t, http.MethodGet, "a.test", "/oauth/userinfo", "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", a.status)
	}
}

// TEN-05: URLs come from the tenant, however the host was written.
func TestMetadata(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, host := range []string{"a.test", "A.TEST:443", "a.test."} {
		a := s.do(t, http.MethodGet, host, "/.well-known/oauth-authorization-server", "", "", "X-Forwarded-Host", "b.test")
		for name, want := range map[string]any{
			"issuer": "https://a.test/", "authorization_endpoint": "https://a.test/oauth/authorize", "token_endpoint": "https://a.test/oauth/token",
			"revocation_endpoint": "https://a.test/oauth/revoke", "app_registration_endpoint": "https://a.test/api/v1/apps",
			"userinfo_endpoint": "https://a.test/oauth/userinfo", "code_challenge_methods_supported": []any{"S256"},
			"grant_types_supported": []any{"authorization_code", "client_credentials"}, "response_types_supported": []any{"code"},
		} {
			if diff := cmp.Diff(want, a.body[name]); diff != "" {
				t.Errorf("%s: %s, -want +got:\n%s", host, name, diff)
			}
		}
		if a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: not open to apps in browsers", host)
		}
	}
}

// TEN-45.
func TestPreflight(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for path, open := range map[string]bool{"/oauth/token": true, "/oauth/revoke": true, "/api/v1/apps": true, "/oauth/userinfo": true, "/oauth/authorize": false} {
		a := s.do(t, http.MethodOptions, "a.test", path, "", "", "Origin", "https://evil.test", "Access-Control-Request-Method", "POST")
		if got := a.header.Get("Access-Control-Allow-Origin") == "*"; got != open || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: open %t, want %t; %v", path, got, open, a.header)
		}
	}
}

// A suspended tenant's people do not sign in, but may give tokens back.
// TEN-20, as far as tokens go.
func TestSuspendedTenant(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, secret := s.app(t, "a.test", "read")
	if err := s.Registry.SetState(t.Context(), s.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	client := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "token": {"x"}}
	for path, want := range map[string]int{"/oauth/token": http.StatusForbidden, "/oauth/revoke": http.StatusOK} {
		if a := s.post(t, "a.test", path, client); a.status != want {
			t.Errorf("%s: %d %v, want %d", path, a.status, a.body, want)
		}
	}
}
