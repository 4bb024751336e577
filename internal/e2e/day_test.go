package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

// A company's whole first day in the browser. `make test` runs the part that needs no names
// of its own; `make e2e-console` all of it, and looks at every page.
func TestE2EConsoleFirstDay(t *testing.T) {
	t.Parallel()
	d := newDay(t)
	mara := d.window()
	d.signUp(mara)
	d.setUp(mara)
	d.furnish(mara)
	jonas := d.invite(mara)
	if !full() {
		token := d.draftInConsole(jonas)
		d.approve(mara)
		d.sendAway(mara, jonas, token)
		return
	}
	d.befriend()
	token := d.draftFromApp(jonas)
	d.approve(mara)
	d.react()
	d.answer(mara)
	d.signInToApps(mara)
	d.fill(mara, jonas)
	d.insights(mara)
	d.takeAlong(mara)
	d.identify(mara)
	d.brand(mara)
	d.shutOut(mara)
	d.readLog(mara)
	d.tour(mara)
	t.Run("reading", func(t *testing.T) { // two who change nothing, at the same time
		t.Run("in German", func(t *testing.T) {
			t.Parallel()
			d.in(t).inGerman(mara)
		})
		t.Run("as anybody", func(t *testing.T) {
			t.Parallel()
			d.in(t).publicTour()
		})
	})
	d.secure(mara)
	d.sendAway(mara, jonas, token)
	d.startAnew(jonas)
	d.requireSSO(mara)
	d.allVisited()
	d.index()
}

func (d *day) signUp(tab *browse.Tab) {
	d.t.Helper()
	tab.Open(d.console)
	d.look(tab, "console-sign-in")
	d.open(tab, "sign-up", d.console+"/sign_up")
	tab.Fill("name", ownerName)
	tab.Fill("email", ownerMail)
	tab.Fill("password", password)
	tab.Press("main form button")
	d.look(tab, "sign-up-sent")
	tab.Open(d.mailTo(ownerMail, "Confirm your mail"))
	d.look(tab, "sign-up-confirm")
	tab.Press("main form button")
	d.must(tab, "h1", "Your companies")
	d.look(tab, "companies-none")
}

// setUp makes the company in three screens, and leaves the set-up for good.
func (d *day) setUp(tab *browse.Tab) {
	d.t.Helper()
	tab.Press(`main a[href$="/setup"]`)
	tab.Fill("name", companyName)
	tab.Fill("handle", "acme")
	d.look(tab, "setup-company")
	tab.Press("main form .btn--go")
	d.must(tab, "h1", "Your own domain")
	d.room = d.console + strings.Join(strings.Split(tab.Path(), "/")[:3], "/")
	d.look(tab, "setup-domain-add")
	if full() {
		d.bringDomain(tab)
		tab.Press(`.setup-foot button`)
	} else {
		tab.Press(`aside form[action$="/domain/next"] button`)
	}
	d.must(tab, "h1", "People and accounts")
	tab.Fill("username_1", "support")
	tab.Fill("display_name_1", "Acme Support")
	d.look(tab, "setup-people")
	tab.Press("main form .btn--go")
	d.is(tab, "main", "left")
	d.look(tab, "setup-done")
	tab.Press("main form .btn--go")
	d.must(tab, "main table", "Acme Support")
	d.look(tab, "accounts")
	tab.Press("main table a")
	d.support = tab.Path()[strings.LastIndex(tab.Path(), "/")+1:]
	if full() {
		d.cloud.isServed(ownDomain)
	}
	d.open(tab, "companies", d.console+"/tenants")
}

// bringDomain gives the company its own name: what the page asks for is set in DNS, and the
// page goes on by itself until the name works.
func (d *day) bringDomain(tab *browse.Tab) {
	d.t.Helper()
	tab.Fill("name", ownDomain)
	browse.Evaluate[bool](tab, `(document.querySelector("[name=mode][value=whole]").click(), true)`)
	tab.Press("main form .btn--go")
	d.must(tab, "#todo", "Add one record")
	d.look(tab, "setup-domain-proof")
	d.askIT(tab)
	browse.Evaluate[bool](tab, `window.isSame = true`)
	d.setRecords(tab)
	d.awaitPage(tab, "asks for the way here", `(document.querySelector("[data-live] .rec") || {textContent: ""}).textContent.includes("CNAME")`)
	d.look(tab, "setup-domain-routing")
	d.setRecords(tab)
	d.awaitPage(tab, "says that the name works", `!document.querySelector("#todo")`)
	if !browse.Evaluate[bool](tab, `window.isSame === true`) {
		d.t.Error("the page was loaded anew")
	}
	d.look(tab, "setup-domain-live")
	d.mailTo(ownerMail, ownDomain)
	testkit.Eventually(d.t, time.Minute, "the company's name is served", func() bool { return d.cloud.serial(0, ownDomain) != "" })
}

