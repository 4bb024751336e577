package assets_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"rookery/dashboard/words"
)

// unsaid are the texts that a page said and German has no entry for.
var unsaid sync.Map

func init() { words.In("de").Listen(func(english string) { unsaid.Store(english, true) }) }

// Every page speaks German, down to the words that Go code chooses for it.
func TestGallerySpeaksGerman(t *testing.T) {
	t.Parallel()
	for _, p := range galleryPages() {
		if html := string(p.html(t, "de")); !strings.Contains(html, `<html lang="de">`) || strings.Contains(html, ">Cancel<") {
			t.Errorf("%s speaks English to Germans", p.name)
		}
	}
	var missing []string
	unsaid.Range(func(english, _ any) bool {
		missing = append(missing, english.(string))
		return true
	})
	slices.Sort(missing)
	for _, english := range missing {
		t.Errorf("no entry in dashboard/words/de for words that a page says: add them to code.po, as the format that makes them\nmsgid %q\nmsgstr \"\"", english)
	}
}

// lookAtGerman opens a page in German on a phone, where longer words show first.
func lookAtGerman(t *testing.T, tab context.Context, server string, p galleryPage) {
	t.Helper()
	must(t, chromedp.Do(tab, chromedp.EmulateViewport(390, 800), chromedp.Navigate(server+"/de/"+p.name)))
	if got := evaluate[int64](t, tab, `document.documentElement.scrollWidth`); got > 390 {
		t.Errorf("in German the page is %d px wide: %s", got, evaluate[string](t, tab, widest))
	}
	if os.Getenv("SCREENS") != "" {
		keepScreen(t, tab, p.name+"-de-390.png")
		must(t, chromedp.Do(tab, chromedp.EmulateViewport(1280, 800)))
		keepScreen(t, tab, p.name+"-de-1280.png")
		must(t, chromedp.Do(tab, chromedp.EmulateViewport(390, 800)))
	}
	if unfolded := evaluate[int64](t, tab, `(document.querySelectorAll("details").forEach(d => d.open = true), document.documentElement.scrollWidth)`); unfolded > 390 {
		t.Errorf("in German, unfolded, the page is %d px wide: %s", unfolded, evaluate[string](t, tab, widest))
	}
}
