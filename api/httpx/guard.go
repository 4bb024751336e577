package httpx

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// Authenticator turns a token into who is asking. It returns a
// fault.Unauthorized for a token that is unknown, revoked or of another tenant.
type Authenticator interface {
	Authenticate(ctx context.Context, id tenant.ID, token string) (*access.Viewer, error)
}

// Viewer is who is asking; nil for a stranger. On a User route it is never nil
// and always has an account.
func Viewer(c echo.Context) *access.Viewer { return access.FromContext(c.Request().Context()) }

// bounded gives a request its largest body and its deadline.
func bounded(route Route, timeout time.Duration) echo.MiddlewareFunc {
	limit, isLarge := route.BodyLimit, route.BodyLimit >= largeBody
	if limit == 0 {
		limit = usualBodyLimit
	}
	if isLarge {
		timeout += uploadTimeout
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			original := c.Request()
			linger(c, original.Body)
			if isLarge {
				original.Body = &steady{original.Body, http.NewResponseController(c.Response()), time.Now().Add(uploadTimeout)}
			}
			original.Body = http.MaxBytesReader(c.Response(), original.Body, limit)
			if route.LongLived {
				return next(c)
			}
			ctx, cancel := context.WithTimeout(original.Context(), timeout)
			c.SetRequest(original.WithContext(ctx))
			defer func() {
				cancel()
				if form := c.Request().MultipartForm; form != nil {
					// net/http removes the files of the request it made, not of our copies.
					_ = form.RemoveAll()
				}
				// The renderer asks whether the client is gone: not by our cancel.
				c.SetRequest(original)
			}()
			return next(c)
		}
	}
}

// guard is the door of a route: who is it, how often, may they.
func guard(route Route, deps Deps) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			home := tenant.FromContext(c.Request().Context())
			if home == nil {
				return echo.NewHTTPError(http.StatusMisdirectedRequest)
			}
			if home.State.IsClosed() {
				return ErrClosed // before anybody is told anything about a token
			}
			viewer, err := identify(c, route, deps.Auth, home)
			// Strangers and wrong tokens count by address, before they learn anything.
			if limited := take(c, route, deps.Limiter, home, viewer); limited != nil {
				return limited
			}
			if err != nil {
				return err
			}
			if err := permit(c, route, home, viewer); err != nil {
				return err
			}
			// To an OptionalUser route an app by itself is a stranger like any other.
			if viewer != nil && !(viewer.IsApp() && route.Auth == OptionalUser) {
				c.SetRequest(c.Request().WithContext(access.NewContext(c.Request().Context(), viewer)))
			}
			return next(c)
		}
	}
}

// identify reads and checks the token. No token is no viewer, whatever the route wants.
func identify(c echo.Context, route Route, auth Authenticator, home *tenant.Tenant) (*access.Viewer, error) {
	if route.Auth == Public || route.Auth == Own {
		return nil, nil
	}
	token := BearerToken(c.Request())
	if token == "" && route.LongLived {
		token = streamToken(c.Request())
	}
	if token == "" {
		return nil, nil
	}
	viewer, err := auth.Authenticate(c.Request().Context(), home.ID, token)
	if fault.CodeOf(err) == fault.Unauthorized {
		challenge(c, "invalid_token", ErrInvalidToken.Text)
		return nil, ErrInvalidToken
	}
	return viewer, err
}

// permit decides whether the viewer may use the route.
func permit(c echo.Context, route Route, home *tenant.Tenant, viewer *access.Viewer) error {
	if route.Act != access.Read && home.State != tenant.Active {
		return ErrNotAllowed
	}
	if home.Entitlement.Standing.IsWorseThan(route.worksUntil()) {
		return entitled.ToPublish(home)
	}
	switch {
	case route.Auth == Public || route.Auth == Own:
		return nil
	case viewer == nil && route.Auth == OptionalUser:
		return nil
	case viewer == nil:
		challenge(c, "", "")
		return ErrInvalidToken
	case !inScope(viewer, route.Scopes):
		challenge(c, "insufficient_scope", ErrScope.Text)
		return ErrScope
	case viewer.IsApp() && route.Auth == User:
		return ErrNoUser
	}
	if viewer.IsApp() {
		return nil // it has no role
	}
	return viewer.Can(route.Act)
}

func inScope(viewer *access.Viewer, scopes []string) bool {
	return len(scopes) == 1 && scopes[0] == AnyScope || viewer.Scopes.AllowAny(scopes...)
}

// challenge says how to authenticate (RFC 6750, section 3).
func challenge(c echo.Context, code, text string) {
	value := `Bearer realm="API"`
	if code != "" {
		value += `, error="` + code + `", error_description="` + text + `"`
	}
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, value)
}

// BearerToken is the token of the Authorization header (RFC 6750, section 2.1),
// or empty. Tokens in queries end up in logs, so only streams read them there.
func BearerToken(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// streamToken finds the token where a browser can put it for a stream.
func streamToken(r *http.Request) string {
	if token := r.URL.Query().Get("access_token"); token != "" {
		return token
	}
	protocol, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ",")
	return strings.TrimSpace(protocol)
}
