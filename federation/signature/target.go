package signature

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// rawTarget returns path and query as they were on the wire. The decoded
// URL.Path must never be used: "/users/al%69ce" and "/users/alice" are
// different strings to the signer.
func rawTarget(req *http.Request) string {
	if strings.HasPrefix(req.RequestURI, "/") {
		return req.RequestURI
	}
	// Absolute-form (RFC 9112 section 3.2.2), or a request that never was on a wire.
	return pathAndQuery(req.URL)
}

// pathAndQuery is what net/http writes into the request line for u.
func pathAndQuery(u *url.URL) string {
	target := u.EscapedPath()
	if target == "" {
		target = "/"
	}
	if u.ForceQuery || u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	return target
}

// splitTarget cuts the query off. The second result says whether there was one.
func splitTarget(target string) (path, query string, ok bool) {
	return strings.Cut(target, "?")
}

// authority normalises a host the way RFC 9421 section 2.2.3 does: lower case,
// without the port that the scheme implies, without a trailing dot.
func authority(host, scheme string) string {
	host = strings.ToLower(host)
	if name, port, err := net.SplitHostPort(host); err == nil {
		name = strings.TrimSuffix(name, ".")
		if (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
			if strings.Contains(name, ":") {
				return "[" + name + "]"
			}
			return name
		}
		return net.JoinHostPort(name, port)
	}
	return strings.TrimSuffix(host, ".")
}

func sameHost(got, want, scheme string) bool {
	return want != "" && authority(got, scheme) == authority(want, scheme)
}
