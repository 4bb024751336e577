package htmlsafe

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanURL reads a web address at i. Only addresses with a scheme are links, as
// in Mastodon. An address with credentials is left as text: the part before "@"
// is there to be taken for the host.
func scanURL(text string, i int, prev rune) (span, int, bool) {
	scheme := schemeLength(text[i:])
	if scheme == 0 || isAlnum(prev) || prev == '_' || prev == '@' || prev == '#' || prev == '＃' {
		return span{}, i + 1, false
	}
	runEnd := i + scheme
	for runEnd < len(text) {
		r, size := utf8.DecodeRuneInString(text[runEnd:])
		if !isURLRune(r) {
			break
		}
		runEnd += size
	}
	end := trimSentence(text, i+scheme, runEnd)
	address := normaliseAddress(text[i:end], scheme)
	if address == "" {
		return span{}, runEnd, false
	}
	return span{kind: kindURL, start: i, end: end, name: address}, end, true
}

func schemeLength(s string) int {
	for _, scheme := range []string{"https://", "http://"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}

func isURLRune(r rune) bool {
	switch r {
	case '<', '>', '"', '\\', '^', '`', '{', '|', '}', utf8.RuneError,
		'。', '、', '「', '」', '『', '』', '（', '）', '，', '！', '？', '；', '…', '“', '”', '«', '»':
		return false
	}
	return r > 0x20 && r != 0x7f && !unicode.IsSpace(r) && !unicode.IsControl(r) && !isBidi(r) && r != 0x200b && r != 0xfeff
}

// trimSentence takes punctuation off the end of an address that belongs to the
// sentence around it, closing brackets only when they were not opened inside.
func trimSentence(text string, from, end int) int {
	var round, square int // open minus closed
	for _, c := range []byte(text[from:end]) {
		switch c {
		case '(':
			round++
		case ')':
			round--
		case '[':
			square++
		case ']':
			square--
		}
	}
	for end > from {
		switch text[end-1] {
		case '.', ',', ':', ';', '!', '?', '\'', '*':
		case ')':
			if round >= 0 {
				return end
			}
			round++
		case ']':
			if square >= 0 {
				return end
			}
			square++
		case '(':
			round--
		case '[':
			square--
		default:
			return end
		}
		end--
	}
	return end
}

// normaliseAddress returns the address with an ASCII host, or "" when it is no
// usable web address.
func normaliseAddress(address string, scheme int) string {
	if len(address) > maxURL*2 {
		return ""
	}
	rest := address[scheme:]
	hostEnd := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		hostEnd = i
	}
	host, tail := rest[:hostEnd], rest[hostEnd:]
	port := ""
	if i := strings.IndexByte(host, ':'); i >= 0 {
		host, port = host[:i], host[i:]
		if portEnd(port, 0) != len(port) {
			return ""
		}
	}
	if host = asciiHost(host); host == "" {
		return ""
	}
	u, err := url.Parse(strings.ToLower(address[:scheme]) + host + port + tail)
	if err != nil {
		return ""
	}
	return u.String()
}
