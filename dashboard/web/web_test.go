package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
)

// ask sends one request through the frame and returns the answer and the log.
func ask(t *testing.T, r *http.Request, handler echo.HandlerFunc) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	frame := web.Frame{Log: slog.New(slog.NewTextHandler(&log, nil)), ShowFault: func(c echo.Context, f web.Fault) error {
		return web.HTML(c, f.Status, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%d|%s|%s|%s", f.Status, f.Reason, f.Wait, f.RequestID)
			return err
		})
	}}
	e := echo.New()
	e.Any("/*", handler, frame.Pages)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w, log.String()
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err     error
		panics  bool
		status  int
		shown   string
		isOurs  bool
		headers map[string]string
	}{
		"not found":   {err: fault.New(fault.NotFound, "row 7"), status: 404, shown: "404||0s|"},
		"forbidden":   {err: fmt.Errorf("inner: %w", fault.New(fault.Forbidden, "Ask.")), status: 403, shown: "403|Ask.|0s|"},
		"gone":        {err: fault.New(fault.Gone, "Deleted."), status: 410, shown: "410|Deleted.|0s|"},
		"of echo":     {err: echo.NewHTTPError(405, "internal"), status: 405, shown: "405||0s|"},
		"too large":   {err: fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1}), status: 413, shown: "413||0s|"},
		"ours":        {err: errors.New("secret detail"), status: 500, shown: "500||0s|", isOurs: true},
		"unavailable": {err: fault.New(fault.Unavailable, "secret detail"), status: 503, shown: "503||5s|", isOurs: true, headers: map[string]string{"Retry-After": "5"}},
		"panic":       {panics: true, status: 500, shown: "500||0s|", isOurs: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, log := ask(t, httptest.NewRequest(http.MethodGet, "/a?token=hidden", nil), func(echo.Context) error {
				if tt.panics {
					panic("secret detail")
				}
				return tt.err
			})
			body := w.Body.String()
			if w.Code != tt.status || !strings.HasPrefix(body, tt.shown) || strings.Contains(body, "secret") || strings.Contains(body, "row 7") {
				t.Errorf("answer %d %q, want %d %q", w.Code, body, tt.status, tt.shown)
			}
			if (body != tt.shown) != tt.isOurs || strings.Contains(log, "request failed") != tt.isOurs {
				t.Errorf("request id in %q, log:\n%s", body, log)
			}
			if strings.Contains(log, "hidden") || !strings.Contains(log, "path=/a ") {
				t.Errorf("log:\n%s", log)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("cache %q", got)
			}
			for name, want := range tt.headers {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestPublicPagesAreCached(t *testing.T) {
	t.Parallel()
	handler := func(c echo.Context) error {
		return web.Public(c, time.Minute, "text/plain", func(w io.Writer) error {
			_, err := io.WriteString(w, "the same")
			return err
		})
	}
	first, _ := ask(t, httptest.NewRequest(http.MethodGet, "/", nil), handler)
	tag := first.Header().Get("ETag")
	if first.Header().Get("Cache-Control") != "public, max-age=60" || !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("headers %v", first.Header())
	}
	for header, status := range map[string]int{
		tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"a", ` + tag: 304, "*": 304, `"a"`: 200, "": 200, tag + "x": 200,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", header)
		if got, _ := ask(t, r, handler); got.Code != status {
			t.Errorf("If-None-Match %s: %d, want %d", header, got.Code, status)
		}
	}
}

// A page that cannot be written leaves nothing of itself in the error page.
func TestHalfAPage(t *testing.T) {
	t.Parallel()
	w, _ := ask(t, httptest.NewRequest(http.MethodGet, "/", nil), func(c echo.Context) error {
		return web.Public(c, time.Minute, "text/html", func(w io.Writer) error {
			_, _ = io.WriteString(w, "half")
			return errors.New("template")
		})
	})
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") || w.Header().Get("ETag") != "" {
		t.Errorf("answer %d %q", w.Code, w.Body.String())
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	tests := map[string]struct {
		kind, body string
		headers    map[string]string
		status     int
		value      string
	}{
		"plain":         {kind: form, body: "a=b+c", status: 200, value: "b c"},
		"charset":       {kind: form + "; charset=UTF-8", body: "a=b", status: 200, value: "b"},
		"NUL and bytes": {kind: form, body: "a=x%00y%ffz", status: 200, value: "xyz"},
		"no type":       {body: "a=b", status: 403},
		"json":          {kind: "application/json", body: `{"a":"b"}`, status: 403},
		"broken":        {kind: form, body: "a=%zz", status: 400},
		"too large":     {kind: form, body: "a=" + strings.Repeat("x", 70_000), status: 413},
		"cross-site":    {kind: form, body: "a=b", headers: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403},
		"other origin":  {kind: form, body: "a=b", headers: map[string]string{"Origin": "https://evil.test"}, status: 403},
		"own origin":    {kind: form, body: "a=b", headers: map[string]string{"Origin": "http://example.com"}, status: 200, value: "b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/?a=query", strings.NewReader(tt.body))
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			for name, value := range tt.headers {
				r.Header.Set(name, value)
			}
			w, _ := ask(t, r, func(c echo.Context) error {
				values, err := web.Form(c)
				if err != nil {
					return err
				}
				return c.String(http.StatusOK, values.Get("a"))
			})
			if w.Code != tt.status || tt.status == 200 && w.Body.String() != tt.value {
				t.Errorf("answer %d %q, want %d %q", w.Code, w.Body.String(), tt.status, tt.value)
			}
		})
	}
}
