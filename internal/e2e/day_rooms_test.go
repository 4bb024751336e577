package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

// befriend lets somebody elsewhere follow the company before it says anything.
func (d *day) befriend() {
	d.t.Helper()
	d.visitor = d.account(d.client, "https", neighbour, "visitor")
	support := d.visitor.resolve("@support@" + ownDomain)
	d.visitor.must(http.MethodPost, "/api/v1/accounts/"+support.ID+"/follow", nil, nil)
	testkit.Eventually(d.t, deadline, "the follow is accepted", func() bool { return d.visitor.relationship(support.ID).Following })
}

// react has them like what came.
func (d *day) react() {
	d.t.Helper()
	got := d.visitor.awaitHome("the company's post", func(s statusEntity) bool { return strings.Contains(s.Content, "opens at eight") })
	for _, act := range []string{"favourite", "reblog"} {
		d.visitor.must(http.MethodPost, "/api/v1/statuses/"+got.ID+"/"+act, nil, nil)
	}
}

// night lets four weeks go by, in what the counting after each night leaves behind. That it
// counts right is shown where its clock can be set (internal/social/insight).
func (d *day) night() {
	d.t.Helper()
	d.cloud.sql(`INSERT INTO account_days (tenant_id, account_id, day, followers, gained, posts, replies, boosts, favourites)
		SELECT a.tenant_id, a.id, (now() AT TIME ZONE 'UTC')::date - n, 420 - n * 9, 9 + n % 4, n % 3, (n * 5) % 7, (n * 3) % 11, (n * 7) % 13
		FROM accounts a, generate_series(1, 28) n WHERE a.id = $1::text::bigint`, d.support)
}

// postRow are the cells of the day's first post in the room of insights.
const postRow = `[...[...document.querySelectorAll("#posts tbody tr")].find(row => row.textContent.includes("opens at eight")).cells]`

// insights reads how the posts fare, and takes the numbers along.
func (d *day) insights(mara *browse.Tab) {
	d.t.Helper()
	room := d.room + "/insights"
	testkit.Eventually(d.t, deadline, "the reactions are counted", func() bool {
		mara.Open(room)
		return browse.Evaluate[string](mara, postRow+`.slice(-2).map(cell => cell.textContent).join()`) == "1,1"
	})
	d.must(mara, "main", "The first numbers come in the night")
	d.must(mara, "#posts", "opens at eight")
	d.night()
	d.open(mara, "insights", room)
	if n := browse.Evaluate[int](mara, `document.querySelectorAll(".charts svg").length`); n < 3 || strings.Contains(mara.Text("main"), "in the night after them.") {
		d.t.Errorf("%d charts, or a room that is still empty", n)
	}
	if got := d.download(mara, `a[href*="days.csv"]`); !strings.Contains(got, "support@"+ownDomain) || strings.Count(got, "\n") < 28 {
		d.t.Errorf("the days as CSV:\n%s", got)
	}
	if got := d.download(mara, `a[href*="posts.csv"]`); !strings.Contains(got, "opens at eight") {
		d.t.Errorf("the posts as CSV:\n%s", got)
	}
	mara.Press(`#posts a[href="` + browse.Evaluate[string](mara, postRow+`[0].querySelector("a").getAttribute("href")`) + `"]`)
	d.look(mara, "insights-post")
	d.is(mara, ".figs", "of 1")
}

// download fetches what a link leads to, as the page's person, and returns it. The page's
// own scripts may fetch nothing.
func (d *day) download(tab *browse.Tab, selector string) string {
	d.t.Helper()
	address := browse.Evaluate[string](tab, fmt.Sprintf(`(document.querySelector(%q) || {href: ""}).href`, selector))
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, cookie := range tab.Cookies(address) {
		request.AddCookie(cookie)
	}
	answer, err := d.client.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment") {
		d.t.Fatalf("%s at %s is no download: %s, %q, %v", selector, tab.Path(), answer.Status, answer.Header.Get("Content-Disposition"), err)
	}
	return string(body)
}

// takeAlong shortens a clock and takes everything along as an archive.
func (d *day) takeAlong(mara *browse.Tab) {
	d.t.Helper()
	d.open(mara, "data", d.room+"/data")
	mara.Press(`#clocks a[href*="/clocks/"]`)
	d.look(mara, "data-clock")
	least := browse.Evaluate[string](mara, `document.querySelector("#days-help").textContent.match(/\d+/)[0]`)
	mara.Fill("days", least)
	mara.Press("main form button")
	d.look(mara, "data-clock-ask")
	mara.Press("main form button")
	d.must(mara, "#clocks", "set by you")
	d.is(mara, "#clocks", least)
	mara.Press(`#archive form[action$="/exports"] button`)
	d.must(mara, "#archive", "Earlier archives")
	testkit.Eventually(d.t, deadline, "the archive is written", func() bool {
		mara.Open(d.room + "/data")
		return strings.Contains(mara.Text("#archive"), "Your archive is ready")
	})
	d.look(mara, "data-ready")
	raw := d.download(mara, `#archive .btn--go`)
	archive, err := zip.NewReader(bytes.NewReader([]byte(raw)), int64(len(raw)))
	if err != nil {
		d.t.Fatalf("the archive: %v", err)
	}
	i := slices.IndexFunc(archive.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, "accounts/support/outbox.json") })
	if i < 0 {
		d.t.Fatalf("no outbox among %d files", len(archive.File))
	}
	file, err := archive.File[i].Open()
	if err != nil {
		d.t.Fatal(err)
	}
	var box struct{ OrderedItems []json.RawMessage }
	if err := json.NewDecoder(file).Decode(&box); err != nil || len(box.OrderedItems) == 0 || !strings.Contains(fmt.Sprintf("%s", box.OrderedItems), "opens at eight") {
		d.t.Errorf("the outbox holds %d posts: %v", len(box.OrderedItems), err)
	}
}

