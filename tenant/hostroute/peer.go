package hostroute

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// peer is who stands at the other end. It travels in the request's context, so that
// handlers which are no Echo handlers know it too.
type peer struct {
	client netip.Addr
	scheme string
}

type peerKey struct{}

func peerOf(r *http.Request) peer {
	p, _ := r.Context().Value(peerKey{}).(peer)
	return p
}

// forwarding headers: believed from trusted proxies at most, and never passed on.
var forwarding = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
	"X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Url-Scheme", "X-Real-Ip", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url",
	"X-Host", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
}

// ClientIP returns the address of whoever asks: the connection's, or what a trusted
// proxy says. It is invalid where the connection has none (a socket file).
func ClientIP(c echo.Context) netip.Addr { return peerOf(c.Request()).client }

// Scheme returns "https" where the client came by TLS, else "http". URLs are built
// from the tenant, never from this.
func Scheme(c echo.Context) string { return peerOf(c.Request()).scheme }

// IPExtractor makes Echo's RealIP say the same as ClientIP.
func IPExtractor(r *http.Request) string {
	client := peerOf(r).client
	if !client.IsValid() {
		client = remoteAddr(r.RemoteAddr)
	}
	if !client.IsValid() {
		return ""
	}
	return client.String()
}

// readPeer writes down who asks and how, then deletes every forwarding header, so
// that nothing behind can believe one by mistake (Echo's own RealIP would).
func readPeer(c echo.Context, trusted []netip.Prefix, tls bool) {
	req := c.Request()
	client := remoteAddr(req.RemoteAddr)
	secure := tls || req.TLS != nil
	if isTrusted(client, trusted) {
		if proto := lastValue(req.Header, "X-Forwarded-Proto"); proto != "" {
			secure = strings.EqualFold(proto, "https")
		}
		client = forwardedFor(req.Header.Values("X-Forwarded-For"), client, trusted)
	}
	for _, name := range forwarding {
		req.Header.Del(name)
	}
	p := peer{client: client, scheme: "http"}
	if secure {
		p.scheme = "https"
	}
	c.SetRequest(req.WithContext(context.WithValue(req.Context(), peerKey{}, p)))
}

// forwardedFor walks from the nearest proxy outwards and stops at the first address
// that no trusted proxy has: everything left of it may be invented.
func forwardedFor(values []string, nearest netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(values, ","), ",")
	client := nearest
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parseHop(hops[i])
		if !hop.IsValid() {
			return client
		}
		client = hop
		if !isTrusted(hop, trusted) {
			return client
		}
	}
	return client
}

// parseHop reads an address with or without a port, as proxies write them.
func parseHop(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return ip.Unmap().WithZone("")
	}
	return remoteAddr(text)
}

func remoteAddr(text string) netip.Addr {
	host, _, err := net.SplitHostPort(text)
	if err != nil {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

func isTrusted(ip netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if ip.IsValid() && p.Contains(ip) {
			return true
		}
	}
	return false
}

// lastValue returns the entry that the nearest proxy wrote.
func lastValue(h http.Header, name string) string {
	all := strings.Join(h.Values(name), ",")
	return strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
}
