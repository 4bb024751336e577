package httpx

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// Auth says who may call a route. The zero value is "not declared" and stops the start.
type Auth int

// The kinds of callers.
const (
	undeclared   Auth = iota
	Public            // anybody; a token is not looked at
	OptionalUser      // anybody, but a token that is sent must be valid and in scope
	App               // any valid token, also one of an app without a user
	User              // a token of a user; Viewer is never nil and has an account
	Own               // the handler judges by itself: client secrets, signed links, push keys
)

// AnyScope lets every token in, whatever it was granted.
const AnyScope = "*"

// Route is one line of the API's table: what is served and to whom.
type Route struct {
	// Method is one method, or several divided by "|": "PUT|PATCH".
	Method string
	Path   string
	Auth   Auth
	// Scopes are the OAuth scopes of which a token must have one. App, User and
	// OptionalUser routes must name some, or AnyScope.
	Scopes []string
	// Act is what the route does as an account: the viewer's role must allow it,
	// and a suspended tenant allows nothing but access.Read. Routes without a
	// viewer declare it for the second reason.
	Act access.Action
	// WorksUntil is the worst standing of a tenant with what it pays in which the route
	// works. Unless it says so, what reads works until tenant.Restricted, and what writes
	// until tenant.Grace: a route that takes something back, protects somebody or lets them
	// in has to say that it goes on.
	WorksUntil tenant.Standing
	// Limit names a family of the rate limiter that counts on top of the general
	// ones: "media", "delete", "app_registration", "post". Empty: none.
	Limit string
	// BodyLimit is the largest body in bytes; 0 is the usual 256 KiB.
	BodyLimit int64
	// LongLived exempts streams from the deadline; they also may carry their
	// token as ?access_token= or Sec-WebSocket-Protocol, as browsers cannot set
	// a header there.
	LongLived bool
	Handler   echo.HandlerFunc
}

const (
	usualBodyLimit = 256 << 10
	usualTimeout   = 20 * time.Second
)

// Deps are what the frame needs around the handlers.
type Deps struct {
	Auth    Authenticator
	Limiter Limiter
	Log     *slog.Logger
	Timeout time.Duration // of a request; 0 is 20 s
}

// Mount puts the tables on e. It fails, naming every fault at once, when a route
// does not declare who may call it, when two routes collide, or when e would
// believe a forwarded address from anybody. HEAD follows GET, OPTIONS answers
// preflights, and whatever else is asked below /api is a 404 in JSON.
func Mount(e *echo.Echo, deps Deps, tables ...[]Route) error {
	if deps.Timeout == 0 {
		deps.Timeout = usualTimeout
	}
	routes := slices.Concat(tables...)
	if err := check(e, deps, routes); err != nil {
		return err
	}
	outer := []echo.MiddlewareFunc{observe(deps.Log), secure, cors}
	e.Pre(stripSlash)
	e.JSONSerializer = serializer{}
	known := map[string]bool{}
	for _, route := range routes {
		chain := append(slices.Clone(outer), bounded(route, deps.Timeout), guard(route, deps))
		for method := range route.methods() {
			e.Add(method, route.Path, route.Handler, chain...)
		}
		known[route.Path] = true
	}
	known["/api/*"] = true
	for path := range known {
		e.OPTIONS(path, preflight, outer...)
		e.RouteNotFound(path, func(echo.Context) error { return ErrNotFound }, outer...)
	}
	return nil
}

// worksUntil is WorksUntil, or what follows from what the route does.
func (r Route) worksUntil() tenant.Standing {
	switch {
	case r.WorksUntil != "":
		return r.WorksUntil
	case r.Act == access.Read:
		return tenant.Restricted
	}
	return tenant.Grace
}

// methods yields the methods of a route, HEAD with GET.
func (r Route) methods() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for method := range strings.SplitSeq(r.Method, "|") {
			if !yield(method) {
				return
			}
			if method == http.MethodGet && !r.LongLived && !yield(http.MethodHead) {
				return
			}
		}
	}
}

// check is the start-up check of SECURITY rule 19: a route without a declaration
// is a hole, so there is no default.
func check(e *echo.Echo, deps Deps, routes []Route) error {
	var faults []error
	if e.IPExtractor == nil {
		faults = append(faults, errors.New("echo has no IPExtractor: anybody could choose the address that rate limits count"))
	}
	if deps.Auth == nil || deps.Limiter == nil || deps.Log == nil {
		faults = append(faults, errors.New("the API needs an authenticator, a limiter and a log"))
	}
	taken := map[string]bool{}
	for _, route := range routes {
		if err := route.check(); err != nil {
			faults = append(faults, fmt.Errorf("route %s %s: %w", route.Method, route.Path, err))
		}
		for method := range route.methods() {
			// Echo tells /a/:x from /a/:y by nothing but their names.
			key := method + " " + anonymous(route.Path)
			if taken[key] {
				faults = append(faults, fmt.Errorf("route %s %s: declared twice", method, route.Path))
			}
			taken[key] = true
		}
	}
	return errors.Join(faults...)
}

var knownMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func (r Route) check() error {
	needsScopes := r.Auth == App || r.Auth == User || r.Auth == OptionalUser
	switch {
	case !strings.HasPrefix(r.Path, "/"):
		return errors.New("path does not begin with a slash")
	case r.Handler == nil:
		return errors.New("no handler")
	case r.Auth <= undeclared || r.Auth > Own:
		return errors.New("does not declare who may call it")
	case access.Allow(people.Owner, r.Act) != nil:
		return errors.New("does not declare what it does (Act), or what no role may do")
	case r.WorksUntil != "" && !r.WorksUntil.IsWorseThan(tenant.Grace):
		return fmt.Errorf("works until %q, which is before anything is taken away", r.WorksUntil)
	case needsScopes && len(r.Scopes) == 0:
		return errors.New("declares no scopes")
	case !needsScopes && len(r.Scopes) > 0:
		return errors.New("declares scopes but looks at no token")
	}
	for method := range strings.SplitSeq(r.Method, "|") {
		if !slices.Contains(knownMethods, method) {
			return fmt.Errorf("method %q is not one of %v", method, knownMethods)
		}
	}
	return nil
}

// anonymous takes the names out of a path: /a/:id/b -> /a/:/b.
func anonymous(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = ":"
		}
	}
	return strings.Join(parts, "/")
}

// stripSlash lets /api/v1/instance/ in, as Mastodon.py calls it, and /oauth/authorize/,
// which is where toot sends people.
func stripSlash(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if isOurs := strings.HasPrefix(u.Path, "/api/") || strings.HasPrefix(u.Path, "/oauth/"); isOurs && strings.HasSuffix(u.Path, "/") {
			u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
		}
		return next(c)
	}
}
