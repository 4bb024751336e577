package htmlsafe

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// NormaliseTag returns the form under which a hashtag is stored and looked up:
// compatibility-composed (so that full-width and ligature forms meet), in lower
// case, without "#" and without characters that no tag can have. Applying it
// again does not change the result.
func NormaliseTag(tag string) string {
	tag = norm.NFKC.String(strings.ToValidUTF8(cut(tag, 4*maxTag), ""))
	tag = norm.NFKC.String(strings.ToLower(tag))
	return strings.Map(func(r rune) rune {
		if isWord(r) || isTagSeparator(r) {
			return r
		}
		return -1
	}, tag)
}
