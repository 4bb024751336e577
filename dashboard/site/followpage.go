package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/hostroute"
)

// Each look-up asks a server that a stranger has named.
var lookUps = limit.Rule{Name: "remote_follow", Max: 30, Per: 5 * time.Minute}

var errLookUps = fault.New(fault.TooMany, "Too many look-ups from your address.")

const (
	sayNoHandle = "This is not a whole handle. It looks like @you@your.server."
	sayNoServer = "Your server could not be asked where to go. Check the handle, or search for %s in your own app."
)

// follow is GET /@:user/follow: without a handle the form, with one the way to the
// reader's own server.
func (h *Handlers) follow(c echo.Context) error {
	web.Secure(c, assets.PolicyAway)
	var a *social.Account
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		a, err = h.named(ctx, c, scope)
		return err
	})
	if to, ok := errors.AsType[moved](err); ok {
		return to.redirect(c)
	}
	if err != nil {
		return err
	}
	t := home(c)
	v := FollowView{Tenant: view(t), Account: h.presenter(c).account(a), Action: "/@" + a.Username + "/follow", Handle: strings.TrimSpace(c.QueryParam("handle"))}
	if v.Handle == "" {
		return web.HTML(c, http.StatusOK, writer(RenderFollow, v))
	}
	handle, ok := readHandle(v.Handle)
	if !ok {
		v.Error = sayNoHandle
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderFollow, v))
	}
	if !web.FromHere(c) {
		// A link elsewhere must not make this host ask a server, and send its readers
		// there, without their pressing the button.
		return web.HTML(c, http.StatusOK, writer(RenderFollow, v))
	}
	if h.SubscribeTemplate != nil {
		if taken := h.Limiter.Take(lookUps, limit.AddressKey(hostroute.ClientIP(c))); !taken.OK {
			web.RetryAfter(c, time.Until(taken.Reset))
			return errLookUps
		}
		// No transaction is open here: somebody else's server may take its time.
		template, err := h.SubscribeTemplate(c.Request().Context(), handle)
		if to := subscribePage(t, template, a); err == nil && to != "" {
			return c.Redirect(http.StatusFound, to)
		}
	}
	v.Error = strings.Replace(sayNoServer, "%s", v.Account.Handle, 1)
	return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderFollow, v))
}

// readHandle takes @user@host, user@host or acct:user@host as user@host.
func readHandle(typed string) (string, bool) {
	text := strings.TrimPrefix(strings.TrimPrefix(typed, "acct:"), "@")
	found := htmlsafe.Scan("@" + text).Mentions
	if len(found) != 1 || found[0].Host == "" || found[0].End != len(text)+1 {
		return "", false
	}
	return found[0].User + "@" + found[0].Host, true
}

// subscribePage fills the account into a server's template, as Mastodon does, and
// refuses what leads anywhere but to a web page: nobody may make this host send its
// readers to a program or to a password in an address.
func subscribePage(t *tenant.Tenant, template string, a *social.Account) string {
	if !strings.Contains(template, "{uri}") {
		return ""
	}
	page := htmlsafe.WebURL(strings.ReplaceAll(template, "{uri}", url.QueryEscape(a.Username+"@"+t.HandleDomain)))
	if u, err := url.Parse(page); err != nil || u.Host == "" || u.Scheme != "https" && t.Scheme != "http" {
		return ""
	}
	return page
}
