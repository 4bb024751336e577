package mail_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rookery/internal/mail"
	"rookery/internal/testkit/browse"
)

var here = mail.Templates{Home: "https://rookery.example"}

// outage is data as tenant/domains gives it; its own test holds the two together.
var outage = map[string]string{
	"name": "social.acme-räder.example", "role": "service", "organisation": "Acme Räder", "code": "WRONG_CNAME", "cause": "routing",
	"advice":   "social.acme-räder.example is an alias of old.hoster.example: change its CNAME record to t-117651737293785707.edge.rookery.example.",
	"since":    "2026-11-20T09:42:00+01:00",
	"deadline": "2026-12-04T10:42:00Z", "not_after": "2026-12-10T10:42:00Z", "link": "https://rookery.example/tenants/117651737293785707/domains/117651737293789999",
	"server": "mail.example", "person": "Mara Lindqvist", "person_mail": "mara@acme-räder.example", "note": "It is for our new accounts.",
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
	letter, err := here.Render(name, "en", data)
	if err != nil {
		t.Fatal(err)
	}
	return letter
}

func TestEveryTemplateRenders(t *testing.T) {
	t.Parallel()
	for _, name := range mail.Names() {
		letter := render(t, name, outage)
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
		for _, name := range mail.Names() {
			file := filepath.Join(dir, name+".html")
			// The landmarks around a mail are the mail app's.
			html := strings.Replace(render(t, name, outage).HTML, `<div class="page frame"`, `<div role="main" class="page frame"`, 1)
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
