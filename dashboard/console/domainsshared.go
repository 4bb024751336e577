package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/hostroute"
)

var (
	sharedLook   = limit.Rule{Name: "domain_link", Max: 120, Per: 10 * time.Minute} // by address
	errLinkEnded = fault.New(fault.Gone, "Such a link works for 14 days, and whoever made it can end it before.")
)

// endedLink is the page of a link that has ended.
var endedLink = assets.FaultCard{
	Title: "This link has ended", Why: fault.TextOf(errLinkEnded), Do: "Ask whoever sent it to you for a new one.", Status: http.StatusGone,
}

// throughLink reads the set-up that a link leads to, and nothing else of its company.
func (h *Handlers) throughLink(ctx context.Context, key string) (l link, s setUp, err error) {
	l, ok := h.readLink(key)
	if !ok {
		return l, s, web.ErrNotFound
	}
	t, ok := h.Tenants.ByID(l.tenant)
	if !ok || t.State.IsClosed() || !time.Now().Before(l.until()) {
		return l, s, errLinkEnded
	}
	err = h.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		ended, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: linkEnded, Target: setUpTarget(l.domain), From: l.since, Limit: 1})
		if err == nil && len(ended) > 0 {
			err = errLinkEnded
		}
		return err
	})
	if err != nil {
		return l, s, err
	}
	all, err := h.Domains.List(ctx, t.ID)
	if err != nil {
		return l, s, err
	}
	if s, err = h.standingOf(t, all, l.domain); err == nil && (s.asked.Mode == tenant.PlatformDomain || s.isOver()) {
		err = errNoDomain
	}
	if fault.IsNotFound(err) {
		err = errLinkEnded
	}
	return l, s, err
}

// quiet sets what keeps a link from travelling on.
func quiet(c echo.Context) {
	c.Response().Header().Set(echo.HeaderReferrerPolicy, "no-referrer")
	c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
}

// shared is GET /dns: what a name needs, for whoever was given the link.
func (h *Handlers) shared(c echo.Context) error {
	quiet(c)
	if r := h.Limiter.Take(sharedLook, limit.AddressKey(hostroute.ClientIP(c))); !r.OK {
		web.RetryAfter(c, time.Until(r.Reset))
		return fault.New(fault.TooMany, "")
	}
	l, s, err := h.throughLink(c.Request().Context(), c.QueryParam(linkKey))
	if fault.CodeOf(err) == fault.Gone {
		return web.HTML(c, http.StatusGone, writer(RenderError, endedLink))
	}
	if err != nil {
		return err
	}
	web.Secure(c, assets.PolicyLive)
	quiet(c)
	return web.HTML(c, http.StatusOK, writer(RenderShared, h.sharedView(c, l, s)))
}

func (h *Handlers) sharedView(c echo.Context, l link, s setUp) SharedView {
	view := SharedView{
		Title: s.handles().DisplayName, Lead: s.lead(), Handles: s.handles().DisplayName, Pages: s.pages().DisplayName,
		IsSecond: s.pages().Role == tenant.AliasDomain, Host: h.Host, Until: l.until(), Live: sharedLive(s),
		LiveURL: h.Base + linkPath + "/events?" + url.Values{linkKey: {c.QueryParam(linkKey)}, "have": {s.fingerprint()}}.Encode(),
	}
	if view.Live.Todo != nil || s.asked.State == tenant.DomainExpired {
		view.Zone = doctor.ZoneLines(s.names())
		if s.names().IsSplit() && (view.Live.Todo == nil || view.Live.Todo.Redirect == nil) {
			view.Recipes = recipes(s.names())
		}
	}
	if s.isOnTheWay() {
		view.Refresh = int(refreshEvery.Seconds())
	}
	return view
}

// sharedLive is the part that changes, without anything to press.
func sharedLive(s setUp) DomainLive {
	out := DomainLive{Note: s.note(), Todo: s.todo(), Steps: s.steps()}
	out.Summary = summary(out)
	return out
}

// sharedEvents is GET /dns/events.
func (h *Handlers) sharedEvents(c echo.Context) error {
	quiet(c)
	if !h.Limiter.Take(sharedLook, limit.AddressKey(hostroute.ClientIP(c))).OK {
		return errManyStreams
	}
	key := c.QueryParam(linkKey)
	l, _, err := h.throughLink(c.Request().Context(), key)
	if err != nil {
		return err
	}
	return h.stream(c, listener{domain: l.domain}, func(known string) (string, []byte, bool) {
		_, s, err := h.throughLink(c.Request().Context(), key)
		if err != nil {
			return known, nil, false
		}
		return h.event(c, s.fingerprint(), known, func() (DomainLive, error) { return sharedLive(s), nil })
	})
}
