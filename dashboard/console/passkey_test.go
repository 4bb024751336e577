package console_test

import (
	"strings"
	"testing"

	"rookery/internal/testkit/browse"
)

// A passkey of the console's own host: offered after the first password, and both factors at
// the next sign-in.
func TestPasskeyOnTheConsole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	tab := browse.StartChromium(t, w.server.Listener.Addr().String()).Tab(t, 390)
	tab.Authenticator()
	tab.Open(home + "/sign_in")
	if !browse.Await[bool](tab, `PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then(() => document.querySelector("input[name=offer]").value === "1")`) {
		t.Fatal("the script does not see the device")
	}
	tab.Fill("email", "alice@a.test")
	tab.Fill("password", password)
	tab.Press("form:not([data-passkey]) button")
	if got := tab.Path(); !strings.HasPrefix(got, "/me/offer") {
		t.Fatalf("after the password: %s", got)
	}
	tab.Press("form[data-passkey] button")
	if got := tab.Path(); got != "/tenants" {
		t.Fatalf("after adding a passkey: %s", got)
	}
	tab.Open(home + "/sign_in?again=1&next=%2Fme")
	tab.Press("form[data-passkey] button")
	if got := tab.Text("main"); tab.Path() != "/me" || !strings.Contains(got, "two factors") {
		t.Errorf("after signing in with it: %s\n%s", tab.Path(), got)
	}
}
