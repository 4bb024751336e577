package signature

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// parameters of one draft-cavage Signature header, as far as they matter here.
type parameters struct {
	keyID     string
	algorithm string
	headers   string
	signature string
	created   string
	expires   string
}

// signatureCredentials returns what follows "Signature" in Authorization
// headers of that scheme (draft-cavage section 3.1). Other schemes, such as
// Bearer, are none of our business.
func signatureCredentials(header http.Header) []string {
	var found []string
	for _, value := range header["Authorization"] {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(scheme, "Signature") {
			found = append(found, rest)
		}
	}
	return found
}

// cavageHeader picks the one place a signature stands in. Two of them would let
// one part of a program check the first and another believe the second.
func cavageHeader(header http.Header) (string, error) {
	values := slices.Concat(signatureCredentials(header), header["Signature"])
	switch {
	case len(values) == 0:
		return "", refuse("The request is not signed.")
	case len(values) > 1:
		return "", malformed("The request carries more than one signature.")
	case len(values[0]) > maxHeaderSize:
		return "", malformed("The Signature header is too long.")
	}
	return values[0], nil
}

// parseParameters reads `name="value", name=value, …` (RFC 9110 section 11.2).
// A parameter given twice is refused: which of two keyIds counts must not be a
// matter of who reads.
func parseParameters(s string) (parameters, error) {
	var p parameters
	known := map[string]*string{
		"keyid": &p.keyID, "algorithm": &p.algorithm, "headers": &p.headers,
		"signature": &p.signature, "created": &p.created, "expires": &p.expires,
	}
	seen := make(map[string]bool, len(known))
	for {
		name, value, rest, ok := nextParameter(s)
		if !ok {
			return p, malformed("The Signature header cannot be read.")
		}
		name = strings.ToLower(name)
		if seen[name] {
			return p, malformed("The Signature header gives a parameter twice.")
		}
		seen[name] = true
		if target := known[name]; target != nil {
			*target = value
		}
		if rest == "" {
			return p, nil
		}
		s = rest
	}
}

// nextParameter cuts one parameter off s. The rest is empty after the last one.
func nextParameter(s string) (name, value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	name, s, ok = strings.Cut(s, "=")
	name = strings.TrimRight(name, " \t")
	if !ok || !isToken(name) {
		return "", "", "", false
	}
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, `"`) {
		value, s, ok = quotedString(s)
	} else {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		value, s = s[:end], s[end:]
		ok = isToken(value)
	}
	if !ok {
		return "", "", "", false
	}
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return name, value, "", true
	}
	rest = strings.TrimLeft(strings.TrimPrefix(s, ","), " \t")
	return name, value, rest, s[0] == ',' && rest != ""
}

// quotedString reads the quoted-string that s begins with (RFC 9110 section 5.6.4).
func quotedString(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c < ' ' || c == 0x7f:
			return "", "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		isAlphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// headerValue joins the lines of one header as both standards demand. Host and
// Content-Length are looked for where net/http puts them.
func headerValue(req *http.Request, name string) (string, bool) {
	if name == "host" {
		return req.Host, req.Host != ""
	}
	lines := req.Header[http.CanonicalHeaderKey(name)]
	switch len(lines) {
	case 0:
		if name == "content-length" && req.ContentLength >= 0 {
			return strconv.FormatInt(req.ContentLength, 10), true
		}
		return "", false
	case 1:
		return strings.TrimSpace(lines[0]), true
	}
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = strings.TrimSpace(line)
	}
	return strings.Join(trimmed, ", "), true
}
