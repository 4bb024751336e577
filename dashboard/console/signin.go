package console

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

const signInPath = "/sign_in"

func (h *Handlers) session(c echo.Context) (*access.Session, error) {
	return h.Judge.ConsoleSession(c.Request().Context(), access.ConsoleCookie.Read(c.Request(), h.Scheme))
}

func (h *Handlers) signInFor(next string) string {
	return h.Base + signInPath + "?next=" + url.QueryEscape(next)
}

// start is GET /: where one was, or the way in.
func (h *Handlers) start(c echo.Context) error {
	_, err := h.session(c)
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, h.Base+"/tenants")
	case fault.CodeOf(err) == fault.Unauthorized:
		return c.Redirect(http.StatusSeeOther, h.Base+signInPath)
	}
	return err
}

// signIn is GET /sign_in.
func (h *Handlers) signIn(c echo.Context) error {
	next := c.QueryParam("next")
	_, err := h.session(c)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, access.SafeNext(next, h.Base+"/tenants"))
	}
	if fault.CodeOf(err) != fault.Unauthorized {
		return err
	}
	return h.showSignIn(c, assets.SignInForm{Next: access.SafeNext(next, ""), SignedOut: c.QueryParam("signed_out") != ""})
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	form.Action, form.Token = h.Base+signInPath, access.CSRF(web.Anonymous(c, h.Scheme))
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Form: form, Host: h.Host}))
}

// enter is POST /sign_in.
func (h *Handlers) enter(c echo.Context) error {
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	form := assets.SignInForm{Next: access.SafeNext(in.Get("next"), ""), Mail: in.Get("email")}
	if web.CheckAnonymous(c, h.Scheme, in) != nil {
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
	session, err := h.Judge.StartConsoleSession(ctx, person.ID, c.Request().UserAgent())
	if err != nil {
		return err
	}
	access.ConsoleCookie.Set(c.Response(), h.Scheme, session)
	return c.Redirect(http.StatusSeeOther, access.SafeNext(form.Next, h.Base+"/tenants"))
}

// signOut is POST /sign_out. Somebody without a session is signed out already.
func (h *Handlers) signOut(c echo.Context) error {
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
		if err := h.Judge.EndConsoleSession(c.Request().Context(), session.Hash); err != nil {
			return err
		}
	}
	access.ConsoleCookie.Clear(c.Response(), h.Scheme)
	return c.Redirect(http.StatusSeeOther, h.Base+signInPath+"?signed_out=1")
}

// changePassword is GET /.well-known/change-password: the sign-in page says who sets
// a new one.
func (h *Handlers) changePassword(c echo.Context) error {
	return c.Redirect(http.StatusFound, h.Base+signInPath)
}
