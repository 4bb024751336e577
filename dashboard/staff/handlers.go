package staff

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/billing"
	"rookery/billing/ledger"
	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

// Base stands before every path of the staff's pages.
const Base = "/staff"

// Tenants is what the pages ask about tenants; *registry.Registry answers.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Billing is what the pages need where the platform asks for money.
type Billing struct {
	Plans  *billing.Catalogue
	Ledger *ledger.Ledger
	// Dashboard is where the provider shows its customers: "https://dashboard.stripe.com".
	// "": nowhere.
	Dashboard string
	// Now is the time by which money goes: that of a stand-in can be moved. nil: time.Now.
	Now func() time.Time
}

// Deps are what the handlers work with.
type Deps struct {
	DB      *pg.DB
	Log     *slog.Logger
	Judge   *access.Judge
	People  *people.People
	Logins  *limit.Logins
	Factors *factor.Factors
	Limiter *limit.Limiter
	Tenants Tenants
	Scheme  string // of the platform's host: http or https
	Host    string // of the platform
	// Console stands before the console's paths on the same host, where people change their
	// password and get a new one.
	Console string
	// Billing is nil where nothing is charged; nothing speaks of money then.
	Billing *Billing
	// Queues serves the pages of the queues below Base + "/queues"; nil: there are none.
	Queues http.Handler
}

// Handlers serve the staff's pages.
type Handlers struct {
	Deps
	frame web.Frame
	in    web.Entrance
}

// New makes the handlers.
func New(d Deps) *Handlers {
	h := &Handlers{Deps: d}
	h.in = h.entrance()
	h.frame = web.Frame{Log: d.Log, ShowFault: h.showFault}
	return h
}

// now is the time by which tenants stand.
func (h *Handlers) now() time.Time {
	if h.Billing == nil || h.Billing.Now == nil {
		return time.Now()
	}
	return h.Billing.Now()
}

// registrar puts pages and forms on the host.
type registrar struct {
	show, post func(path string, handler echo.HandlerFunc)
}

// Register puts the staff's pages on e.
func (h *Handlers) Register(e *echo.Echo) {
	r := registrar{
		show: func(path string, handler echo.HandlerFunc) {
			e.Match([]string{http.MethodGet, http.MethodHead}, Base+path, handler, h.frame.Pages)
		},
		post: func(path string, handler echo.HandlerFunc) { e.POST(Base+path, handler, h.frame.Pages) },
	}
	r.show("", h.in.Start)
	r.show("/", h.in.Start)
	h.registerEntrance(r)
	h.registerTenants(r)
	h.registerMatters(r)
	h.registerQueues(e)
	if h.Billing != nil {
		h.registerRevenue(r)
		h.registerDunning(r)
		h.registerEvents(r)
		h.registerDrift(r)
	}
	// Whatever else: not there for the staff, and the way in for everybody else.
	r.show("/*", h.signedIn(access.SeeTenants, func(echo.Context, *visitor) error { return web.ErrNotFound }))
}

// visitor is who asks.
type visitor struct {
	session *access.Session
	person  *people.Person
	place   Place
	waiting billingstore.Waiting // nothing until look
}

func (v *visitor) may(d access.StaffDeed) bool { return access.StaffMay(v.session.Staff, d) == nil }

// actor is the visitor as the platform's own log names them.
func (v *visitor) actor(c echo.Context) audit.Actor {
	return audit.Actor{Kind: audit.Staff, ID: int64(v.person.ID), Name: v.person.Name, Address: hostroute.ClientIP(c).String()}
}

// stranger is the visitor as a tenant's log names them: a number that the staff's pages know.
// Who works for the platform, and from where, is not for its customers.
func (v *visitor) stranger() audit.Actor {
	return audit.Actor{Kind: audit.Staff, ID: int64(v.person.ID)}
}

type handler func(c echo.Context, v *visitor) error

var errBound = fault.New(fault.Forbidden, "These pages need a second factor. Set one up under “You and your security”, then come back.")

// known lets only the staff through, with or without a second factor.
func (h *Handlers) known(next handler) echo.HandlerFunc {
	return h.in.Inside(func(c echo.Context, s *access.Session, p *people.Person) error {
		return next(c, &visitor{session: s, person: p})
	})
}

// signedIn lets only those of the staff through who have shown a second factor and whose role
// includes the deed.
func (h *Handlers) signedIn(deed access.StaffDeed, next handler) echo.HandlerFunc {
	return h.known(func(c echo.Context, v *visitor) error {
		if v.session.Factors < 2 {
			if c.Request().Method == http.MethodPost {
				return errBound
			}
			return c.Redirect(http.StatusSeeOther, Base+ownPath)
		}
		if err := access.StaffMay(v.session.Staff, deed); err != nil {
			return err
		}
		return next(c, v)
	})
}

// at is signedIn for a page of a place in the navigation.
func (h *Handlers) at(place Place, deed access.StaffDeed, next handler) echo.HandlerFunc {
	return h.signedIn(deed, func(c echo.Context, v *visitor) error {
		v.place = place
		if place != QueuesPlace { // its pages ask all the time
			if err := h.look(c, v); err != nil {
				return err
			}
		}
		return next(c, v)
	})
}

// look counts what waits for the staff: the navigation shows it.
func (h *Handlers) look(c echo.Context, v *visitor) error {
	return h.read(c, "count what waits for the staff", func(ctx context.Context, tx *pg.PlatformTx) error {
		found, err := billingstore.Waits(ctx, tx)
		if err == nil {
			v.waiting = *found
		}
		return err
	})
}

// tenantIn returns the tenant that the path names.
func (h *Handlers) tenantIn(c echo.Context) (*tenant.Tenant, error) {
	id, ok := ids.Parse(c.Param("id"))
	if !ok {
		return nil, web.ErrNotFound
	}
	t, ok := h.Tenants.ByID(tenant.ID(id))
	if !ok {
		return nil, web.ErrNotFound
	}
	return t, nil
}

// read runs fn over all tenants; reason says in a few words why.
func (h *Handlers) read(c echo.Context, reason string, fn func(ctx context.Context, tx *pg.PlatformTx) error) error {
	ctx := c.Request().Context()
	return h.DB.Platform(ctx, "staff: "+reason, func(tx *pg.PlatformTx) error { return fn(ctx, tx) })
}

// faultWords are where these pages know better than the general words.
var faultWords = map[int]web.Words{
	http.StatusForbidden: {Title: "This is not open to you", Why: "Your role among the staff does not include it.", Do: "Ask an admin of the platform if you need it."},
	http.StatusNotFound:  {Title: "Nothing is at this address", Why: "It may have been mistyped, or what stood here is gone.", Do: "Start again from the list of tenants."},
}

func (h *Handlers) showFault(c echo.Context, f web.Fault) error {
	card := web.Explain(f, faultWords)
	card.BackURL, card.BackText = Base+"/", "The staff’s pages"
	if f.Status == http.StatusUnauthorized {
		card.BackURL, card.BackText = h.in.Path, "Sign in"
	}
	web.Secure(c, assets.Policy)
	return web.HTML(c, f.Status, writer(RenderError, card))
}
