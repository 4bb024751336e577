// Package oauth serves the endpoints that apps call to get and give back tokens:
// registration, token, revocation, metadata (RFC 6749, 7009, 8414) and userinfo.
//
// cmd/rookery hands its Routes to httpx.Mount. What a browser sees on the way, the
// sign-in and consent pages, is rendered by dashboard/site. It must not decide
// anything: package access does.
package oauth

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Deps are what the handlers work with.
type Deps struct {
	DB    *pg.DB
	Judge *access.Judge
	// VAPIDKey is the public key of web push, which older apps read from their
	// registration; empty without web push.
	VAPIDKey string
	// Picture returns the URL of an account's avatar for userinfo; nil leaves it out.
	Picture func(t *tenant.Tenant, a *social.Account) string
}

// Handlers serve the endpoints.
type Handlers struct{ Deps }

// New makes the handlers.
func New(d Deps) *Handlers { return &Handlers{Deps: d} }

// Routes is the table. Whoever gets a token here signs in, which a suspended tenant's
// people may not (Act); giving one back they may. Of a tenant that only owes money people
// sign in, to pay or to take their data along, until it is closed.
func (h *Handlers) Routes() []httpx.Route {
	const appBody, tokenBody = 64 << 10, 16 << 10
	return []httpx.Route{
		{Method: "POST", Path: "/api/v1/apps", Auth: httpx.Public, Act: access.Manage, WorksUntil: tenant.Unpaid, Limit: "app_registration", BodyLimit: appBody, Handler: h.RegisterApp},
		{Method: "GET", Path: "/api/v1/apps/verify_credentials", Auth: httpx.App, Scopes: []string{httpx.AnyScope}, Act: access.Read, WorksUntil: tenant.Unpaid, Handler: h.VerifyApp},
		{Method: "POST", Path: "/oauth/token", Auth: httpx.Own, Act: access.Manage, WorksUntil: tenant.Unpaid, BodyLimit: tokenBody, Handler: h.Token},
		{Method: "POST", Path: "/oauth/revoke", Auth: httpx.Own, Act: access.Read, WorksUntil: tenant.Unpaid, BodyLimit: tokenBody, Handler: h.Revoke},
		{Method: "GET|POST", Path: "/oauth/userinfo", Auth: httpx.User, Scopes: []string{"profile"}, Act: access.Read, WorksUntil: tenant.Unpaid, Handler: h.UserInfo},
		{Method: "GET", Path: "/.well-known/oauth-authorization-server", Auth: httpx.Public, Act: access.Read, WorksUntil: tenant.Unpaid, Handler: h.Metadata},
	}
}

var oauthStatus = map[fault.Code]int{
	fault.Malformed:    http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
}

// refuse renders a refusal in the form of RFC 6749 section 5.2. Everything that is
// none, such as a database that is away, goes on to the API's renderer.
func refuse(c echo.Context, err error) error {
	e := access.AsOAuthError(err)
	if e == nil {
		return err
	}
	status, known := oauthStatus[fault.CodeOf(e)]
	if !known {
		status = http.StatusBadRequest
	}
	if _, _, basic := c.Request().BasicAuth(); basic && status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="OAuth"`)
	}
	neverStore(c)
	return c.JSON(status, entity.Error{Error: e.Name, ErrorDescription: e.Description()})
}

// bind reads the input; what cannot be read is invalid_request.
func bind(c echo.Context, in any) error {
	err := httpx.Bind(c, in)
	var tooLarge *http.MaxBytesError
	if code := fault.CodeOf(err); (code == fault.Malformed || code == fault.Invalid) && !errors.As(err, &tooLarge) {
		return access.BadRequest(fault.TextOf(err))
	}
	return err
}

// neverStore is demanded by RFC 6749 section 5.1.
func neverStore(c echo.Context) {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	c.Response().Header().Set("Pragma", "no-cache")
}
