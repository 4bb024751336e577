package v1_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/limit"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// The tests below need no database: what these routes say depends on the tenant
// alone. The numbers and the token come from outside of this package.
type numbers struct{}

func (numbers) Instance(_ context.Context, t *tenant.Tenant) (v1.InstanceStats, error) {
	return v1.InstanceStats{Users: 3, ActiveMonth: 2, Statuses: 40, Domains: 9, Contact: &entity.Account{ID: 1, Username: t.Name}}, nil
}

func (numbers) Brand(context.Context, *tenant.Tenant) (*store.Brand, error) {
	at := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	return &store.Brand{Privacy: "We keep <nothing>.", PrivacyAt: at, Terms: "Be kind.", TermsAt: at}, nil
}

type everybody struct{}

func (everybody) Authenticate(_ context.Context, id tenant.ID, token string) (*access.Viewer, error) {
	if token != "good" {
		return nil, access.ErrToken
	}
	return &access.Viewer{Tenant: id, Account: 7, Role: people.Viewer, TokenID: 1, Scopes: access.Scopes{"push", "read"}}, nil
}

var acme = &tenant.Tenant{
	ID: 1, Name: "Acme Cycles", Host: "social.acme.test", HandleDomain: "acme.test", Scheme: "https", State: tenant.Active,
	Description: "Bikes & more <b>\n\nSince 1899", ContactMail: "hello@acme.test",
}

func mount(t *testing.T, tables ...[]httpx.Route) func(path, token string) *httptest.ResponseRecorder {
	t.Helper()
	return mountFor(t, acme, tables...)
}

func mountFor(t *testing.T, home *tenant.Tenant, tables ...[]httpx.Route) func(path, token string) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	deps := httpx.Deps{
		Auth: everybody{}, Limiter: limit.ByClass{Limiter: limit.New(limit.Options{})}, Log: slog.New(slog.DiscardHandler),
	}
	if err := httpx.Mount(e, deps, tables...); err != nil {
		t.Fatal(err)
	}
	return func(path, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), home)))
		return w
	}
}

func TestEmptyRoutesAreListsForThoseWhoMayAsk(t *testing.T) {
	t.Parallel()
	get := mount(t, v1.Empty())
	for _, route := range v1.Empty() {
		path := strings.ReplaceAll(route.Path, ":account_id", "7")
		if route.Method != http.MethodGet {
			t.Errorf("%s %s pretends to do something", route.Method, route.Path)
		}
		want, body := http.StatusOK, "[]"
		if path == "/api/v1/push/subscription" {
			want, body = http.StatusNotFound, `{"error":"Record not found"}`
		}
		if w := get(path, "good"); w.Code != want || strings.TrimSpace(w.Body.String()) != body {
			t.Errorf("%s = %d %s, want %d %s", path, w.Code, w.Body, want, body)
		}
		stranger := http.StatusOK
		if route.Auth == httpx.User {
			stranger = http.StatusUnauthorized
		}
		if w := get(path, ""); w.Code != stranger {
			t.Errorf("%s without a token = %d, want %d", path, w.Code, stranger)
		}
	}
}

