package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

// PlanAndBilling is the place of what a company has, uses and pays.
const PlanAndBilling Place = "billing"

// registerBilling puts plan and billing on the console, where something is charged. It is
// open however the company stands: whoever owes something finds the way out here.
func (h *Handlers) registerBilling(show, post func(string, echo.HandlerFunc)) {
	if h.Billing == nil {
		return
	}
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = PlanAndBilling
			if err := v.may(access.SeeCompany); err != nil {
				return err
			}
			return next(c, v)
		}))
	}
	pays := func(next handler) echo.HandlerFunc {
		return in(func(c echo.Context, v *visitor) error {
			if err := v.may(access.ManageBilling); err != nil {
				return err
			}
			return next(c, v)
		})
	}
	const room = "/tenants/:id/billing"
	show(room, in(h.billing))
	show(room+"/done", pays(h.billingDone))
	show(room+"/change", pays(h.billingChange))
	show(room+"/cancel", pays(h.billingCancel))
	post(room+"/buy", pays(h.buy))
	post(room+"/change", pays(h.changePlan))
	post(room+"/keep", pays(h.billingAct(h.keepPlan)))
	post(room+"/cancel", pays(h.billingAct(h.cancelPlan)))
	post(room+"/resume", pays(h.billingAct(h.resumePlan)))
	post(room+"/portal", pays(h.billingPortal))
	post(room+"/goodbye", in(h.goodbye))
}

func (h *Handlers) billingURL(t *tenant.Tenant) string { return h.roomURL(t) + "/billing" }

func (v *visitor) buyer(c echo.Context) checkout.Buyer {
	return checkout.Buyer{Actor: v.actor(c), Email: v.person.Email, Address: hostroute.ClientIP(c)}
}

// billing is GET /tenants/:id/billing.
func (h *Handlers) billing(c echo.Context, v *visitor) error { return h.showBilling(c, v, nil) }

// showBilling shows the room, with what went wrong.
func (h *Handlers) showBilling(c echo.Context, v *visitor, problem error) error {
	status := http.StatusOK
	if problem != nil {
		var ok bool
		if status, ok = billingStatus[fault.CodeOf(problem)]; !ok {
			return problem
		}
	}
	q := billingQuery{currency: c.QueryParam("currency"), every: billing.Interval(c.QueryParam("every")), before: readBefore(c.QueryParam("before")), language: v.person.Locale}
	a, err := h.Billing.Of(c.Request().Context(), v.tenant.ID, q.before)
	if err != nil {
		return err
	}
	view := h.billingView(v, q, a)
	if problem != nil {
		view.Error = fault.TextOf(problem)
	}
	web.Secure(c, assets.PolicyAway) // its forms lead to the provider's pages
	return web.HTML(c, status, writer(RenderBilling, view))
}

// billingStatus are the errors that the room explains, with what it answers then. That the
// provider does not let us in is not the visitor's doing.
var billingStatus = map[fault.Code]int{
	fault.Conflict: http.StatusConflict, fault.Invalid: http.StatusUnprocessableEntity, fault.TooMany: http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Unauthorized: http.StatusServiceUnavailable, fault.Forbidden: http.StatusForbidden,
}

