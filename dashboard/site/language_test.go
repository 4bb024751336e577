package site_test

import (
	"strings"
	"testing"
)

// A page speaks the language that the browser asks for, and says that it depends on it.
func TestPagesSpeakTheLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	for header, want := range map[string]struct{ lang, words string }{
		"de":                      {"de", "So folgen Sie"},
		"de-AT, en;q=0.5":         {"de", "So folgen Sie"},
		"fr, de;q=0.4, en;q=0.8":  {"en", "How to follow"},
		"fr":                      {"en", "How to follow"},
		"en-US,en;q=0.9,de;q=0.1": {"en", "How to follow"},
	} {
		got := b.Get(home+"/", "Accept-Language", header)
		if !strings.Contains(got.Body, `<html lang="`+want.lang+`">`) || !strings.Contains(got.Body, want.words) {
			t.Errorf("%q is not answered with %q", header, want.words)
		}
		if got.Header.Get("Content-Language") != want.lang || !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Accept-Language") {
			t.Errorf("%q: Content-Language %q, Vary %q", header, got.Header.Get("Content-Language"), got.Header.Values("Vary"))
		}
	}
	if got := b.Get(home+"/@nobody-here", "Accept-Language", "de", "Accept", "text/html"); got.Status != 404 || !strings.Contains(got.Body, "Unter dieser Adresse ist nichts") {
		t.Errorf("a page that is not there: %d in English", got.Status)
	}
}
