package htmlsafe

import "unicode/utf8"

// urlLength is what every web address counts, however long it is; clients know
// it as characters_reserved_per_url.
const urlLength = 23

// Length counts the characters of a post as Mastodon does: every web address
// counts 23, a remote mention counts without its host, and what readers see as
// one character (an emoji with its modifiers, a letter with its accents) counts
// one. See cluster for how that is decided.
func Length(text string) int {
	total, at := 0, 0
	for _, s := range scan(text) {
		if s.kind != kindURL && s.kind != kindMention {
			continue
		}
		total += countChars(text[at:s.start])
		if s.kind == kindURL {
			total += urlLength
		} else {
			total += 1 + utf8.RuneCountInString(s.name)
		}
		at = s.end
	}
	return total + countChars(text[at:])
}
