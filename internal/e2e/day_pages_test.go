package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"rookery/internal/testkit/browse"
)

// deadline is how long what comes over queues may take.
const deadline = time.Minute

// fill gives the rooms more to show: a post that comes back, one that is kept and one that
// has a time, a rule, and a link for whoever runs the DNS.
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
	mara.Open(d.room + "/branding")
	mara.Fill("text", "Be kind: behind every answer is a person.")
	mara.Press(`form[action$="/branding/rules"] button`)
	d.is(mara, "#rules", "Be kind")
	mara.Open(d.room + "/domains")
	mara.Open(browse.Evaluate[string](mara, `[...document.querySelectorAll("main .list a")].find(a => a.textContent.includes("`+ownDomain+`")).href`))
	mara.Press("#link button")
	admin := d.window()
	d.open(admin, "domain-shared", browse.Evaluate[string](mara, `document.querySelector("#link-text").value`))
}

// tour opens the pages that the day does not lead to: some by their address, the others by
// following every link, so that new rooms are looked at without being named here.
func (d *day) tour(mara *browse.Tab) {
	d.t.Helper()
	for _, p := range []struct{ name, path string }{
		{"publish-drafts", "/publish?list=drafts"}, {"publish-scheduled", "/publish?list=scheduled"}, {"publish-declined", "/publish?list=declined"},
		{"audit-none", "/audit?action=domain.&to=2020-01-01"}, {"not-found", "/nothing"},
	} {
		d.open(mara, p.name, d.room+p.path)
	}
	d.follow(mara, d.room, "")
	mara.Open(d.console + "/me")
	d.follow(mara, d.console+"/me", "")
	anybody := d.window()
	for _, p := range []struct{ name, path string }{
		{"site-tag-none", "/tags/nothing"}, {"site-nobody", "/@nobody"}, {"site-follow-wrong", "/@support/follow?handle=nobody"}, {"forgot", ""},
	} {
		if p.path == "" {
			d.open(anybody, p.name, d.console+"/sign_in/forgot")
			continue
		}
		d.open(anybody, p.name, d.home+p.path)
	}
	d.follow(anybody, d.home, "site")
	anybody.Open(d.home + "/@support")
	post := browse.Evaluate[string](anybody, `[...document.querySelectorAll("main a")].map(a => a.href).find(h => /@support\/\d+$/.test(h)) || ""`)
	d.open(anybody, "site-embed", post+"/embed")
}

var (
	numbers = regexp.MustCompile(`/\d{6,}`)
	noPage  = regexp.MustCompile(`export|\.rss$|/embed$|sign_out|\.jpg$|\.png$|/sso/(leave|start|go)|_rookery`)
	noSlug  = regexp.MustCompile(`[^a-z0-9]+`)
)

// kind is an address without what differs between two pages of a kind.
func kind(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return at.Host + numbers.ReplaceAllString(at.Path, "/N")
}

// follow looks at one page of each kind below an address that links lead to.
func (d *day) follow(tab *browse.Tab, from, prefix string) {
	d.t.Helper()
	const most = 60
	base := kind(from)
	waiting := []string{from}
	met := map[string]bool{}
	for range most {
		if len(waiting) == 0 {
			return
		}
		at := waiting[0]
		waiting = waiting[1:]
		if !d.looked[kind(at)] {
			words := noSlug.ReplaceAllString(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(kind(at), base), "/N", "/one")), "-")
			d.open(tab, strings.Trim(prefix+"-"+strings.Trim(words, "-"), "-"), at)
		} else {
			tab.Open(at)
		}
		for _, next := range browse.Evaluate[[]string](tab, `[...document.querySelectorAll("a[href]")].map(a => a.href.split("#")[0])`) {
			of := kind(next)
			if strings.HasPrefix(of, base) && !met[of] && !noPage.MatchString(next) {
				met[of] = true
				waiting = append(waiting, next)
			}
		}
	}
	d.t.Errorf("more than %d kinds of pages below %s", most, from)
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
