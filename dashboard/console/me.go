package console

import (
	"context"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant/access"
)

const passwordPath = "/password"

var errBound = fault.New(fault.Forbidden, "This company asks for a second factor. Set one up under “You and your security”, then come back.")

// OwnView is one of the pages on which people look after their own login.
type OwnView struct {
	Shell Shell
	Page  web.OwnPage
}

// RenderOwn writes such a page.
func RenderOwn(w io.Writer, v OwnView) error {
	return render(w, v.Page.Title+" · Rookery", "me", v)
}

func (h *Handlers) registerOwn(show, post func(string, echo.HandlerFunc)) {
	pages := web.Own{Entrance: h.in, PasswordPath: h.Base + ownPath + passwordPath, Show: h.showOwn}
	shown, posted := pages.Routes()
	shown[passwordPath], posted[passwordPath] = pages.Password, pages.ChangePassword
	for path, answer := range shown {
		show(ownPath+path, h.signedIn(asSelf(answer)))
	}
	for path, answer := range posted {
		post(ownPath+path, h.signedIn(asSelf(answer)))
	}
}

func asSelf(answer web.OwnHandler) handler {
	return func(c echo.Context, v *visitor) error {
		return answer(c, &web.Self{Session: v.session, Person: v.person})
	}
}

func (h *Handlers) showOwn(c echo.Context, self *web.Self, status int, p web.OwnPage) error {
	if p.Offer != nil {
		return h.showGate(c, status, *p.Offer)
	}
	if p.Own != nil && c.QueryParam("needed") != "" && self.Session.Factors < 2 {
		p.Own.IsBound = true
	}
	return web.HTML(c, status, writer(RenderOwn, OwnView{Shell: h.shell(&visitor{session: self.Session, person: self.Person}), Page: p}))
}

// isBound reports whether the scope's company asks for a second factor that the session has
// not shown.
func isBound(ctx context.Context, scope *pg.Scope, s *access.Session) (bool, error) {
	if s.Factors > 1 {
		return false, nil
	}
	return access.NeedsSecondFactor(ctx, scope)
}

// toFactor leads out of a room that somebody may not enter without a second factor.
func (h *Handlers) toFactor(c echo.Context) error {
	if c.Request().Method == http.MethodPost || isStream(c) {
		return errBound
	}
	return c.Redirect(http.StatusSeeOther, h.Base+ownPath+"?needed=1")
}
