package assets_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rookery/dashboard/assets"
)

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		kind  string
		limit int
	}{
		"app.css":     {"text/css", 30_000},
		"console.css": {"text/css", 45_000}, // ADR 19
		"app.js":      {"text/javascript", 20_000},
		"favicon.svg": {"image/svg+xml", 1_000},
	} {
		rec := httptest.NewRecorder()
		assets.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, assets.URL(name), nil))
		if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), want.kind) {
			t.Errorf("%s: %d, %q", name, rec.Code, rec.Header().Get("Content-Type"))
		}
		if !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s is not immutable", name)
		}
		if n := rec.Body.Len(); n == 0 || n > want.limit {
			t.Errorf("%s weighs %d bytes, the limit is %d", name, n, want.limit)
		}
	}
	rec := httptest.NewRecorder()
	assets.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/assets/app.000000000000.css", nil))
	if rec.Code != http.StatusNotFound {
		t.Errorf("a stylesheet of another hash: %d, want 404", rec.Code)
	}
}

func TestStylesheetIsMinifiedAndWhole(t *testing.T) {
	t.Parallel()
	f, ok := assets.Lookup(assets.URL("console.css"))
	if !ok {
		t.Fatal("no stylesheet")
	}
	css := string(f.Body)
	if strings.Contains(css, "/*") || strings.Contains(css, "\n") || strings.Contains(css, ";}") {
		t.Error("comments, line ends or last semicolons are left")
	}
	if open, shut := strings.Count(css, "{"), strings.Count(css, "}"); open != shut {
		t.Errorf("%d braces open, %d shut", open, shut)
	}
	// What a careless minifier breaks: a space before a pseudo-class, and around the signs of calc().
	for _, want := range []string{".table :is(th,td)", "calc(-1 * var(--s5))", "min-height:100dvh", `content:""`} {
		if !strings.Contains(css, want) {
			t.Errorf("stylesheet lacks %q", want)
		}
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 14, 5, 0, 0, time.UTC)
	for want, then := range map[string]time.Time{
		"now":         now.Add(-20 * time.Second),
		"5 min":       now.Add(-5*time.Minute - 30*time.Second),
		"3 h":         now.Add(-3 * time.Hour),
		"Wed":         now.Add(-46 * time.Hour),
		"2 Nov":       time.Date(2026, 11, 2, 9, 12, 0, 0, time.UTC),
		"31 Dec 2025": time.Date(2025, 12, 31, 9, 12, 0, 0, time.UTC),
		"21 Nov":      now.Add(24 * time.Hour),
	} {
		if got := assets.Ago(then, now); got != want {
			t.Errorf("Ago(%s) = %q, want %q", then, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 41: "41", 999: "999", 1482: "1,482", 12906: "12,906", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := assets.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAvatar(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Mara Lindqvist": "ML", "acme": "A", "🚲 Acme (news) Desk": "AN", "": "", "Ærø Øl Æ": "ÆØ", "日本 語": "日語",
	} {
		if got := (assets.Avatar{Name: name}).Initials(); got != want {
			t.Errorf("initials of %q = %q, want %q", name, got, want)
		}
	}
	a, b := assets.Avatar{Name: "A", Seed: "7"}, assets.Avatar{Name: "B", Seed: "7"}
	if a.Colour() != b.Colour() || len(a.Colour()) != 2 {
		t.Errorf("colour follows the name, not the id: %q, %q", a.Colour(), b.Colour())
	}
}
