package safehttp

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ParseURL reads a URL that comes from outside and refuses what is never
// fetched: other schemes, user names, bad ports, hosts that are numbers in
// disguise. The host comes back in lower case and punycode, and the fragment,
// which is never sent, is dropped. The error is ErrURL, or ErrBlocked for an IP
// literal that may not be dialled.
func (c *Client) ParseURL(raw string) (*url.URL, error) {
	if len(raw) > maxURLSize {
		return nil, fmt.Errorf("parse URL of %d bytes: %w", len(raw), ErrURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("parse URL: %w", ErrURL)
	}
	if err := c.checkURL(u); err != nil {
		return nil, fmt.Errorf("fetch from %q: %w", u.Host, err)
	}
	return u, nil
}

func (c *Client) checkURL(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !c.options.AllowHTTP) {
		return ErrURL
	}
	if u.Opaque != "" || u.User != nil || u.Hostname() == "" {
		return ErrURL
	}
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || !isAllowedPort(uint16(port)) {
			return ErrURL
		}
	}
	host, err := c.checkHost(u.Hostname())
	if err != nil {
		return err
	}
	u.Fragment, u.RawFragment = "", ""
	u.Host = joinPort(host, u.Port())
	return nil
}

// checkHost returns the host as it is dialled.
func (c *Client) checkHost(host string) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if !isAllowed(addr, c.options.AllowPrefixes) {
			return "", ErrBlocked
		}
		return addr.String(), nil
	}
	ascii, err := toASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", err
	}
	if endsInNumber(ascii) {
		// 127.1, 2130706433 and 0x7f.1 are addresses to some resolvers and names to no one.
		return "", ErrURL
	}
	return ascii, nil
}

// toASCII maps a name to lower case and punycode. Names that are ASCII already
// are not held to IDNA's rules: hyphens and underscores in odd places exist.
func toASCII(name string) (string, error) {
	ascii := strings.ToLower(name)
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		mapped, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", ErrURL
		}
		ascii = mapped
	}
	if ascii == "" || len(ascii) > 253 || strings.Trim(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return "", ErrURL
	}
	return ascii, nil
}

// endsInNumber is the check of the WHATWG URL standard, section 3.5.
func endsInNumber(host string) bool {
	label := host[strings.LastIndexByte(host, '.')+1:]
	if digits, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func joinPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return host
}

// hostKey is the host as tables know it: without the port that the scheme implies.
func hostKey(u *url.URL) string {
	port := u.Port()
	if (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
		port = ""
	}
	return joinPort(strings.ToLower(u.Hostname()), port)
}
