package htmlsafe

import (
	"net/url"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html/atom"
)

// linkSchemes are the schemes a remote link may have: Mastodon's list, so that
// a post looks the same here and there. None of them runs anything in a browser.
var linkSchemes = map[string]bool{
	"http": true, "https": true, "dat": true, "dweb": true, "ipfs": true, "ipns": true,
	"ssb": true, "gopher": true, "xmpp": true, "magnet": true, "gemini": true,
}

// classes are the only class names that survive. Clients style or parse these;
// any other could borrow the look of our own pages' controls.
var classes = map[string]bool{
	"mention": true, "hashtag": true, "h-card": true, "invisible": true,
	"ellipsis": true, "u-url": true, "quote-inline": true,
}

// elements are the elements that survive. True means that the element is a
// block, which cannot stand inside a paragraph.
var elements = map[atom.Atom]bool{
	atom.P: true, atom.Br: false, atom.Span: false, atom.A: false, atom.Del: false, atom.S: false,
	atom.Pre: true, atom.Blockquote: true, atom.Code: false, atom.B: false, atom.Strong: false,
	atom.U: false, atom.I: false, atom.Em: false, atom.Ul: true, atom.Ol: true, atom.Li: true,
}

// isHeading reports whether a is h1 to h6. Headings become bold paragraphs, as
// in Mastodon: a post must not take part in the outline of the page around it.
func isHeading(a atom.Atom) bool {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// hidden are elements whose content is not text for readers.
var hidden = []string{
	"script", "style", "template", "svg", "math", "title", "textarea", "select", "xmp", "plaintext", "head",
	"iframe", "noembed", "noframes", "noscript", "object", "audio", "video", "canvas", "frameset",
}

// policy is the first of two locks: bluemonday decides what may pass, the
// rewriter then rebuilds what passed, balanced and with our own attributes.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	for a := range elements {
		p.AllowElements(a.String())
	}
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowNoAttrs().OnElements("a", "span")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("class").OnElements("a", "span", "p")
	p.AllowAttrs("translate").OnElements("a", "span")
	p.AllowAttrs("start", "reversed").OnElements("ol")
	p.AllowAttrs("value").OnElements("li")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	for scheme := range linkSchemes {
		p.AllowURLSchemes(scheme)
	}
	p.SkipElementsContent(hidden...)
	return p
}

// keptClasses filters a class attribute down to the known names.
func keptClasses(value string) string {
	var kept []string
	for _, name := range strings.Fields(value) {
		if classes[name] && len(kept) < len(classes) {
			kept = append(kept, name)
		}
	}
	return strings.Join(kept, " ")
}

// maxURL is the longest link we keep; longer ones are no use to any browser.
const maxURL = 2048

// linkHref returns the href a remote link may keep, or "" for none.
func linkHref(raw string) string {
	u, ok := parseURL(raw)
	if !ok || !linkSchemes[u.Scheme] {
		return ""
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		if u.Host == "" {
			return ""
		}
	}
	return u.String()
}

// WebURL returns raw as an absolute http or https URL, or "" when it is none.
//
// Everything remote that ends up in an attribute or in a client as a link
// (url, icon, image, attachment, emoji, profile field) passes it, so that
// javascript:, data: and file: stop here. Credentials in the URL are refused:
// they have no honest use and hide the real host from the reader.
func WebURL(raw string) string {
	u, ok := parseURL(raw)
	if !ok || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return u.String()
}

func parseURL(raw string) (*url.URL, bool) {
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > maxURL {
		return nil, false
	}
	for _, r := range raw {
		// Browsers drop tabs and newlines inside a scheme; we refuse them.
		if r < 0x20 || r == 0x7f || r == '\\' || isBidi(r) || r == '\ufffd' {
			return nil, false
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, false
	}
	u.Scheme = strings.ToLower(u.Scheme)
	return u, true
}
