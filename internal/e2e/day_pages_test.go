package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rookery/internal/testkit/browse"
)

// deadline is how long what comes over queues may take.
const deadline = time.Minute

// fill gives the rooms more to show: a post that comes back, one that is kept and one that
// has a time, and a rule.
func (d *day) fill(mara, jonas *browse.Tab) {
	d.t.Helper()
	d.open(jonas, "publish-new-drafter", d.room+"/publish/new")
	jonas.Fill("text", "All bells are half price on Monday.")
	jonas.Press("main form .btn--go")
	d.look(jonas, "publish-waiting-drafter")
	mara.Open(d.room + "/publish")
	mara.Press(`.plan a[href$="#decline"]`)
	mara.Fill("reason", "The sale ends on Sunday.")
	mara.Press("#decline button")
	mara.Open(d.room + "/publish?list=declined")
	d.must(mara, ".plan", "The sale ends on Sunday.")
	for _, p := range []struct{ text, date, button string }{
		{"How to keep a chain quiet in winter", "", `button[value="draft"]`}, {"Spring opening on 1 March", "2035-03-01", "main form .btn--go"},
	} {
		mara.Open(d.room + "/publish/new")
		mara.Fill("text", p.text)
		if p.date != "" {
			mara.Fill("date", p.date)
			mara.Fill("time", "09:00")
		}
		mara.Press(p.button)
		d.must(mara, ".plan", p.text)
	}
	d.discard(mara)
}

// discard throws one of two drafts away.
func (d *day) discard(mara *browse.Tab) {
	d.t.Helper()
	const unwanted = "Nobody will ever read this"
	mara.Open(d.room + "/publish/new")
	mara.Fill("text", unwanted)
	mara.Press(`button[value="draft"]`)
	d.must(mara, ".plan", unwanted)
	mara.Press(".plan .btn")
	d.look(mara, "publish-change")
	mara.Press(`main a[href$="/discard"]`)
	d.must(mara, "main", unwanted)
	d.look(mara, "publish-discard")
	mara.Press("main form .btn--bad")
	mara.Open(d.room + "/publish?list=drafts")
	if got := mara.Text("main"); strings.Contains(got, unwanted) || !strings.Contains(got, "chain quiet") {
		d.t.Errorf("after one of two drafts was discarded:\n%s", got)
	}
}

// tour opens the pages that the day does not lead to.
func (d *day) tour(mara *browse.Tab) {
	d.t.Helper()
	for _, p := range []struct{ name, path string }{
		{"account-delete", "/accounts/" + d.support + "/delete"}, {"publish-drafts", "/publish?list=drafts"}, {"publish-scheduled", "/publish?list=scheduled"},
		{"publish-declined", "/publish?list=declined"}, {"publish-new", "/publish/new"}, {"publish-calendar", "/publish/calendar"}, {"domains", "/domains"},
		{"domain-new", "/domains/new"}, {"people", "/people"}, {"people-leave", "/people/leave"}, {"branding", "/branding"},
		{"branding-about", "/branding/texts/about"}, {"branding-terms", "/branding/texts/terms"}, {"branding-privacy", "/branding/texts/privacy"},
		{"security", "/security"}, {"company-deletion", "/deletion"}, {"not-found", "/nothing"},
	} {
		d.open(mara, p.name, d.room+p.path)
	}
	mara.Open(d.room + "/domains")
	mara.Press("main .lines a")
	d.look(mara, "domain")
	for _, p := range []struct{ name, path string }{
		{"me", "/me"}, {"me-password", "/me/password"}, {"me-authenticator", "/me/authenticator"}, {"switch", "/sign_in?again=1"},
	} {
		d.open(mara, p.name, d.console+p.path)
	}
}

// publicTour opens the pages that the company shows to everybody.
func (d *day) publicTour() {
	d.t.Helper()
	anybody := d.window()
	for _, p := range []struct{ name, path string }{
		{"site-front", "/"}, {"site-about", "/about"}, {"site-profile", "/@support"}, {"site-profile-replies", "/@support/with_replies"},
		{"site-profile-media", "/@support/media"}, {"site-profile-about", "/@support/about"}, {"site-profile-empty", "/@herald"},
		{"site-followers", "/@support/followers"}, {"site-following", "/@support/following"}, {"site-follow", "/@support/follow"},
		{"site-tag", "/tags/cycling"}, {"site-tag-none", "/tags/nothing"}, {"site-forgot", "/auth/sign_in/forgot"}, {"site-nobody", "/@nobody"},
	} {
		d.open(anybody, p.name, d.home+p.path)
	}
	anybody.Open(d.home + "/@support")
	post := browse.Evaluate[string](anybody, `[...document.querySelectorAll("main a")].map(a => a.href).find(h => /@support\/\d+$/.test(h)) || ""`)
	d.open(anybody, "site-post", post)
	d.open(anybody, "site-embed", post+"/embed")
}

// index writes what is in the folder of pictures.
func (d *day) index() {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.screens, "*.jpg"))
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if name, ok := strings.CutSuffix(filepath.Base(file), "-1280-light.jpg"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out strings.Builder
	out.WriteString("# Screens\n\nEvery page of the console, the company's own host and the way in, as `make e2e-console SCREENS=docs/screens` saw them\n" +
		"on a company's first day: on a desk (1280) and a phone (390), light and dark. Long pages are cut. Pictures stay as they are while\na page looks the same.\n\n" +
		"| page | desk | phone |\n|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&out, "| %[1]s | [light](%[1]s-1280-light.jpg), [dark](%[1]s-1280-dark.jpg) | [light](%[1]s-390-light.jpg), [dark](%[1]s-390-dark.jpg) |\n", name)
	}
	if err := os.WriteFile(filepath.Join(d.screens, "README.md"), []byte(out.String()), 0o644); err != nil {
		d.t.Fatal(err)
	}
}
