package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/barred"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/internal/social/desk"
	"rookery/internal/social/media"
	"rookery/internal/social/moderate"
	"rookery/internal/social/plan"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/upkeep"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/brand"
	"rookery/tenant/deletion"
	"rookery/tenant/domains"
	"rookery/tenant/factor"
	"rookery/tenant/people"
	"rookery/tenant/setup"
	"rookery/tenant/sso"
)

// Tenants is what the console asks about tenants; *registry.Registry answers.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Deps are what the handlers work with.
type Deps struct {
	DB      *pg.DB
	Log     *slog.Logger
	Judge   *access.Judge
	People  *people.People
	Logins  *limit.Logins
	Factors *factor.Factors
	// SignUp lets strangers make a login of their own.
	SignUp   bool
	Tenants  Tenants
	SSO      *sso.Service // nil: no company signs in with a provider of its own
	Accounts *account.Service
	Media    media.Addresses
	Posts    *status.Service
	Files    *media.Service // takes pictures in
	Relate   *relate.Service
	Domains  *domains.Service
	Deletion *deletion.Service
	Brands   *brand.Service    // what a company says about itself
	Clocks   upkeep.Clocks     // for how long the platform keeps things
	Servers  *moderate.Service // which servers it talks to
	Billing  *checkout.Service // nil: nothing is charged, and nothing of it is on any page
	Barred   *barred.List      // who may not sign up; nil: everybody may
	Limiter  *limit.Limiter    // of what people make this server send and look up
	Scheme   string            // of the platform's host: http or https
	Host     string            // of the platform
	// LinkKey signs the links that show a name's set-up without signing in: 32 bytes that
	// only this platform has. Without it there are no such links.
	LinkKey []byte
	// Offers are what can be bought, where something is charged; nil: nothing is.
	Offers *billing.Catalogue
	// Base stands before every path: "" on a host of its own, "/console" where
	// platform and tenant share a host.
	Base string
}

// Handlers serve the console.
type Handlers struct {
	Deps
	frame  web.Frame
	in     web.Entrance
	open   *streams
	plans  *plan.Service
	desk   *desk.Service
	setups *setup.Service
	seeing chan struct{} // has room for the look-ups that run at once
}

// New makes the handlers.
func New(d Deps) *Handlers {
	if d.Billing != nil && d.Offers == nil {
		d.Offers = d.Billing.Plans
	}
	h := &Handlers{Deps: d, open: newStreams(), plans: plan.New(d.Posts), seeing: make(chan struct{}, mostSeeing)}
	h.desk = desk.New(h.plans)
	h.setups = &setup.Service{DB: d.DB, Tenants: d.Domains.Tenants, Names: d.Domains, Scheme: d.Scheme, Host: d.Host}
	h.in = h.entrance()
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
		show("", h.in.Start)
	} else {
		e.Match([]string{http.MethodGet, http.MethodHead}, assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
		show("/favicon.ico", favicon)
		show("/robots.txt", robots)
		show("/.well-known/change-password", h.changePassword)
	}
	show("/", h.in.Start)
	h.registerEntrance(show, post)
	post("/sign_out", h.in.Leave)
	h.registerInbox(e, show, post, func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Uploads) })
	show("/tenants", h.signedIn(h.tenants))
	show("/tenants/:id", h.signedIn(h.inRoom(h.accounts)))
	show("/tenants/:id/accounts/new", h.signedIn(h.inRoom(h.newAccount)))
	post("/tenants/:id/accounts", h.signedIn(h.inRoom(h.create)))
	show("/tenants/:id/accounts/:account", h.signedIn(h.inRoom(h.account)))
	h.registerAccounts(show, post, func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Uploads) })
	h.registerDomains(e, show, post)
	h.registerPublish(show, post, func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Uploads) })
	h.registerBranding(show, post, func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Uploads) })
	h.registerPeople(show, post)
	h.registerAudit(show, post, func(path string, handler echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, h.Base+path, handler, h.frame.Uploads)
	})
	h.registerEnding(show, post)
	h.registerSecurity(show, post)
	h.registerSSO(show, post)
	h.registerSetup(e, show, post)
	h.registerInsights(show)
	h.registerServers(show, post, func(path string, handler echo.HandlerFunc) { e.POST(h.Base+path, handler, h.frame.Uploads) })
	h.registerData(show, post, func(path string, handler echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, h.Base+path, handler, h.frame.Downloads)
	})
	h.registerIdentity(show, post)
	h.registerBilling(show, post)
	h.registerTake(func(path string, handler echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, h.Base+path, handler, h.frame.Downloads)
	})
}

// ErrorPage answers with the page of an error, for requests that no route took.
func (h *Handlers) ErrorPage(c echo.Context, err error) {
	_ = h.frame.Pages(func(echo.Context) error { return err })(c)
}

// visitor is who asks, and in whose room.
type visitor struct {
	session     *access.Session
	person      *people.Person
	tenant      *tenant.Tenant // nil outside a room
	role        people.Membership
	place       Place // of the room
	openThreads int   // conversations in which somebody waits for this person's accounts
	isSettingUp bool  // on a screen of the set-up, which shares handlers with the rooms
	isBound     bool  // the company asks for a second factor, and this session has none
}

type handler func(c echo.Context, v *visitor) error

// signedIn lets only people with a session through; others sign in and come back.
func (h *Handlers) signedIn(next handler) echo.HandlerFunc {
	return h.in.Inside(func(c echo.Context, s *access.Session, p *people.Person) error {
		return next(c, &visitor{session: s, person: p})
	})
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
		v.tenant, v.place = t, Accounts
		err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
			if v.role, err = people.MembershipOf(ctx, scope, v.person.ID); err != nil {
				return err
			}
			if v.openThreads, err = store.CountOpenDesk(ctx, scope, v.person.ID); err != nil {
				return err
			}
			v.isBound, err = isBound(ctx, scope, v.session)
			return err
		})
		if err != nil {
			return err
		}
		return h.pastGates(c, v, h.pastStanding(next))
	}
}

func (h *Handlers) inScope(c echo.Context, v *visitor, fn func(context.Context, *pg.Scope) error) error {
	ctx := c.Request().Context()
	return h.DB.Tenant(ctx, v.tenant.ID, func(scope *pg.Scope) error { return fn(ctx, scope) })
}

// faultWords are where the console knows better than the general words.
var faultWords = map[int]web.Words{
	http.StatusForbidden: {Title: "This is not open to you", Why: "Your role does not include it.", Do: "Ask an owner of the company if you need it."},
	http.StatusNotFound:  {Title: "Nothing is at this address", Why: "It may have been mistyped, or it belongs to a company that you are not in.", Do: "Start again from your companies."},
}

func (h *Handlers) showFault(c echo.Context, f web.Fault) error {
	card := web.Explain(f, faultWords)
	card.BackURL, card.BackText = h.Base+"/", "Your companies"
	if f.Status == http.StatusUnauthorized {
		card.BackURL, card.BackText = h.in.Path, "Sign in"
	}
	web.Secure(c, assets.Policy)
	return web.HTML(c, f.Status, writer(RenderError, card))
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
