package httpx_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/tenant"
	"rookery/tenant/access"
)

// A picture over a slow line takes longer than the server gives a request, and arrives; a
// form of usual size has no more time than others.
func TestASlowUploadArrives(t *testing.T) {
	t.Parallel()
	const short = 300 * time.Millisecond
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	read := func(c echo.Context) error {
		n, err := io.Copy(io.Discard, c.Request().Body)
		if err == nil {
			err = c.Request().Context().Err()
		}
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, fmt.Sprint(n))
	}
	routes := []httpx.Route{
		{Method: "POST", Path: "/api/picture", Auth: httpx.Public, Act: access.Manage, BodyLimit: 16 << 20, Handler: read},
		{Method: "POST", Path: "/api/form", Auth: httpx.Public, Act: access.Manage, Handler: read},
	}
	deps := httpx.Deps{Auth: tokens{}, Limiter: &counter{most: 100, used: map[string]int{}}, Log: slog.New(slog.DiscardHandler), Timeout: short}
	if err := httpx.Mount(e, deps, routes); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), acme)))
	}))
	server.Config.ReadTimeout = short
	server.Start()
	t.Cleanup(server.Close)
	for path, arrives := range map[string]bool{"/api/picture": true, "/api/form": false} {
		body, line := io.Pipe()
		go func() {
			for range 4 { // with longer pauses in all than a request has
				if _, err := line.Write(make([]byte, 1000)); err != nil {
					return
				}
				<-time.After(short / 2)
			}
			_ = line.Close()
		}()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			if arrives {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if got := answer.StatusCode == http.StatusOK && string(text) == "4000"; got != arrives {
			t.Errorf("%s arrives: %t (%d %s)", path, got, answer.StatusCode, text)
		}
	}
}
