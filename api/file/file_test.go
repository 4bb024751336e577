package file_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rookery/api/file"
	"rookery/api/httpx"
	"rookery/internal/imaging"
	"rookery/internal/social/media"
	"rookery/internal/testkit/fixture"
)

// TEN-17, TEN-18: a file is found under its whole random name at its own tenant and
// nowhere else, and is served as the picture it is, whatever is asked for.
func TestFilesAreInertAndCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	raw := imaging.MissingAvatar().Bytes
	m, err := media.New(w.PG).Add(t.Context(), w.A.Tenant, w.A.Account.ID, media.Upload{Bytes: raw})
	if err != nil {
		t.Fatal(err)
	}
	addresses := media.Addresses{Scheme: "https", Host: "files.test"}
	good := strings.TrimPrefix(addresses.URL(w.A.Tenant.ID, m), "https://files.test")
	handler := file.New(w.PG, httpx.ErrorHandler(slog.New(slog.DiscardHandler)), nil)
	get := func(path, accept string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, "https://files.test/", nil)
		request.URL.Path, request.RequestURI = path, path
		request.Header.Set("Accept", accept)
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, request)
		return out
	}
	for _, accept := range []string{"*/*", "text/html", "application/activity+json", "image/svg+xml"} {
		got := get(good, accept)
		if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "image/") || got.Header().Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(got.Header().Get("Content-Security-Policy"), "sandbox") || got.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", accept, got.Code, got.Header())
		}
	}
	// 122 random bits at least: 21 characters of base64url, 32 of hex.
	if len(m.Key) < 21 {
		t.Errorf("the key %q is short", m.Key)
	}
	other := strings.Replace(good, "/"+w.A.Tenant.ID.String()+"/", "/"+w.B.Tenant.ID.String()+"/", 1)
	last := m.Key[len(m.Key)-1]
	for name, path := range map[string]string{
		"another tenant": other, "neighbour": strings.Replace(good, m.Key, m.Key[:len(m.Key)-1]+string(last^1), 1), "cut": strings.Replace(good, m.Key, m.Key[:len(m.Key)-1], 1),
		"pattern": strings.Replace(good, m.Key, "%", 1), "none": strings.Replace(good, m.Key, "", 1), "no tenant": strings.Replace(good, "/"+w.A.Tenant.ID.String()+"/", "/0/", 1),
		"list": "/" + w.A.Tenant.ID.String() + "/", "up": "/" + w.A.Tenant.ID.String() + "/../" + m.Key,
	} {
		if got := get(path, "*/*"); got.Code != http.StatusNotFound {
			t.Errorf("%s (%s): %d", name, path, got.Code)
		}
	}
}
