package htmlsafe

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Handle is a mention found in a text: "@user" or "@user@host".
type Handle struct {
	User       string // as typed, ASCII only
	Host       string // ASCII form, lower-case; "" for a local user
	Start, End int    // byte offsets in the text, the "@" included
}

// Key is the form of a handle used for look-ups: lower-case "user" or "user@host".
func (h Handle) Key() string { return handleKey(h.User, h.Host) }

func handleKey(user, host string) string {
	if host == "" {
		return strings.ToLower(user)
	}
	return strings.ToLower(user) + "@" + host
}

// Entities is what a plain text refers to, in order of appearance. Hashtags are
// as typed, without "#"; nothing is removed when it appears twice.
type Entities struct {
	Mentions []Handle
	Hashtags []string
	URLs     []string // normalised: ASCII host
	Emojis   []string // shortcodes that may name a custom emoji, without colons
}

// Scan finds mentions, hashtags, web addresses and emoji codes the way Mastodon
// does, in one pass whose time is linear in the text. A user name is ASCII, so a
// homograph of a local user is never taken for that user: when a letter of
// another alphabet follows, the whole mention is plain text.
func Scan(text string) Entities {
	var e Entities
	for _, s := range scan(text) {
		switch s.kind {
		case kindMention:
			e.Mentions = append(e.Mentions, Handle{User: s.name, Host: s.host, Start: s.start, End: s.end})
		case kindHashtag:
			e.Hashtags = append(e.Hashtags, s.name)
		case kindURL:
			e.URLs = append(e.URLs, s.name)
		case kindEmoji:
			e.Emojis = append(e.Emojis, s.name)
		}
	}
	return e
}

type kind int

const (
	kindMention kind = iota
	kindHashtag
	kindURL
	kindEmoji
)

// span is one entity in a text.
type span struct {
	kind       kind
	start, end int
	name       string // user, tag, address or shortcode
	host       string // of a mention
}

// Longest names taken for an entity; a longer run is plain text as a whole.
const (
	maxUser  = 128
	maxTag   = 255 // characters
	maxEmoji = 128
)

// scan walks the text once. Each sub-scanner looks at a run of characters and
// the walk continues behind what it may not look at again, so that no byte is
// looked at more than a constant number of times.
func scan(text string) []span {
	var spans []span
	prev := ' ' // the rune before i
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		var s span
		ok, next := false, i+size
		switch {
		case r == '@':
			s, next, ok = scanMention(text, i, prev)
		case r == '#' || r == '＃':
			s, next, ok = scanHashtag(text, i, i+size, prev)
		case r == ':':
			s, next, ok = scanEmoji(text, i, prev)
		case r == 'h' || r == 'H':
			s, next, ok = scanURL(text, i, prev)
		}
		if ok {
			spans = append(spans, s)
		}
		prev, _ = utf8.DecodeLastRuneInString(text[:next])
		i = next
	}
	return spans
}

// scanMention reads "@user" or "@user@host" at i. The second result is where
// the walk goes on, also when there is no mention.
func scanMention(text string, i int, prev rune) (span, int, bool) {
	next := i + 1
	if isWord(prev) || prev == '=' || prev == '/' || prev == '@' {
		return span{}, next, false
	}
	end := dotted(text, i+1, isUserByte)
	after, _ := utf8.DecodeRuneInString(text[end:])
	if end == i+1 || end-i > maxUser || (end < len(text) && isWord(after)) {
		return span{}, max(end, next), false
	}
	user := text[i+1 : end]
	if end == len(text) || text[end] != '@' {
		return span{kind: kindMention, start: i, end: end, name: user}, end, true
	}
	hostEnd := dotted(text, end+1, isWord)
	if hostEnd == end+1 {
		return span{kind: kindMention, start: i, end: end, name: user}, end + 1, true
	}
	host := asciiHost(text[end+1 : hostEnd])
	if host == "" {
		return span{}, hostEnd, false // a mention of somebody unreachable, never of the local namesake
	}
	if port := portEnd(text, hostEnd); port > hostEnd {
		host += text[hostEnd:port]
		hostEnd = port
	}
	return span{kind: kindMention, start: i, end: hostEnd, name: user, host: host}, hostEnd, true
}

// dotted returns the end of words joined by dots and hyphens beginning at i;
// trailing dots and hyphens belong to the sentence.
func dotted(text string, i int, word func(rune) bool) int {
	start, end := i, i
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case word(r):
			end = i + size
		case (r == '.' || r == '-') && end > start:
		default:
			return end
		}
		i += size
	}
	return end
}

// portEnd returns the end of ":digits" at i, or i.
func portEnd(text string, i int) int {
	if i >= len(text) || text[i] != ':' {
		return i
	}
	end := i + 1
	for end < len(text) && end-i <= 5 && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	after, _ := utf8.DecodeRuneInString(text[end:])
	if end == i+1 || (end < len(text) && isWord(after)) {
		return i
	}
	return end
}

// scanHashtag reads the tag whose "#" stands at i and whose name begins at from.
func scanHashtag(text string, i, from int, prev rune) (span, int, bool) {
	if isAlnum(prev) || prev == '=' || prev == '/' || prev == ')' || prev == '#' || prev == '&' {
		return span{}, from, false
	}
	runEnd, end, count, total := from, from, 0, 0
	letter, joined := false, false
	for runEnd < len(text) {
		r, size := utf8.DecodeRuneInString(text[runEnd:])
		word := isWord(r)
		if !word && !isTagSeparator(r) || total == 0 && !word {
			break
		}
		total++
		runEnd += size
		if word {
			// Digits alone are a number; digits around a dot are a tag.
			joined = joined || (total-count > 1)
			end, count = runEnd, total
			letter = letter || isAlphabetic(r)
		}
	}
	name := text[from:end]
	if end == from || count > maxTag || !(letter || joined || digitsJoined(name)) {
		return span{}, max(runEnd, from), false
	}
	return span{kind: kindHashtag, start: i, end: end, name: name}, runEnd, true
}

// digitsJoined reports whether a name without letters, like "2024_25", has an
// underscore inside; only then is it a tag and not a number.
func digitsJoined(name string) bool {
	return len(name) > 2 && strings.Contains(name[1:len(name)-1], "_")
}

// scanEmoji reads ":shortcode:". The closing colon may open the next code only
// after something else, as in Mastodon, so the walk goes on behind it.
func scanEmoji(text string, i int, prev rune) (span, int, bool) {
	end := i + 1
	for end < len(text) && isCodeByte(text[end]) {
		end++
	}
	if isAlnum(prev) || prev == ':' || end-i < 3 || end-i > maxEmoji || end == len(text) || text[end] != ':' {
		return span{}, max(end, i+1), false
	}
	after, _ := utf8.DecodeRuneInString(text[end+1:])
	if end+1 < len(text) && (isAlnum(after) || after == ':') {
		return span{}, end, false
	}
	return span{kind: kindEmoji, start: i, end: end + 1, name: text[i+1 : end]}, end + 1, true
}

func isCodeByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isUserByte(r rune) bool { return r < 0x80 && isCodeByte(byte(r)) }

func isAlnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isWord is the [[:word:]] of Mastodon's patterns: letter, mark, decimal digit, connector.
func isWord(r rune) bool {
	if r < 0x80 {
		return r >= 0 && isCodeByte(byte(r))
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc)
}

func isAlphabetic(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Other_Alphabetic)
}

// isTagSeparator reports whether r may stand inside a tag: middle dots and the
// zero-width non-joiner that Persian needs.
func isTagSeparator(r rune) bool { return r == '\u00b7' || r == '\u30fb' || r == '\u200c' }
