package file_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"rookery/api/file"
	"rookery/api/httpx"
	"rookery/internal/imaging"
	"rookery/internal/social/media"
	"rookery/internal/testkit/fixture"
)

// TEN-46: the host of files fetches nothing for anybody and makes nothing of what it has:
// addresses, types and sizes that somebody asks for change no answer.
func TestTheHostOfFilesIsNoProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	w := fixture.New(t)
	m, err := media.New(w.PG).Add(t.Context(), w.A.Tenant, w.A.Account.ID, media.Upload{Bytes: imaging.MissingAvatar().Bytes})
	if err != nil {
		t.Fatal(err)
	}
	good := media.Addresses{Scheme: "https", Host: "files.test"}.URL(w.A.Tenant.ID, m)
	handler := file.New(w.PG, httpx.ErrorHandler(slog.New(slog.DiscardHandler)), nil)
	get := func(address string) *httptest.ResponseRecorder {
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, httptest.NewRequest(http.MethodGet, address, nil))
		return out
	}
	plain, target := get(good), url.QueryEscape(elsewhere.URL+"/secret.png")
	if plain.Code != http.StatusOK {
		t.Fatalf("the file itself: %d", plain.Code)
	}
	for _, query := range []string{"url=" + target, "url=" + target + "&file_type=svg", "file_type=text/html", "width=100000&height=100000", "format=svg&thumbnail=9999999", "redirect=" + target} {
		got := get(good + "?" + query)
		if got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), plain.Body.Bytes()) || got.Header().Get("Content-Type") != plain.Header().Get("Content-Type") || got.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", query, got.Code, got.Header())
		}
	}
	for _, path := range []string{
		"/proxy?url=" + target, "/media_proxy/1/original?url=" + target, "/image_proxy?url=" + target, "/pictrs/image/x?url=" + target, "/resize?url=" + target,
		"/" + url.PathEscape(elsewhere.URL) + "/secret.png", "/" + strings.TrimPrefix(elsewhere.URL, "http://") + "/secret.png", "/?url=" + target,
	} {
		if got := get("https://files.test" + path); got.Code != http.StatusNotFound && got.Code != http.StatusBadRequest || got.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", path, got.Code, got.Header())
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
