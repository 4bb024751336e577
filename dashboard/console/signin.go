package console

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/tenant/access"
)

const signInPath = "/sign_in"

// entrance is the way in on the platform's host.
func (h *Handlers) entrance() web.Entrance {
	return web.Entrance{
		Door: web.Door{People: h.People, Logins: h.Logins}, Scheme: h.Scheme, Cookie: access.ConsoleCookie, Sessions: web.ConsoleSessions(h.Judge),
		Path: h.Base + signInPath, Home: h.Base + "/tenants", Show: h.showSignIn,
	}
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Form: form, Host: h.Host}))
}

func (h *Handlers) signInFor(next string) string {
	return h.Base + signInPath + "?next=" + url.QueryEscape(next)
}

// start is GET /: where one was, or the way in.
func (h *Handlers) start(c echo.Context) error {
	_, err := h.in.Session(c)
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, h.in.Home)
	case web.IsNobody(err):
		return c.Redirect(http.StatusSeeOther, h.in.Path)
	}
	return err
}

// signOut is POST /sign_out.
func (h *Handlers) signOut(c echo.Context) error {
	if err := h.in.SignOut(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.in.Path+"?signed_out=1")
}

// changePassword is GET /.well-known/change-password: the sign-in page says who sets
// a new one.
func (h *Handlers) changePassword(c echo.Context) error {
	return c.Redirect(http.StatusFound, h.in.Path)
}
