// Package hostroute decides, before anything else, whose request this is.
//
// Its middleware turns the Host of a request into a tenant in the context, or into
// 421. The process's one Echo uses it as a Pre middleware; handlers read
// tenant.FromContext, ClientIP and Scheme. Nothing else may read the Host or a
// forwarding header: the middleware deletes those that no trusted proxy wrote. It
// must not render tenants' pages or look into the database.
package hostroute

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/tenant"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// Table is what the middleware asks; *registry.Registry answers.
type Table interface {
	Host(host string) (registry.Host, bool)
	IsLoaded() bool
}

// Options say which hosts there are besides those of tenants.
type Options struct {
	Table Table
	// Probe proves to a check that a name leads here; nil: it cannot.
	Probe func(name, nonce string) string
	// Platform and Media are the platform's own host and the one of user files. Their
	// handlers take over; with nil the request goes on without a tenant.
	Platform, Media               string
	PlatformHandler, MediaHandler http.Handler
	// Refuses reports whether nobody is answered who comes from an address; nil: everybody is.
	Refuses func(netip.Addr) bool
	// TrustedProxies may say who the client is and whether it came by TLS.
	TrustedProxies []netip.Prefix
	// TLS says that this process ends TLS itself, or that whoever stands before it
	// always does (ROOKERY_PUBLIC_SCHEME=https).
	TLS bool
}

// Site is the kind of host that a request came to.
type Site string

// The sites. The zero Site is a path that every host answers, such as /healthz.
const (
	Tenant   Site = "tenant"
	Platform Site = "platform"
	Media    Site = "media"
)

const siteKey = "hostroute.site"

// SiteOf returns the kind of host that a request came to.
func SiteOf(c echo.Context) Site {
	s, _ := c.Get(siteKey).(Site)
	return s
}

type router struct {
	Options
	platform, media string
}

// New makes the middleware.
func New(o Options) echo.MiddlewareFunc {
	r := &router{Options: o}
	if o.Platform != "" {
		r.platform = registry.Normalise(o.Platform)
	}
	if o.Media != "" {
		r.media = registry.Normalise(o.Media)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			readPeer(c, o.TrustedProxies, o.TLS)
			return r.route(c, next)
		}
	}
}

func (r *router) route(c echo.Context, next echo.HandlerFunc) error {
	req := c.Request()
	if isProbe(req.URL.Path) {
		return next(c)
	}
	if r.Refuses != nil && r.Refuses(ClientIP(c)) {
		return answerRefused(c)
	}
	// net/http puts the authority of an absolute-form request line here, over the Host
	// header, as RFC 9112 section 3.2.2 asks.
	host := registry.Normalise(req.Host)
	if isOtherName(req, host, r.TrustedProxies) {
		return answerUnknown(c)
	}
	// Tenants first: a self-hoster may give platform and tenant one name.
	if h, ok := r.Table.Host(host); ok {
		if nonce, ok := strings.CutPrefix(req.URL.Path, look.ProbePath); ok && r.Probe != nil {
			return r.probe(c, host, nonce)
		}
		switch {
		case h.State.Serves():
			demandTLS(c)
			return r.tenant(c, next, h.Tenant, h.Role)
		case h.State == tenant.DomainReleased:
			return answerGone(c)
		}
	}
	switch host {
	case "":
	case r.platform:
		if nonce, ok := strings.CutPrefix(req.URL.Path, look.ProbePath); ok && r.Probe != nil {
			return r.probe(c, host, nonce)
		}
		return hand(c, next, Platform, r.PlatformHandler)
	case r.media:
		return hand(c, next, Media, r.MediaHandler)
	}
	if !r.Table.IsLoaded() {
		return answerStarting(c)
	}
	return answerUnknown(c)
}

// probe answers a check of a name, which works before the name is live (docs/domains.md).
func (r *router) probe(c echo.Context, host, nonce string) error {
	proof := r.Probe(host, nonce)
	if proof == "" {
		return answerUnknown(c)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(http.StatusOK, proof)
}

// isOtherName reports whether a client asks on a connection of one name for another
// (RFC 9110 section 7.4): what one tenant's certificate vouches for is no other tenant.
// A trusted proxy's connection to us goes by whatever name it likes.
func isOtherName(req *http.Request, host string, trusted []netip.Prefix) bool {
	if req.TLS == nil || req.TLS.ServerName == "" || isTrusted(remoteAddr(req.RemoteAddr), trusted) {
		return false
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return registry.Normalise(req.TLS.ServerName) != name
}

func (r *router) tenant(c echo.Context, next echo.HandlerFunc, t *tenant.Tenant, role tenant.DomainRole) error {
	req := c.Request()
	if role != tenant.ServiceDomain && !isDiscovery(req.URL.Path) {
		return redirect(c, t)
	}
	c.SetRequest(req.WithContext(tenant.NewContext(req.Context(), t)))
	c.Set(siteKey, Tenant)
	return next(c)
}

// demandTLS has browsers use https alone for a year (RFC 6797), once they came that way.
// Other names of the company are not ours to speak for, so they are left out.
func demandTLS(c echo.Context) {
	if Scheme(c) == "https" {
		c.Response().Header().Set(echo.HeaderStrictTransportSecurity, "max-age=31536000")
	}
}

func hand(c echo.Context, next echo.HandlerFunc, site Site, handler http.Handler) error {
	c.Set(siteKey, site)
	demandTLS(c)
	if handler == nil {
		return next(c)
	}
	handler.ServeHTTP(c.Response(), c.Request())
	return nil
}

// isProbe names the paths that load balancers ask by address, with any Host.
func isProbe(path string) bool { return path == "/healthz" || path == "/readyz" }

// isDiscovery names what a handle domain answers itself: where handles are looked up.
func isDiscovery(path string) bool {
	return strings.HasPrefix(path, "/.well-known/") || path == "/nodeinfo" || strings.HasPrefix(path, "/nodeinfo/")
}

// redirect sends everything else to the service host. What is no GET keeps its method
// and body (RFC 9110 section 15.4.9).
func redirect(c echo.Context, t *tenant.Tenant) error {
	req := c.Request()
	status := http.StatusPermanentRedirect
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		status = http.StatusMovedPermanently
	}
	return c.Redirect(status, t.URL(pathOf(req.URL)))
}

// pathOf returns path and query as they came, starting with one slash at least: on
// the tenant's URL even "//evil.test" stays a path.
func pathOf(u *url.URL) string {
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return path
}
