package site

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/brand"
	"rookery/tenant/factor"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

// Documents answers a page's address with its ActivityStreams document, for
// programs that ask for one. Package federation/actor does; cmd/rookery connects it.
type Documents struct {
	Actor  func(c echo.Context, id social.AccountID) error
	Object func(c echo.Context, id social.StatusID) error
}

// Deps are what the handlers work with.
type Deps struct {
	DB     *pg.DB
	Log    *slog.Logger
	Judge  *access.Judge
	People *people.People
	Logins *limit.Logins
	// Factors are what people show besides a password.
	Factors *factor.Factors
	// Limiter counts what strangers make this server ask others.
	Limiter *limit.Limiter
	Media   media.Addresses
	SSO     *sso.Service // nil: nobody signs in with a provider of their company
	// Documents may be empty: then pages are all there is.
	Documents Documents
	// SubscribeTemplate finds where a handle's server lets its people follow somebody:
	// the link template http://ostatus.org/schema/1.0/subscribe of its WebFinger
	// document. nil: nobody can be sent anywhere.
	SubscribeTemplate func(ctx context.Context, handle string) (string, error)
	Version           string // of the software
}

// Handlers serve the pages of tenants' hosts.
type Handlers struct {
	Deps
	frame web.Frame
}

// New makes the handlers.
func New(d Deps) *Handlers {
	h := &Handlers{Deps: d}
	h.frame = web.Frame{Log: d.Log, ShowFault: h.showFault}
	return h
}

// Register puts the pages on e, behind hostroute. Addresses with a handle stand under
// /@; a client that sends /%40 is rewritten before routing by whoever owns e.
func (h *Handlers) Register(e *echo.Echo) {
	show := func(path string, handler echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, h.onTenant(handler), h.frame.Pages)
	}
	post := func(path string, handler echo.HandlerFunc) {
		e.POST(path, h.onTenant(handler), h.frame.Pages)
	}
	show("/", h.recognised(h.open(h.front)))
	show("/about", h.recognised(h.open(h.about)))
	show(PrivacyPath, h.recognised(h.written(brand.Privacy, "Privacy policy")))
	show(TermsPath, h.recognised(h.written(brand.Terms, "Terms of service")))
	show("/tags/:tag/feed.rss", h.open(h.tagFeed))
	show("/tags/:tag", h.recognised(h.open(h.tag)))
	show("/@:user", h.recognised(h.open(h.profile(TabPosts))))
	show("/@:user/with_replies", h.recognised(h.open(h.profile(TabReplies))))
	show("/@:user/media", h.recognised(h.open(h.profile(TabMedia))))
	show("/@:user/about", h.recognised(h.open(h.profile(TabAbout))))
	show("/@:user"+followersPath, h.recognised(h.open(h.connections(Followers))))
	show("/@:user"+followingPath, h.recognised(h.open(h.connections(Following))))
	show("/@:user/feed.rss", h.open(h.feed))
	show("/@:user/follow", h.open(h.follow))
	show("/@:user/", withoutSlash)
	show("/@:user/:id", h.recognised(h.open(h.post)))
	show("/@:user/:id/embed", h.open(h.embed))
	show(oembedPath, h.open(h.oembed))

	web.Register(signInPath, "", ownPath, func(path string, step func(web.Entrance, echo.Context) error) { show(path, h.atDoor(step)) },
		func(path string, step func(web.Entrance, echo.Context) error) { post(path, h.viaSSO(h.atDoor(step))) })
	h.registerSSO(show, post)
	pages, forms := web.Own{}.Routes()
	for path := range pages {
		show(ownPath+path, h.own(path, http.MethodGet))
	}
	for path := range forms {
		post(ownPath+path, h.own(path, http.MethodPost))
	}
	show("/auth/sign_out", h.askSignOut)
	post("/auth/sign_out", h.signOut)
	show("/oauth/authorize", h.authorize)
	post("/oauth/authorize", h.decide)
	show("/oauth/authorize/native", h.nativeCode)

	show(settingsPath, toSettings(appsPath))
	show(appsPath, h.signedIn(h.apps))
	post(appsPath+"/:app/end", h.signedIn(h.endApp))
	show(passwordPath, h.signedIn(h.password))
	post(passwordPath, h.signedIn(h.changePassword))
	// What password managers open (w3c.github.io/webappsec-change-password-url), and
	// Mastodon's addresses of the same pages.
	show("/.well-known/change-password", toSettings(passwordPath))
	show("/auth/edit", toSettings(passwordPath))
	show("/oauth/authorized_applications", toSettings(appsPath))

	e.Match([]string{http.MethodGet, http.MethodHead}, assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
	show("/brand.css", h.brand)
	show("/favicon.ico", favicon)
	show("/favicon.svg", favicon)
	show("/robots.txt", robots)
}

// ErrorPage answers with the page of an error, for requests that no route took.
func (h *Handlers) ErrorPage(c echo.Context, err error) {
	_ = h.frame.Pages(func(echo.Context) error { return err })(c)
}

var (
	errClosed  = fault.New(fault.Gone, "Whoever ran this site has closed it. It does not come back.")
	errClosing = fault.New(fault.Gone, "Whoever ran this site has closed it.")
)

// onTenant lets a handler count on a tenant that still exists.
func (h *Handlers) onTenant(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		switch t := home(c); {
		case t == nil:
			return echo.NewHTTPError(http.StatusMisdirectedRequest)
		case t.State == tenant.Deleted:
			return errClosed
		case t.State == tenant.Deleting && !isDocument(c):
			return errClosing // other servers go on: it may be taken back
		}
		err := next(c)
		if errors.Is(err, errBound) && c.Request().Method != http.MethodPost {
			return c.Redirect(http.StatusSeeOther, ownPath)
		}
		return err
	}
}

// isDocument reports whether another server asks for an account or a post by the address
// of its page.
func isDocument(c echo.Context) bool {
	return wantsActivity(c) && strings.HasPrefix(c.Request().URL.Path, "/@")
}

// home is the tenant of the request.
func home(c echo.Context) *tenant.Tenant { return tenant.FromContext(c.Request().Context()) }

// inScope runs fn in a transaction of the request's tenant.
func (h *Handlers) inScope(c echo.Context, fn func(context.Context, *pg.Scope) error) error {
	ctx := c.Request().Context()
	return h.DB.Tenant(ctx, home(c).ID, func(scope *pg.Scope) error { return fn(ctx, scope) })
}

func (h *Handlers) showFault(c echo.Context, f web.Fault) error {
	if wantsActivity(c) {
		return c.NoContent(f.Status) // a program asked: pages are for people
	}
	v := ErrorView{Fault: f}
	if t := home(c); t != nil {
		shown := view(t)
		v.Tenant = &shown
	}
	web.Secure(c, assets.Policy)
	return web.HTML(c, f.Status, writer(RenderError, v))
}

// keepPage is how long caches may keep a public page: an edit or a deletion shows soon.
const keepPage = time.Minute
