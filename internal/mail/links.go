package mail

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

var (
	// schemes are what mail apps make links of without a “//” behind it.
	schemes = regexp.MustCompile(`(^|[^\p{L}\p{N}])(https?|ftps?|sftp|mailto|tel|sms|callto|skype|facetime|whatsapp|xmpp|sip|data|file|javascript|intent|market|itms|magnet|bitcoin|tg):\S`)
	hosts   = regexp.MustCompile(`[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)+[/:?#]?`)
	dots    = strings.NewReplacer("。", ".", "․", ".", "…", "...")
)

// HasLink reports whether some mail app would make a link of a part of a text: an address
// with a scheme, a mail address, or a bare host under a suffix that exists. What somebody
// else than us puts into a mail to a stranger must not lead anywhere. It sees through
// letters that only look different and through signs that are not seen.
func HasLink(text string) bool {
	text = strings.ToLower(dots.Replace(norm.NFKC.String(strings.Map(seen, text))))
	if strings.Contains(text, "://") || strings.Contains(text, "www.") || schemes.MatchString(text) {
		return true
	}
	for _, found := range hosts.FindAllString(text, -1) {
		if isHost(found) {
			return true
		}
	}
	return false
}

// seen drops what takes no room on a screen: it parts words for a check and for nobody else.
func seen(r rune) rune {
	if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
		return -1
	}
	return r
}

func isHost(found string) bool {
	host := strings.TrimRight(found, "/:?#")
	last := host[strings.LastIndexByte(host, '.')+1:]
	isNumber := strings.Trim(last, "0123456789") == ""
	if strings.ContainsAny(found[len(host):], "/:?#") && (!isNumber || strings.Count(host, ".") == 3) {
		return true // with a path or a port nearly anything is taken for an address
	}
	if isNumber {
		return false
	}
	if ascii, err := idna.ToASCII(host); err == nil {
		host = ascii
	}
	suffix, isPublic := publicsuffix.PublicSuffix(host)
	return isPublic || strings.Contains(suffix, ".") // a suffix of one label that nobody listed is just a word
}
