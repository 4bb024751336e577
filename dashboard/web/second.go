package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/social"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
)

const (
	secondPath  = "/second"
	passkeyPath = "/passkey"
	beginPath   = "/begin"
	offerPath   = "/offer"

	errWrongCode = "This code is not right, or was used already. Wait for the next one."
)

// challenges bounds what a browser may begin without proving anything.
var challenges = limit.Rule{Name: "passkey", Max: 60, Per: 10 * time.Minute}

// wait lets a browser go on to the second step.
func (e Entrance) wait(c echo.Context, person social.PersonID, next string) error {
	p, err := e.Judge.StartPending(c.Request().Context(), e.Realm, person, next)
	if err != nil {
		return err
	}
	access.PendingCookie.Set(c.Response(), e.Scheme, p.AsSession())
	return c.Redirect(http.StatusSeeOther, e.Path+secondPath)
}

// Second is GET of the page that asks for the second factor.
func (e Entrance) Second(c echo.Context) error {
	p, err := e.Judge.Pending(c.Request().Context(), e.Realm, access.PendingCookie.Read(c.Request(), e.Scheme))
	if IsNobody(err) {
		return c.Redirect(http.StatusSeeOther, e.Path)
	}
	if err != nil {
		return err
	}
	return e.ShowGate(c, http.StatusOK, e.secondGate(p))
}

func (e Entrance) secondGate(p *access.Pending) assets.Gate {
	return assets.Gate{Kind: assets.GateSecond, Action: e.Path + secondPath, Token: access.CSRF(p.AsSession()), BackURL: e.Path + "?again=1"}
}

// EnterSecond is POST of it. Tries are bounded for this sign-in, and counted as those at the
// first step are: for the address and for the person.
func (e Entrance) EnterSecond(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	ctx, cookie := c.Request().Context(), access.PendingCookie.Read(c.Request(), e.Scheme)
	p, err := e.Judge.Pending(ctx, e.Realm, cookie)
	if err == nil {
		if err = access.CheckCSRF(p.AsSession(), in.Get(TokenField)); err != nil {
			return err
		}
		p, err = e.Judge.TryPending(ctx, e.Realm, cookie)
	}
	if IsNobody(err) {
		e.refuse(ctx, hostroute.ClientIP(c), RefusedLimit)
		return e.show(c, assets.SignInForm{Problem: assets.Expired})
	}
	if err != nil {
		return err
	}
	gate := e.secondGate(p)
	switch problem, err := e.CheckCode(c, p.Person, in.Get("code")); {
	case err != nil:
		return err
	case problem == assets.Paused:
		gate.Problem = problem
		return e.ShowGate(c, http.StatusTooManyRequests, gate)
	case problem != assets.NoProblem:
		gate.CodeError = errWrongCode
		return e.ShowGate(c, http.StatusUnprocessableEntity, gate)
	}
	if err := e.Judge.EndPending(ctx, p); err != nil {
		return err
	}
	access.PendingCookie.Clear(c.Response(), e.Scheme)
	return e.admit(c, p.Person, 2, assets.SignInForm{Next: p.Next}, access.SafeNext(p.Next, e.Home))
}

// CheckCode takes a code of somebody's authenticator, or one of their recovery codes. Tries are
// counted for the address and for the person.
func (e Entrance) CheckCode(c echo.Context, of social.PersonID, code string) (assets.Problem, error) {
	ctx, from := c.Request().Context(), hostroute.ClientIP(c)
	person, err := e.People.ByID(ctx, of)
	if err != nil {
		return assets.NoProblem, err
	}
	if person.Disabled {
		return assets.Disabled, nil
	}
	if err := e.Logins.Attempt(ctx, from, person.Email); err != nil {
		if fault.CodeOf(err) != fault.TooMany {
			return assets.NoProblem, err
		}
		e.refuse(ctx, from, RefusedLimit)
		return assets.Paused, nil
	}
	err = e.Factors.Check(ctx, of, code, person.Actor(from.String()))
	if errors.Is(err, factor.ErrCode) {
		e.refuse(ctx, from, RefusedCode)
		return assets.Mismatch, nil
	}
	if err != nil {
		return assets.NoProblem, err
	}
	return assets.NoProblem, e.Logins.Succeeded(ctx, from, person.Email)
}

// BeginPasskey is POST …/passkey/begin: what the sign-in page's script asks the browser for.
func (e Entrance) BeginPasskey(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	if err := CheckAnonymous(c, e.Scheme, in); err != nil {
		return err
	}
	if !e.Limiter.Take(challenges, limit.AddressKey(hostroute.ClientIP(c))).OK {
		return fault.New(fault.TooMany, "Too many tries. Wait some minutes and try again.")
	}
	ceremony, err := e.Factors.Challenge(c.Request().Context(), e.passkeys())
	if err != nil {
		return err
	}
	return answerCeremony(c, ceremony)
}

func answerCeremony(c echo.Context, ceremony *factor.Ceremony) error {
	return c.JSON(http.StatusOK, struct {
		Secret  string          `json:"secret"`
		Options json.RawMessage `json:"options"`
	}{ceremony.Secret, ceremony.Options})
}

// EnterByPasskey is POST …/passkey. The device has verified its user: that is both factors.
func (e Entrance) EnterByPasskey(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	form := assets.SignInForm{Next: access.SafeNext(in.Get("next"), "")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		form.Problem = assets.Stale
		return e.show(c, form)
	}
	ctx, from := c.Request().Context(), hostroute.ClientIP(c)
	if err := e.Logins.AttemptFrom(ctx, from); err != nil {
		if fault.CodeOf(err) != fault.TooMany {
			return err
		}
		e.refuse(ctx, from, RefusedLimit)
		form.Problem = assets.Paused
		return e.show(c, form)
	}
	id, err := e.Factors.Recognise(ctx, e.passkeys(), in.Get("secret"), in.Get("answer"))
	if errors.Is(err, factor.ErrPasskey) {
		e.refuse(ctx, from, RefusedPasskey)
		form.Problem = assets.Passkey
		return e.show(c, form)
	}
	if err != nil {
		return err
	}
	person, err := e.People.ByID(ctx, id)
	if err != nil {
		return err
	}
	if e.Admits != nil {
		yes, err := e.Admits(ctx, id)
		if err != nil {
			return err
		}
		if !yes || person.Disabled {
			e.refuse(ctx, from, RefusedPasskey)
			form.Problem = assets.Passkey
			return e.show(c, form)
		}
	}
	if person.Disabled {
		e.refuse(ctx, from, RefusedDisabled)
		form.Problem = assets.Disabled
		return e.show(c, form)
	}
	if err := e.Logins.Succeeded(ctx, from, person.Email); err != nil {
		return err
	}
	return e.admit(c, id, 2, form, access.SafeNext(form.Next, e.Home))
}

// viaOffer leads somebody who has no passkey on this host past the question whether to add
// one, once.
func (e Entrance) viaOffer(ctx context.Context, person social.PersonID, next string) (string, error) {
	yes, err := e.Factors.Offer(ctx, e.passkeys(), person)
	if err != nil || !yes {
		return next, err
	}
	return e.OwnPath + offerPath + "?next=" + url.QueryEscape(next), nil
}
