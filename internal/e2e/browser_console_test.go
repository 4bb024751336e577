package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit/browse"
)

// office is the product with two companies and somebody who owns accounts in both.
type office struct {
	*server
	console string // http://rookery.localhost:1234
	acme    string // acme.localhost:1234
	owner   *account
}

func newOffice(t *testing.T) *office {
	t.Helper()
	needsTime(t)
	browse.NeedsChromium(t) // before a world is made that nobody looks at
	srv := startServer(t, nil)
	o := &office{server: srv, console: "http://rookery.localhost:" + srv.port(), acme: "acme.localhost:" + srv.port()}
	srv.tenant("http", o.acme)
	o.owner = srv.account(local(t), "http", o.acme, "support")
	other := "globex.localhost:" + srv.port()
	srv.rookery("tenant", "create", "--domain", other, "--name", "Globex Vereinigte Fahrradteilefabriken und Söhne", "--scheme", "http")
	srv.rookery("account", "create", "--tenant", other, "--username", "fahrradteilefabriken_soehne", "--display-name", "Globex Vereinigte Fahrradteile",
		"--person-email", o.owner.Email, "--role", "drafter")
	return o
}

func widths() []int {
	if full() {
		return []int{390, 1280}
	}
	return []int{390}
}

// Somebody signs in to the console, makes an account, learns how to work as it from an
// app, and leaves.
func TestE2EBrowserConsole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	browser := browse.StartChromium(t, "")
	for _, width := range widths() {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			tab := browser.Tab(t, width)
			tab.Open(o.console)
			tab.Look("console-sign-in")
			signIn(tab, o.owner.Email, "not the password")
			tab.Look("console-sign-in-wrong")
			signIn(tab, o.owner.Email, password)
			tab.Look("console-companies")
			tab.Press(`.list li:first-child a`)
			tab.Look("console-accounts")
			tab.Press(`a[href$="/accounts/new"]`)
			tab.Look("console-new")
			makeAccounts(t, tab, width)
			copyHowToSignIn(t, tab, o)
			tab.Open(o.console + "/tenants/1")
			tab.Look("console-not-found")
			tab.Press("main .btn")
			tab.Click(menuOf(width) + " summary")
			tab.Look("console-menu")
			tab.Press(menuOf(width) + " form button")
			tab.Look("console-signed-out")
			if tab.Open(o.console + "/tenants"); !strings.HasPrefix(tab.Path(), "/sign_in?next=") {
				t.Errorf("signed out, the list of companies leads to %s", tab.Path())
			}
		})
	}
}

func signIn(tab *browse.Tab, mail, password string) {
	tab.Fill("email", mail)
	tab.Fill("password", password)
	tab.Press("main form:not([hidden]) button")
}

// menuOf is where the person's menu stands.
func menuOf(width int) string {
	if width < 768 {
		return ".top .me"
	}
	return ".side .me"
}

// makeAccounts tries what the browser refuses, what the server refuses, and a good one.
func makeAccounts(t *testing.T, tab *browse.Tab, width int) {
	t.Helper()
	tab.Fill("username", "help desk")
	tab.Click("main form .btn--go")
	if browse.Evaluate[bool](tab, `document.querySelector("[name=username]").validity.valid`) || !strings.HasSuffix(tab.Path(), "/new") {
		t.Error("the browser takes a handle with a space")
	}
	refused := map[string]string{"help desk": "console-new-bad", "support": "console-new-taken"}
	for _, name := range []string{"help desk", "support"} {
		browse.Evaluate[bool](tab, `document.querySelector("main form").noValidate = true`)
		tab.Fill("username", name)
		tab.Fill("display_name", "Help desk")
		tab.Press("main form .btn--go")
		tab.Look(refused[name])
		if browse.Evaluate[string](tab, `document.querySelector("[name=username]").value`) != name || tab.Text("#username-error") == "" {
			t.Errorf("%q: what was typed or the reason is gone", name)
		}
	}
	browse.Evaluate[bool](tab, `document.querySelector("main form").noValidate = true`)
	tab.Fill("display_name", "Help desk of the northern workshops")
	tab.Press("main form .btn--go")
	if got := tab.Text("#name-help"); !strings.Contains(got, "at most 30") {
		t.Errorf("a long display name: %q", got)
	}
	tab.Fill("display_name", "Help desk")
	tab.Fill("username", fmt.Sprintf("help_desk_of_the_north_%d", width))
	tab.Press("main form .btn--go")
	tab.Look("console-made")
}

func copyHowToSignIn(t *testing.T, tab *browse.Tab, o *office) {
	t.Helper()
	for what, want := range map[string]string{"server": o.acme, "mail": o.owner.Email} {
		selector := `[aria-label="Copy the ` + what + `"]`
		if got := browse.Evaluate[string](tab, `document.querySelector('`+selector+`').dataset.copy`); got != want {
			t.Errorf("the %s to copy is %q, want %q", what, got, want)
		}
		tab.Click(selector)
		// The mark comes after the browser has written its clipboard.
		if !browse.Await[bool](tab, `new Promise(done => { const look = () => document.querySelector('`+selector+`').hasAttribute("data-copied") ? done(true) : requestAnimationFrame(look); look(); setTimeout(() => done(false), 5000); })`) {
			t.Errorf("the %s was not copied", what)
		}
	}
	tab.Refusals()
}

