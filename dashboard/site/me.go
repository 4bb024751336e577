package site

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// visitor is somebody who is signed in.
type visitor struct {
	session *access.Session
	person  *people.Person
}

const visitorKey = "rookery visitor"

// recognised finds out who is signed in, for pages that anybody may read: their header
// gets a menu, and nothing else on them changes. Without a session the database is not
// asked.
func (h *Handlers) recognised(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if wantsActivity(c) {
			return next(c)
		}
		c.Response().Header().Add(echo.HeaderVary, "Cookie")
		v, err := h.visitor(c)
		switch {
		case err == nil:
			c.Set(visitorKey, v)
		case !web.IsNobody(err) && !errors.Is(err, errBound):
			return err
		}
		return next(c)
	}
}

// signedIn lets only people with a session through; others sign in and come back.
func (h *Handlers) signedIn(next func(echo.Context, *visitor) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := h.visitor(c)
		if web.IsNobody(err) && c.Request().Method != http.MethodPost {
			return c.Redirect(http.StatusSeeOther, signInFor(c.Request().URL.RequestURI()))
		}
		if err != nil {
			return err
		}
		c.Set(visitorKey, v)
		return next(c, v)
	}
}

func (h *Handlers) visitor(c echo.Context) (*visitor, error) {
	session, err := h.session(c)
	if err != nil {
		return nil, err
	}
	person, err := h.People.ByID(c.Request().Context(), session.Person)
	if err != nil {
		return nil, err
	}
	web.Speak(c, person.Locale)
	return &visitor{session: session, person: person}, nil
}

// view is the request's tenant as its pages show it, with the menu of who is signed in.
func (h *Handlers) view(c echo.Context) Tenant {
	t := view(home(c))
	if v, ok := c.Get(visitorKey).(*visitor); ok {
		t.Me = &Me{
			Person: personView(v.person), Token: access.CSRF(v.session),
			OwnURL: ownPath, AppsURL: appsPath, PasswordURL: passwordPath, SignOutURL: signOutPath,
		}
	}
	return t
}

// page answers with a public page: one that caches may keep, unless it has somebody's
// menu on it.
func page(c echo.Context, render renderer) error {
	if c.Get(visitorKey) != nil {
		return web.HTML(c, http.StatusOK, render)
	}
	return web.Public(c, keepPage, echo.MIMETextHTMLCharsetUTF8, render)
}
