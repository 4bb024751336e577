package htmlsafe

import (
	"strings"
)

// MaxRemote is how many bytes of remote HTML are kept; the rest is cut off
// before anything looks at it. Long articles fit, floods do not.
const MaxRemote = 128 << 10

// Remote sanitises HTML that came from another server. The result holds only
// the elements, classes and link schemes that Mastodon also keeps, is balanced
// (it cannot close or swallow anything of the page around it), and may be
// stored and shown as it is. Sanitising it again does not change it.
func Remote(html string) string {
	return rewrite(sanitise(html), rewriteOptions{})
}

// RemoteField is Remote for one profile field or a bio, where a link is read as
// a statement of identity. A link whose visible text does not begin with its
// real host gets the host as its text, because clients shorten such texts and
// a long user part or path can push the real host out of sight (CVE-2023-36462).
func RemoteField(html string) string {
	return rewrite(sanitise(html), rewriteOptions{honestLinks: true})
}

func sanitise(html string) string {
	return policy.Sanitize(Clean(cut(html, MaxRemote)))
}

// Clean makes s valid UTF-8 without control characters other than newline and
// tab. Postgres refuses NUL, and CR LF would count as two line breaks.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "")
	dirty := strings.IndexFunc(s, func(r rune) bool { return isControl(r) })
	if dirty < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case isControl(r):
			return -1
		}
		return r
	}, s)
}

func isControl(r rune) bool {
	return (r < 0x20 && r != '\n' && r != '\t') || (r >= 0x7f && r < 0xa0) || r == 0xfeff
}
