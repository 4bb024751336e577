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
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/domains"
	"rookery/tenant/setup"
)

const (
	setupPath  = "/setup"
	nonceBytes = 16
	nonceField = "nonce"
)

// foundTries bounds how many names one may try: each try makes a key and looks names up.
var foundTries = limit.Rule{Name: "found_company", Max: 20, Per: time.Hour} // by person

// registerSetup puts the set-up of a company in three screens on the console. The screen of
// the domain shares its handlers with the room of names.
func (h *Handlers) registerSetup(e *echo.Echo, show, post func(string, echo.HandlerFunc)) {
	if h.SignUp {
		show(setupPath, h.signedIn(h.newCompany))
		post(setupPath, h.signedIn(h.foundCompany))
	}
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place, v.isSettingUp = "", true
			if err := v.mayChange(access.SetUp); err != nil {
				return err
			}
			return next(c, v)
		}))
	}
	const root, one = "/tenants/:id/setup", "/tenants/:id/setup/domain/:domain"
	show(root, in(h.resumeSetup))
	show(root+"/domain", in(h.setupDomain))
	post(root+"/domain", in(h.addDomain))
	post(root+"/domain/next", in(h.leaveDomain))
	show(one, in(h.domain))
	e.GET(h.Base+one+"/events", h.streamed(in(h.domainEvents)))
	post(one+"/check", in(h.checkDomain))
	post(one+"/send", in(h.sendToIT))
	post(one+"/link", in(h.makeLink))
	post(one+"/unlink", in(h.endLinks))
	post(one+"/release", in(h.releaseDomain))
	post(one+"/undo", in(h.undoRelease))
	show(root+"/people", in(h.setupPeople))
	post(root+"/people", in(h.saveSetupPeople))
	show(root+"/done", in(h.setupDone))
	post(root+"/end", in(h.endSetup))
}

func (h *Handlers) setupURL(t *tenant.Tenant) string { return h.roomURL(t) + setupPath }

// newCompany is GET /setup. What the query proposes is filled in: free names link here.
func (h *Handlers) newCompany(c echo.Context, v *visitor) error {
	view, err := h.companyForm(c, v, c.QueryParams())
	if err != nil {
		return err
	}
	view.Nonce = ids.Secret(nonceBytes)
	return h.showCompany(c, http.StatusOK, view)
}

func (h *Handlers) showCompany(c echo.Context, status int, view SetupCompanyView) error {
	web.Secure(c, assets.Policy)
	return web.HTML(c, status, writer(RenderSetupCompany, view))
}

func (h *Handlers) companyForm(c echo.Context, v *visitor, in url.Values) (SetupCompanyView, error) {
	view := SetupCompanyView{
		Setup: SetupFrame{Steps: setupSteps("", companyStep, progress{}), Current: companyStep, LaterURL: h.Base + "/tenants"}, Action: h.Base + setupPath,
		Token: access.CSRF(v.session), Nonce: in.Get(nonceField), Name: strings.TrimSpace(in.Get("name")), Handle: strings.ToLower(strings.TrimSpace(in.Get("handle"))), Host: h.Host,
	}
	open, err := h.setups.Unfinished(c.Request().Context(), v.person.ID)
	for _, t := range open {
		view.Open = append(view.Open, SetupOpen{Name: t.Name, Host: t.HandleDomain, URL: h.setupURL(t)})
	}
	return view, err
}

// foundCompany is POST /setup: the company is there at once, on a name of the platform's.
func (h *Handlers) foundCompany(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	view, err := h.companyForm(c, v, in)
	if err != nil {
		return err
	}
	ctx, wish := c.Request().Context(), setup.Wish{Name: view.Name, Slug: view.Handle, Nonce: view.Nonce}
	nameErr, slugErr := h.setups.Check(wish)
	if nameErr != nil || slugErr != nil {
		return h.foundBadly(c, view, nameErr, slugErr)
	}
	if r := h.Limiter.Take(foundTries, ids.Format(int64(v.person.ID))); !r.OK {
		web.RetryAfter(c, time.Until(r.Reset))
		view.FormError = errFoundOften
		return h.showCompany(c, http.StatusTooManyRequests, view)
	}
	made, err := h.setups.Found(ctx, setup.Founder{Person: v.person.ID, Actor: v.actor(c)}, wish)
	switch fault.CodeOf(err) {
	case "":
		return c.Redirect(http.StatusSeeOther, h.setupURL(made))
	case fault.Conflict:
		return h.foundBadly(c, view, nil, err)
	case fault.TooMany:
		view.FormError = fault.TextOf(err)
		return h.showCompany(c, http.StatusTooManyRequests, view)
	}
	return err
}

