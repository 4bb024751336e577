package mail

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// local is the part before the @ as nearly all servers take it: a dot-atom of RFC 5322
// section 3.2.3. Quoted parts are left out: what reads one as two addresses is an attack.
var local = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// Address checks one mail address and returns it as SMTP needs it: the domain in A-labels.
func Address(text string) (string, error) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 || len(text) > 254 {
		return "", fmt.Errorf("“%s” is no mail address", oneLine(text))
	}
	name, domain := text[:at], text[at+1:]
	if !local.MatchString(name) || len(name) > 64 {
		return "", fmt.Errorf("“%s” is no mail address that we can write to: before the @ only letters, digits and signs without spaces", oneLine(text))
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || domain == "" {
		return "", fmt.Errorf("“%s” is no mail address: what follows the @ is no domain", oneLine(text))
	}
	return name + "@" + domain, nil
}

// oneLine leaves no line breaks, no control characters and nothing that turns the order of
// letters around, so that what was typed somewhere can neither begin a header, a paragraph or
// a line of a log, nor make ours read otherwise.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r >= 0x80 && r <= 0xa0 || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff'
	}), " ")
}

// manyLines leaves line breaks and no other control characters.
func manyLines(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		kept := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Bidi_Control, r) {
				return -1
			}
			return r
		}, line)
		out = append(out, strings.TrimRight(kept, " "))
	}
	return strings.Join(out, "\n")
}
