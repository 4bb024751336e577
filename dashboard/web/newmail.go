package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

// NewMail is GET of the link to a new address. Whoever opens it need not be signed in: the
// mailbox is the proof.
func (e Entrance) NewMail(c echo.Context) error {
	return e.showNewMail(c, assets.Gate{Secret: c.QueryParam("token")})
}

func (e Entrance) showNewMail(c echo.Context, g assets.Gate) error {
	_, err := e.People.NewEmailOf(c.Request().Context(), g.Secret)
	if errors.Is(err, people.ErrLink) {
		return e.deadLink(c)
	}
	if err != nil {
		return err
	}
	g.Kind, g.Host, g.Action, g.Token = assets.GateNewMail, e.Host, e.OwnPath+"/mail/confirm", access.CSRF(Anonymous(c, e.Scheme))
	return e.ShowGate(c, statusOfGate(g), g)
}

// SetNewMail is POST of it.
func (e Entrance) SetNewMail(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	g := assets.Gate{Secret: in.Get("token")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		g.Problem = assets.Stale
		return e.showNewMail(c, g)
	}
	who := audit.Actor{Kind: audit.Person, Address: hostroute.ClientIP(c).String()}
	person, err := e.People.ConfirmNewEmail(c.Request().Context(), g.Secret, who)
	if errors.Is(err, people.ErrLink) {
		return e.deadLink(c)
	}
	if err != nil {
		return err
	}
	return e.ShowGate(c, http.StatusOK, assets.Gate{Kind: assets.GateMailDone, Mail: person.Email, BackURL: e.Path})
}
