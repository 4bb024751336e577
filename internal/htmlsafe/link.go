package htmlsafe

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/idna"
)

// shownLength is how many characters of a link stay visible, as in Mastodon.
const shownLength = 30

// linkText renders the text of a link to a web address: scheme and "www."
// hidden, then the first 30 characters, the rest hidden. Clients copy the whole
// text and show the middle. The host is always shown in full, even when it is
// longer: a cut host is how "paypal.com.<long>.evil.test" passes for PayPal.
func linkText(address string) string {
	prefix := linkPrefix(address)
	rest := address[len(prefix):]
	shown, _ := takeChars(rest, shownLength)
	if host := strings.IndexAny(rest, "/?#"); host < 0 {
		shown = rest
	} else if len(shown) < host {
		shown = rest[:host]
	}
	class := ""
	if len(shown) < len(rest) {
		class = ` class="ellipsis"`
	}
	return `<span class="invisible">` + html.EscapeString(prefix) + `</span><span` + class + `>` +
		html.EscapeString(shown) + `</span><span class="invisible">` + html.EscapeString(rest[len(shown):]) + `</span>`
}

// linkPrefix returns the part of an address that readers do not need.
func linkPrefix(address string) string {
	for _, prefix := range []string{"https://www.", "http://www.", "https://", "http://", "xmpp:"} {
		if len(address) > len(prefix) && strings.EqualFold(address[:len(prefix)], prefix) {
			return address[:len(prefix)]
		}
	}
	return ""
}

// showsHost reports whether visible link text begins with the host that href
// goes to. Mentions and hashtags are texts of their own kind, not addresses.
func showsHost(text, href string) bool {
	u, err := url.Parse(href)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	text = strings.ToLower(strings.TrimSpace(text))
	host := strings.ToLower(u.Host)
	if isOneTag(text, host) {
		return true
	}
	text = text[len(linkPrefix(text)):]
	host = strings.TrimPrefix(host, "www.")
	text = strings.TrimPrefix(text, "www.")
	for _, h := range []string{host, displayHost(host)} {
		if rest, ok := strings.CutPrefix(text, h); ok && (rest == "" || strings.ContainsAny(rest[:1], "/?#") || strings.HasPrefix(rest, "…")) {
			return true
		}
	}
	return false
}

// isOneTag reports whether text is "@user", "#tag" or "@user@host" with the
// link's own host, and no more. A dot elsewhere could pass for a host name.
func isOneTag(text, host string) bool {
	spans := scan(text)
	if len(spans) != 1 || spans[0].start != 0 || spans[0].end != len(text) {
		return false
	}
	switch s := spans[0]; s.kind {
	case kindHashtag:
		return true
	case kindMention:
		return s.host == host || (s.host == "" && !strings.Contains(s.name, "."))
	}
	return false
}

func withoutUser(href string) string {
	u, err := url.Parse(href)
	if err != nil || u.User == nil {
		return href
	}
	u.User = nil
	return u.String()
}

// asciiHost returns host in the form used on the wire (RFC 5891), lower-case,
// or "" when it is no public host name.
func asciiHost(host string) string {
	if len(host) > 253*4 {
		return ""
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || len(ascii) > 253 {
		return ""
	}
	dot := strings.LastIndexByte(ascii, '.')
	if dot <= 0 || !hasLetter(ascii[dot+1:]) {
		return "" // a bare word or an IP address
	}
	return ascii
}

func hasLetter(label string) bool {
	for i := 0; i < len(label); i++ {
		if label[i] >= 'a' && label[i] <= 'z' {
			return len(label) > 1
		}
	}
	return false
}

// displayHost returns the Unicode form of a host when all its letters are of
// one script, else its ASCII form: "аррӏе.com" in Cyrillic letters must not look
// like the fruit company.
func displayHost(ascii string) string {
	if !strings.Contains(ascii, "xn--") {
		return ascii
	}
	unicodeForm, err := idna.Lookup.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	for _, script := range [][]*unicode.RangeTable{
		{unicode.Latin}, {unicode.Cyrillic}, {unicode.Greek}, {unicode.Arabic}, {unicode.Hebrew}, {unicode.Thai},
		{unicode.Devanagari}, {unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo},
	} {
		if allIn(unicodeForm, script) {
			return unicodeForm
		}
	}
	return ascii
}

func allIn(s string, script []*unicode.RangeTable) bool {
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.In(r, script...) {
			return false
		}
	}
	return true
}
