package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/dnstest"
)

// newcomer is a company that is on trial, and the DNS of its names.
type newcomer struct {
	*server
	dns  *dnstest.Server
	home string // of its names in the console
	mail string
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	needsTime(t)
	browse.NeedsChromium(t)
	dns := dnstest.Start(t)
	srv := startServer(t, map[string]string{
		"DNS_RESOLVERS": strings.Join(dns.ResolverAddresses(), ","), "QUEUES": "inbox=4,deliver=4,fanout=2,fetch=2,domains=2,upkeep=1",
	})
	trial := "acme.rookery.localhost:" + srv.port()
	srv.rookery("tenant", "create", "--trial", "acme", "--name", "Acme Cycles")
	owner := srv.account(local(t), "http", trial, "support")
	n := &newcomer{server: srv, dns: dns, mail: owner.Email}
	var rows []struct {
		TenantID string `json:"tenant_id"`
	}
	if err := json.Unmarshal([]byte(srv.rookery("domain", "list", "--tenant", trial, "--json")), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("the trial's names: %+v, %v", rows, err)
	}
	n.home = "http://rookery.localhost:" + srv.port() + "/tenants/" + rows[0].TenantID + "/domains"
	return n
}

// proofs are the TXT records that a page asks for, as they are typed into a DNS form.
func proofs(t *testing.T, tab *browse.Tab, zone string) map[string]string {
	t.Helper()
	cells := browse.Evaluate[[]string](tab, `[...document.querySelectorAll(".rec .whole")].map(e => e.textContent)`)
	out := map[string]string{}
	for i := 0; i+1 < len(cells); i += 2 {
		out[cells[i]+"."+zone] = cells[i+1]
	}
	if len(out) != 2 {
		t.Fatalf("the page asks for %q", cells)
	}
	return out
}

// prove does what the company's DNS provider does, and has both names looked at.
func (n *newcomer) prove(records map[string]string) {
	n.t.Helper()
	for name, value := range records {
		n.dns.Set(fmt.Sprintf("%s 60 TXT %q", name, value))
	}
	for _, name := range slices.Sorted(maps.Keys(records)) {
		n.rookery("domain", "check", strings.TrimPrefix(name, "_rookery-challenge."))
	}
}

// focus presses Tab until an element has the focus.
func focus(t *testing.T, tab *browse.Tab, selector string) {
	t.Helper()
	for range 80 {
		if browse.Evaluate[bool](tab, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		tab.Type(kb.Tab)
	}
	t.Fatalf("the keyboard does not reach %s on %s", selector, tab.Path())
}

// With the keyboard alone: a domain is added, its records are shown, and once they are there
// the page goes on by itself.
func TestE2EBrowserDomain(t *testing.T) {
	t.Parallel()
	n := newNewcomer(t)
	browser := browse.StartChromium(t, "")
	for _, width := range widths() {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			zone := fmt.Sprintf("company%d.test", width)
			n.dns.Zone(zone)
			tab := browser.Tab(t, width)
			tab.Open(n.home)
			signIn(tab, n.mail, password)
			tab.Look("domains")
			focus(t, tab, `a[href$="/domains/new"]`)
			tab.TypeAndGo(kb.Enter)
			focus(t, tab, `[name="name"]`)
			tab.Type(zone)
			if got := tab.Text("#name-help b"); got != "@support@"+zone {
				t.Errorf("the handle to be is shown as %q", got)
			}
			tab.Look("domain-add")
			focus(t, tab, "main form .btn--go")
			tab.TypeAndGo(kb.Enter)
			n.checkNow(t, tab)
			wanted := proofs(t, tab, zone)
			tab.Look("domain-proof")
			browse.Evaluate[string](tab, `window.before = "this page"`)
			focus(t, tab, ".me summary, .side__tenant")
			n.prove(wanted)
			testkit.Eventually(t, 30*time.Second, "the page goes on by itself", func() bool {
				return tab.Text("#todo") == "Add one record to the DNS of "+zone && strings.Contains(tab.Text(".rec"), "CNAME")
			})
			if browse.Evaluate[string](tab, `window.before`) != "this page" {
				t.Error("the page was loaded anew")
			}
			if got := browse.Evaluate[bool](tab, `[...document.querySelectorAll(".rec [data-copy], .rec button")].every(b => b.checkVisibility()) && [...document.querySelectorAll("use")].every(u => document.querySelector(u.getAttribute("href")))`); !got {
				t.Error("what came has copy buttons that are hidden, or icons that are not there")
			}
			tab.Look("domain-routing")
		})
	}
}

// checkNow presses the button and reads why it cannot be pressed again.
func (n *newcomer) checkNow(t *testing.T, tab *browse.Tab) {
	t.Helper()
	focus(t, tab, `form[action$="/check"] button`)
	tab.TypeAndGo(kb.Enter)
	if got := tab.Text("#check-why"); !strings.HasPrefix(got, "You can ask again in ") {
		t.Errorf("after it was pressed: %q", got)
	}
}

// The same without script: the page refreshes itself while it waits, and folds open.
func TestE2EBrowserDomainWithoutScript(t *testing.T) {
	t.Parallel()
	n := newNewcomer(t)
	const zone = "quiet.test"
	n.dns.Zone(zone)
	tab := browse.StartChromium(t, "").Tab(t, 390).WithoutScript()
	tab.Open(n.home + "/new")
	signIn(tab, n.mail, password)
	tab.Fill("name", "com")
	tab.Press("main form .btn--go")
	if got := tab.Text("#name-error"); !strings.Contains(got, "looks like social.example.com") {
		t.Errorf("no domain: %q", got)
	}
	tab.Fill("name", zone)
	tab.Press("main form .btn--go")
	wanted := proofs(t, tab, zone)
	tab.Look("noscript-domain")
	if got := browse.Evaluate[string](tab, `document.querySelector('meta[http-equiv="refresh"]').content`); got != "30" {
		t.Errorf("it refreshes after %q", got)
	}
	if browse.Evaluate[bool](tab, `[...document.querySelectorAll("[data-copy]")].some(b => b.checkVisibility())`) {
		t.Error("there are buttons that do nothing without script")
	}
	page := tab.Path()
	n.prove(wanted)
	n.dns.Set("social." + zone + " 60 CNAME web7.oldhost.test")
	n.rookery("domain", "check", "social."+zone)
	tab.Open("http://rookery.localhost:" + n.port() + page)
	if got := tab.Text("#todo"); got != "Change one record in the DNS of "+zone {
		t.Errorf("with another alias: %q", got)
	}
	if got := tab.Text(".rec del"); got != "web7.oldhost.test" {
		t.Errorf("what is there now: %q", got)
	}
	tab.Look("noscript-domain-change")
	tab.Click(".fold summary")
	if !browse.Evaluate[bool](tab, `document.querySelector(".fold").open`) {
		t.Error("nothing folds open without script")
	}
	tab.Fill("email", "it@quiet.test")
	tab.Press(`form[action*="/send"] button`)
	if got := tab.Text(`#it .note`); !strings.Contains(got, "it@quiet.test is on its way") {
		t.Errorf("mailing it: %q", got)
	}
	if got := n.rookery("mail", "list"); !strings.Contains(got, "it@quiet.test") {
		t.Errorf("the mails that wait: %s", got)
	}
}
