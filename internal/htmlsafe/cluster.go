package htmlsafe

import (
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one character may carry before further
// ones count as characters of their own (or are dropped, in Name). No living
// script needs more than four; stacked hundreds overwrite the lines around them.
const maxMarks = 4

const zwj = '\u200d'

// cluster returns the length in bytes of the first user-perceived character of s.
//
// It is an approximation of the grapheme clusters of UAX #29 that Mastodon
// counts, without its tables: combining marks, emoji modifiers, tag characters,
// zero-width joiner sequences, pairs of regional indicators, Hangul jamo and
// CR LF are kept together. It differs from UAX #29 in counting marks beyond
// maxMarks, on purpose, and in prepended marks of a few Indic scripts.
func cluster(s string) int {
	first, n := utf8.DecodeRuneInString(s)
	if first == '\r' && len(s) > n && s[n] == '\n' {
		return n + 1
	}
	if first < 0x20 {
		return n
	}
	marks, joined, flag := 0, false, isRegional(first)
	last := first
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		switch {
		case isTag(r), isModifier(r), r == zwj:
		case isMark(r):
			if marks++; marks > maxMarks {
				return n
			}
		case joined && isPictograph(r):
			marks = 0
		case flag && isRegional(r):
			flag = false
		case isJamoTail(r) && isHangul(last):
		default:
			return n
		}
		joined = r == zwj
		last = r
		n += size
		if n > maxCluster {
			return n
		}
	}
	return n
}

// maxCluster bounds one character in bytes; family emoji need about 40.
const maxCluster = 128

// countChars counts user-perceived characters.
func countChars(s string) int {
	count := 0
	for len(s) > 0 {
		s = s[cluster(s):]
		count++
	}
	return count
}

// takeChars returns the first n characters of s and how many there were.
func takeChars(s string, n int) (string, int) {
	end, count := 0, 0
	for end < len(s) && count < n {
		end += cluster(s[end:])
		count++
	}
	return s[:end], count
}

func isMark(r rune) bool     { return r >= 0x300 && (unicode.Is(unicode.M, r) || r == '\u200c') }
func isModifier(r rune) bool { return r >= 0x1f3fb && r <= 0x1f3ff }
func isTag(r rune) bool      { return r >= 0xe0020 && r <= 0xe007f }
func isRegional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }
func isPictograph(r rune) bool {
	return r >= 0x2190 && (unicode.Is(unicode.So, r) || unicode.Is(unicode.Sm, r))
}
func isHangul(r rune) bool { return (r >= 0x1100 && r <= 0x11ff) || (r >= 0xac00 && r <= 0xd7a3) }

// isJamoTail reports whether r is a vowel or final consonant of conjoining Hangul.
func isJamoTail(r rune) bool { return r >= 0x1160 && r <= 0x11ff }
