package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/tenant/access"
)

const (
	signInPath = "/sign_in"
	signUpPath = "/sign_up"
	ownPath    = "/me"
)

// entrance is the way in on the platform's host.
func (h *Handlers) entrance() web.Entrance {
	e := web.Entrance{
		Door: web.Door{People: h.People, Logins: h.Logins, Log: h.Log}, Judge: h.Judge, Factors: h.Factors, Limiter: h.Limiter,
		Scheme: h.Scheme, Host: h.Host, Name: "Rookery", Cookie: access.ConsoleCookie, Sessions: web.ConsoleSessions(h.Judge),
		Path: h.Base + signInPath, Home: h.Base + "/tenants", OwnPath: h.Base + ownPath, IsAside: isStream, Show: h.showSignIn, ShowGate: h.showGate,
	}
	if h.SignUp {
		e.SignUpPath, e.Barred = h.Base+signUpPath, h.Barred
	}
	return e
}

// registerEntrance puts the pages of the way in and of one's own login on e.
func (h *Handlers) registerEntrance(show, post func(string, echo.HandlerFunc)) {
	at := func(put func(string, echo.HandlerFunc)) func(string, func(web.Entrance, echo.Context) error) {
		return func(path string, step func(web.Entrance, echo.Context) error) {
			put(path, func(c echo.Context) error { return step(h.in, c) })
		}
	}
	signUp := ""
	if h.SignUp {
		signUp = signUpPath
	}
	web.Register(signInPath, signUp, ownPath, at(show), at(post))
	h.registerOwn(show, post)
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	web.Secure(c, assets.PolicyLive)
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Form: form, Host: h.Host}))
}

// changePassword is GET /.well-known/change-password.
func (h *Handlers) changePassword(c echo.Context) error {
	return c.Redirect(http.StatusFound, h.Base+ownPath+passwordPath)
}

func (h *Handlers) showGate(c echo.Context, status int, g assets.Gate) error {
	return web.HTML(c, status, writer(RenderGate, GateView{Gate: g, Host: h.Host}))
}
