package assets_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rookery/dashboard/assets"
	"rookery/internal/testkit/browse"
)

const maxPageWeight = 150 << 10 // without media

// Every page is opened in a browser at four widths, light and dark.
//
// SCREENS=dir keeps pictures. The accessibility rules run where axe-core is
// installed (deploy/dev/need.sh peers), and not with -short.
func TestGallery(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	axe := readAxe(t)
	server := serveGallery(t)
	for i, p := range galleryPages() {
		if !looksTwice() && i%quickly != 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			tab, cancel := chromedp.NewContext(browser)
			defer cancel()
			tab, stop := context.WithTimeout(tab, 2*time.Minute)
			defer stop()
			lookAt(t, tab, server, p, axe)
		})
	}
}

// lookAt opens one page at every width and scheme, unfolded and in German, and checks what
// can be seen by a script.
func lookAt(t *testing.T, tab context.Context, server string, p galleryPage, axe string) {
	t.Helper()
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.refused = [];
		document.addEventListener("securitypolicyviolation", e => window.refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
		addEventListener("error", e => window.refused.push("script: " + e.message));`}
	must(t, chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, watch)
		return err
	})))
	must(t, chromedp.Do(tab, colours("light"), chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server+"/page/"+p.name)))
	if axe != "" {
		// Evaluated by the debugger, so the page's policy does not apply to it.
		must(t, chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := chromedp.Evaluate[bool](axe+"\n;true")(ctx, target)
			return err
		})))
	}
	for _, width := range []int64{320, 390, 768, 1280} {
		must(t, chromedp.Do(tab, chromedp.EmulateViewport(width, 800)))
		if got := evaluate[int64](t, tab, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d px the page is %d px wide: %s", width, got, evaluate[string](t, tab, widest))
		}
		if width != 390 && width != 1280 {
			continue
		}
		for _, scheme := range schemesAt(width) {
			must(t, chromedp.Do(tab, colours(scheme)))
			if axe != "" && (scheme == "dark" || looksTwice()) {
				for _, found := range runAxe(t, tab, scheme) {
					t.Errorf("%d px, %s: %s", width, scheme, found)
				}
			}
			keepScreen(t, tab, fmt.Sprintf("%s-%d-%s.png", p.name, width, scheme))
		}
		must(t, chromedp.Do(tab, colours("light")))
	}
	openEverything(t, tab, p.name, axe)
	lookAtGerman(t, tab, server, p)
	if refused := evaluate[[]string](t, tab, `window.refused`); len(refused) > 0 {
		t.Errorf("refused by the policy, or a fault in the script: %q", refused)
	}
}

// looksTwice is "make e2e-gallery", or somebody who wants pictures. Else each page is looked
// at in one scheme a width, and the rules that go by its structure are applied once, when
// everything on it is unfolded.
func looksTwice() bool { return os.Getenv("ROOKERY_E2E") == "full" || os.Getenv("SCREENS") != "" }

// quickly is of how many samples one is opened in an ordinary run: neighbours are states of
// one page, with the same parts. "make e2e-gallery" opens all, and TestGalleryMarkup reads
// the markup of all.
const quickly = 5

// schemesAt are the colours in which a page is looked at.
func schemesAt(width int64) []string {
	switch {
	case looksTwice():
		return []string{"light", "dark"}
	case width == 390:
		return []string{"dark"}
	}
	return []string{"light"}
}

// openEverything unfolds what is folded (warnings, descriptions, menus) on a
// phone, and looks again.
func openEverything(t *testing.T, tab context.Context, name, axe string) {
	t.Helper()
	must(t, chromedp.Do(tab, chromedp.EmulateViewport(390, 800)))
	folded := evaluate[int](t, tab, `(all => { all.forEach(d => d.open = true); return all.length; })(document.querySelectorAll("details"))`)
	if folded == 0 && looksTwice() {
		return // it was looked at
	}
	if got := evaluate[int64](t, tab, `document.documentElement.scrollWidth`); got > 390 {
		t.Errorf("unfolded, the page is %d px wide: %s", got, evaluate[string](t, tab, widest))
	}
	if axe != "" {
		for _, found := range runAxe(t, tab, "light") {
			t.Errorf("unfolded: %s", found)
		}
	}
	keepScreen(t, tab, name+"-390-open.png")
}

// widest names what sticks out on the right, for whoever has to mend it.
const widest = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
	.slice(0, 4).map(e => e.tagName + "." + e.className).join(", ")`

func colours(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"}, // a colour in transition is no colour to measure
			},
		})
		return err
	})
}

