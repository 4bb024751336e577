package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/domains"
	"rookery/tenant/hostroute"
)

var (
	errChangeDomains = fault.New(fault.Forbidden, "Only owners and admins of a company change its domains, and only while it is active.")
	errNoDomain      = web.ErrNotFound
)

// registerDomains puts the room of names on the console.
func (h *Handlers) registerDomains(e *echo.Echo, show, post func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Domains
			return next(c, v)
		}))
	}
	show("/tenants/:id/domains", in(h.domains))
	show("/tenants/:id/domains/new", in(h.newDomain))
	post("/tenants/:id/domains", in(h.addDomain))
	show("/tenants/:id/domains/:domain", in(h.domain))
	post("/tenants/:id/domains/:domain/check", in(h.checkDomain))
	post("/tenants/:id/domains/:domain/send", in(h.sendToIT))
	post("/tenants/:id/domains/:domain/link", in(h.makeLink))
	post("/tenants/:id/domains/:domain/unlink", in(h.endLinks))
	post("/tenants/:id/domains/:domain/seen", in(h.domainAsSeen))
	post("/tenants/:id/domains/:domain/release", in(h.releaseDomain))
	post("/tenants/:id/domains/:domain/undo", in(h.undoRelease))
	e.GET(h.Base+"/tenants/:id/domains/:domain/events", h.streamed(in(h.domainEvents)))
	show(linkPath, h.shared)
	e.GET(h.Base+linkPath+"/events", h.streamed(h.sharedEvents))
}

func (h *Handlers) domainsURL(t *tenant.Tenant) string { return h.roomURL(t) + "/domains" }

func (h *Handlers) domainURL(t *tenant.Tenant, id tenant.DomainID) string {
	return h.domainsURL(t) + "/" + ids.Format(int64(id))
}

// nameURL is the page of a name where the visitor is: in the room, or in the set-up.
func (h *Handlers) nameURL(v *visitor, id tenant.DomainID) string {
	if v.isSettingUp {
		return h.setupURL(v.tenant) + "/domain/" + ids.Format(int64(id))
	}
	return h.domainURL(v.tenant, id)
}

// mayChangeDomains: those who answer for the organisation, while it is not suspended.
func (v *visitor) mayChangeDomains() bool { return v.mayChange(access.ManageDomains) == nil }

// actor is the visitor in the audit log.
func (v *visitor) actor(c echo.Context) audit.Actor {
	return audit.Actor{Kind: audit.Person, ID: int64(v.person.ID), Name: v.person.Name, Address: hostroute.ClientIP(c).String()}
}

// changing reads a form of somebody who may change names.
func (h *Handlers) changing(c echo.Context, v *visitor) (url.Values, error) {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return nil, err
	}
	if !v.mayChangeDomains() {
		return nil, errChangeDomains
	}
	return in, nil
}

// domains is GET /tenants/:id/domains: the company's names.
func (h *Handlers) domains(c echo.Context, v *visitor) error {
	all, err := h.Domains.List(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return err
	}
	out := DomainsView{Shell: h.shell(v)}
	if v.mayChangeDomains() {
		out.AddURL = h.domainsURL(v.tenant) + "/new"
	}
	for _, d := range inOrder(all) {
		row := h.domainRow(v.tenant, all, d)
		if d.State == tenant.DomainReleased {
			out.Gone = append(out.Gone, row)
			continue
		}
		out.Rows = append(out.Rows, row)
		out.HasOwn = out.HasOwn || d.Mode != tenant.PlatformDomain
	}
	return web.HTML(c, http.StatusOK, writer(RenderDomains, out))
}

// inOrder puts what handles end in before the service host that belongs to it.
func inOrder(all []domains.Standing) []domains.Standing {
	out := slices.Clone(all)
	group := func(d domains.Standing) (tenant.DomainID, int) {
		if d.ServiceID != 0 {
			return d.ServiceID, 0
		}
		return d.ID, 1
	}
	slices.SortStableFunc(out, func(a, b domains.Standing) int {
		ga, ra := group(a)
		gb, rb := group(b)
		if ga != gb {
			return int(min(max(ga-gb, -1), 1))
		}
		return ra - rb
	})
	return out
}

func (h *Handlers) domainRow(t *tenant.Tenant, all []domains.Standing, d domains.Standing) DomainRow {
	s, _ := h.standingOf(t, all, d.ID)
	row := DomainRow{Name: d.DisplayName, Purpose: purpose(d, len(s.parts) > 1), URL: h.domainURL(t, d.ID)}
	row.Tone, row.Word, row.Advice = s.outcome(d)
	if d.DisplayName != d.Name {
		row.ASCII = d.Name
	}
	if d.Mode == tenant.PlatformDomain {
		row.URL = ""
	}
	return row
}

func purpose(d domains.Standing, isPair bool) string {
	switch {
	case d.Mode == tenant.PlatformDomain && d.Role == tenant.AliasDomain:
		return "The name of your trial. It leads to your own name now"
	case d.Mode == tenant.PlatformDomain:
		return "A trial: nobody elsewhere can follow you before you have a name of your own"
	case d.Role == tenant.HandleDomain:
		return "Handles: @…@" + d.DisplayName
	case d.Role == tenant.AliasDomain:
		return "A second name: leads to your addresses"
	case isPair:
		return "Pages and apps"
	}
	return "Handles, pages and apps"
}

