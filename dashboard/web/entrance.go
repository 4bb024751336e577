package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

// Entrance is the way into one host and out of it: the same steps on a tenant's host
// and on the platform's, with another cookie and another page.
type Entrance struct {
	Door
	Scheme   string // of the host
	Cookie   access.Cookie
	Sessions Sessions
	Path     string // of the sign-in page and its form
	Home     string // where somebody goes who was on the way nowhere
	// Show answers with the sign-in page.
	Show func(c echo.Context, form assets.SignInForm) error
}

// Sessions are those of one host.
type Sessions interface {
	Read(ctx context.Context, token string) (*access.Session, error)
	Start(ctx context.Context, person social.PersonID, userAgent string) (*access.Session, error)
	End(ctx context.Context, hash []byte) error
}

// TenantSessions are those of a tenant's host.
func TenantSessions(judge *access.Judge, id tenant.ID) Sessions { return tenantSessions{judge, id} }

// ConsoleSessions are those of the platform's own host.
func ConsoleSessions(judge *access.Judge) Sessions { return consoleSessions{judge} }

type tenantSessions struct {
	judge *access.Judge
	id    tenant.ID
}

func (s tenantSessions) Read(ctx context.Context, token string) (*access.Session, error) {
	return s.judge.Session(ctx, s.id, token)
}

func (s tenantSessions) Start(ctx context.Context, person social.PersonID, userAgent string) (*access.Session, error) {
	return s.judge.StartSession(ctx, s.id, person, userAgent)
}

func (s tenantSessions) End(ctx context.Context, hash []byte) error {
	return s.judge.EndSession(ctx, s.id, hash)
}

type consoleSessions struct{ judge *access.Judge }

func (s consoleSessions) Read(ctx context.Context, token string) (*access.Session, error) {
	return s.judge.ConsoleSession(ctx, token)
}

func (s consoleSessions) Start(ctx context.Context, person social.PersonID, userAgent string) (*access.Session, error) {
	return s.judge.StartConsoleSession(ctx, person, userAgent)
}

func (s consoleSessions) End(ctx context.Context, hash []byte) error {
	return s.judge.EndConsoleSession(ctx, hash)
}

// Session returns who is signed in, or access.ErrSession.
func (e Entrance) Session(c echo.Context) (*access.Session, error) {
	return e.Sessions.Read(c.Request().Context(), e.Cookie.Read(c.Request(), e.Scheme))
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
	return e.show(c, assets.SignInForm{Next: access.SafeNext(next, ""), SignedOut: c.QueryParam("signed_out") != ""})
}

func (e Entrance) show(c echo.Context, form assets.SignInForm) error {
	form.Action, form.Token = e.Path, access.CSRF(Anonymous(c, e.Scheme))
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
	person, problem, err := e.Door.Enter(ctx, Attempt{From: hostroute.ClientIP(c), Mail: form.Mail, Password: in.Get("password")})
	if err != nil {
		return err
	}
	if problem != assets.NoProblem {
		form.Problem = problem
		return e.show(c, form)
	}
	_, err = e.Renew(c, person.ID)
	if fault.IsNotFound(err) {
		form.Problem = assets.NoAccess
		return e.show(c, form)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, access.SafeNext(form.Next, e.Home))
}

// Renew gives this browser a fresh session of a person, and ends the one it came with.
// Somebody who is no member of the tenant is fault.NotFound.
func (e Entrance) Renew(c echo.Context, person social.PersonID) (*access.Session, error) {
	session, err := e.Sessions.Start(c.Request().Context(), person, c.Request().UserAgent())
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
