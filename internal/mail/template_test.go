package mail_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/mail"
	"rookery/internal/testkit/browse"
)

var here = mail.Templates{Home: "https://rookery.example"}

// outage is data as tenant/domains gives it; its own test holds the two together.
var outage = map[string]string{
	"name": "social.acme-räder.example", "role": "service", "organisation": "Acme Räder", "code": "WRONG_CNAME", "cause": "routing", "refunded": "yes",
	"advice":   "social.acme-räder.example is an alias of old.hoster.example: change its CNAME record to t-117651737293785707.edge.rookery.example.",
	"since":    "2026-11-20T09:42:00+01:00",
	"deadline": "2026-12-04T10:42:00Z", "not_after": "2026-12-10T10:42:00Z", "link": "https://rookery.example/tenants/117651737293785707/domains/117651737293789999",
	"meter": "storage", "percent": "80", "used": "8 GB", "limit": "10 GB", "accounts": "12 / 10", "people": "", "domains": "2 / 1",
	"reason": "taken", "server": "mail.example", "person": "Mara Lindqvist", "person_mail": "mara@acme-räder.example", "note": "It is for our new accounts.",
	"beneath": "shop.social.acme-räder.example", "beneath_ascii": "shop.social.xn--acme-rder-z2a.example",
	"letter": "Please add this record:\n\n  social.acme.example. 300 IN CNAME edge.rookery.example.\n",
}

func with(key, value string) map[string]string {
	data := maps.Clone(outage)
	data[key] = value
	return data
}

func render(t *testing.T, name string, data map[string]string) *mail.Letter {
	t.Helper()
	return renderIn(t, "en", name, data)
}

func renderIn(t *testing.T, locale, name string, data map[string]string) *mail.Letter {
	t.Helper()
	letter, err := here.Render(name, locale, data)
	if err != nil {
		t.Fatal(err)
	}
	return letter
}

type templateIn struct{ locale, name string }

// inEach are the templates in each language.
func inEach(names []string) (out []templateIn) {
	for _, name := range names {
		for _, locale := range mail.Locales() {
			out = append(out, templateIn{locale, name})
		}
	}
	return out
}

var (
	actions = regexp.MustCompile(`\{\{.*?\}\}`)
	asked   = regexp.MustCompile(`(?:^|[^.\w"])\$?\.([a-z][a-z_]*)`)
	defines = regexp.MustCompile(`define "([a-z_]+)"`)
)

// shape is what a template asks the data for, and the blocks that it fills.
func shape(t *testing.T, file string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range actions.FindAllString(string(text), -1) {
		for _, found := range asked.FindAllStringSubmatch(action, -1) {
			out = append(out, "."+found[1])
		}
		for _, found := range defines.FindAllStringSubmatch(action, -1) {
			out = append(out, found[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Every mail is there in each language, with the same blocks and from the same data.
func TestLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"de", "en"}, mail.Locales()); diff != "" {
		t.Fatal(diff)
	}
	files := []string{"en.tmpl"}
	for _, name := range mail.Names() {
		files = append(files, "en/"+name+".tmpl")
	}
	for _, file := range files {
		german := strings.Replace(file, "en", "de", 1)
		if diff := cmp.Diff(shape(t, "templates/"+file), shape(t, "templates/"+german)); diff != "" {
			t.Errorf("%s is not %s:\n%s", german, file, diff)
		}
	}
	there, err := filepath.Glob("templates/de/*.tmpl")
	if err != nil || len(there) != len(mail.Names()) {
		t.Errorf("%d German templates, want %d, %v", len(there), len(mail.Names()), err)
	}
}

func TestAGermanMail(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"de", "de-AT", "de-CH-1996"} {
		letter := renderIn(t, locale, "domain_degraded_24h", outage)
		want := `social.acme-räder.example funktioniert seit einem Tag nicht

Seit dem 20. November 2026, 08:42 Uhr (UTC) führt
social.acme-räder.example nicht mehr zu uns.
`
		if letter.Locale != "de" || !strings.HasPrefix(letter.Text, want) || !strings.Contains(letter.HTML, `<html lang="de">`) {
			t.Errorf("%s, %s:\n%s", locale, letter.Locale, letter.Text)
		}
	}
	if got := renderIn(t, "de", "domain_certificate_3d", with("not_after", "2026-03-01T00:00:00Z")).Subject; got != "Das Zertifikat von social.acme-räder.example läuft am 1. März 2026 ab" {
		t.Errorf("subject %q", got)
	}
}

func TestEveryTemplateRenders(t *testing.T) {
	t.Parallel()
	for _, in := range inEach(mail.Names()) {
		name := in.name
		letter := renderIn(t, in.locale, name, outage)
		for part, text := range map[string]string{"subject": letter.Subject, "text": letter.Text, "html": letter.HTML} {
			if strings.Contains(text, "no value") || strings.Contains(text, "{{") || strings.TrimSpace(text) == "" {
				t.Errorf("%s, %s:\n%s", name, part, text)
			}
		}
		if len([]rune(letter.Subject)) > 78 || strings.ContainsAny(letter.Subject, "!\n") {
			t.Errorf("%s: subject %q", name, letter.Subject)
		}
		if !strings.Contains(letter.Text, outage["link"]+"\n") || !strings.Contains(letter.HTML, `href="`+outage["link"]+`"`) {
			t.Errorf("%s leads nowhere", name)
		}
		for _, outside := range []string{"<img", "src=", "url(", "<link", "@import", "<script"} {
			if strings.Contains(letter.HTML, outside) {
				t.Errorf("%s loads something from outside: %s", name, outside)
			}
		}
		for line := range strings.Lines(letter.Text) {
			if len([]rune(line)) > 100 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s has a line that is not wrapped: %q", name, line)
			}
		}
	}
}

