package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/barred"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

// Entrance is the way into one host and out of it: the same steps on a tenant's host
// and on the platform's, with another cookie and another page.
type Entrance struct {
	Door
	Judge    *access.Judge
	Factors  *factor.Factors
	Limiter  *limit.Limiter
	Realm    tenant.ID // whose host it is; 0: the platform's
	Scheme   string    // of the host
	Host     string    // with a port where it has one
	Name     string    // what authenticator apps call it
	Cookie   access.Cookie
	Sessions Sessions
	Path     string // of the sign-in page and its form
	Home     string // where somebody goes who was on the way nowhere
	OwnPath  string // of the pages on which people look after their login
	// SignUpPath is of the page where strangers sign up; "": nobody may.
	SignUpPath string
	// Barred says who may not sign up; nil: everybody may.
	Barred *barred.List
	// Admits says who is expected here; nil: everybody. Anybody else gets the words of a wrong
	// password, and is not told that the password was right.
	Admits func(ctx context.Context, person social.PersonID) (bool, error)
	// IsAside says which requests an open page makes by itself: they are no visit that keeps a
	// session alive, and no way in helps them. nil: none. Needs Sessions.Peek.
	IsAside func(c echo.Context) bool
	// Show answers with the sign-in page, ShowGate with one of the small pages around it.
	Show     func(c echo.Context, form assets.SignInForm) error
	ShowGate func(c echo.Context, status int, g assets.Gate) error
}

// origin is the host as browsers and links name it.
func (e Entrance) origin() string { return e.Scheme + "://" + e.Host }

// passkeys is the host as passkeys know it.
func (e Entrance) passkeys() factor.Host { return factor.HostOf(e.Scheme, e.Host, e.Name) }

// Start goes where somebody who is signed in works, or to the way in.
func (e Entrance) Start(c echo.Context) error {
	_, err := e.Session(c)
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, e.Home)
	case IsNobody(err):
		return c.Redirect(http.StatusSeeOther, e.Path)
	}
	return err
}

// Leave is POST of the button that signs out.
func (e Entrance) Leave(c echo.Context) error {
	if err := e.SignOut(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, e.Path+"?signed_out=1")
}

// Session returns who is signed in, or access.ErrSession.
func (e Entrance) Session(c echo.Context) (*access.Session, error) {
	read := e.Sessions.Read
	if e.asksAside(c) {
		read = e.Sessions.Peek
	}
	return read(c.Request().Context(), e.Cookie.Read(c.Request(), e.Scheme))
}

func (e Entrance) asksAside(c echo.Context) bool { return e.IsAside != nil && e.IsAside(c) }

// Inside lets only people with a session through, and speaks their language; others sign in and
// come back.
func (e Entrance) Inside(next func(c echo.Context, s *access.Session, p *people.Person) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		session, err := e.Session(c)
		if IsNobody(err) {
			if c.Request().Method == http.MethodPost || e.asksAside(c) {
				return err // what was typed would be lost on the way
			}
			return c.Redirect(http.StatusSeeOther, e.Path+"?next="+url.QueryEscape(c.Request().URL.RequestURI()))
		}
		if err != nil {
			return err
		}
		person, err := e.People.ByID(c.Request().Context(), session.Person)
		if err != nil {
			return err
		}
		Speak(c, person.Locale)
		return next(c, session, person)
	}
}

// IsNobody reports whether an error of Session says that nobody is signed in.
func IsNobody(err error) bool { return fault.CodeOf(err) == fault.Unauthorized }

// SignIn is GET of the sign-in page. Who is signed in already goes on, unless the page
// was asked for on purpose (again=1): to be somebody else.
func (e Entrance) SignIn(c echo.Context) error {
	next := c.QueryParam("next")
	if c.QueryParam("again") == "" {
		_, err := e.Session(c)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, access.SafeNext(next, e.Home))
		}
		if !IsNobody(err) {
			return err
		}
	}
	return e.show(c, assets.SignInForm{Next: access.SafeNext(next, ""), SignedOut: c.QueryParam("signed_out") != "", IsReset: c.QueryParam("reset") != ""})
}

func (e Entrance) show(c echo.Context, form assets.SignInForm) error {
	form.Action, form.Token = e.Path, access.CSRF(Anonymous(c, e.Scheme))
	form.ForgotURL, form.SignUpURL, form.PasskeyURL = e.Path+forgotPath, e.SignUpPath, e.Path+passkeyPath
	return e.Show(c, form)
}

