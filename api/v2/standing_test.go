package v2_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/limit"
	"rookery/tenant"
)

// TEN-20: both documents about a server say that not everything works there, from the first
// request on that finds it so, and no longer than that; what a cache holds is not confirmed.
func TestTheInstanceDocumentFollowsTheStanding(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	deps := httpx.Deps{Auth: nobody{}, Limiter: limit.ByClass{Limiter: limit.New(limit.Options{Factor: limit.Off})}, Log: slog.New(slog.DiscardHandler)}
	server := v1.Server{Stats: numbers{}, Version: "0.1.0"}
	if err := httpx.Mount(e, deps, v2.NewInstance(server).Routes(), v1.NewInstance(server).Routes()); err != nil {
		t.Fatal(err)
	}
	ask := func(path, tag string, standing tenant.Standing) *httptest.ResponseRecorder {
		home := *acme
		home.Entitlement.Standing = standing
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), &home)))
		return w
	}
	for _, path := range []string{"/api/v1/instance", "/api/v2/instance"} {
		usual := ask(path, "", "")
		for standing, notice := range map[tenant.Standing]string{
			tenant.Grace: "", tenant.Restricted: "This server is read-only", tenant.Unpaid: "This server is paused", tenant.Closing: "This server is being closed.",
		} {
			got := ask(path, usual.Header().Get("ETag"), standing)
			if notice == "" {
				if got.Code != http.StatusNotModified {
					t.Errorf("%s while %s: %d", path, standing, got.Code)
				}
				continue
			}
			if got.Code != http.StatusOK || strings.Count(got.Body.String(), notice) == 0 || !strings.Contains(got.Body.String(), " Bikes ") {
				t.Errorf("%s while %s: %d %s", path, standing, got.Code, got.Body)
			}
			if back := ask(path, got.Header().Get("ETag"), ""); back.Code != http.StatusOK || strings.Contains(back.Body.String(), notice) {
				t.Errorf("%s after %s: %d", path, standing, back.Code)
			}
		}
	}
}
