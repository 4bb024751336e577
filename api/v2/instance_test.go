package v2_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/limit"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

type numbers struct{ err error }

func (n numbers) Brand(context.Context, *tenant.Tenant) (*store.Brand, error) {
	return &store.Brand{}, nil
}

func (n numbers) Instance(context.Context, *tenant.Tenant) (v1.InstanceStats, error) {
	return v1.InstanceStats{ActiveMonth: 2}, n.err
}

type nobody struct{}

func (nobody) Authenticate(context.Context, tenant.ID, string) (*access.Viewer, error) {
	return nil, access.ErrToken
}

var acme = &tenant.Tenant{
	ID: 1, Name: "Acme Cycles", Host: "social.acme.test", HandleDomain: "acme.test", Scheme: "https", State: tenant.Active,
	Description: "Bikes & more",
}

func get(t *testing.T, stats v1.Stats) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	deps := httpx.Deps{Auth: nobody{}, Limiter: limit.ByClass{Limiter: limit.New(limit.Options{})}, Log: slog.New(slog.DiscardHandler)}
	server := v1.Server{Stats: stats, Version: "0.1.0", VAPIDKey: "key"}
	// Both versions in one table, as in the binary: they must not collide.
	if err := httpx.Mount(e, deps, v2.NewInstance(server).Routes(), v1.NewInstance(server).Routes(), v1.Empty()); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/v2/instance", nil)
	r.Header.Set("Authorization", "Bearer stale") // an app that was logged out still asks
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), acme)))
	return w
}

func TestInstanceOfATenant(t *testing.T) {
	t.Parallel()
	w := get(t, numbers{})
	var got entity.Instance
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if got.Domain != "acme.test" || got.Configuration.URLs.Streaming != "wss://social.acme.test" ||
		got.Description != "Bikes &amp; more" || got.Usage.Users.ActiveMonth != 2 || got.APIVersions.Mastodon != 3 ||
		got.Configuration.VAPID.PublicKey != "key" || got.Configuration.Statuses.MaxCharacters != 500 || got.Registrations.Enabled {
		t.Errorf("%+v", got)
	}
	if strings.Contains(w.Body.String(), "social.acme.test/about") {
		t.Error("a page is announced that does not exist")
	}
}

func TestInstanceWithoutNumbersIsOurFault(t *testing.T) {
	t.Parallel()
	if w := get(t, numbers{err: errors.New("secret reason")}); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
