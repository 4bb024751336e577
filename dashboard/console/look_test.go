package console_test

import (
	"os"
	"testing"

	"rookery/internal/testkit/browse"
)

// look opens pages in a browser as alice, and others as nobody, and keeps pictures of them
// where SCREENS says.
func (w *world) look(t *testing.T, asAlice, asNobody map[string]string) {
	t.Helper()
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	chromium := browse.StartChromium(t, w.server.Listener.Addr().String())
	widths := []int{390}
	if os.Getenv("ROOKERY_E2E") == "full" {
		widths = []int{390, 1280}
	}
	for _, width := range widths {
		stranger := chromium.Tab(t, width)
		for name, address := range asNobody {
			stranger.Open(address)
			stranger.Look(name)
		}
		tab := chromium.Tab(t, width)
		tab.Open(room(w.A))
		tab.Fill("email", "alice@a.test")
		tab.Fill("password", password)
		tab.Press("main form:not([hidden]) button")
		for name, address := range asAlice {
			tab.Open(address)
			tab.Look(name)
		}
	}
}