// readBefore is where a page of invoices begins; what is none is the first one.
func readBefore(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func choiceIn(in url.Values) billing.Choice {
	return billing.Choice{Plan: in.Get("plan"), Currency: in.Get("currency"), Every: billing.Interval(in.Get("every"))}
}

// buy is POST /tenants/:id/billing/buy: it leads to the provider's page.
func (h *Handlers) buy(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	to, err := h.Billing.Start(c.Request().Context(), v.buyer(c), v.tenant, choiceIn(in))
	if err != nil {
		return h.showBilling(c, v, err)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// billingDone is GET /tenants/:id/billing/done: back from the provider's page.
func (h *Handlers) billingDone(c echo.Context, v *visitor) error {
	r, err := h.Billing.Return(c.Request().Context(), v.tenant.ID, c.QueryParam("session"))
	if fault.IsNotFound(err) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	view := BillingDoneView{Shell: h.shell(v), Plan: h.planName(r.Choice.Plan), BackURL: h.billingURL(v.tenant), IsConfirmed: r.IsConfirmed}
	switch r.Status {
	case billing.PageOpen:
		view.PayURL = r.URL
	case billing.PageComplete:
		view.IsWaiting = !r.IsConfirmed
	}
	return web.HTML(c, http.StatusOK, writer(RenderBillingDone, view))
}

// billingChange is GET /tenants/:id/billing/change: the question, with what it costs.
func (h *Handlers) billingChange(c echo.Context, v *visitor) error {
	return h.askChange(c, v, choiceIn(c.QueryParams()), http.StatusOK)
}

func (h *Handlers) askChange(c echo.Context, v *visitor, want billing.Choice, status int) error {
	o, err := h.Billing.Preview(c.Request().Context(), v.tenant.ID, want)
	if err != nil {
		return h.showBilling(c, v, err)
	}
	if len(o.Exceeds) > 0 {
		status = http.StatusConflict
	}
	return web.HTML(c, status, writer(RenderBillingChange, h.changeView(v, o)))
}

// changePlan is POST /tenants/:id/billing/change.
func (h *Handlers) changePlan(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if _, err := h.Billing.Change(c.Request().Context(), v.buyer(c), v.tenant.ID, choiceIn(in)); err != nil {
		return h.showBilling(c, v, err)
	}
	return c.Redirect(http.StatusSeeOther, h.billingURL(v.tenant))
}

// billingCancel is GET /tenants/:id/billing/cancel.
func (h *Handlers) billingCancel(c echo.Context, v *visitor) error {
	a, err := h.Billing.Of(c.Request().Context(), v.tenant.ID, time.Time{})
	if err != nil {
		return err
	}
	if a.Live == nil || !a.Live.CancelAt.IsZero() {
		return c.Redirect(http.StatusSeeOther, h.billingURL(v.tenant))
	}
	end := a.Live.PeriodEnd
	paused := end.Add(billing.RestrictedTime)
	closing := paused.Add(billing.UnpaidTime)
	return web.HTML(c, http.StatusOK, writer(RenderBillingCancel, BillingCancelView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: h.billingURL(v.tenant) + "/cancel", CancelURL: h.billingURL(v.tenant),
		Plan: h.planName(a.Live.Plan), At: end, Paused: paused, Closing: closing, Gone: closing.Add(billing.ClosingTime),
	}))
}

// billingAct is a form with one button, after which the room is shown.
func (h *Handlers) billingAct(do func(c echo.Context, v *visitor) error) handler {
	return func(c echo.Context, v *visitor) error {
		if _, err := web.SignedForm(c, v.session); err != nil {
			return err
		}
		if err := do(c, v); err != nil {
			return h.showBilling(c, v, err)
		}
		return c.Redirect(http.StatusSeeOther, h.billingURL(v.tenant))
	}
}

func (h *Handlers) keepPlan(c echo.Context, v *visitor) error {
	return h.Billing.Keep(c.Request().Context(), v.buyer(c), v.tenant.ID)
}

func (h *Handlers) cancelPlan(c echo.Context, v *visitor) error {
	return h.Billing.Cancel(c.Request().Context(), v.buyer(c), v.tenant.ID)
}

func (h *Handlers) resumePlan(c echo.Context, v *visitor) error {
	return h.Billing.Resume(c.Request().Context(), v.buyer(c), v.tenant.ID)
}

// billingPortal is POST /tenants/:id/billing/portal: to the provider's pages.
func (h *Handlers) billingPortal(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	to, err := h.Billing.Portal(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return h.showBilling(c, v, err)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// goodbye is POST /tenants/:id/billing/goodbye: whether other servers are told at the end.
func (h *Handlers) goodbye(c echo.Context, v *visitor) error {
	if err := v.may(access.EndCompany); err != nil {
		return err
	}
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := h.Billing.ChooseGoodbye(c.Request().Context(), v.actor(c), v.tenant.ID, in.Get("goodbye") == "true"); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.billingURL(v.tenant)+"#end")
}
