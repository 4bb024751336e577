package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// rulesListed is a page of rules or of the allow-list.
const rulesListed = 50

// registerServers puts which servers the company talks to on the console. upload is for
// files to import.
func (h *Handlers) registerServers(show, post, upload func(string, echo.HandlerFunc)) {
	in := func(may func(*visitor) error, next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			if err := may(v); err != nil {
				return err
			}
			v.place = Servers
			return next(c, v)
		}))
	}
	see := func(next handler) echo.HandlerFunc {
		return in(func(v *visitor) error { return v.may(access.Moderate) }, next)
	}
	change := func(next handler) echo.HandlerFunc {
		return in(func(v *visitor) error { return v.mayChange(access.Moderate) }, next)
	}
	const room = "/tenants/:id/servers"
	show(room, see(h.servers))
	show(room+"/new", see(h.newServer))
	show(room+"/rules/:domain", see(h.serverRule))
	post(room+"/rules", change(h.saveServer))
	show(room+"/rules/:domain/remove", see(h.askServer))
	post(room+"/rules/:domain/remove", change(h.removeServer))
	post(room+"/show", change(h.showServers))
	show(room+"/mode", see(h.askMode))
	post(room+"/mode", change(h.setMode))
	post(room+"/allowed", change(h.allowServer))
	post(room+"/allowed/:domain/remove", change(h.disallowServer))
	show(room+"/import", see(h.importForm))
	upload(room+"/import", change(h.importServers))
	show(room+"/export", see(h.exportServers))
}

func (h *Handlers) serversURL(t *tenant.Tenant) string { return h.roomURL(t) + "/servers" }

// servers is GET /tenants/:id/servers.
func (h *Handlers) servers(c echo.Context, v *visitor) error {
	return h.showServerList(c, v, http.StatusOK, func(*ServersView) {})
}

func (h *Handlers) showServerList(c echo.Context, v *visitor, status int, change func(*ServersView)) error {
	here := h.serversURL(v.tenant)
	search, after := strings.ToLower(strings.TrimSpace(c.QueryParam("q"))), c.QueryParam("after")
	out := ServersView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: here, IsOpen: v.mayChange(access.Moderate) == nil, Search: search,
		IsAllowed: c.QueryParam("list") == "allowed", IsFirst: after == "", Audiences: serverAudiences,
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		p, err := store.ServerPolicyOf(ctx, scope)
		if err != nil {
			return err
		}
		out.HasList, out.ShowBlocks, out.ShowReasons, out.Walk = p.Mode == moderate.AllowList, p.ShowBlocks, p.ShowReasons, walkView(p, time.Now())
		if out.Rules, err = store.CountServerRules(ctx, scope); err != nil {
			return err
		}
		if out.Allowed, err = store.CountServerAllows(ctx, scope); err != nil {
			return err
		}
		if out.IsAllowed {
			return out.readAllows(ctx, scope, after)
		}
		return out.readRules(ctx, scope, after)
	})
	if err != nil {
		return err
	}
	change(&out)
	return web.HTML(c, status, writer(RenderServers, out))
}

func (v *ServersView) readRules(ctx context.Context, scope *pg.Scope, after string) error {
	rows, err := store.ServerRules(ctx, scope, v.Search, after, rulesListed+1)
	if len(rows) > rulesListed {
		rows = rows[:rulesListed]
		v.MoreURL = v.Action + "?" + url.Values{"q": {v.Search}, "after": {rows[len(rows)-1].Domain}}.Encode()
	}
	for _, r := range rows {
		v.Lines = append(v.Lines, ServerLine{
			Domain: r.Domain, Severity: r.Severity, NoMedia: r.RejectMedia, Comment: firstText(r.PrivateComment, r.PublicComment), By: r.MadeBy, At: r.CreatedAt,
			URL: v.Action + "/rules/" + r.Domain,
		})
	}
	return err
}