func TestAMailSaysWhatHappened(t *testing.T) {
	t.Parallel()
	letter := render(t, "domain_degraded_24h", outage)
	want := `social.acme-räder.example has not worked for a day

Since 20 November 2026, 08:42 UTC social.acme-räder.example no longer
leads to us.
`
	if !strings.HasPrefix(letter.Text, want) {
		t.Errorf("text:\n%s", letter.Text)
	}
	for _, want := range []string{"change its\nCNAME record to t-117651737293785707.edge.rookery.example.", "Finding: WRONG_CNAME\n", "\n-- \nYou get this mail because you are an owner or an admin of Acme Räder on\nrookery.example.\n"} {
		if !strings.Contains(letter.Text, want) {
			t.Errorf("%q is missing in:\n%s", want, letter.Text)
		}
	}
	if got := render(t, "domain_degraded_24h", with("cause", "certificate")).Subject; got != "The certificate of social.acme-räder.example cannot be renewed" {
		t.Errorf("subject %q", got)
	}
	if got := render(t, "domain_degraded_24h", with("role", "handle")).Text; !strings.Contains(got, "@social.acme-räder.example") {
		t.Errorf("a handle domain reads:\n%s", got)
	}
}

// Whatever stands in data stays a word: no markup, no header, no paragraph of its own.
func TestDataIsNeverMarkup(t *testing.T) {
	t.Parallel()
	letter := render(t, "domain_live", with("name", "<b>x</b>\r\nBcc: all@evil.test\r\n\r\n{{.home}}\u2028y\u202e"))
	if strings.ContainsAny(letter.Subject, "\r\n\u2028") || letter.Subject != "<b>x</b> Bcc: all@evil.test {{.home}} y works" {
		t.Errorf("subject %q", letter.Subject)
	}
	if strings.Contains(letter.HTML, "<b>") || !strings.Contains(letter.HTML, "&lt;b&gt;") {
		t.Errorf("HTML:\n%s\ntext:\n%s", letter.HTML, letter.Text)
	}
	if got := render(t, "domain_live", with("link", "javascript:alert(1)")).HTML; strings.Contains(got, `href="javascript:`) {
		t.Errorf("a script as link:\n%s", got)
	}
}

// What is to be copied keeps its lines, and nothing but them.
func TestALetterKeepsItsLines(t *testing.T) {
	t.Parallel()
	letter := render(t, "instructions", with("letter", "a {\n    b;\r\n}\x00\u2028\n<b>"))
	if !strings.Contains(letter.Text, "\na {\n    b;\n}\n<b>\n") || !strings.Contains(letter.HTML, "a {\n    b;\n}\n&lt;b&gt;</pre>") {
		t.Errorf("text:\n%s\nHTML:\n%s", letter.Text, letter.HTML)
	}
	if got := render(t, "instructions", with("note", "two\nlines")).Text; !strings.Contains(got, "two lines") {
		t.Errorf("a note:\n%s", got)
	}
}

func TestAGapStopsAMail(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]map[string]string{
		"no name": {"since": "2026-11-20T10:42:00Z"}, "no time": with("since", ""), "year one": with("since", "0001-01-01T00:00:00Z"),
	} {
		if letter, err := here.Render("domain_live", "en", data); err == nil {
			t.Errorf("%s: rendered as\n%s", name, letter.Text)
		}
	}
	if _, err := here.Render("domain_nonsense", "en", outage); err == nil {
		t.Error("a template that is not there was rendered")
	}
}

func TestALanguageThatIsNotThereIsEnglish(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"", "en", "en-GB", "tlh", "../en"} {
		letter, err := here.Render("domain_live", locale, outage)
		if err != nil || letter.Locale != "en" || !strings.Contains(letter.HTML, `<html lang="en">`) {
			t.Errorf("%s: %v, %v", locale, letter, err)
		}
	}
}

// SCREENS=dir keeps a picture of each mail.
func TestMailsLookRight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	chromium := browse.StartChromium(t, "")
	for _, width := range []int{390, 1280} {
		tab := chromium.Tab(t, width)
		for _, in := range inEach(mail.Names()) {
			name := in.locale + "-" + in.name
			file := filepath.Join(dir, name+".html")
			// The landmarks around a mail are the mail app's.
			html := strings.Replace(renderIn(t, in.locale, in.name, outage).HTML, `<div class="page frame"`, `<div role="main" class="page frame"`, 1)
			if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
				t.Fatal(err)
			}
			tab.Open("file://" + file)
			tab.Look("mail-" + name)
		}
		// Some mail apps drop the element style: then the mail is plain, and still fits.
		browse.Evaluate[string](tab, `(document.querySelector("style").remove(), "")`)
		if got := browse.Evaluate[int](tab, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("without its style element a mail is %d px wide at %d", got, width)
		}
		if got := browse.Evaluate[string](tab, `getComputedStyle(document.querySelector(".go")).backgroundColor`); got != "rgb(4, 99, 114)" {
			t.Errorf("without its style element the button is %s", fmt.Sprint(got))
		}
	}
}