const blockedWords = "you have not heard the last of me"

// shutOut blocks a server and limits another one. Of what the blocked one sends nothing
// comes any more.
func (d *day) shutOut(mara *browse.Tab) {
	d.t.Helper()
	room := d.room + "/servers"
	d.open(mara, "servers-none", room)
	d.rule(mara, neighbour, "suspend", "server-new", "server-confirm")
	d.rule(mara, "loud.test", "silence", "", "")
	mara.Open(room)
	d.must(mara, "main", neighbour)
	if got := d.download(mara, `a[href$="/export"]`); !strings.Contains(got, neighbour+",suspend") || !strings.Contains(got, "loud.test,silence") {
		d.t.Errorf("the rules as CSV:\n%s", got)
	}
	d.visitor.post(map[string]any{"status": "@support@" + ownDomain + " " + blockedWords, "visibility": "public"})
	// The other side is done with it: nothing is on its way that could still come.
	testkit.Eventually(d.t, deadline, "the post was refused", func() bool {
		return d.cloud.count(`SELECT count(*) FROM deliveries d JOIN activities a ON a.tenant_id = d.tenant_id AND a.id = d.activity_id
			JOIN statuses s ON s.tenant_id = a.tenant_id AND s.id = a.status_id WHERE s.body LIKE '%not heard the last%' AND d.attempts > 0`) > 0
	})
	if n := d.cloud.count(`SELECT count(*) FROM statuses WHERE NOT is_local AND body LIKE '%not heard the last%'`); n != 0 {
		d.t.Error("the post of a blocked server was stored")
	}
	mara.Open(d.room + "/inbox")
	if strings.Contains(mara.Text("main"), "not heard the last") {
		d.t.Error("the post of a blocked server came")
	}
	d.open(mara, "servers", room)
	mara.Press(`main .lines a[href$="/rules/` + neighbour + `"]`)
	d.look(mara, "server-rule")
	d.open(mara, "servers-mode", room+"/mode")
	d.open(mara, "servers-allowed", room+"?list=allowed")
	d.open(mara, "servers-import", room+"/import")
	d.open(mara, "server-remove", room+"/rules/loud.test/remove")
	mara.Press("main form .btn--bad")
	d.must(mara, "h1", "Servers")
	if strings.Contains(mara.Text("main .lines"), "loud.test") {
		d.t.Error("the rule that was removed is there")
	}
}

// rule makes one by its form. The names are those of its two pages, "" leaves one out.
func (d *day) rule(mara *browse.Tab, domain, severity, form, confirm string) {
	d.t.Helper()
	mara.Open(d.room + "/servers/new")
	if form != "" {
		d.look(mara, form)
	}
	mara.Fill("domain", domain)
	browse.Evaluate[bool](mara, `(document.querySelector("[name=severity][value=`+severity+`]").click(), true)`)
	mara.Fill("private", "They do not stop writing to our shops.")
	mara.Press("main form .btn--go")
	d.must(mara, "h1", domain)
	if confirm != "" {
		d.look(mara, confirm)
	}
	mara.Press("main form .btns button")
	d.must(mara, "main .lines", domain)
}

// readLog filters the audit log, and takes it along.
func (d *day) readLog(mara *browse.Tab) {
	d.t.Helper()
	mara.Open(d.room + "/audit")
	mara.Click("main form summary")
	mara.Fill("action", "server.")
	mara.Press("main form .btn")
	d.must(mara, "main .lines", "made a rule about the server "+neighbour)
	if strings.Contains(mara.Text("main .lines"), "made the account") {
		d.t.Error("the filter lets everything through")
	}
	d.must(mara, ".note--ok", "as they were written")
	d.open(mara, "audit-filtered", d.console+mara.Path())
	if got := d.download(mara, `a[href*="/export?"][href*="csv"]`); !strings.Contains(got, "server.block") || strings.Contains(got, "account.create") {
		d.t.Errorf("the log as CSV:\n%s", got)
	}
	lines := strings.Split(strings.TrimSpace(d.download(mara, `main > .page > .btns a:last-child`)), "\n")
	for _, line := range lines {
		var sealed struct{ Entry struct{ Action string } }
		if err := json.Unmarshal([]byte(line), &sealed); err != nil || !strings.HasPrefix(sealed.Entry.Action, "server.") {
			d.t.Errorf("a line of the log: %v: %s", err, line)
		}
	}
	if len(lines) < 3 {
		d.t.Errorf("%d lines of the log", len(lines))
	}
}

// status is what an address of the company's host answers to anybody, and where it leads.
func (d *day) status(path string, header ...string) (int, string, string) {
	d.t.Helper()
	answer, body, err := d.cloud.get(0, d.home+path, header...)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Location"), body
}
