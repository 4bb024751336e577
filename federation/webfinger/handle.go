package webfinger

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"rookery/internal/fault"
)

// Handle is user@domain. Domain is in lower case and punycode, so that two that
// look alike are seen to differ; User is as it was written, and compared
// without regard to case.
type Handle struct {
	User   string
	Domain string
}

// ErrBadHandle says that a text is no handle.
var ErrBadHandle = fault.New(fault.Invalid, "That is not an account address of the form @name@example.org.")

const maxHandle = 512

// ParseHandle reads @user@domain, user@domain and acct:user@domain. The user
// part holds ASCII only: names in other alphabets exist to look like others.
func ParseHandle(text string) (Handle, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxHandle {
		return Handle{}, ErrBadHandle
	}
	if len(text) >= 5 && strings.EqualFold(text[:5], "acct:") {
		text = text[5:]
	}
	user, domain, ok := strings.Cut(strings.TrimPrefix(text, "@"), "@")
	if !ok || !isUser(user) {
		return Handle{}, ErrBadHandle
	}
	domain, err := NormalizeDomain(domain)
	if err != nil {
		return Handle{}, err
	}
	return Handle{User: user, Domain: domain}, nil
}

// String is user@domain, in the form that is safe to show.
func (h Handle) String() string { return h.User + "@" + h.Domain }

func (h Handle) acct() string { return "acct:" + h.String() }

func (h Handle) same(other Handle) bool {
	return strings.EqualFold(h.User, other.User) && h.Domain == other.Domain
}

// isUser admits what the local part of a handle is made of in practice.
func isUser(user string) bool {
	for _, r := range user {
		isAlphanumeric := '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !isAlphanumeric && !strings.ContainsRune("_-.~+", r) {
			return false
		}
	}
	return user != ""
}

// NormalizeDomain maps the domain of a handle to lower case and punycode. A
// port is kept: servers in development have one.
func NormalizeDomain(domain string) (string, error) {
	name, port, hasPort := strings.Cut(domain, ":")
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0 || strconv.FormatUint(n, 10) != port) {
		return "", ErrBadHandle
	}
	ascii, err := toASCII(strings.TrimSuffix(name, "."))
	if err != nil {
		return "", err
	}
	if hasPort && port != "443" {
		ascii += ":" + port
	}
	return ascii, nil
}

func toASCII(name string) (string, error) {
	ascii := strings.ToLower(name)
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		mapped, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", ErrBadHandle
		}
		ascii = mapped
	}
	if len(ascii) > 253 || !isHost(ascii) {
		return "", ErrBadHandle
	}
	return ascii, nil
}

// isHost admits host names of at least one dot, localhost, and IP addresses.
// Anything else that ends in a number is an address in disguise.
func isHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		isLabel := label != "" && len(label) <= 63 && !strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-")
		if !isLabel || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	isNumber := strings.Trim(labels[len(labels)-1], "0123456789") == ""
	return (len(labels) > 1 && !isNumber) || name == "localhost"
}
