// Package servername brings names of hosts into the one form in which rules about them are
// kept and compared.
//
// Rules about servers, mail domains and personal blocks call it, at what people type and
// at what others send. It must know no rule itself, and ask no resolver.
package servername

import (
	"iter"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"

	"rookery/internal/fault"
)

var errDomain = fault.New(fault.Invalid, "A domain looks like example.com: letters, digits, hyphens and dots, without a path.")

// profile maps as browsers do (UTS 46): the same name in all spellings is one rule.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true))

// Parse returns the form in which rules are kept: lower case, ASCII (RFC 5890), no port,
// no final dot. It takes what people paste, such as an address with a scheme or a handle.
func Parse(typed string) (string, error) {
	name := strings.TrimSpace(typed)
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(name), scheme); ok {
			name = strings.TrimSuffix(rest, "/")
		}
	}
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name = name[at+1:]
	}
	name = strings.TrimPrefix(name, "*.")
	name = strings.TrimSuffix(withoutPort(name), ".")
	if a, err := netip.ParseAddr(name); err == nil && a.Is4() {
		return a.String(), nil
	}
	ascii, err := profile.ToASCII(strings.ToLower(name))
	if err != nil || !isDomain(ascii) {
		return "", errDomain
	}
	return ascii, nil
}

// isDomain reports whether a name has the shape of one; a bare label is a rule about a
// whole top-level domain, which servers have been known to deserve.
func isDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func withoutPort(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && strings.IndexByte(host, ']') < colon {
		return host[:colon]
	}
	return host
}

// Of brings the host of an address, as others write it, into the form of rules. Nearly
// always there is nothing to do.
func Of(host string) string {
	host = withoutPort(host)
	for i := range len(host) {
		if c := host[i]; c >= 0x80 || c >= 'A' && c <= 'Z' {
			if ascii, err := profile.ToASCII(strings.ToLower(host)); err == nil {
				host = ascii
			} else {
				host = strings.ToLower(host)
			}
			break
		}
	}
	return strings.TrimSuffix(host, ".")
}

// Upwards yields a name and then each one above it, the top-level domain last: what stands
// first covers the least.
func Upwards(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name != "" && yield(name) {
			_, name, _ = strings.Cut(name, ".")
		}
	}
}