// runAxe applies the rules of accessibility; in dark those that a scheme can change.
func runAxe(t *testing.T, tab context.Context, scheme string) []string {
	t.Helper()
	rules := browse.AllRules
	if scheme == "dark" {
		rules = browse.ColourRules
	}
	found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: `+rules+`}).then(r => r.violations.map(
		v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160) + " " + (n.any[0] ? n.any[0].message : "")).join(" | ")))`,
		chromedp.EvalAwaitPromise))
	must(t, err)
	return found
}

func keepScreen(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	must(t, err)
	must(t, os.MkdirAll(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script))
	must(t, err)
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := browse.NeedsChromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	must(t, chromedp.Do(browser))
	return browser
}

func readAxe(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		return ""
	}
	return browse.AxeSource(t)
}

// serveGallery serves every page with what it links to, under the policy.
func serveGallery(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, p := range galleryPages() {
		for lang, prefix := range map[string]string{"en": "/page/", "de": "/de/"} {
			html := p.html(t, lang)
			mux.HandleFunc("GET "+prefix+p.name, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				w.Header().Set("Content-Security-Policy", assets.Policy)
				_, _ = w.Write(html)
			})
		}
	}
	mux.Handle(assets.Prefix, assets.Handler())
	if os.Getenv("SCREENS") != "" {
		// For pictures as on the design sheets: Inter, where the system has it.
		for _, name := range []string{"app.css", "console.css"} {
			mux.HandleFunc("GET "+assets.URL(name), func(w http.ResponseWriter, _ *http.Request) {
				f, _ := assets.Lookup(assets.URL(name))
				w.Header().Set("Content-Type", f.Type)
				_, _ = w.Write([]byte(strings.Replace(string(f.Body), "--font:system-ui", "--font:Inter,system-ui", 1)))
			})
		}
	}
	mux.HandleFunc("GET /brand.css", func(w http.ResponseWriter, _ *http.Request) {
		css, err := assets.BrandCSS(brandColour)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(css)
	})
	mux.Handle("GET /pic/", http.StripPrefix("/pic/", http.FileServer(http.Dir("testdata"))))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// What needs no browser: weight, nothing inline, every icon there.
func TestGalleryMarkup(t *testing.T) {
	t.Parallel()
	static := 0
	for _, name := range []string{"console.css", "app.js", "favicon.svg"} {
		f, ok := assets.Lookup(assets.URL(name))
		if !ok {
			t.Fatalf("no %s", name)
		}
		static += len(f.Body)
	}
	for _, p := range galleryPages() {
		html := string(p.html(t, "en"))
		if weight := len(html) + static; weight > maxPageWeight {
			t.Errorf("%s weighs %d bytes", p.name, weight)
		}
		for _, bad := range []string{" style=", "<style", "onclick=", "javascript:", `href="#"`, `href=""`, "ZgotmplZ", "%!"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s holds %q", p.name, bad)
			}
		}
		if n := strings.Count(html, "<h1"); n != 1 {
			t.Errorf("%s has %d headings of the first level", p.name, n)
		}
		for _, use := range strings.Split(html, `<use href="#`)[1:] {
			name, _, _ := strings.Cut(use, `"`)
			if strings.Count(html, `<symbol id="`+name+`"`) != 1 {
				t.Errorf("%s: icon %s is not in the sprite once", p.name, name)
			}
		}
	}
}