// askIT gives somebody without a login a link to what the name needs, and takes it back.
func (d *day) askIT(tab *browse.Tab) {
	d.t.Helper()
	tab.Press("#link button")
	colleague := d.window()
	address := browse.Evaluate[string](tab, `document.querySelector("#link-text").value`)
	colleague.Open(address)
	d.must(colleague, "main", ownDomain)
	d.must(colleague, "main .rec", "TXT")
	d.look(colleague, "domain-link")
	tab.Press(`#link form[action$="/unlink"] button`)
	colleague.Open(address)
	d.must(colleague, "h1", "This link has ended")
	d.look(colleague, "domain-link-ended")
}

// setRecords does what the company's DNS provider does with the records on the page.
func (d *day) setRecords(tab *browse.Tab) {
	d.t.Helper()
	for _, row := range browse.Evaluate[[][]string](tab, `[...document.querySelectorAll("[data-live] .rec")].map(rec => [
		rec.querySelector("dd").textContent, (rec.querySelector("small") || {textContent: ""}).textContent, rec.querySelector(".whole").textContent, rec.querySelector("ins").textContent])`) {
		name := row[2]
		if in, ok := strings.CutPrefix(row[1], "In full: "); ok {
			name = in
		}
		switch row[0] {
		case "TXT":
			d.cloud.dns.TXT(name, row[3])
		case "CNAME":
			d.cloud.dns.CNAME(name, row[3])
			d.cloud.dns.A(row[3], d.cloud.ips...)
		default:
			d.t.Fatalf("the page asks for %q", row)
		}
	}
	d.cloud.look(ownDomain)
}

// awaitPage waits until the open page says something by itself.
func (d *day) awaitPage(tab *browse.Tab, what, script string) {
	d.t.Helper()
	testkit.Eventually(d.t, time.Minute, "the page "+what, func() bool { return browse.Evaluate[bool](tab, script) })
}

// furnish fills in what the company's account says about itself.
func (d *day) furnish(tab *browse.Tab) {
	d.t.Helper()
	d.open(tab, "account", d.room+"/accounts/"+d.support)
	tab.Press(`main a[href$="/profile"]`)
	d.look(tab, "account-profile-empty")
	tab.Fill("note", "We mend what rolls. Ask us anything about hubs, chains and opening hours.")
	tab.Fill("field_name_0", "Workshop")
	tab.Fill("field_value_0", "Leeds, Dock Street 3")
	tab.Press("main form .btn--go")
	tab.Choose("#avatar-file", picture(d.t))
	tab.Fill("alt", "A wheel on blue ground")
	tab.Press("#avatar .btn")
	if got := browse.Evaluate[string](tab, `document.querySelector("#avatar-alt").value`); got != "A wheel on blue ground" {
		d.t.Errorf("the description of the avatar is %q", got)
	}
	d.look(tab, "account-profile")
	d.open(tab, "account-new", d.room+"/accounts/new")
	tab.Fill("username", "news")
	tab.Fill("display_name", "Acme News")
	tab.Press("main form .btn--go")
	d.is(tab, "h1", "Acme News is ready")
	d.look(tab, "account-made")
}

// invite brings the second person in, as a drafter of the company's account.
func (d *day) invite(mara *browse.Tab) *browse.Tab {
	d.t.Helper()
	d.open(mara, "people-alone", d.room+"/people")
	mara.Fill("email", drafterMail)
	mara.Fill("account_"+d.support, "drafter")
	mara.Press("#invite button")
	d.must(mara, "#invitations", drafterMail)
	d.look(mara, "people-invited")
	jonas := d.window()
	jonas.Open(d.mailTo(drafterMail, "invited to "+companyName))
	d.must(jonas, "h1", "Join "+companyName)
	d.look(jonas, "invitation")
	jonas.Fill("name", drafterName)
	jonas.Fill("password", password)
	jonas.Press("main form button")
	d.must(jonas, ".side .me", drafterName)
	d.look(jonas, "accounts-of-drafter")
	mara.Open(d.room + "/people")
	d.is(mara, "table", drafterName)
	if full() {
		d.open(mara, "insights-none", d.room+"/insights")
		d.must(mara, "main", "No post in this time")
	}
	return jonas
}

