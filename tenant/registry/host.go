package registry

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"rookery/internal/fault"
)

var errHost = fault.New(fault.Invalid, "A domain looks like social.example.com: letters, digits and hyphens, no address, no wildcard.")

// Normalise returns the form in which hosts are compared: lower case, punycode,
// without a final dot and without a default port. It never fails: what cannot be a
// host comes back as something that no tenant has.
func Normalise(host string) string {
	if isNormal(host) {
		return host // nearly always: no work, no allocation
	}
	name, port := splitPort(strings.TrimSpace(host))
	name = strings.TrimSuffix(name, ".")
	if ascii, err := profile.ToASCII(strings.ToLower(name)); err == nil {
		name = ascii
	} else {
		name = strings.ToLower(name)
	}
	if port == "" || port == "443" || port == "80" {
		return name
	}
	return name + ":" + port
}

// profile maps as browsers do (UTS 46), and leaves odd but harmless names alone.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// isNormal reports whether a host is surely in its normal form already.
func isNormal(host string) bool {
	if host == "" || strings.HasSuffix(host, ".") || strings.HasSuffix(host, ":443") || strings.HasSuffix(host, ":80") {
		return false
	}
	for i := range len(host) {
		c := host[i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			continue
		}
		if c == '.' && i+1 < len(host) && host[i+1] != ':' {
			continue
		}
		if c == ':' && i+1 < len(host) {
			continue
		}
		return false
	}
	return true
}

func splitPort(host string) (name, port string) {
	if strings.HasPrefix(host, "[") {
		return host, "" // an IPv6 literal: no tenant has one
	}
	name, port, _ = strings.Cut(host, ":")
	return name, port
}

// CheckName refuses what cannot be a domain, or is the platform's own, and returns its normal
// form. A port is allowed in development only.
func (r *Registry) CheckName(name string) (string, error) { return r.usableHost(name) }

// checkHost refuses what cannot be a tenant's domain, and returns its normal form.
func checkHost(host string) (string, error) {
	normal := Normalise(host)
	name, port := splitPort(normal)
	if !isDomainName(name) {
		return "", errHost
	}
	if _, err := netip.ParseAddr(name); err == nil || isNumber(lastLabel(name)) {
		return "", errHost // also 1.2.3 and 0x7f.1, which some programs read as addresses
	}
	if port == "" {
		return normal, nil
	}
	// The default port is gone by now; another one is part of the address for ever.
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || port[0] == '0' {
		return "", errHost
	}
	return normal, nil
}

// isDomainName takes letters, digits and hyphens, at least two labels (RFC 1123 section 2.1).
func isDomainName(name string) bool {
	const longest = 253
	labels := strings.Split(name, ".")
	if len(labels) < 2 || len(name) > longest {
		return false
	}
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	if strings.HasPrefix(label, "xn--") {
		_, err := idna.Lookup.ToUnicode(label)
		return err == nil
	}
	return true
}

func lastLabel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func isNumber(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return strings.HasPrefix(s, "0x")
		}
	}
	return true
}
