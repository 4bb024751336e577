package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

const (
	forgotPath = "/forgot"
	resetPath  = "/reset"

	// answerAfter is how long the answer to a mail address takes at least: longer than finding
	// somebody and queueing a mail, so that time does not tell whether there was anybody.
	answerAfter = 400 * time.Millisecond
)

// evenly runs what takes longer for some people than for others.
func evenly(ctx context.Context, fn func() error) error {
	after := time.NewTimer(answerAfter)
	defer after.Stop()
	err := fn()
	select {
	case <-after.C:
	case <-ctx.Done():
	}
	return err
}

// Forgot is GET of the page that asks for the mail address.
func (e Entrance) Forgot(c echo.Context) error { return e.showForgot(c, assets.Gate{}) }

func (e Entrance) showForgot(c echo.Context, g assets.Gate) error {
	g.Kind, g.Action, g.BackURL, g.Token = assets.GateForgot, e.Path+forgotPath, e.Path, access.CSRF(Anonymous(c, e.Scheme))
	return e.ShowGate(c, statusOfGate(g), g)
}

func statusOfGate(g assets.Gate) int {
	if g.Problem == assets.NoProblem && (g.MailError != "" || g.NameError != "" || g.PasswordError != "" || g.CodeError != "") {
		return http.StatusUnprocessableEntity
	}
	return StatusOfProblem(g.Problem)
}

// SendReset is POST of it: the same answer whether somebody has the address or not.
func (e Entrance) SendReset(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	g := assets.Gate{Mail: in.Get("email")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		g.Problem = assets.Stale
		return e.showForgot(c, g)
	}
	if g.Mail, err = people.NormaliseEmail(g.Mail); err != nil {
		g.Mail, g.MailError = in.Get("email"), fault.TextOf(err)
		return e.showForgot(c, g)
	}
	ctx := c.Request().Context()
	if err := e.Logins.Mail(ctx, hostroute.ClientIP(c), g.Mail); err != nil {
		if fault.CodeOf(err) != fault.TooMany {
			return err
		}
		g.Problem = assets.Paused
		return e.showForgot(c, g)
	}
	err = evenly(ctx, func() error {
		return e.People.ForgotPassword(ctx, e.Realm, g.Mail, e.origin()+e.Path+resetPath+"?token=")
	})
	if err != nil {
		return err
	}
	return e.ShowGate(c, http.StatusOK, assets.Gate{Kind: assets.GateForgotSent, Mail: g.Mail, BackURL: e.Path})
}

// Reset is GET of a mail's link. It uses nothing up: mail filters open links, too.
func (e Entrance) Reset(c echo.Context) error {
	return e.showReset(c, assets.Gate{Secret: c.QueryParam("token")})
}

func (e Entrance) showReset(c echo.Context, g assets.Gate) error {
	person, err := e.People.ResetOf(c.Request().Context(), g.Secret)
	if errors.Is(err, people.ErrLink) {
		return e.deadLink(c)
	}
	if err != nil {
		return err
	}
	g.Kind, g.Mail, g.Action, g.Token = assets.GateReset, person.Email, e.Path+resetPath, access.CSRF(Anonymous(c, e.Scheme))
	return e.ShowGate(c, statusOfGate(g), g)
}

func (e Entrance) deadLink(c echo.Context) error {
	return e.ShowGate(c, http.StatusGone, assets.Gate{Kind: assets.GateDeadLink, BackURL: e.Path})
}

// SetPassword is POST of the new password. It signs nobody in: whoever has a second factor
// must show it.
func (e Entrance) SetPassword(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	g := assets.Gate{Secret: in.Get("token")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		g.Problem = assets.Stale
		return e.showReset(c, g)
	}
	who := audit.Actor{Kind: audit.Person, Address: hostroute.ClientIP(c).String()}
	_, err = e.People.Reset(c.Request().Context(), g.Secret, in.Get("password"), in.Get("end_apps") != "", who)
	switch {
	case errors.Is(err, people.ErrLink):
		return e.deadLink(c)
	case fault.CodeOf(err) == fault.Invalid:
		g.PasswordError = fault.TextOf(err)
		return e.showReset(c, g)
	case err != nil:
		return err
	}
	return c.Redirect(http.StatusSeeOther, e.Path+"?again=1&reset=1")
}