func (v *ServersView) readAllows(ctx context.Context, scope *pg.Scope, after string) error {
	rows, err := store.ServerAllows(ctx, scope, v.Search, after, rulesListed+1)
	if len(rows) > rulesListed {
		rows = rows[:rulesListed]
		v.MoreURL = v.Action + "?" + url.Values{"list": {"allowed"}, "q": {v.Search}, "after": {rows[len(rows)-1].Domain}}.Encode()
	}
	for _, r := range rows {
		v.Lines = append(v.Lines, ServerLine{Domain: r.Domain, Comment: r.Comment, By: r.MadeBy, At: r.CreatedAt, URL: v.Action + "/allowed/" + r.Domain + "/remove"})
	}
	return err
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// serverForm is the form of a rule, as r says.
func (h *Handlers) serverForm(v *visitor, r moderate.Rule) ServerRuleView {
	here := h.serversURL(v.tenant)
	return ServerRuleView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: here + "/rules", CancelURL: here, IsOpen: v.mayChange(access.Moderate) == nil,
		Domain: r.Domain, Severity: r.Severity, NoMedia: r.RejectMedia, NoReports: r.RejectReports, Obfuscate: r.Obfuscate,
		Public: r.PublicComment, Private: r.PrivateComment, Choices: severityChoices,
	}
}

// newServer is GET …/servers/new.
func (h *Handlers) newServer(c echo.Context, v *visitor) error {
	return web.HTML(c, http.StatusOK, writer(RenderServerRule, h.serverForm(v, moderate.Rule{Domain: c.QueryParam("domain"), Severity: string(moderate.Suspend)})))
}

// ruleHere is the rule in the path.
func (h *Handlers) ruleHere(c echo.Context, v *visitor) (r *moderate.Rule, err error) {
	domain, err := servername.Parse(c.Param("domain"))
	if err != nil {
		return nil, web.ErrNotFound
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		r, err = store.ServerRuleOf(ctx, scope, domain)
		return err
	})
	return r, err
}

// serverRule is GET …/servers/rules/:domain.
func (h *Handlers) serverRule(c echo.Context, v *visitor) error {
	r, err := h.ruleHere(c, v)
	if err != nil {
		return err
	}
	out := h.serverForm(v, *r)
	out.IsKnown, out.RemoveURL = true, h.serversURL(v.tenant)+"/rules/"+r.Domain+"/remove"
	out.By, out.At = r.MadeBy, r.CreatedAt
	if out.Reach, err = h.reachOf(c, v, r.Domain); err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderServerRule, out))
}

func (h *Handlers) reachOf(c echo.Context, v *visitor, domain string) (reach store.ServerReach, err error) {
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		r, err := store.ServerReachOf(ctx, scope, domain)
		if err == nil {
			reach = *r
		}
		return err
	})
	return reach, err
}

// saveServer is POST …/servers/rules: what it would do is shown first.
func (h *Handlers) saveServer(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	r, wrong := moderate.Check(moderate.Rule{
		Domain: in.Get("domain"), Severity: in.Get("severity"), RejectMedia: in.Get("media") != "", RejectReports: in.Get("reports") != "",
		Obfuscate: in.Get("obfuscate") != "", PublicComment: in.Get("public"), PrivateComment: in.Get("private"),
	})
	if wrong == nil && in.Get("confirmed") != "" {
		_, wrong = h.Servers.Put(c.Request().Context(), v.actor(c), v.tenant.ID, r)
		if wrong == nil {
			return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"#progress")
		}
	}
	out := h.serverForm(v, r)
	out.IsKnown = in.Get("known") != ""
	if fault.CodeOf(wrong) == fault.Invalid {
		out.Error = fault.TextOf(wrong)
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderServerRule, out))
	}
	if wrong != nil {
		return wrong
	}
	if out.Reach, err = h.reachOf(c, v, r.Domain); err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderServerConfirm, out))
}

// askServer is GET …/servers/rules/:domain/remove.
func (h *Handlers) askServer(c echo.Context, v *visitor) error {
	r, err := h.ruleHere(c, v)
	if err != nil {
		return err
	}
	out := h.serverForm(v, *r)
	out.Action += "/" + r.Domain + "/remove"
	return web.HTML(c, http.StatusOK, writer(RenderServerRemove, out))
}

// removeServer is POST …/servers/rules/:domain/remove.
func (h *Handlers) removeServer(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := h.Servers.Remove(c.Request().Context(), v.actor(c), v.tenant.ID, c.Param("domain")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"#progress")
}

// showServers is POST …/servers/show.
func (h *Handlers) showServers(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := h.Servers.Show(c.Request().Context(), v.actor(c), v.tenant.ID, in.Get("blocks"), in.Get("reasons")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"#shown")
}