// foundBadly says what is wrong with a wish, and which names are free.
func (h *Handlers) foundBadly(c echo.Context, view SetupCompanyView, nameErr, slugErr error) error {
	status := http.StatusUnprocessableEntity
	if nameErr != nil {
		view.NameError = fault.TextOf(nameErr)
	}
	if slugErr != nil {
		view.HandleError, status = fault.TextOf(slugErr), web.StatusOf(slugErr)
		free, err := h.setups.Suggest(c.Request().Context(), view.Name, view.Handle)
		if err != nil {
			return err
		}
		for _, slug := range free {
			view.Free = append(view.Free, SetupName{Slug: slug, URL: h.Base + setupPath + "?" + url.Values{"name": {view.Name}, "handle": {slug}}.Encode()})
		}
	}
	return h.showCompany(c, status, view)
}

// progress is which screens are done.
type progress struct{ domain, people bool }

func (h *Handlers) progressOf(ctx context.Context, scope *pg.Scope, t *tenant.Tenant) (progress, error) {
	row, err := setup.Of(ctx, scope)
	if row == nil {
		row = &store.Setup{}
	}
	return progress{domain: row.DomainAt != nil || t.Federates(), people: row.PeopleAt != nil}, err
}

// setupFrame is what stands around a screen of a company's set-up.
func (h *Handlers) setupFrame(ctx context.Context, scope *pg.Scope, v *visitor, current int) (*SetupFrame, error) {
	done, err := h.progressOf(ctx, scope, v.tenant)
	return &SetupFrame{
		Steps: setupSteps(h.setupURL(v.tenant), current, done), Current: current, LaterURL: h.roomURL(v.tenant), NextAction: h.setupURL(v.tenant) + "/domain/next",
	}, err
}

// resumeSetup is GET /tenants/:id/setup: the first screen that is not done.
func (h *Handlers) resumeSetup(c echo.Context, v *visitor) error {
	var done progress
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		done, err = h.progressOf(ctx, scope, v.tenant)
		return err
	})
	if err != nil {
		return err
	}
	screen := "/done"
	if !done.domain {
		screen = "/domain"
	} else if !done.people {
		screen = "/people"
	}
	return c.Redirect(http.StatusSeeOther, h.setupURL(v.tenant)+screen)
}

// setupDomain is GET …/setup/domain: the name that is on its way, or the form for one.
func (h *Handlers) setupDomain(c echo.Context, v *visitor) error {
	all, err := h.Domains.List(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return err
	}
	if own, ok := latestOwn(all); ok {
		return c.Redirect(http.StatusSeeOther, h.nameURL(v, own))
	}
	return h.newDomain(c, v)
}

// latestOwn is the name of the company's own that was added last: of a pair, the one that
// handles end in.
func latestOwn(all []domains.Standing) (tenant.DomainID, bool) {
	own := slices.DeleteFunc(slices.Clone(all), func(d domains.Standing) bool {
		return d.Mode == tenant.PlatformDomain || d.State == tenant.DomainReleased || d.State == tenant.DomainReleasing
	})
	if len(own) == 0 {
		return 0, false
	}
	return slices.MaxFunc(own, func(a, b domains.Standing) int { return int(min(max(a.ID-b.ID, -1), 1)) }).ID, true
}

// leaveDomain is POST …/setup/domain/next: with a name on its way, or without one for now.
func (h *Handlers) leaveDomain(c echo.Context, v *visitor) error {
	return h.markSetup(c, v, store.SetupDomain, h.setupURL(v.tenant)+"/people")
}

// endSetup is POST …/setup/end: finished, or put away.
func (h *Handlers) endSetup(c echo.Context, v *visitor) error {
	return h.markSetup(c, v, store.SetupEnd, h.roomURL(v.tenant))
}

func (h *Handlers) markSetup(c echo.Context, v *visitor, mark store.SetupMark, next string) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error { return setup.Mark(ctx, scope, v.actor(c), mark) })
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}
