package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

const confirmPath = "/confirm"

// SignUp is GET of the page where strangers sign up.
func (e Entrance) SignUp(c echo.Context) error { return e.showSignUp(c, assets.Gate{}) }

func (e Entrance) showSignUp(c echo.Context, g assets.Gate) error {
	g.Kind, g.Action, g.BackURL, g.Token = assets.GateSignUp, e.SignUpPath, e.Path, access.CSRF(Anonymous(c, e.Scheme))
	return e.ShowGate(c, statusOfGate(g), g)
}

// SendConfirmation is POST of it. An address that somebody has gets another mail and the
// same answer.
func (e Entrance) SendConfirmation(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	g := assets.Gate{Mail: in.Get("email"), Name: in.Get("name")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		g.Problem = assets.Stale
		return e.showSignUp(c, g)
	}
	ctx, from := c.Request().Context(), hostroute.ClientIP(c)
	if e.Barred.KeepsOut(from) {
		g.Problem = assets.Barred
		return e.showSignUp(c, g)
	}
	email, err := people.NormaliseEmail(g.Mail)
	if err == nil {
		err = e.Barred.Mail(email)
	}
	if err != nil {
		g.MailError = fault.TextOf(err)
		return e.showSignUp(c, g)
	}
	if err := people.CheckNew(g.Name, in.Get("password")); err != nil {
		g.PasswordError = fault.TextOf(err)
		return e.showSignUp(c, g)
	}
	err = e.Logins.Mail(ctx, from, email)
	if fault.CodeOf(err) == fault.TooMany || !e.Limiter.Take(limit.SignUp, limit.AddressKey(from)).OK {
		g.Problem = assets.Paused
		return e.showSignUp(c, g)
	}
	if err != nil {
		return err
	}
	err = evenly(ctx, func() error {
		n := people.NewPerson{Email: email, Name: g.Name, Password: in.Get("password"), Locale: localeOf(c)}
		return e.People.SignUp(ctx, n, FormCookie.Read(c.Request(), e.Scheme), e.origin()+e.SignUpPath+confirmPath+"?token=", e.origin()+e.Path)
	})
	if err != nil {
		return err
	}
	return e.ShowGate(c, http.StatusOK, assets.Gate{Kind: assets.GateSignUpSent, Mail: email, BackURL: e.SignUpPath})
}

// Confirm is GET of the mail's link.
func (e Entrance) Confirm(c echo.Context) error {
	return e.showConfirm(c, assets.Gate{Secret: c.QueryParam("token")})
}

func (e Entrance) showConfirm(c echo.Context, g assets.Gate) error {
	browser := Anonymous(c, e.Scheme)
	waiting, err := e.People.SignUpOf(c.Request().Context(), g.Secret, browser.Token)
	if errors.Is(err, people.ErrLink) {
		return e.deadLink(c)
	}
	if err != nil {
		return err
	}
	g.Kind, g.Mail, g.NeedsPassword = assets.GateConfirm, waiting.Email, waiting.NeedsPassword
	g.Action, g.Token = e.SignUpPath+confirmPath, access.CSRF(browser)
	return e.ShowGate(c, statusOfGate(g), g)
}

// EnterConfirmed is POST of it: the login is made and signed in.
func (e Entrance) EnterConfirmed(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	g := assets.Gate{Secret: in.Get("token")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		g.Problem = assets.Stale
		return e.showConfirm(c, g)
	}
	ctx, from := c.Request().Context(), hostroute.ClientIP(c)
	if e.Barred.KeepsOut(from) {
		g.Problem = assets.Barred
		return e.showConfirm(c, g)
	}
	if err := e.Logins.AttemptFrom(ctx, from); err != nil {
		if fault.CodeOf(err) != fault.TooMany {
			return err
		}
		e.refuse(ctx, from, RefusedLimit)
		g.Problem = assets.Paused
		return e.showConfirm(c, g)
	}
	who := audit.Actor{Kind: audit.Person, Address: from.String()}
	person, err := e.People.ConfirmSignUp(ctx, g.Secret, FormCookie.Read(c.Request(), e.Scheme), in.Get("password"), who)
	switch {
	case errors.Is(err, people.ErrLink):
		return e.deadLink(c)
	case errors.Is(err, people.ErrSignUpPassword):
		e.refuse(ctx, from, RefusedPassword)
		g.PasswordError = fault.TextOf(err)
		return e.showConfirm(c, g)
	case err != nil:
		return err
	}
	if err := e.Logins.Succeeded(ctx, from, person.Email); err != nil {
		return err
	}
	return e.admit(c, person.ID, 1, assets.SignInForm{}, e.Home)
}
