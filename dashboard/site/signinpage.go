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
	"rookery/tenant/hostroute"
)

const (
	signInPath    = "/auth/sign_in"
	signOutPath   = "/auth/sign_out"
	authorizePath = "/oauth/authorize"
)

var errSuspended = fault.New(fault.Forbidden, "This site is suspended: nobody can sign in. What was published stays readable.")

// session returns who is signed in, or access.ErrSession.
func (h *Handlers) session(c echo.Context) (*access.Session, error) {
	t := home(c)
	return h.Judge.Session(c.Request().Context(), t.ID, access.TenantCookie.Read(c.Request(), t.Scheme))
}

// signIn is GET /auth/sign_in. Who is signed in already goes on, unless the page was
// asked for on purpose (again=1): to be somebody else.
func (h *Handlers) signIn(c echo.Context) error {
	if home(c).State != tenant.Active {
		return errSuspended
	}
	next := c.QueryParam("next")
	if c.QueryParam("again") == "" {
		_, err := h.session(c)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, access.SafeNext(next, signOutPath))
		}
		if fault.CodeOf(err) != fault.Unauthorized {
			return err
		}
	}
	return h.showSignIn(c, assets.SignInForm{Next: access.SafeNext(next, "")})
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	t := home(c)
	form.Action, form.Token = signInPath, access.CSRF(web.Anonymous(c, t.Scheme))
	appName, err := h.appBehind(c, form.Next)
	if err != nil {
		return err
	}
	if isAuthorize(form.Next) {
		web.Secure(c, assets.PolicyAway)
	}
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Tenant: view(t), Form: form, AppName: appName}))
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

// enter is POST /auth/sign_in.
func (h *Handlers) enter(c echo.Context) error {
	t, ctx := home(c), c.Request().Context()
	if t.State != tenant.Active {
		return errSuspended
	}
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	form := assets.SignInForm{Next: access.SafeNext(in.Get("next"), ""), Mail: in.Get("email")}
	if web.CheckAnonymous(c, t.Scheme, in) != nil {
		form.Problem = assets.Stale
		return h.showSignIn(c, form)
	}
	person, problem, err := h.door.Enter(ctx, web.Attempt{From: hostroute.ClientIP(c), Mail: form.Mail, Password: in.Get("password")})
	if err != nil {
		return err
	}
	if problem != assets.NoProblem {
		form.Problem = problem
		return h.showSignIn(c, form)
	}
	session, err := h.Judge.StartSession(ctx, t.ID, person.ID, c.Request().UserAgent())
	if fault.IsNotFound(err) {
		form.Problem = assets.NoAccess
		return h.showSignIn(c, form)
	}
	if err != nil {
		return err
	}
	if err := h.endSession(c); err != nil {
		return err
	}
	access.TenantCookie.Set(c.Response(), t.Scheme, session)
	return c.Redirect(http.StatusSeeOther, access.SafeNext(form.Next, "/"))
}

// endSession ends the session that the browser came with, if any.
func (h *Handlers) endSession(c echo.Context) error {
	session, err := h.session(c)
	if fault.CodeOf(err) == fault.Unauthorized {
		return nil
	}
	if err != nil {
		return err
	}
	return h.Judge.EndSession(c.Request().Context(), home(c).ID, session.Hash)
}

// askSignOut is GET /auth/sign_out: a link must not sign anybody out, a button may.
func (h *Handlers) askSignOut(c echo.Context) error {
	session, err := h.session(c)
	if fault.CodeOf(err) == fault.Unauthorized {
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
	t := home(c)
	session, err := h.session(c)
	if err != nil && fault.CodeOf(err) != fault.Unauthorized {
		return err
	}
	if err == nil {
		in, err := web.Form(c)
		if err != nil {
			return err
		}
		if err := access.CheckCSRF(session, in.Get(web.TokenField)); err != nil {
			return err
		}
		if err := h.Judge.EndSession(c.Request().Context(), t.ID, session.Hash); err != nil {
			return err
		}
	}
	access.TenantCookie.Clear(c.Response(), t.Scheme)
	return web.HTML(c, http.StatusOK, writer(RenderSignedOut, SignedOutView{Tenant: view(t)}))
}

// changePassword is GET /.well-known/change-password, which password managers open
// (w3c.github.io/webappsec-change-password-url). People set none by themselves yet;
// the sign-in page says who does it for them.
func (h *Handlers) changePassword(c echo.Context) error {
	return c.Redirect(http.StatusFound, signInPath+"?again=1")
}
