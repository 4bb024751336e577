package vocab

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"
)

// CleanID returns an object's id unchanged when it is an http or https URL with a
// plain host, of at most MaxURL bytes; otherwise "". Ids are compared byte by byte
// everywhere, so nothing is normalised here.
func CleanID(id string) string {
	if len(id) > MaxURL || strings.ContainsAny(id, " \t\r\n\"<>\\") || HostOf(id) == "" {
		return ""
	}
	return id
}

// CleanURL returns a URL for links and media: http or https only, so javascript:,
// data:, file: and relative ones become "". Surrounding space goes and inner
// spaces are escaped, which real servers forget.
func CleanURL(raw string) string {
	raw = strings.TrimSpace(raw)
	if len(raw) > MaxURL {
		return ""
	}
	return CleanID(strings.ReplaceAll(raw, " ", "%20"))
}

// HostOf returns the host that speaks for a URL: lower case, punycode, with the
// port unless it is the scheme's own. It is "" for everything that could look like
// one host and be another: user info, a trailing dot, escapes in the host, a
// scheme other than http and https.
func HostOf(raw string) string {
	if len(raw) > MaxURL {
		return ""
	}
	if host, ok := plainHostOf(raw); ok {
		return host
	}
	return parsedHostOf(raw)
}

// plainHostOf answers for what nearly all URLs are: a lower-case name without a port and
// nothing but printable ASCII without escapes behind it. Every activity has dozens, and
// parsing them was a tenth of the inbox's time.
func plainHostOf(raw string) (host string, ok bool) {
	rest, ok := strings.CutPrefix(raw, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(raw, "http://"); !ok {
			return "", false
		}
	}
	end := 0
	for end < len(rest) && rest[end] != '/' {
		end++
	}
	host = rest[:end]
	for _, c := range []byte(rest[end:]) {
		if c <= ' ' || c > '~' || c == '%' {
			return "", false
		}
	}
	return host, isPlainHost(host) && !strings.Contains(host, "xn--")
}

// parsedHostOf is HostOf for any URL.
func parsedHostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	// url.Parse decodes escapes in the host; other readers would not.
	authority, _, _ := strings.Cut(raw[strings.Index(raw, "//")+2:], "/")
	if authority, _, _ = strings.Cut(authority, "?"); strings.ContainsAny(authority, "%@") {
		return ""
	}
	host := CleanHost(u.Hostname())
	if host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		return host
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || n == 0:
		return ""
	case n == 443 && u.Scheme == "https", n == 80 && u.Scheme == "http":
		return host
	default:
		return host + ":" + strconv.FormatUint(n, 10)
	}
}

// SameHost reports whether two URLs are served by the same host and port. URLs
// that HostOf refuses are the same as nothing.
func SameHost(a, b string) bool {
	host := HostOf(a)
	return host != "" && host == HostOf(b)
}

// CleanHost returns a host name without a port in the form we compare: lower case
// and punycode; IPv6 in brackets. It is "" where the name is none.
func CleanHost(name string) string {
	if strings.Contains(name, ":") {
		addr, err := netip.ParseAddr(name)
		if err != nil || addr.Zone() != "" {
			return ""
		}
		return "[" + addr.String() + "]"
	}
	name = strings.ToLower(name)
	if !isPlainHost(name) || strings.Contains(name, "xn--") {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return ""
		}
		name = ascii
	}
	if !isPlainHost(name) {
		return ""
	}
	return name
}

// isPlainHost reports whether a name is dot-separated labels of a-z, 0-9, hyphen
// and underscore, none empty: so no trailing dot either.
func isPlainHost(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	label := 0
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			if label++; label > 63 {
				return false
			}
		default:
			return false
		}
	}
	return label > 0
}

// cleanLanguage returns a canonical BCP 47 tag, "" for unknown and undetermined.
func cleanLanguage(tag string) string {
	if tag == "" || len(tag) > 35 {
		return ""
	}
	parsed, err := language.Parse(tag)
	if err != nil || parsed == language.Und {
		return ""
	}
	return parsed.String()
}
