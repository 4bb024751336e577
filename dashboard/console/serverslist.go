package console

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// serversCounted is how many servers are looked at to say what an allow-list cuts.
const serversCounted = 20_000

// askMode is GET …/servers/mode: what changing it would do.
func (h *Handlers) askMode(c echo.Context, v *visitor) error {
	here := h.serversURL(v.tenant)
	out := ServerModeView{Shell: h.shell(v), Token: access.CSRF(v.session), Action: here + "/mode", CancelURL: here, IsOpen: v.mayChange(access.Moderate) == nil}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		p, err := store.ServerPolicyOf(ctx, scope)
		if err != nil {
			return err
		}
		if out.HasList = p.Mode == moderate.AllowList; out.HasList {
			return nil
		}
		if out.Allowed, err = store.CountServerAllows(ctx, scope); err != nil {
			return err
		}
		known, err := store.FollowsByDomain(ctx, scope, serversCounted)
		if err != nil {
			return err
		}
		allowed, err := store.ServerAllows(ctx, scope, "", "", moderate.MaxRules)
		out.count(known, moderate.NewList(allowed))
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderServerMode, out))
}

func (v *ServerModeView) count(known []*store.DomainFollows, list moderate.List) {
	var cut []*store.DomainFollows
	for _, d := range known {
		if !list.Covers(d.Domain) {
			cut = append(cut, d)
			v.Follows += d.Follows
		}
	}
	v.Servers = len(cut)
	slices.SortStableFunc(cut, func(a, b *store.DomainFollows) int { return cmp.Compare(b.Follows, a.Follows) })
	names := make([]string, min(len(cut), 5))
	for i := range names {
		names[i] = cut[i].Domain
	}
	v.Largest = strings.Join(names, ", ")
}

// setMode is POST …/servers/mode.
func (h *Handlers) setMode(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := h.Servers.SetMode(c.Request().Context(), v.actor(c), v.tenant.ID, in.Get("mode")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"#progress")
}

// allowServer is POST …/servers/allowed.
func (h *Handlers) allowServer(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	err = h.Servers.Allow(c.Request().Context(), v.actor(c), v.tenant.ID, in.Get("domain"), in.Get("comment"))
	if fault.CodeOf(err) == fault.Invalid {
		c.QueryParams().Set("list", "allowed")
		return h.showServerList(c, v, http.StatusUnprocessableEntity, func(s *ServersView) {
			s.NewDomain, s.NewComment, s.Error = in.Get("domain"), in.Get("comment"), fault.TextOf(err)
		})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"?list=allowed")
}

// disallowServer is POST …/servers/allowed/:domain/remove.
func (h *Handlers) disallowServer(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := h.Servers.Disallow(c.Request().Context(), v.actor(c), v.tenant.ID, c.Param("domain")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"?list=allowed")
}

func (h *Handlers) importView(v *visitor) ServerImportView {
	here := h.serversURL(v.tenant)
	return ServerImportView{Shell: h.shell(v), Token: access.CSRF(v.session), Action: here + "/import", CancelURL: here, IsOpen: v.mayChange(access.Moderate) == nil}
}

// importForm is GET …/servers/import.
func (h *Handlers) importForm(c echo.Context, v *visitor) error {
	return web.HTML(c, http.StatusOK, writer(RenderServerImport, h.importView(v)))
}

// importServers is POST …/servers/import: what the file would do, and with confirmed, that
// it does. Its text comes along with the confirmation: nothing is kept between the two.
func (h *Handlers) importServers(c echo.Context, v *visitor) error {
	in, file, err := web.SignedUpload(c, v.session)
	if err != nil {
		return err
	}
	ctx, out := c.Request().Context(), h.importView(v)
	p, err := h.Servers.Preview(ctx, v.tenant.ID, file)
	if err == nil && in.Get("confirmed") != "" {
		if err = h.Servers.Import(ctx, v.actor(c), v.tenant.ID, p.Take); err == nil {
			return c.Redirect(http.StatusSeeOther, h.serversURL(v.tenant)+"#progress")
		}
	}
	if fault.CodeOf(err) == fault.Invalid {
		out.Error = fault.TextOf(err)
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderServerImport, out))
	}
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := moderate.WriteCSV(&text, p.Take); err != nil {
		return err
	}
	out.IsRead, out.Text, out.New, out.Changed, out.Same, out.Bad = true, text.String(), p.New, p.Changed, p.Same, p.Bad
	for _, b := range p.Problems {
		out.Problems = append(out.Problems, ServerProblem{Line: b.Line, Text: b.Text, Why: b.Why})
	}
	for _, r := range p.Take[:min(len(p.Take), 10)] {
		out.Sample = append(out.Sample, ServerLine{Domain: r.Domain, Severity: r.Severity, NoMedia: r.RejectMedia, Comment: r.PublicComment})
	}
	return web.HTML(c, http.StatusOK, writer(RenderServerImport, out))
}

// exportServers is GET …/servers/export.
func (h *Handlers) exportServers(c echo.Context, v *visitor) error {
	var list []*moderate.Rule
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		list, err = store.ServerRules(ctx, scope, "", "", moderate.MaxRules)
		return err
	})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := moderate.WriteCSV(&out, list); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="servers-`+v.tenant.HandleDomain+`.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", out.Bytes())
}
