package site_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/testkit/browse"
)

// A real browser with a device that keeps passkeys: offered after the first password on this
// host, added, and used to sign in without one.
func TestPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPassword(t, w.A.Person)
	tab := browse.StartChromium(t, w.server.Listener.Addr().String()).Tab(t, 390)
	tab.Authenticator()
	tab.Open(signInPage)
	if !browse.Await[bool](tab, `PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then(() => document.querySelector("input[name=offer]").value === "1")`) {
		t.Fatal("the script does not see the device")
	}
	tab.Fill("email", "alice@a.test")
	tab.Fill("password", password)
	tab.Press("form:not([data-passkey]) button")
	if got := tab.Path(); !strings.HasPrefix(got, "/settings/login/offer") {
		t.Fatalf("after the password: %s", got)
	}
	tab.Look("passkey-offer")
	tab.Press("form[data-passkey] button")
	if got := tab.Path(); got != "/" {
		t.Fatalf("after adding a passkey: %s", got)
	}
	tab.Open("https://a.test/settings/login")
	tab.Look("own-page")
	if got := tab.Text("main"); !strings.Contains(got, "Rename or remove") {
		t.Fatalf("no passkey was added:\n%s", got)
	}
	tab.Open(signInPage + "?again=1&next=%2Fabout")
	tab.Press("form[data-passkey] button")
	if got := tab.Path(); got != "/about" {
		t.Fatalf("after signing in with the passkey: %s\n%s", got, tab.Text("main"))
	}
	tab.Open("https://a.test/settings/login")
	if got := tab.Text("main"); !strings.Contains(got, "two factors") {
		t.Errorf("a passkey counts as one factor:\n%s", got)
	}
}

func TestPasskeyAnswersThatDoNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	page := b.Get(signInPage)
	if page.Status != http.StatusOK {
		t.Fatalf("%d\n%s", page.Status, page.Body)
	}
	form := b.Form(page, "answer", "")
	begin := b.Post(signInPage+"/passkey/begin", url.Values{"authenticity_token": form.Values["authenticity_token"]})
	if begin.Status != http.StatusOK || !strings.Contains(begin.Body, `"rpId":"a.test"`) || !strings.Contains(begin.Body, `"userVerification":"required"`) {
		t.Fatalf("begin: %d %s", begin.Status, begin.Body)
	}
	secret := between(t, begin.Body, `"secret":"`, `"`)
	for name, answer := range map[string]string{
		"nothing": "", "no JSON": "{", "empty": "{}", "deep": strings.Repeat("[", 10000),
		"made up": `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA","userHandle":"AAAA"}}`,
	} {
		if got := b.Submit(page, form, "secret", secret, "answer", answer); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "does not work here") {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	if got := b.Post(signInPage+"/passkey/begin", url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("begin without the form's token: %d", got.Status)
	}
}
