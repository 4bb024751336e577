package console_test

import (
	"net/http"
	"strings"
	"testing"
)

// The console speaks the language that a person chose on their own page, whatever the
// browser asks for, from the next page on.
func TestTheConsoleSpeaksTheLanguageOfThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	contains(t, "before", b.Get(room(w.A), "Accept-Language", "en"), `<html lang="en">`, "Your role")
	page := b.Get(home + "/me")
	shown := b.Follow(b.Submit(page, formTo(t, page, "/profile"), "name", "Alice A", "locale", "de"))
	contains(t, "own page", shown, `<html lang="de">`, "Gespeichert.", "Sprache der Seiten und Mails")
	got := b.Get(room(w.A), "Accept-Language", "en")
	contains(t, "accounts", got, `<html lang="de">`, "<h1>Konten</h1>", "Ihre Rolle", "Eigentümer", "Veröffentlichen")
	if got.Header.Get("Content-Language") != "de" {
		t.Errorf("Content-Language %q", got.Header.Get("Content-Language"))
	}
	for path, words := range map[string]string{
		"/people": "Zweiter Faktor", "/publish": "Entwürfe", "/inbox": "Unterhaltungen", "/domains": "Domain", "/audit": "Protokoll", "/branding": "Erscheinungsbild", "/security": "Sicherheit",
	} {
		if page := b.Get(room(w.A) + path); page.Status != http.StatusOK || !strings.Contains(page.Body, words) || strings.Contains(page.Body, ">Cancel<") {
			t.Errorf("%s: %d, in English", path, page.Status)
		}
	}
	stranger := w.server.Browser(t)
	if page := stranger.Get(home+"/sign_in", "Accept-Language", "de"); !strings.Contains(page.Body, "Bei Rookery anmelden") || !strings.Contains(strings.Join(page.Header.Values("Vary"), ","), "Accept-Language") {
		t.Errorf("the sign-in page: %d, Vary %q", page.Status, page.Header.Values("Vary"))
	}
}
