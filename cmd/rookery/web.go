package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"rookery/api/file"
	"rookery/api/httpx"
	"rookery/api/oauth"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
	"rookery/dashboard/staff"
	"rookery/federation"
	"rookery/internal/limit"
	"rookery/internal/social"
	"rookery/internal/social/moderate"
	"rookery/tenant"
	"rookery/tenant/brand"
	"rookery/tenant/hostroute"
)

// newWeb builds the handlers of the three kinds of hosts: tenants', the platform's and
// the one of user files. The host decides first of all (SECURITY.md rule 13).
func (s *system) newWeb(p *parts) (http.Handler, error) {
	logins := limit.NewLogins(s.db, p.limits)
	pages := site.New(site.Deps{
		DB: s.db, Log: s.log, Judge: s.judge, People: s.people, Logins: logins, Factors: s.factors, Limiter: p.limiter, Media: s.urls,
		Documents:         site.Documents{Actor: s.actorDocument(p), Object: s.objectDocument(p)},
		SubscribeTemplate: s.subscribeTemplate, Version: version(), SSO: s.newSSO(),
	})
	tenants := newEcho()
	tenants.HTTPErrorHandler = func(err error, c echo.Context) { pages.ErrorPage(c, err) }
	// Echo routes the request that came, so its address is rewritten before hostroute
	// hands on a copy of it. Only at the beginning: a query may hold an address too.
	tenants.Pre(middleware.Rewrite(map[string]string{"^/%40*": "/@$1"}), hostroute.New(hostroute.Options{
		Table:           s.registry,
		Refuses:         p.barred.Refuses,
		Probe:           s.probeProof,
		Platform:        s.cfg.String("platform_host"),
		PlatformHandler: s.newConsole(p, logins),
		Media:           s.cfg.String("media_host"),
		MediaHandler:    file.New(s.db, httpx.ErrorHandler(s.log), s.tally.Served),
		TrustedProxies:  s.cfg.Prefixes("trusted_proxies"),
		TLS:             s.cfg.String("public_scheme") == "https",
	}))
	tenants.Use(s.requests.middleware)
	if s.money != nil {
		tenants.Use(s.countServed)
	}
	if err := s.mountAPI(tenants, p); err != nil {
		return nil, err
	}
	federation.Mount(tenants, federation.Options{Actor: p.actors, Discovery: p.discovery, Log: s.log})
	tenants.Use(forInboxes(federation.NewBodies(federation.BodyLimits{}).Bound))
	p.inbox.Routes(tenants)
	pages.Register(tenants)
	return s.answerHealth(tenants), nil
}

// forInboxes applies a middleware where other servers post.
func forInboxes(bound echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		inboxes := bound(next)
		return func(c echo.Context) error {
			if c.Path() == "/inbox" || c.Path() == "/ap/actors/:id/inbox" {
				return inboxes(c)
			}
			return next(c)
		}
	}
}

func newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = hostroute.IPExtractor
	return e
}

// newConsole is the platform's own host.
func (s *system) newConsole(p *parts, logins *limit.Logins) http.Handler {
	e := newEcho()
	deps := console.Deps{
		DB: s.db, Log: s.log, Judge: s.judge, People: s.people, Logins: logins, Factors: s.factors, SignUp: s.cfg.String("sign_up") == "on", Tenants: s.registry, Accounts: s.accounts,
		Domains: s.newDomains(s.db), Limiter: p.limiter, Media: s.urls, Posts: p.statuses, Files: s.media, Relate: p.relate, Scheme: s.cfg.String("public_scheme"), Host: s.cfg.String("platform_host"),
		LinkKey: s.key.Derive("domain-link"), Deletion: s.newDeletion(s.db), SSO: s.newSSO(), Brands: brand.New(s.db, s.registry), Clocks: s.clocks(),
		Servers: moderate.New(s.db, p.servers), Barred: p.barred,
	}
	if s.money != nil {
		deps.Billing, deps.Offers = s.newCheckout(s.db, p.limiter), s.money.plans
	}
	handlers := console.New(deps)
	p.console = handlers
	e.HTTPErrorHandler = func(err error, c echo.Context) { handlers.ErrorPage(c, err) }
	e.Use(s.requests.middleware)
	handlers.Register(e)
	s.mountBilling(e)
	s.newStaff(p, logins).Register(e)
	return e
}

// newStaff is the pages of those who run the platform, on its own host.
func (s *system) newStaff(p *parts, logins *limit.Logins) *staff.Handlers {
	d := staff.Deps{
		DB: s.db, Log: s.log, Judge: s.judge, People: s.people, Logins: logins, Factors: s.factors, Limiter: p.limiter, Tenants: s.registry,
		Scheme: s.cfg.String("public_scheme"), Host: s.cfg.String("platform_host"),
	}
	var err error
	if d.Queues, err = s.newQueues(); err != nil {
		s.log.Error("the staff have no pages of the queues", "error", err)
	}
	if m := s.money; m != nil {
		d.Billing = &staff.Billing{Plans: m.plans, Ledger: m.ledger.On(s.db), Now: m.now}
		if m.fake == nil {
			d.Billing.Dashboard = "https://dashboard.stripe.com"
		}
	}
	return staff.New(d)
}

// mountAPI puts the client API's route tables on the tenants' hosts. It fails when a route
// does not declare who may call it.
func (s *system) mountAPI(e *echo.Echo, p *parts) error {
	numbers := v1.NewNumbers(s.db, p.render)
	server := v1.Server{Stats: numbers, Version: strings.TrimPrefix(version(), "v"), AboutPath: "/about", PrivacyPath: site.PrivacyPath, TermsPath: site.TermsPath, Picture: s.pictureOf}
	tokens := oauth.New(oauth.Deps{DB: s.db, Judge: s.judge, Picture: func(t *tenant.Tenant, a *social.Account) string { return s.urls.Avatar(t.ID, a) }})
	deps := v1.Deps{DB: s.db, Render: p.render, Accounts: s.accounts, Relate: p.relate, Media: s.media, Resolver: searcher{p}}
	posts := v1.StatusDeps{Deps: deps, Statuses: p.statuses}
	return httpx.Mount(e, httpx.Deps{
		Auth:    s.judge,
		Limiter: limit.ByClass{Limiter: p.limiter},
		Log:     s.log,
	},
		tokens.Routes(),
		p.streams.Routes(),
		v1.Empty(),
		v1.NewInstance(server).Routes(),
		v1.NewInstanceBlocks(deps).Routes(),
		v2.NewInstance(server).Routes(),
		v1.AccountRoutes(deps),
		v1.StatusRoutes(posts),
		v2.Media(v1.NewMedia(deps)),
		v2.NewSearch(deps).Routes(),
		v2.NewNotificationGroups(posts).Routes(),
	)
}

// searcher looks up elsewhere what a person typed into an app's search.
type searcher struct{ p *parts }

// Resolve implements v1.Resolver.
func (r searcher) Resolve(ctx context.Context, t *tenant.Tenant, query string) (*social.Account, *social.Status, error) {
	found, err := r.p.fetcher.Search(ctx, t, query)
	return found.Account, found.Status, err
}

// pictureOf is where the picture that stands for a tenant is, or "".
func (s *system) pictureOf(t *tenant.Tenant) string {
	if t.ThumbnailKey == "" {
		return ""
	}
	return s.urls.Picture(t.ID, t.ThumbnailKey)
}
