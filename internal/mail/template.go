package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
)

// A mail is written once, as small blocks of plain words in templates/LOCALE/NAME.tmpl
// (docs/mail.md lists the blocks); layout.txt and layout.html arrange them. Words from
// data are thus never markup, and text and HTML say the same.
//
//go:embed templates
var files embed.FS

// fallback is the language that every template has.
const fallback = "en"

// Letter is a mail in words.
type Letter struct {
	Locale  string
	Subject string
	Text    string
	HTML    string
}

// Templates renders mails of one platform.
type Templates struct {
	// Home is the platform's address, such as https://rookery.example.
	Home string
	// Say puts a sentence of ours that comes as data, which is English, into the mail's
	// language; nil leaves it.
	Say func(locale, english string) string
}

var (
	words      = parseWords()
	textLayout = texttemplate.Must(texttemplate.New("layout.txt").Funcs(texttemplate.FuncMap{"wrap": wrap}).Option("missingkey=error").ParseFS(files, "templates/layout.txt"))
	htmlLayout = template.Must(template.New("layout.html").Option("missingkey=error").ParseFS(files, "templates/layout.html"))
)

// parseWords reads all templates by locale and name, each on top of its locale's frame.
func parseWords() map[string]map[string]*texttemplate.Template {
	out := map[string]map[string]*texttemplate.Template{}
	entries, err := files.ReadDir("templates")
	must(err)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		locale := e.Name()
		frame := texttemplate.Must(texttemplate.New(locale).Funcs(functionsOf(locale)).Option("missingkey=error").ParseFS(files, "templates/"+locale+".tmpl"))
		names, err := files.ReadDir("templates/" + locale)
		must(err)
		out[locale] = map[string]*texttemplate.Template{}
		for _, n := range names {
			name := strings.TrimSuffix(n.Name(), ".tmpl")
			t := texttemplate.Must(frame.Clone())
			out[locale][name] = texttemplate.Must(t.ParseFS(files, path.Join("templates", locale, n.Name())))
		}
	}
	return out
}

// must is for what is embedded: a mistake there stops each test and each start.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Names returns the templates that there are.
func Names() []string {
	var out []string
	for name := range words[fallback] {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Locales returns the languages that there are.
func Locales() []string { return slices.Sorted(maps.Keys(words)) }

// Render makes a mail in a person's language, or in English. An unknown template and data
// that a template misses are errors: no mail goes out with a gap.
func (t Templates) Render(name, locale string, data map[string]string) (*Letter, error) {
	locale, words, err := find(name, locale)
	if err != nil {
		return nil, err
	}
	given := map[string]string{"home": t.Home, "host": hostOf(t.Home)}
	for _, key := range optional {
		given[key] = ""
	}
	for key, value := range data {
		if given[key] = oneLine(value); slices.Contains(verbatim, key) {
			given[key] = manyLines(value)
		}
	}
	if t.Say != nil {
		for _, key := range ours {
			given[key] = t.Say(locale, given[key])
		}
	}
	page, err := fill(words, given)
	if err != nil {
		return nil, fmt.Errorf("render the mail %s: %w", name, err)
	}
	page.Locale, page.Link, page.Home, page.Host = locale, given["link"], t.Home, given["host"]
	return page.letter()
}

// find takes the nearest language: de-AT, de, en.
func find(name, locale string) (string, *texttemplate.Template, error) {
	language, _, _ := strings.Cut(locale, "-")
	for _, l := range []string{locale, language, fallback} {
		if t, ok := words[l][name]; ok {
			return l, t, nil
		}
	}
	return "", nil, fmt.Errorf("there is no mail template “%s”", oneLine(name))
}

// optional is data that a template may ask for whether it was given or not.
var optional = []string{"role", "organisation", "cause", "code", "advice", "since", "deadline", "not_after", "link", "note", "person"}

// ours is data that holds whole sentences of the program's own.
var ours = []string{"advice"}

// verbatim is data that keeps its lines: what somebody is to copy. It is shown in the block
// of the same name alone.
var verbatim = []string{"letter"}

// dates are how a day and a moment are written, by language.
var dates = map[string]struct {
	day, moment string
	months      []string // nil: as Go writes them
}{
	"en": {"2 January 2006", "2 January 2006, 15:04 UTC", nil},
	"de": {"2. January 2006", "2. January 2006, 15:04 Uhr (UTC)", []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}},
}

func functionsOf(locale string) texttemplate.FuncMap {
	d := dates[locale]
	in := func(layout string) func(string) (string, error) {
		return func(text string) (string, error) {
			at, err := moment(text)
			if err != nil || d.months == nil {
				return at.Format(layout), err
			}
			return strings.Replace(at.Format(layout), at.Month().String(), d.months[at.Month()-1], 1), nil
		}
	}
	return texttemplate.FuncMap{"date": in(d.moment), "day": in(d.day)}
}

// moment reads a time of the data. Readers' zones are not known, so it is shown with its own.
func moment(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return at, fmt.Errorf("“%s” is no time", text)
	}
	return at.UTC(), nil
}

// sheet is a mail's words, in their places.
type sheet struct {
	Locale, Subject, Link, Home, Host string
	Tone, State                       string // ok, wait or bad, and the word for it
	Body                              []string
	TodoTitle                         string
	Todo                              []string
	Verbatim                          string // keeps its lines
	Facts                             []fact
	Action                            string
	Why                               []string
}

type fact struct{ Name, Value string }

func fill(words *texttemplate.Template, data map[string]string) (*sheet, error) {
	var failed error
	block := func(name string) string {
		var out bytes.Buffer
		if err := words.ExecuteTemplate(&out, name, data); err != nil && failed == nil {
			failed = err
		}
		return strings.TrimSpace(out.String())
	}
	p := &sheet{
		Subject: oneLine(block("subject")), Body: paragraphs(block("body")), Todo: paragraphs(block("todo")), TodoTitle: block("todo_title"),
		Action: block("action"), Verbatim: block("verbatim"), Why: paragraphs(block("why")),
	}
	p.Tone, p.State, _ = strings.Cut(block("state"), ": ")
	for line := range strings.Lines(block("facts")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			p.Facts = append(p.Facts, fact{name, value})
		}
	}
	return p, failed
}

// paragraphs are parted by empty lines, as in any plain text.
func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(text, "\n\n") {
		if p = oneLine(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (p *sheet) letter() (*Letter, error) {
	var text, html bytes.Buffer
	if err := textLayout.Execute(&text, p); err != nil {
		return nil, fmt.Errorf("lay out the text: %w", err)
	}
	if err := htmlLayout.Execute(&html, p); err != nil {
		return nil, fmt.Errorf("lay out the HTML: %w", err)
	}
	return &Letter{Locale: p.Locale, Subject: p.Subject, Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String()}, nil
}

// column is where lines of the text part end, unless a word is longer: an address in two
// halves leads nowhere.
const column = 72

func wrap(text string) string {
	var out strings.Builder
	width := 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case width == 0:
		case width+1+n > column:
			out.WriteByte('\n')
			width = 0
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += n
	}
	return out.String()
}

func hostOf(home string) string {
	_, host, _ := strings.Cut(home, "://")
	return strings.TrimSuffix(host, "/")
}
