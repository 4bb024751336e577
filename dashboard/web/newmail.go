package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

const mailPath = "/mail/confirm" // of the link to a new address

// NewMail is GET of the link to a new address. It counts in a browser where the person is
// signed in: the mailbox alone would let somebody who clicks on whatever comes give their
// address to a stranger's login, into which they are invited later.
func (e Entrance) NewMail(c echo.Context) error {
	return e.showNewMail(c, assets.Gate{Secret: c.QueryParam("token")})
}

func (e Entrance) showNewMail(c echo.Context, g assets.Gate) error {
	isTheirs, err := e.isTheirLink(c, g.Secret)
	if err != nil || !isTheirs {
		return err
	}
	g.Kind, g.Host, g.Action, g.Token = assets.GateNewMail, e.Host, e.OwnPath+mailPath, access.CSRF(Anonymous(c, e.Scheme))
	return e.ShowGate(c, statusOfGate(g), g)
}

// isTheirLink reports whether who is signed in asked for the link, and answers where not.
func (e Entrance) isTheirLink(c echo.Context, secret string) (bool, error) {
	person, err := e.People.NewEmailOf(c.Request().Context(), secret)
	if errors.Is(err, people.ErrLink) {
		return false, e.deadLink(c)
	}
	if err != nil {
		return false, err
	}
	session, err := e.Session(c)
	if IsNobody(err) || err == nil && session.Person != person.ID {
		next := e.OwnPath + mailPath + "?token=" + url.QueryEscape(secret)
		return false, c.Redirect(http.StatusSeeOther, e.Path+"?again=1&next="+url.QueryEscape(next))
	}
	return err == nil, err
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
	isTheirs, err := e.isTheirLink(c, g.Secret)
	if err != nil || !isTheirs {
		return err
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
