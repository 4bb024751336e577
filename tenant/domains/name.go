package domains

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"rookery/internal/fault"
	"rookery/tenant/domains/doctor"
)

var (
	errOwn       = fault.New(fault.Invalid, "This name belongs to the platform. Use a domain of your own, such as social.example.com.")
	errOneLabel  = fault.New(fault.Invalid, "A domain has at least two parts, such as example.com.")
	errPort      = fault.New(fault.Invalid, "Leave the port out: a domain is served on the usual one.")
	errLocalName = fault.New(fault.Invalid, "This name works in private networks only; servers elsewhere could never reach it.")
)

// localSuffixes never lead anywhere on the public internet (RFC 6761, RFC 6762, RFC 8375,
// and names that resolvers keep to themselves).
var localSuffixes = []string{"localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home", "onion", "arpa", "invalid", "example"}

// checkName says why a name in its normal form can be nobody's; nil: it can be claimed.
func (s *Service) checkName(name string) error {
	host, port, _ := strings.Cut(name, ":")
	if port != "" && s.Scheme == "https" {
		return errPort // an authority looks at the usual ports alone
	}
	if s.Suffix != "" && isBelow(host, s.Suffix) || s.Looker != nil && s.Looker.EdgeSuffix != "" && isBelow(host, s.Looker.EdgeSuffix) {
		return errOwn
	}
	if isLocal(host) {
		// In development, and in tests, names are local.
		if s.Scheme == "https" {
			return errLocalName
		}
		return nil
	}
	if !strings.Contains(host, ".") {
		return errOneLabel
	}
	if suffix, _ := publicsuffix.PublicSuffix(host); suffix == host {
		return fault.New(fault.Invalid, doctor.Sentence(doctor.PublicSuffix, name, nil))
	}
	return nil
}

func isBelow(host, suffix string) bool { return host == suffix || strings.HasSuffix(host, "."+suffix) }

func isLocal(host string) bool {
	return slices.ContainsFunc(localSuffixes, func(suffix string) bool { return isBelow(host, suffix) })
}

// Reasons why staff look at a name first.
const (
	ReasonMixedScript = string(doctor.MixedScript)
	ReasonLooksLike   = string(doctor.LooksLike)
)

// needsReview says why staff must look at a name first, or "". A name is shown in its
// Unicode form, so that is what could deceive (Unicode TR 39).
func (s *Service) needsReview(display string) string {
	for label := range strings.SplitSeq(display, ".") {
		if mixesScripts(label) {
			return ReasonMixedScript
		}
	}
	if !looksLatin(display) && looksLatin(skeletonOf(display)) {
		return ReasonLooksLike
	}
	for _, protected := range s.Protected {
		if display != protected && skeletonOf(display) == skeletonOf(protected) {
			return ReasonLooksLike
		}
	}
	return ""
}

// scripts that one label may hold together: what Japanese, Chinese and Korean are written in.
var together = [][]*unicode.RangeTable{
	{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Katakana},
	{unicode.Latin, unicode.Han, unicode.Bopomofo},
	{unicode.Latin, unicode.Han, unicode.Hangul},
}

func mixesScripts(label string) bool {
	var found []*unicode.RangeTable
	for _, r := range label {
		script := scriptOf(r)
		if script != nil && !slices.Contains(found, script) {
			found = append(found, script)
		}
	}
	if len(found) < 2 {
		return false
	}
	return !slices.ContainsFunc(together, func(set []*unicode.RangeTable) bool {
		return !slices.ContainsFunc(found, func(script *unicode.RangeTable) bool { return !slices.Contains(set, script) })
	})
}

// scriptOf returns the script of a letter, nil for digits, hyphens and marks.
func scriptOf(r rune) *unicode.RangeTable {
	if r < 0x80 && !unicode.IsLetter(r) {
		return nil
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return table
		}
	}
	return nil
}

// lookalikes are letters that most fonts draw as a Latin letter or a digit (the part of
// Unicode's confusables that IDNA lets through).
var lookalikes = map[rune]rune{
	'а': 'a', 'ᴀ': 'a', 'α': 'a', 'ь': 'b', 'с': 'c', 'ϲ': 'c', 'ԁ': 'd', 'е': 'e', 'ҽ': 'e', 'ε': 'e', 'ɡ': 'g', 'һ': 'h', 'հ': 'h',
	'і': 'i', 'ı': 'i', 'ι': 'i', 'ј': 'j', 'ϳ': 'j', 'к': 'k', 'κ': 'k', 'ӏ': 'l', 'ⅼ': 'l', 'м': 'm', 'п': 'n', 'ո': 'n', 'η': 'n',
	'о': 'o', 'ο': 'o', 'օ': 'o', 'р': 'p', 'ρ': 'p', 'ԛ': 'q', 'г': 'r', 'ѕ': 's', 'т': 't', 'τ': 't', 'υ': 'u', 'ս': 'u', 'ν': 'v',
	'ѵ': 'v', 'ԝ': 'w', 'ѡ': 'w', 'ω': 'w', 'х': 'x', 'χ': 'x', 'у': 'y', 'γ': 'y', 'ᴢ': 'z', 'ʐ': 'z', '0': 'o', '1': 'l',
}

// skeletonOf is a name as a hurried reader sees it. Two names with one skeleton look alike.
func skeletonOf(name string) string {
	return strings.Map(func(r rune) rune {
		if like, ok := lookalikes[r]; ok {
			return like
		}
		return r
	}, strings.ToLower(name))
}

// looksLatin reports whether a name is written in ASCII alone.
func looksLatin(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0
}
