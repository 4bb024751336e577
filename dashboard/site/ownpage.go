package site

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/tenant"
)

const ownPath = settingsPath + "/login"

var errBound = fault.New(fault.Forbidden, "Your company asks for a second factor. Set one up under “You and your security”, then come back.")

// GateView is one of the small pages at the way in.
type GateView struct {
	Tenant Tenant
	Gate   assets.Gate
}

// RenderGate writes such a page.
func RenderGate(w io.Writer, v GateView) error {
	page := v.Tenant.page(v.Gate.Title(), v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "gate", v)
}

// OwnView is one of the pages on which people look after their own login.
type OwnView struct {
	Tenant Tenant
	Page   web.OwnPage
}

// RenderOwn writes such a page.
func RenderOwn(w io.Writer, v OwnView) error {
	page := v.Tenant.page(v.Page.Title, v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "own-login", v)
}

func (h *Handlers) showGate(c echo.Context, status int, g assets.Gate) error {
	return web.HTML(c, status, writer(RenderGate, GateView{Tenant: view(home(c)), Gate: g}))
}

// own answers a page below ownPath for whoever is signed in, a bound session included where
// the page leads out of that.
func (h *Handlers) own(path, method string) echo.HandlerFunc {
	return func(c echo.Context) error {
		entrance := h.entrance(c)
		session, err := entrance.Session(c)
		if web.IsNobody(err) && method == http.MethodGet {
			return c.Redirect(http.StatusSeeOther, signInFor(c.Request().URL.RequestURI()))
		}
		if err != nil {
			return err
		}
		if home(c).State != tenant.Active {
			return errSuspended
		}
		if session.IsBound && !web.IsForBound(path) {
			return errBound
		}
		person, err := h.People.ByID(c.Request().Context(), session.Person)
		if err != nil {
			return err
		}
		c.Set(visitorKey, &visitor{session: session, person: person})
		pages := web.Own{Entrance: entrance, PasswordPath: passwordPath, AppsPath: appsPath, Show: h.showOwn}
		show, post := pages.Routes()
		answers := show
		if method == http.MethodPost {
			answers = post
		}
		web.Speak(c, person.Locale)
		return answers[path](c, &web.Self{Session: session, Person: person, IsBound: session.IsBound})
	}
}

func (h *Handlers) showOwn(c echo.Context, _ *web.Self, status int, p web.OwnPage) error {
	if p.Offer != nil {
		return web.HTML(c, status, writer(RenderGate, GateView{Tenant: view(home(c)), Gate: *p.Offer}))
	}
	return web.HTML(c, status, writer(RenderOwn, OwnView{Tenant: h.view(c), Page: p}))
}