const drafted1 = "The workshop opens at eight tomorrow, and there is coffee. #cycling"

// draftInConsole has the drafter write there, and returns a token of an app of theirs.
func (d *day) draftInConsole(jonas *browse.Tab) (token string) {
	d.t.Helper()
	jonas.Open(d.room + "/publish/new")
	jonas.Fill("text", drafted1)
	jonas.Press("main form .btn--go")
	d.is(jonas, ".plan .pill", "Waiting")
	_, host, _ := strings.Cut(d.home, "://")
	token = d.rookery("token", "create", "--tenant", host, "--account", "support", "--person-email", drafterMail, "--scopes", "read write")
	if code, body := d.get("/api/v1/accounts/verify_credentials", token); code != http.StatusOK {
		d.t.Fatalf("the drafter's token: %d %s", code, body)
	}
	return token
}

// approve publishes what waits. Who wrote and who approved it is for the company alone.
func (d *day) approve(mara *browse.Tab) {
	d.t.Helper()
	d.open(mara, "publish-waiting", d.room+"/publish")
	d.must(mara, ".plan", drafted1)
	d.is(mara, ".plan", "Written by "+drafterName)
	d.open(mara, "publish-approve", browse.Evaluate[string](mara, `[...document.querySelectorAll(".plan a.btn")].find(a => a.textContent.startsWith("Change")).href`))
	mara.Open(d.room + "/publish")
	mara.Press(`form[action$="/approve"] button`)
	d.open(mara, "publish-sent", d.room+"/publish?list=sent")
	d.must(mara, ".plan", drafted1)
	d.is(mara, ".plan", "Written by "+drafterName+", approved by "+ownerName)
	post := browse.Evaluate[string](mara, `[...document.querySelectorAll(".plan a")].find(a => a.textContent.includes("Open the post")).href`)
	id := post[strings.LastIndex(post, "/")+1:]
	code, public := d.get("/api/v1/statuses/"+id, "")
	if code != http.StatusOK || !strings.Contains(public, "opens at eight") {
		d.t.Errorf("the post for everybody: %d %s", code, public)
	}
	for _, secret := range []string{drafterName, drafterMail, ownerName, ownerMail, "approve"} {
		if strings.Contains(public, secret) {
			d.t.Errorf("everybody can read %q: %s", secret, public)
		}
	}
	d.open(mara, "audit", d.room+"/audit")
	d.is(mara, "main .lines", drafterName)
}

// sendAway ends everything the second person had, at once.
func (d *day) sendAway(mara, jonas *browse.Tab, token string) {
	d.t.Helper()
	mara.Open(d.room + "/people")
	mara.Press(browse.Evaluate[string](mara, `"table a[href='" + [...document.querySelectorAll("table a")].find(a => a.textContent.includes("`+drafterName+`")).getAttribute("href") + "']"`))
	d.look(mara, "person")
	mara.Press(`a[href$="/away"]`)
	d.look(mara, "person-away")
	mara.Press("main form .btn--bad")
	d.must(mara, "h1", "People")
	if strings.Contains(mara.Text("table"), drafterName) {
		d.t.Error("the page shows the person who was sent away")
	}
	// A process that remembers the token hears of its end from the database.
	testkit.Eventually(d.t, 2*time.Second, "the app of whoever was sent away is out", func() bool {
		code, _ := d.get("/api/v1/accounts/verify_credentials", token)
		return code == http.StatusUnauthorized
	})
	jonas.Open(d.room)
	d.must(jonas, "h1", "Nothing is at this address")
	jonas.Open(d.console + "/tenants")
	d.is(jonas, "main", "No company yet")
	if jonas.Open(d.home + "/settings/apps"); !strings.HasPrefix(jonas.Path(), "/auth/sign_in") {
		d.t.Errorf("on the company's host the person is at %s", jonas.Path())
	}
}
