package e2e_test

import (
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

// findsTheCompany sees at a glance what waits, and searches.
func (c *clerk) findsTheCompany(t *testing.T) {
	t.Helper()
	c.open("tenants", "/tenants")
	c.must(t, `.staff-today [href="/staff/matters"]`, "1")
	c.must(t, `.staff-today [href="/staff/dunning"]`, "1")
	c.must(t, `.side [href="/staff/matters"] .count`, "1")
	c.tab.Fill("q", "nobody of that name")
	c.tab.Press(`main form[role=search] button`)
	c.must(t, "main", "Nothing matches")
	c.see("tenants-none")
	c.tab.Fill("q", c.owner.Email)
	c.tab.Press(`main form[role=search] button`)
	c.tab.Press(".table .first a")
	c.must(t, "h1", "Tenant "+c.host)
	c.must(t, "main", "Payment failed")
	c.of = strings.TrimPrefix(c.tab.Path(), "/staff")
	c.see("tenant")
}

// decides gives the company another plan, by the keyboard alone.
func (c *clerk) decides(t *testing.T) {
	t.Helper()
	walk(t, c.tab, `a[href$="/decisions/new"]`)
	c.tab.TypeAndGo("\r")
	c.see("decision")
	walk(t, c.tab, "[name=standing]")
	c.tab.Type("Paid")
	walk(t, c.tab, "[name=plan]")
	c.tab.Type("Business")
	walk(t, c.tab, "main form .btn--go")
	browse.Evaluate[bool](c.tab, `document.querySelector("main form").noValidate = true`)
	c.tab.TypeAndGo("\r")
	c.must(t, "main", "Say why")
	c.see("decision-wrong")
	until := time.Now().AddDate(2, 0, 0)
	c.tab.Fill("until", until.Format(time.DateOnly))
	walk(t, c.tab, "[name=reason]")
	c.tab.Type("Paid by bank transfer")
	walk(t, c.tab, "main form .btn--go")
	c.tab.TypeAndGo("\r")
	c.must(t, "h1", "Is this right?")
	c.must(t, "main", "It holds until "+until.Format("2 January 2006"))
	c.see("decision-sure")
	walk(t, c.tab, "[name=confirmed]")
	c.tab.TypeAndGo("\r")
	c.must(t, "#decisions", "In force")
	c.must(t, "#acts", "decided how the tenant stands")
	c.see("tenant-decided")
	c.awaitStanding(t, c.host, "active")
	c.ownerSees(t, "Business")
}

// ownerSees waits until the company's own console shows a plan as its.
func (d *desk) ownerSees(t *testing.T, plan string) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, "the console shows "+plan, func() bool {
		d.tab.Open(d.console + d.room)
		return strings.Contains(d.tab.Text("#plan"), plan)
	})
}

func (c *clerk) takesBack(t *testing.T) {
	t.Helper()
	c.tab.Open(c.at + c.of)
	c.tab.Press(`#decisions a[href$="/end"]`)
	c.see("decision-end")
	c.tab.Press("main form button")
	c.must(t, "#decisions", "taken back")
	c.awaitStanding(t, c.host, "grace")
	c.ownerSees(t, "Team")
	trail := c.rookery("audit", "export", "--tenant", c.host)
	if !strings.Contains(trail, "staff.decide") || !strings.Contains(trail, "staff.decision_end") || strings.Contains(trail, c.mail) {
		t.Errorf("the company's log of that:\n%s", trail)
	}
}

// readsNumbers goes through what comes in, who owes and what differs.
func (c *clerk) readsNumbers(t *testing.T) {
	t.Helper()
	c.open("revenue", "/revenue")
	c.must(t, "main", "1 of them late")
	rows, err := csv.NewReader(strings.NewReader(c.download(t, "/revenue.csv"))).ReadAll()
	if err != nil || len(rows) != 13 || strings.Join(rows[0], ",") != "month,new,gone,came_back,paid_eur" {
		t.Errorf("the file: %q, %v", rows, err)
	}
	c.open("dunning", "/dunning")
	c.must(t, ".table .first", "Tenant "+c.host)
	c.tab.Press(".seg a:last-child")
	c.must(t, "main", "Nobody stands so")
	c.see("dunning-none")
	c.open("drift", "/drift")
}

