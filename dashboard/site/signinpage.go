package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	signInPath    = "/auth/sign_in"
	signOutPath   = "/auth/sign_out"
	authorizePath = "/oauth/authorize"
)

var errSuspended = fault.New(fault.Forbidden, "This site is suspended: nobody can sign in. What was published stays readable.")

// entrance is the way in on the request's host.
func (h *Handlers) entrance(c echo.Context) web.Entrance {
	t := home(c)
	return web.Entrance{
		Door: web.Door{People: h.People, Logins: h.Logins, Log: h.Log}, Judge: h.Judge, Factors: h.Factors, Limiter: h.Limiter,
		Realm: t.ID, Scheme: t.Scheme, Host: t.Host, Name: t.Name, Cookie: access.TenantCookie, Sessions: web.TenantSessions(h.Judge, t.ID),
		Path: signInPath, Home: "/", OwnPath: ownPath, Show: h.showSignIn, ShowGate: h.showGate,
	}
}

// session returns who is signed in, or access.ErrSession.
// A session that is bound counts on the pages of its owner's login alone: errBound elsewhere.
func (h *Handlers) session(c echo.Context) (*access.Session, error) {
	s, err := h.entrance(c).Session(c)
	if err == nil && s.IsBound {
		return nil, errBound
	}
	return s, err
}

// atDoor is a step of signing in, which nobody can while the site is suspended.
func (h *Handlers) atDoor(step func(web.Entrance, echo.Context) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		if home(c).State != tenant.Active {
			return errSuspended
		}
		return step(h.entrance(c), c)
	}
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	appName, err := h.appBehind(c, form.Next)
	if err != nil {
		return err
	}
	if err := h.offerSSO(c, &form); err != nil {
		return err
	}
	policy := assets.PolicyLive
	if isAuthorize(form.Next) || form.SSOURL != "" {
		policy = assets.PolicyAwayLive
	}
	web.Secure(c, policy)
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Tenant: view(home(c)), Form: form, AppName: appName}))
}

func isAuthorize(next string) bool { return strings.HasPrefix(next, authorizePath+"?") }

// appBehind names the app on whose way somebody signs in.
func (h *Handlers) appBehind(c echo.Context, next string) (string, error) {
	if !isAuthorize(next) {
		return "", nil
	}
	u, err := url.Parse(next)
	if err != nil {
		return "", nil //nolint:nilerr // where the way leads is found out when it is gone
	}
	var name string
	err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		request, err := access.CheckAuthorize(ctx, scope, access.ParamsFrom(u.Query()))
		switch {
		case err == nil:
			name = request.App.Name
		case access.AsOAuthError(err) == nil:
			return err
		}
		return nil
	})
	return name, err
}

// askSignOut is GET /auth/sign_out: a link must not sign anybody out, a button may.
func (h *Handlers) askSignOut(c echo.Context) error {
	session, err := h.entrance(c).Session(c)
	if web.IsNobody(err) {
		return c.Redirect(http.StatusSeeOther, signInPath)
	}
	if err != nil {
		return err
	}
	person, err := h.People.ByID(c.Request().Context(), session.Person)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderSignOut, SignOutView{
		Tenant: view(home(c)), Action: signOutPath, Token: access.CSRF(session), Person: personView(person),
	}))
}

// signOut is POST /auth/sign_out.
func (h *Handlers) signOut(c echo.Context) error {
	if err := h.entrance(c).SignOut(c); err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderSignedOut, SignedOutView{Tenant: view(home(c))}))
}
