package htmlsafe

import (
	"strings"
	"unicode"
)

// MaxName is how many characters of a display name are kept. Custom emoji
// codes count in full, so it is well above what local users may type.
const MaxName = 200

// Name makes a display name fit to stand in a list of names: one line, no
// control characters, no bidirectional overrides that would turn the rest of
// the page around, few combining marks, limited length. A name in which nothing
// can be seen becomes "", so that the caller falls back to the user name. The
// result is plain text, not HTML.
func Name(s string) string {
	var b strings.Builder
	marks, flag, visible, chars := 0, false, false, 0
	for _, r := range cut(strings.ToValidUTF8(s, ""), 16<<10) {
		switch {
		case unicode.IsSpace(r):
			r = ' '
			marks = 0
		case isBidi(r), unicode.IsControl(r), r == '\ufeff', r == '\ufffd', r == '\u00ad', r == '\u200b',
			unicode.Is(unicode.Co, r), r >= 0x2060 && r <= 0x206f:
			continue
		case isTag(r) || r == 0xe007f:
			if !flag { // tag characters only spell the flags of regions
				continue
			}
		case isMark(r):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if r == 0x1f3f4 {
			flag = true
		} else if !isTag(r) {
			flag = false
		}
		if chars++; chars > MaxName {
			break
		}
		visible = visible || isVisible(r)
		b.WriteRune(r)
	}
	if !visible {
		return ""
	}
	return strings.TrimSpace(collapse(b.String()))
}

// isBidi reports whether r is an explicit directional embedding, override,
// isolate or mark.
func isBidi(r rune) bool {
	return (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) ||
		r == 0x200e || r == 0x200f || r == 0x061c
}

// isVisible reports whether a reader sees r when it stands alone.
func isVisible(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800: // fillers that are letters or symbols by category
		return false
	}
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Z, r)
}