// Enter is POST of the sign-in page.
func (e Entrance) Enter(c echo.Context) error {
	in, err := Form(c)
	if err != nil {
		return err
	}
	form := assets.SignInForm{Next: access.SafeNext(in.Get("next"), ""), Mail: in.Get("email")}
	if CheckAnonymous(c, e.Scheme, in) != nil {
		form.Problem = assets.Stale
		return e.show(c, form)
	}
	ctx := c.Request().Context()
	from := hostroute.ClientIP(c)
	person, problem, err := e.check(ctx, Attempt{From: from, Mail: form.Mail, Password: in.Get("password")})
	if err == nil {
		problem, err = e.expected(ctx, from, person, problem)
	}
	if err != nil {
		return err
	}
	if problem != assets.NoProblem {
		form.Problem = problem
		return e.show(c, form)
	}
	has, err := e.Factors.Of(ctx, person.ID, e.passkeys().ID)
	if err != nil {
		return err
	}
	if has.HasTOTP {
		if err := e.Logins.Returned(ctx, from); err != nil {
			return err
		}
		return e.wait(c, person.ID, form.Next)
	}
	if e.Admits != nil && len(has.Passkeys) > 0 { // a password alone opens nothing here
		form.Problem = assets.PasskeyOnly
		return e.show(c, form)
	}
	if err := e.Logins.Succeeded(ctx, from, form.Mail); err != nil {
		return err
	}
	next := access.SafeNext(form.Next, e.Home)
	if in.Get("offer") != "" {
		if next, err = e.viaOffer(ctx, person.ID, next); err != nil {
			return err
		}
	}
	return e.admit(c, person.ID, 1, form, next)
}

// expected turns somebody who has no business here away with the words of a wrong password.
func (e Entrance) expected(ctx context.Context, from netip.Addr, person *people.Person, problem assets.Problem) (assets.Problem, error) {
	if e.Admits == nil {
		return problem, nil
	}
	if problem == assets.Disabled {
		return assets.Mismatch, nil
	}
	if problem != assets.NoProblem {
		return problem, nil
	}
	yes, err := e.Admits(ctx, person.ID)
	if err != nil || yes {
		return assets.NoProblem, err
	}
	e.refuse(ctx, from, RefusedPassword)
	return assets.Mismatch, nil
}

// Knows is Door.Enter for a password that is asked for on the way in by something else. What
// was counted for somebody who has a second factor stays: see check.
func (e Entrance) Knows(ctx context.Context, a Attempt) (*people.Person, assets.Problem, error) {
	person, problem, err := e.check(ctx, a)
	if err != nil || problem != assets.NoProblem {
		return nil, problem, err
	}
	has, err := e.Factors.Of(ctx, person.ID, e.passkeys().ID)
	switch {
	case err != nil:
	case has.HasTOTP:
		err = e.Logins.Returned(ctx, a.From)
	default:
		err = e.Logins.Succeeded(ctx, a.From, a.Mail)
	}
	if err != nil {
		return nil, assets.NoProblem, err
	}
	return person, assets.NoProblem, nil
}

// admit starts the session and sends the browser on.
func (e Entrance) admit(c echo.Context, person social.PersonID, factors int, form assets.SignInForm, next string) error {
	_, err := e.Renew(c, person, factors)
	if fault.IsNotFound(err) {
		form.Problem = assets.NoAccess
		return e.show(c, form)
	}
	if errors.Is(err, sso.ErrRequired) {
		form.Problem = assets.SSOOnly
		return e.show(c, form)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}

// Renew gives this browser a fresh session of a person who showed so many factors, and ends
// the one it came with. Somebody who is no member of the tenant is fault.NotFound.
func (e Entrance) Renew(c echo.Context, person social.PersonID, factors int) (*access.Session, error) {
	session, err := e.Sessions.Start(c.Request().Context(), access.Arrival{
		Person: person, UserAgent: c.Request().UserAgent(), Address: hostroute.ClientIP(c).String(), Factors: factors,
	})
	if err != nil {
		return nil, err
	}
	if err := e.end(c); err != nil {
		return nil, err
	}
	e.Cookie.Set(c.Response(), e.Scheme, session)
	return session, nil
}

// end closes the session that the browser came with, if any.
func (e Entrance) end(c echo.Context) error {
	session, err := e.Session(c)
	if IsNobody(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.Sessions.End(c.Request().Context(), session.Hash)
}

// SignOut ends the session for a form that carries its token. Somebody without a
// session is signed out already. The caller answers.
func (e Entrance) SignOut(c echo.Context) error {
	session, err := e.Session(c)
	if err != nil && !IsNobody(err) {
		return err
	}
	if err == nil {
		if _, err := SignedForm(c, session); err != nil {
			return err
		}
		if err := e.Sessions.End(c.Request().Context(), session.Hash); err != nil {
			return err
		}
	}
	e.Cookie.Clear(c.Response(), e.Scheme)
	return nil
}