func TestInstanceOfATenant(t *testing.T) {
	t.Parallel()
	get := mount(t, v1.NewInstance(v1.Server{Stats: numbers{}, Version: "0.1.0", MaxCharacters: 1000, Picture: func(t *tenant.Tenant) string { return t.URL("/t.png") }}).Routes())
	var got entity.InstanceV1
	w := get("/api/v1/instance/", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || w.Header().Get("ETag") == "" {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if got.URI != "acme.test" || got.Title != "Acme Cycles" || got.URLs.StreamingAPI != "wss://social.acme.test" ||
		got.Version != "4.3.0 (compatible; Rookery 0.1.0)" || got.Description != "Bikes &amp; more &lt;b&gt;\n\nSince 1899" ||
		*got.Thumbnail != "https://social.acme.test/t.png" || got.ContactAccount.Username != "Acme Cycles" {
		t.Errorf("%+v", got)
	}
	if got.Stats != (entity.InstanceV1Stats{UserCount: 3, StatusCount: 40, DomainCount: 9}) || got.Configuration.Statuses.MaxCharacters != 1000 {
		t.Errorf("%+v %+v", got.Stats, got.Configuration)
	}
}

func TestPartsOfTheInstance(t *testing.T) {
	t.Parallel()
	get := mount(t, v1.NewInstance(v1.Server{Stats: numbers{}}).Routes())
	for path, want := range map[string]string{
		"/api/v1/instance/rules":                 `[]`,
		"/api/v1/instance/peers":                 `[]`,
		"/api/v1/instance/activity":              `[]`,
		"/api/v1/instance/translation_languages": `{}`,
		"/api/v1/instance/extended_description":  `{"updated_at":null,"content":"<p>Bikes &amp; more &lt;b&gt;</p><p>Since 1899</p>"}`,
	} {
		if w := get(path, ""); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s = %d %s", path, w.Code, w.Body)
		}
	}
	if w := get("/api/v1/instance/languages", ""); !strings.Contains(w.Body.String(), `{"code":"de","name":"German"}`) {
		t.Errorf("languages: %s", w.Body)
	}
	for _, path := range []string{"/api/v1/instance/privacy_policy", "/api/v1/instance/terms_of_service", "/api/v1/instance/terms_of_service/2026-11-20"} {
		if w := get(path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s = %d", path, w.Code)
		}
	}
}

// The texts of a tenant that has written them.
func TestTextsOfTheInstance(t *testing.T) {
	t.Parallel()
	written := *acme
	written.HasPrivacy, written.HasTerms, written.ShortDescription = true, true, "Bikes & bells"
	server := v1.Server{Stats: numbers{}, PrivacyPath: "/privacy-policy", TermsPath: "/terms-of-service"}
	get := mountFor(t, &written, v1.NewInstance(server).Routes())
	terms := `{"effective_date":"2026-11-20","effective":true,"content":"<p>Be kind.</p>","succeeded_by":null}`
	for path, want := range map[string]string{
		"/api/v1/instance/privacy_policy":              `{"updated_at":"2026-11-20T23:00:00.000Z","content":"<p>We keep &lt;nothing&gt;.</p>"}`,
		"/api/v1/instance/terms_of_service":            terms,
		"/api/v1/instance/terms_of_service/2026-11-20": terms,
	} {
		if w := get(path, ""); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s = %d %s", path, w.Code, w.Body)
		}
	}
	if w := get("/api/v1/instance/terms_of_service/2026-11-19", ""); w.Code != http.StatusNotFound {
		t.Errorf("terms of another day: %d", w.Code)
	}
	urls := server.Configuration(&written).URLs
	if *urls.PrivacyPolicy != "https://social.acme.test/privacy-policy" || *urls.TermsOfService != "https://social.acme.test/terms-of-service" {
		t.Errorf("%+v", urls)
	}
	var got entity.InstanceV1
	if err := json.Unmarshal(get("/api/v1/instance", "").Body.Bytes(), &got); err != nil || got.ShortDescription != "Bikes &amp; bells" || !strings.HasPrefix(got.Description, "Bikes &amp; more") {
		t.Errorf("%v %+v", err, got)
	}
}

func TestConfigurationKeepsTimesInSeconds(t *testing.T) {
	t.Parallel()
	local := *acme
	local.Scheme, local.Host = "http", "acme.localhost:8080"
	got := v1.Server{AboutPath: "/about"}.Configuration(&local)
	if got.URLs.Streaming != "ws://acme.localhost:8080" || *got.URLs.About != "http://acme.localhost:8080/about" {
		t.Errorf("%+v", got.URLs)
	}
	if got.Polls.MaxExpiration != int(30*24*time.Hour/time.Second) {
		t.Errorf("%+v", got.Polls)
	}
}