// download gets a file as the window would.
func (c *clerk) download(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.at+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range c.tab.Cookies(c.at) {
		request.AddCookie(cookie)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%s: %s %v", path, answer.Status, answer.Header)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (c *clerk) settles(t *testing.T) {
	t.Helper()
	c.open("matters", "/matters")
	c.tab.Press("main .list a")
	c.must(t, "h1", "A payment is disputed")
	c.see("matter")
	c.tab.Fill("note", "Sent the invoice and the log of sign-ins.")
	c.tab.Press("main form .btn--go")
	c.must(t, "main", "Nothing waits for you")
	c.see("matters-none")
	c.open("matters-done", "/matters?done=1")
	c.tab.Press("main .list a")
	c.must(t, "main", "Sent the invoice")
	c.see("matter-done")
}

// replays opens an event of the provider's and has it looked at again.
func (c *clerk) replays(t *testing.T) {
	t.Helper()
	c.open("events", "/events")
	c.tab.Fill("type", "invoice.payment_failed")
	c.tab.Press(`main form[role=search] button`)
	c.tab.Press("main .list a")
	c.must(t, ".staff-raw", `"invoice.payment_failed"`)
	c.see("event")
	c.tab.Press(`a[href$="/replay"]`)
	c.see("event-again")
	at := strings.TrimSuffix(c.tab.Path(), "/replay")
	const looked = `SELECT max(handled_at)::text FROM billing_events WHERE type = 'invoice.payment_failed'`
	var before, after string
	c.look(t, looked, &before)
	c.tab.Press("main form button")
	c.must(t, "main .note--ok", "being looked at again")
	testkit.Eventually(t, 30*time.Second, "the event is looked at again", func() bool {
		c.tab.Open(c.console + at)
		c.look(t, looked, &after)
		return after > before && strings.Contains(c.tab.Text("main"), "Looked at")
	})
	c.open("not-found", "/events/evt_of_nobody")
}

// watchesQueues sees jobs on River's own pages, and finds back.
func (c *clerk) watchesQueues(t *testing.T) {
	t.Helper()
	c.tab.Open(c.at + "/queues/jobs?state=completed")
	testkit.Eventually(t, 30*time.Second, "the queues show jobs", func() bool {
		return strings.Contains(browse.Evaluate[string](c.tab, `frames[0].document.body?.innerText || ""`), "billing_")
	})
	c.see("queues")
	c.tab.Press(`.side [href="/staff/tenants"]`)
	// The frame may have loaded something just then, which looks like the page.
	testkit.Eventually(t, 30*time.Second, "the tenants are shown", func() bool { return c.tab.Text("h1") == "Tenants" })
}

// onlyLooks is what support may and may not.
func (c *clerk) onlyLooks(t *testing.T) {
	t.Helper()
	c.tab.Open(c.at + c.of)
	c.must(t, "h1", "Tenant "+c.host)
	if got := c.tab.Text("#decisions"); strings.Contains(got, "Decide …") {
		t.Errorf("support is offered to decide: %s", got)
	}
	for _, path := range []string{c.of + "/decisions/new", "/revenue", "/events", "/drift", "/queues"} {
		c.tab.Open(c.at + path)
		c.must(t, "h1", "This is not open to you")
	}
	c.see("forbidden")
}

// keepsTheOwnerOut: neither the console's session nor the password of a company's owner opens
// the staff's pages.
func (d *desk) keepsTheOwnerOut(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/", "/tenants", d.of} {
		d.tab.Open(d.at + path)
		if got := d.tab.Path(); !strings.HasPrefix(got, "/staff/sign_in") {
			t.Errorf("the owner is let to %s", got)
		}
	}
	signIn(d.tab, d.owner.Email, password)
	if got := d.tab.Path(); got != "/staff/sign_in" || d.tab.Text("[role=alert]") == "" {
		t.Errorf("the owner's password leads to %s", got)
	}
}
