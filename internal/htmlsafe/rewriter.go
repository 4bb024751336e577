package htmlsafe

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth bounds nesting. Deeper elements are dropped and their text kept:
// browsers and our own parser both slow down on ten thousand open tags.
const maxDepth = 32

// linkRel is put on every remote link whatever the sender wrote.
const linkRel = "nofollow noopener noreferrer"

type rewriteOptions struct {
	honestLinks bool // make links show their host, see RemoteField
	maxText     int  // characters of visible text to keep; 0 keeps all
}

// rewriter writes a balanced copy of sanitised HTML. It keeps its own stack of
// open elements, so the output is well formed for every input.
type rewriter struct {
	opts   rewriteOptions
	out    bytes.Buffer
	open   []atom.Atom
	over   int // start tags dropped because of maxDepth, whose end tags must not close others
	chars  int // characters of visible text written
	full   bool
	anchor *anchor
}

// anchor collects one link while honestLinks has to see its text first.
type anchor struct {
	href   string
	text   strings.Builder // visible text only
	mark   int             // where in the output its content begins
	hidden int             // stack height of an open span.invisible, 0 = none
}

func rewrite(sanitised string, opts rewriteOptions) string {
	w := &rewriter{opts: opts}
	z := html.NewTokenizer(strings.NewReader(sanitised))
	for !w.full {
		switch z.Next() {
		case html.ErrorToken:
			w.closeTo(0)
			return w.out.String()
		case html.TextToken:
			w.text(z.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(z.Token())
		case html.EndTagToken:
			w.end(z.Token().DataAtom)
		}
		// Attributes we add must not let a small input grow without bound.
		if w.out.Len() > 2*MaxRemote {
			w.full = true
		}
	}
	w.closeTo(0)
	return w.out.String()
}

func (w *rewriter) text(s string) {
	s = Clean(s) // character references may have hidden control characters
	if w.opts.maxText > 0 {
		kept, n := takeChars(s, w.opts.maxText-w.chars)
		w.chars += n
		if strings.TrimSpace(s[len(kept):]) != "" {
			w.full = true
			s = strings.TrimRight(kept, " \n\t") + "…"
		}
	}
	if w.anchor != nil && w.anchor.hidden == 0 {
		w.anchor.text.WriteString(s)
	}
	w.out.WriteString(html.EscapeString(s))
}

func (w *rewriter) start(t html.Token) {
	a := t.DataAtom
	heading := isHeading(a)
	block, known := elements[a]
	switch {
	case a == atom.Br:
		w.out.WriteString("<br />")
		return
	case heading:
		block = true
	case !known:
		return
	}
	w.closeImplied(a, block)
	if len(w.open) >= maxDepth || (heading && len(w.open)+2 > maxDepth) {
		w.over++
		return
	}
	switch {
	case a == atom.A:
		w.startLink(t)
		return
	case heading:
		w.open = append(w.open, atom.P, atom.Strong)
		w.out.WriteString("<p><strong>")
		return
	}
	w.open = append(w.open, a)
	w.out.WriteString("<" + a.String())
	w.out.WriteString(attributes(t))
	w.out.WriteByte('>')
	if w.anchor != nil && w.anchor.hidden == 0 && hasClass(t, "invisible") {
		w.anchor.hidden = len(w.open)
	}
}

// closeImplied closes what an HTML parser would close at this point, so that
// our stack and the browser's agree about what is open.
func (w *rewriter) closeImplied(a atom.Atom, block bool) {
	if block {
		// A link or a style cannot hold a block without being torn apart by the
		// parser's adoption agency; close the paragraph and all that is in it.
		if i := w.lastIn(func(x atom.Atom) bool { return x == atom.P }, atom.Blockquote, atom.Li); i >= 0 {
			w.closeTo(i)
		}
	}
	switch a {
	case atom.Li:
		if i := w.lastIn(func(x atom.Atom) bool { return x == atom.Li }, atom.Ul, atom.Ol); i >= 0 {
			w.closeTo(i)
		}
	case atom.A:
		if i := w.lastIn(func(x atom.Atom) bool { return x == atom.A }); i >= 0 {
			w.closeTo(i)
		}
	}
}

// lastIn returns the position of the innermost open element that matches, not
// looking out of the given scopes; -1 for none.
func (w *rewriter) lastIn(match func(atom.Atom) bool, scopes ...atom.Atom) int {
	for i := len(w.open) - 1; i >= 0; i-- {
		if match(w.open[i]) {
			return i
		}
		for _, s := range scopes {
			if w.open[i] == s {
				return -1
			}
		}
	}
	return -1
}

func (w *rewriter) end(a atom.Atom) {
	if a == atom.Br {
		return
	}
	if w.over > 0 {
		w.over--
		return
	}
	if isHeading(a) {
		a = atom.P
	}
	if i := w.lastIn(func(x atom.Atom) bool { return x == a }); i >= 0 {
		w.closeTo(i)
	}
}

// closeTo closes open elements until n are left.
func (w *rewriter) closeTo(n int) {
	for len(w.open) > n {
		a := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if w.anchor != nil && w.anchor.hidden > len(w.open) {
			w.anchor.hidden = 0
		}
		if a == atom.A && w.anchor != nil {
			w.endLink()
		}
		w.out.WriteString("</" + a.String() + ">")
	}
}

func (w *rewriter) startLink(t html.Token) {
	href := linkHref(attr(t, "href"))
	if href == "" {
		return // the text stays, the link goes; its end tag finds no open link
	}
	w.open = append(w.open, atom.A)
	w.out.WriteString(`<a href="` + html.EscapeString(href) + `"` + attributes(t) +
		` rel="` + linkRel + `" target="_blank">`)
	if w.opts.honestLinks {
		w.anchor = &anchor{href: href, mark: w.out.Len()}
	}
}

// endLink replaces the content of a link that does not show its host.
func (w *rewriter) endLink() {
	link := w.anchor
	w.anchor = nil
	if !showsHost(link.text.String(), link.href) {
		w.out.Truncate(link.mark)
		w.out.WriteString(linkText(withoutUser(link.href)))
	}
}

// attributes renders the attributes that an element may keep, href excepted.
func attributes(t html.Token) string {
	var b strings.Builder
	switch t.DataAtom {
	case atom.A, atom.Span, atom.P:
		if c := keptClasses(attr(t, "class")); c != "" {
			b.WriteString(` class="` + c + `"`)
		}
		if t.DataAtom != atom.P && attr(t, "translate") == "no" {
			b.WriteString(` translate="no"`)
		}
	case atom.Ol:
		b.WriteString(number(t, "start"))
		for _, a := range t.Attr {
			if a.Key == "reversed" {
				b.WriteString(` reversed="reversed"`)
				break
			}
		}
	case atom.Li:
		b.WriteString(number(t, "value"))
	}
	return b.String()
}

func number(t html.Token, key string) string {
	n, err := strconv.ParseInt(attr(t, key), 10, 32)
	if err != nil {
		return ""
	}
	return " " + key + `="` + strconv.FormatInt(n, 10) + `"`
}

func attr(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasClass(t html.Token, name string) bool {
	for _, c := range strings.Fields(attr(t, "class")) {
		if c == name {
			return true
		}
	}
	return false
}