// standingOf is a claim with what belongs to it, as this platform sees it.
func (h *Handlers) standingOf(t *tenant.Tenant, all []domains.Standing, id tenant.DomainID) (setUp, error) {
	s, ok := setUpOf(all, id)
	if !ok {
		return s, errNoDomain
	}
	s.now, s.hasOrders = time.Now(), h.Domains.Needs.Certificates
	if looker := h.Domains.Looker; looker != nil {
		s.edge = looker.EdgeName(t.ID)
		for _, addr := range looker.Addresses {
			s.addresses = append(s.addresses, addr.String())
		}
	}
	return s, nil
}

// setUp reads the claim in the path; another company's is not there.
func (h *Handlers) setUp(ctx context.Context, t *tenant.Tenant, param string) (setUp, error) {
	id, ok := ids.Parse(param)
	if !ok {
		return setUp{}, errNoDomain
	}
	all, err := h.Domains.List(ctx, t.ID)
	if err != nil {
		return setUp{}, err
	}
	s, err := h.standingOf(t, all, tenant.DomainID(id))
	if err == nil && s.asked.Mode == tenant.PlatformDomain {
		err = errNoDomain // there is nothing to set up
	}
	return s, err
}

// newDomain is GET /tenants/:id/domains/new.
func (h *Handlers) newDomain(c echo.Context, v *visitor) error {
	if !v.mayChangeDomains() {
		return errChangeDomains
	}
	form, err := h.domainForm(c, v, nil)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderAddDomain, form))
}

func (h *Handlers) domainForm(c echo.Context, v *visitor, in url.Values) (AddDomainView, error) {
	form := AddDomainView{
		Shell: h.shell(v), Action: h.domainsURL(v.tenant), Token: access.CSRF(v.session), CancelURL: h.domainsURL(v.tenant),
		Mode: in.Get("mode"), Name: strings.TrimSpace(in.Get("name")), Service: strings.TrimSpace(in.Get("service")),
		Account: "support", IsSecond: v.tenant.Federates(),
	}
	if v.isSettingUp {
		form.Action, form.CancelURL, form.Trial = h.setupURL(v.tenant)+"/domain", "", v.tenant.HandleDomain
	}
	if form.Mode == "" {
		form.Mode = string(tenant.SplitDomain)
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		first, err := store.LocalAccounts(ctx, scope, 1)
		if len(first) > 0 {
			form.Account = first[0].Username
		}
		if err == nil && v.isSettingUp {
			form.Setup, err = h.setupFrame(ctx, scope, v, domainStep)
		}
		return err
	})
	return form, err
}

// addDomain is POST /tenants/:id/domains.
func (h *Handlers) addDomain(c echo.Context, v *visitor) error {
	in, err := h.changing(c, v)
	if err != nil {
		return err
	}
	form, err := h.domainForm(c, v, in)
	if err != nil {
		return err
	}
	wish := domains.Wish{Mode: tenant.DomainMode(form.Mode), Name: bareName(form.Name), Service: bareName(form.Service)}
	if wish.Mode != tenant.SplitDomain {
		wish.Service = ""
	} else if host, ok := strings.CutPrefix(wish.Name, "www."); ok {
		wish.Name = host // nobody's handle ends in @www.company.com
	}
	claims, err := h.Domains.Claim(c.Request().Context(), v.actor(c), v.tenant.ID, wish)
	switch code := fault.CodeOf(err); code {
	case "":
		return c.Redirect(http.StatusSeeOther, h.nameURL(v, claims[len(claims)-1].ID))
	case fault.Invalid, fault.Conflict, fault.TooMany:
		form.explain(h.Domains, wish, err)
		return web.HTML(c, web.StatusOf(err), writer(RenderAddDomain, form))
	}
	if form.PlanNote = h.planNote(v, err); form.PlanNote == nil {
		return err
	}
	return web.HTML(c, web.StatusOf(err), writer(RenderAddDomain, form))
}

// explain puts an error under the field that it is about.
func (v *AddDomainView) explain(s *domains.Service, w domains.Wish, err error) {
	text := fault.TextOf(err)
	name, nameErr := s.Tenants.CheckName(w.Name)
	service, serviceErr := s.Tenants.CheckName(w.Service)
	switch {
	case fault.CodeOf(err) == fault.TooMany:
		v.FormError = text
	case w.Name == "":
		v.NameError = "Type your company’s domain, such as company.com."
	case nameErr == nil && w.Service != "" && (serviceErr != nil || service == name):
		v.ServiceError = text
	default:
		v.NameError = text
	}
}

// bareName takes what people paste: an address of a page, a handle, a mail.
func bareName(typed string) string {
	typed = strings.TrimSpace(typed)
	if _, rest, ok := strings.Cut(typed, "://"); ok {
		typed = rest
	}
	typed, _, _ = strings.Cut(typed, "/")
	if at := strings.LastIndex(typed, "@"); at >= 0 {
		typed = typed[at+1:]
	}
	return typed
}

// domain is GET /tenants/:id/domains/:domain, where mails lead.
func (h *Handlers) domain(c echo.Context, v *visitor) error {
	s, err := h.setUp(c.Request().Context(), v.tenant, c.Param("domain"))
	if err != nil {
		return err
	}
	view, err := h.domainView(c, v, s)
	if err != nil {
		return err
	}
	return h.showDomain(c, http.StatusOK, view)
}

func (h *Handlers) showDomain(c echo.Context, status int, view DomainView) error {
	web.Secure(c, assets.PolicyLive)
	return web.HTML(c, status, writer(RenderDomain, view))
}
