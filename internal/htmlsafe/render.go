package htmlsafe

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Options says what the entities of a text lead to.
type Options struct {
	// Mentions maps Handle.Key ("user" or "user@host", lower-case) to the URL of
	// the account's page. Handles that are not in it stay text.
	Mentions map[string]string
	// TagURL is the address in front of a hashtag's normalised name, such as
	// "https://social.example/tags/". Empty leaves hashtags as text.
	TagURL string
	// Inline leaves out paragraphs and line breaks, for profile fields.
	Inline bool
	// Me adds rel="me" to links: the text is a person's own profile.
	Me bool
}

// Render turns plain text into HTML as Mastodon does for its own posts: empty
// lines part paragraphs, newlines become <br />, and mentions, hashtags and web
// addresses become links. Everything else is escaped. It is for local text: the
// result needs no sanitising.
func Render(text string, opts Options) string {
	text = strings.TrimSpace(Clean(text))
	if text == "" {
		return ""
	}
	r := renderer{opts: opts}
	r.out.Grow(len(text) + len(text)/2)
	if !opts.Inline {
		r.out.WriteString("<p>")
	}
	at := 0
	for _, s := range scan(text) {
		r.plain(text[at:s.start])
		r.entity(s, text[s.start:s.end])
		at = s.end
	}
	r.plain(text[at:])
	if !opts.Inline {
		r.out.WriteString("</p>")
	}
	return r.out.String()
}

type renderer struct {
	opts Options
	out  strings.Builder
}

// plain writes text between entities, turning newlines into structure.
func (r *renderer) plain(s string) {
	for s != "" {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			r.out.WriteString(html.EscapeString(s))
			return
		}
		r.out.WriteString(html.EscapeString(s[:i]))
		s = s[i:]
		newlines := 0
		for s != "" && s[0] == '\n' {
			newlines++
			s = s[1:]
			// A line of nothing but blanks is an empty line.
			if rest := strings.TrimLeft(s, " \t"); strings.HasPrefix(rest, "\n") {
				s = rest
			}
		}
		switch {
		case r.opts.Inline:
			r.out.WriteByte(' ')
		case newlines > 1:
			r.out.WriteString("</p><p>")
		default:
			r.out.WriteString("<br />")
		}
	}
}

func (r *renderer) entity(s span, typed string) {
	switch s.kind {
	case kindMention:
		if target := WebURL(r.opts.Mentions[handleKey(s.name, s.host)]); target != "" {
			r.out.WriteString(`<span class="h-card" translate="no"><a href="` + html.EscapeString(target) +
				`" class="u-url mention">@<span>` + html.EscapeString(s.name) + `</span></a></span>`)
			return
		}
	case kindHashtag:
		if r.opts.TagURL != "" {
			target := r.opts.TagURL + url.PathEscape(NormaliseTag(s.name))
			r.out.WriteString(`<a href="` + html.EscapeString(target) + `" class="mention hashtag" rel="tag">#<span>` +
				html.EscapeString(s.name) + `</span></a>`)
			return
		}
	case kindURL:
		rel := "nofollow noopener"
		if r.opts.Me {
			rel += " me"
		}
		r.out.WriteString(`<a href="` + html.EscapeString(s.name) + `" target="_blank" rel="` + rel + `" translate="no">` +
			linkText(shownAddress(typed, s.name)) + `</a>`)
		return
	}
	r.out.WriteString(html.EscapeString(typed))
}

// shownAddress is the address as typed, with the host put into the form that
// displayHost finds safe to show.
func shownAddress(typed, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	scheme := schemeLength(typed)
	hostEnd := len(typed)
	if i := strings.IndexAny(typed[scheme:], "/?#"); i >= 0 {
		hostEnd = scheme + i
	}
	host := displayHost(u.Hostname())
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return strings.ToLower(typed[:scheme]) + host + typed[hostEnd:]
}