// The same way by the keyboard alone: everything is reached in the order it is read,
// and what has the focus can be seen.
func TestE2EBrowserConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tab := browse.StartChromium(t, "").Tab(t, 1280)
	tab.Open(o.console + "/sign_in")
	tab.Type("\t")
	if got := browse.Evaluate[string](tab, `document.activeElement.className`); got != "skip" {
		t.Errorf("the first stop is %q, want the link over the navigation", got)
	}
	walk(t, tab, "[name=email]")
	tab.Type(o.owner.Email + "\t" + password)
	tab.TypeAndGo("\r")
	walk(t, tab, ".list a")
	tab.TypeAndGo("\r")
	walk(t, tab, `a[href$="/accounts/new"]`)
	tab.TypeAndGo("\r")
	walk(t, tab, "[name=username]")
	tab.Type("press\tPress office")
	walk(t, tab, "main form .btn--go")
	tab.TypeAndGo("\r")
	if got := tab.Text("h1"); got != "Press office is ready" {
		t.Fatalf("the account: %q at %s", got, tab.Path())
	}
	walk(t, tab, "main [data-copy]")
	tab.Type("\r")
	if !browse.Await[bool](tab, `new Promise(done => { const look = () => document.querySelector("[data-copied]") ? done(true) : requestAnimationFrame(look); look(); setTimeout(() => done(false), 5000); })`) {
		t.Error("nothing was copied")
	}
	tab.Open(o.console + "/tenants")
	walk(t, tab, ".side .me summary")
	tab.Type("\r")
	walk(t, tab, ".side .me form button")
	tab.TypeAndGo("\r")
	if got := tab.Path(); got != "/sign_in?signed_out=1" {
		t.Errorf("signing out ends at %s", got)
	}
}

// walk presses Tab until an element has the focus, and looks at each stop.
func walk(t *testing.T, tab *browse.Tab, selector string) {
	t.Helper()
	const stops = 25
	for range stops {
		if browse.Evaluate[bool](tab, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		tab.Type("\t")
		if hidden := browse.Evaluate[string](tab, `(e => e === document.body || (e.matches(":focus-visible") || e.type === "date") && getComputedStyle(e).outlineStyle !== "none" && e.getBoundingClientRect().width > 0 ? "" : e.outerHTML.slice(0, 120))(document.activeElement)`); hidden != "" {
			t.Errorf("the focus cannot be seen on %s", hidden)
		}
	}
	t.Fatalf("%s is not reached by Tab at %s", selector, tab.Path())
}

// Without JavaScript the console works as well.
func TestE2EBrowserConsoleWithoutScript(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tab := browse.StartChromium(t, "").Tab(t, 390).WithoutScript()
	tab.Open(o.console)
	signIn(tab, o.owner.Email, password)
	tab.Press(`.list li:first-child a`)
	tab.Look("noscript-console-accounts")
	tab.Press(`a[href$="/accounts/new"]`)
	tab.Fill("username", "support")
	tab.Press("main form .btn--go")
	if got := tab.Text("#username-error"); !strings.Contains(got, "taken") {
		t.Errorf("a taken handle: %q", got)
	}
	tab.Fill("username", "press")
	tab.Press("main form .btn--go")
	tab.Look("noscript-console-made")
	if got := tab.Text("h1"); got != "press is ready" {
		t.Errorf("the account: %q", got)
	}
	if browse.Evaluate[bool](tab, `[...document.querySelectorAll("[data-copy]")].some(b => b.checkVisibility())`) {
		t.Error("there are buttons that do nothing without script")
	}
	tab.Click(".top .me summary")
	tab.Press(".top .me form button")
	if got := tab.Path(); got != "/sign_in?signed_out=1" {
		t.Errorf("signing out ends at %s", got)
	}
}

// Ending an app's access on one's page ends its tokens and the streams it has open.
func TestE2EBrowserEndsAnApp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.owner.Base+"/api/v1/streaming/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+o.owner.Token)
	client := local(t)
	client.Timeout = 0 // a stream ends when the other side ends it
	stream, err := client.Do(request)
	if err != nil || stream.StatusCode != http.StatusOK {
		t.Fatalf("open a stream: %v %v", stream, err)
	}
	defer stream.Body.Close()
	reader := bufio.NewReader(stream.Body)
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatalf("the stream says nothing: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, reader) // how it ends is the server's choice
		close(ended)
	}()

	tab := browse.StartChromium(t, "").Tab(t, 1280)
	tab.Open(o.owner.Base + "/settings/apps")
	signIn(tab, o.owner.Email, password)
	tab.Look("tenant-apps")
	tab.Press("main form:not([hidden]) button")
	if got := tab.Text(".note"); !strings.Contains(got, "has no access any more") {
		t.Errorf("after ending it the page says %q", got)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the app's stream is open still")
	}
	if status, body := o.owner.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("its token: %d %s", status, body)
	}
}
