package words_test

import (
	"testing"

	"rookery/dashboard/words"
)

// What a translator sees of a template is whole sentences, with values and marks inside.
func TestMessages(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		`<p class="dim">Hello</p>`:                                     {"Hello"},
		`<p>{{icon "x" "s"}}<b>Too many tries.</b> Wait.</p>`:          {"<b>Too many tries.</b> Wait."},
		`<p><b>All bold.</b></p>`:                                      {"All bold."},
		`<p>{{if .A}}One{{else}}Two {{.B}}{{end}}</p>`:                 {"One", "Two {{.B}}"},
		`<span>{{count .N}} {{plural .N "post" "posts"}} · new</span>`: {`{{count .N}} {{plural .N "post" "posts"}} · new`},
		`<p>{{.Name}}</p><p> · </p>`:                                   nil,
		`<input placeholder="Your name" value="Keep" title="{{.T}}">`:  {"Your name"},
		`<button aria-label="Delete {{.Name}}">Delete</button>`:        {"Delete {{.Name}}", "Delete"},
		`<p>See <a href="{{.URL}}">the page</a>.</p>`:                  {`See <a href="{{.URL}}">the page</a>.`},
		`<a class="btn" href="{{if .A}}/x{{end}}">Go</a> on`:           {"Go", "on"},
		`<pre>not for anybody</pre>`:                                   nil,
		`{{define "x"}}{{/* a comment }} */}}Words{{end}}`:             {"Words"},
		"<p>Two\n  lines {{template \"x\" .}}</p>":                     {"Two lines"},
		`<p>{{with .A}}<b>{{.}}</b> left{{end}}</p>`:                   {"<b>{{.}}</b> left"},
		`<b>{{if .A}}Yes{{end}}</b> sir`:                               {"Yes", "sir"},
		`so <b>{{.Name}} {{if .A}}Yes{{end}}</b> sir`:                  {"so", "Yes", "sir"},
	} {
		got := words.Messages(source)
		if len(got) != len(want) {
			t.Errorf("%s has the messages %q, want %q", source, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s has the messages %q, want %q", source, got, want)
			}
		}
	}
}

// A translation holds the same values and marks as the message, in any order.
func TestFits(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Delete {{.Name}}", "{{.Name}} löschen"},
		{`{{count .N}} {{plural .N "post" "posts"}}`, `{{count .N}} {{plural .N "Beitrag" "Beiträge"}}`},
		{"<b>A</b> {{.B}}", "{{.B}} <b>A</b>"},
		{"At most %d of %s", "Von %[2]s höchstens %[1]d"},
	} {
		if err := words.Fits(pair[0], pair[1]); err != nil {
			t.Errorf("%q for %q is refused: %v", pair[1], pair[0], err)
		}
	}
	for _, pair := range [][2]string{
		{"Delete {{.Name}}", "Löschen"},
		{"Delete {{.Name}}", "{{.Handle}} löschen"},
		{"<b>A</b>", "A"},
		{"Hello", "{{.Secret}}"},
		{"At most %d", "Höchstens"},
		{`{{plural .N "a" "b"}}`, `{{plural .M "a" "b"}}`},
	} {
		if words.Fits(pair[0], pair[1]) == nil {
			t.Errorf("%q passes for %q", pair[1], pair[0])
		}
	}
}
