package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// Tenants is what the console asks about tenants; *registry.Registry answers.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Deps are what the handlers work with.
type Deps struct {
	DB       *pg.DB
	Log      *slog.Logger
	Judge    *access.Judge
	People   *people.People
	Logins   *limit.Logins
	Tenants  Tenants
	Accounts *account.Service
	Media    media.Addresses
	Scheme   string // of the platform's host: http or https
	Host     string // of the platform
	// Base stands before every path: "" on a host of its own, "/console" where
	// platform and tenant share a host.
	Base string
}

// Handlers serve the console.
type Handlers struct {
	Deps
	frame web.Frame
	door  web.Door
}

// New makes the handlers.
func New(d Deps) *Handlers {
	h := &Handlers{Deps: d, door: web.Door{People: d.People, Logins: d.Logins}}
	h.frame = web.Frame{Log: d.Log, ShowFault: h.showFault}
	return h
}

// Register puts the console on e.
func (h *Handlers) Register(e *echo.Echo) {
	show := func(path string, handler echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, h.Base+path, handler, h.frame.Pages)
	}
	post := func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Pages) }
	if h.Base != "" {
		show("", h.start)
	} else {
		e.Match([]string{http.MethodGet, http.MethodHead}, assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
		show("/favicon.ico", favicon)
		show("/robots.txt", robots)
		show("/.well-known/change-password", h.changePassword)
	}
	show("/", h.start)
	show("/sign_in", h.signIn)
	post("/sign_in", h.enter)
	post("/sign_out", h.signOut)
	show("/tenants", h.signedIn(h.tenants))
	show("/tenants/:id", h.signedIn(h.inRoom(h.accounts)))
	show("/tenants/:id/accounts/new", h.signedIn(h.inRoom(h.newAccount)))
	post("/tenants/:id/accounts", h.signedIn(h.inRoom(h.create)))
	show("/tenants/:id/accounts/:account", h.signedIn(h.inRoom(h.account)))
}

// ErrorPage answers with the page of an error, for requests that no route took.
func (h *Handlers) ErrorPage(c echo.Context, err error) {
	_ = h.frame.Pages(func(echo.Context) error { return err })(c)
}

// visitor is who asks, and in whose room.
type visitor struct {
	session *access.Session
	person  *people.Person
	tenant  *tenant.Tenant // nil outside a room
	role    people.Membership
}

type handler func(c echo.Context, v *visitor) error

// signedIn lets only people with a session through; others sign in and come back.
func (h *Handlers) signedIn(next handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		session, err := h.session(c)
		if fault.CodeOf(err) == fault.Unauthorized {
			if c.Request().Method == http.MethodPost {
				return err // what was typed would be lost on the way
			}
			return c.Redirect(http.StatusSeeOther, h.signInFor(c.Request().URL.RequestURI()))
		}
		if err != nil {
			return err
		}
		person, err := h.People.ByID(c.Request().Context(), session.Person)
		if err != nil {
			return err
		}
		return next(c, &visitor{session: session, person: person})
	}
}

// inRoom lets only members of the tenant in the path through. To everybody else it
// does not exist. From here on all data is read in that tenant's scope.
func (h *Handlers) inRoom(next handler) handler {
	return func(c echo.Context, v *visitor) error {
		id, ok := ids.Parse(c.Param("id"))
		if !ok {
			return web.ErrNotFound
		}
		t, ok := h.Tenants.ByID(tenant.ID(id))
		if !ok || t.State == tenant.Deleted {
			return web.ErrNotFound
		}
		v.tenant = t
		err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
			v.role, err = people.MembershipOf(ctx, scope, v.person.ID)
			return err
		})
		if err != nil {
			return err
		}
		return next(c, v)
	}
}

func (h *Handlers) inScope(c echo.Context, v *visitor, fn func(context.Context, *pg.Scope) error) error {
	ctx := c.Request().Context()
	return h.DB.Tenant(ctx, v.tenant.ID, func(scope *pg.Scope) error { return fn(ctx, scope) })
}

// mayMakeAccounts: those who answer for the organisation, while it is not suspended.
func (v *visitor) mayMakeAccounts() bool {
	return v.tenant.State == tenant.Active && (v.role == people.MemberOwner || v.role == people.MemberAdmin)
}

type faultWords struct{ title, why, do string }

var faultTexts = map[int]faultWords{
	http.StatusUnauthorized:          {"Sign in first", "You are not signed in, or were signed out in the meantime.", ""},
	http.StatusForbidden:             {"This is not open to you", "Your role does not include it.", "Ask an owner of the company if you need it."},
	http.StatusNotFound:              {"Nothing is at this address", "It may have been mistyped, or it belongs to a company that you are not in.", "Start again from your companies."},
	http.StatusMethodNotAllowed:      {"This address can’t be used like that", "It was opened in a way it is not made for.", "Go back and follow the page’s links and buttons."},
	http.StatusRequestEntityTooLarge: {"This is too large", "What you sent is over the limit of this server.", "Go back and send less."},
	http.StatusServiceUnavailable:    {"This page is resting", "A part of the server that it needs does not answer. Nothing is lost.", "Try again in a minute."},
	http.StatusInternalServerError:   {"We could not finish this", "The fault is ours, not yours, and has been recorded.", "Try again in a minute. If it happens again, tell us the number below."},
}

func (h *Handlers) showFault(c echo.Context, f web.Fault) error {
	words, known := faultTexts[f.Status]
	switch {
	case known:
	case f.Status >= http.StatusInternalServerError:
		words = faultTexts[http.StatusInternalServerError]
	default:
		words = faultWords{"We could not take this", "The form does not fit any more.", "Go back, reload the page and send it again."}
	}
	if f.Reason != "" {
		words.why = f.Reason
	}
	v := ErrorView{
		Title: words.title, Why: words.why, Do: words.do, Status: f.Status, RequestID: f.RequestID,
		BackURL: h.Base + "/", BackText: "Your companies",
	}
	if f.Status == http.StatusUnauthorized {
		v.BackURL, v.BackText = h.Base+signInPath, "Sign in"
	}
	web.Secure(c, assets.Policy)
	return web.HTML(c, f.Status, writer(RenderError, v))
}

func writer[V any](render func(io.Writer, V) error, v V) func(io.Writer) error {
	return func(w io.Writer) error { return render(w, v) }
}

func favicon(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=3600")
	return c.Redirect(http.StatusFound, assets.URL("favicon.svg"))
}

// robots: nothing of the console is for search engines.
func robots(c echo.Context) error { return c.String(http.StatusOK, "User-agent: *\nDisallow: /\n") }
