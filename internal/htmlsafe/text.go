package htmlsafe

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text returns the readable text of HTML, for RSS titles, Open Graph tags,
// notifications and search. Paragraphs end in an empty line, <br> and list
// items in a newline. It takes any HTML, clean or not; the result is plain text
// and must be escaped where it is put into HTML again.
func Text(htmlText string) string {
	z := html.NewTokenizer(strings.NewReader(cut(strings.ToValidUTF8(htmlText, ""), MaxRemote)))
	var t textWriter
	skip := "" // the hidden element we are in
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(Clean(t.out.String()))
		case html.TextToken:
			if skip == "" {
				t.text(z.Token().Data)
			}
		case html.StartTagToken:
			token := z.Token()
			if skip == "" && isHidden(token.Data) {
				skip = token.Data
			}
			t.tag(token.DataAtom, false)
		case html.SelfClosingTagToken:
			t.tag(z.Token().DataAtom, false)
		case html.EndTagToken:
			token := z.Token()
			if token.Data == skip {
				skip = ""
			}
			t.tag(token.DataAtom, true)
		}
	}
}

func isHidden(name string) bool {
	for _, h := range hidden {
		if h == name {
			return true
		}
	}
	return false
}

// textWriter delays line breaks, so that a run of tags makes one break.
type textWriter struct {
	out    strings.Builder
	breaks int // newlines due before the next text
	pre    int // depth of <pre>, where white space counts
}

func (t *textWriter) text(s string) {
	if t.pre == 0 {
		s = collapse(s)
		if t.out.Len() == 0 || t.breaks > 0 {
			s = strings.TrimLeft(s, " ")
		}
	}
	if s == "" {
		return
	}
	if t.out.Len() > 0 {
		t.out.WriteString(strings.Repeat("\n", t.breaks))
	}
	t.breaks = 0
	t.out.WriteString(s)
}

func (t *textWriter) tag(a atom.Atom, end bool) {
	switch a {
	case atom.Br:
		t.breaks = min(t.breaks+1, 2)
	case atom.P, atom.Blockquote, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		t.breaks = 2
	case atom.Pre:
		t.breaks = 2
		if !end {
			t.pre++
		} else if t.pre > 0 {
			t.pre--
		}
	case atom.Li, atom.Div, atom.Tr, atom.Section, atom.Article:
		t.breaks = max(t.breaks, 1)
	}
}

// collapse turns every run of white space into one space, as HTML does.
func collapse(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// Truncate shortens plain text to at most n characters, ending in "…" when
// something was cut. It never cuts a rune or a character with its marks.
func Truncate(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if kept, _ := takeChars(s, n); len(kept) == len(s) {
		return s
	}
	kept, _ := takeChars(s, n-1)
	return strings.TrimRight(kept, " \n\t") + "…"
}

// TruncateBytes shortens s to at most n bytes without cutting a rune, for
// columns and headers that are limited in bytes.
func TruncateBytes(s string, n int) string { return cut(s, n) }

// TruncateHTML shortens sanitised or rendered HTML to n characters of visible
// text, closing every element it leaves open.
func TruncateHTML(safe string, n int) string {
	if n <= 0 {
		return ""
	}
	return rewrite(safe, rewriteOptions{maxText: n})
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
