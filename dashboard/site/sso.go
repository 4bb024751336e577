package site

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/sso"
)

const ssoLinkPath = sso.StartPath + "/link"

// ssoStarts bounds what a browser may begin: each is a row, and a request elsewhere where
// nothing is known of the provider yet.
var ssoStarts = limit.Rule{Name: "sso", Max: 60, Per: 10 * time.Minute}

// registerSSO puts the sign-in with the company's own provider on the host.
func (h *Handlers) registerSSO(show, post func(string, echo.HandlerFunc)) {
	if h.SSO == nil {
		return
	}
	show(sso.StartPath, h.ssoStep(h.beginSSO))
	show(sso.CallbackPath, h.ssoStep(h.finishSSO))
	show(ssoLinkPath, h.ssoStep(h.askLink))
	post(ssoLinkPath, h.ssoStep(h.link))
}

// ssoStep shows the page that says why somebody could not sign in.
func (h *Handlers) ssoStep(step echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if home(c).State != tenant.Active {
			return errSuspended
		}
		err := step(c)
		var refusal *sso.Refusal
		if !errors.As(err, &refusal) {
			return err
		}
		h.Log.WarnContext(c.Request().Context(), "single sign-on refused", "tenant", int64(home(c).ID), "kind", string(refusal.Kind), "detail", refusal.Detail)
		view := refusedView(view(home(c)), refusal)
		view.SignInURL = signInPath
		return web.HTML(c, view.status, writer(RenderSSO, view))
	}
}

// beginSSO is GET /auth/sso.
func (h *Handlers) beginSSO(c echo.Context) error {
	if !h.Limiter.Take(ssoStarts, limit.AddressKey(hostroute.ClientIP(c))).OK {
		return fault.New(fault.TooMany, "Too many sign-ins were begun. Wait some minutes and try again.")
	}
	t := home(c)
	to, err := h.SSO.Begin(c.Request().Context(), t, sso.Start{
		Browser: web.Anonymous(c, t.Scheme).Token, Next: access.SafeNext(c.QueryParam("next"), ""), Mail: c.QueryParam("mail"), Room: c.QueryParam("room"),
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// finishSSO is GET /auth/sso/callback, where the provider sends the browser back to.
func (h *Handlers) finishSSO(c echo.Context) error {
	t := home(c)
	in := sso.Return{
		Browser: web.FormCookie.Read(c.Request(), t.Scheme), State: c.QueryParam("state"), Code: c.QueryParam("code"),
		Issuer: c.QueryParam("iss"), Error: c.QueryParam("error"), Address: hostroute.ClientIP(c).String(),
	}
	session, err := h.entrance(c).Session(c)
	switch {
	case err == nil && !session.IsBound:
		in.SignedIn = session.Person
	case err != nil && !web.IsNobody(err):
		return err
	}
	out, err := h.SSO.Finish(c.Request().Context(), t, in)
	if err != nil {
		return err
	}
	if out.Link != "" {
		return c.Redirect(http.StatusSeeOther, ssoLinkPath+"?token="+url.QueryEscape(out.Link))
	}
	return h.arrive(c, out)
}

// arrive signs the browser in, or sends it back to the console that sent it.
func (h *Handlers) arrive(c echo.Context, out *sso.Outcome) error {
	ctx, t, in := c.Request().Context(), home(c), h.entrance(c)
	if out.Room != nil {
		to, err := h.SSO.BackToConsole(ctx, t, out)
		if err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, to)
	}
	session, err := h.Judge.Admit(ctx, t.ID, access.Arrival{
		Person: out.Person, UserAgent: c.Request().UserAgent(), Address: hostroute.ClientIP(c).String(), Factors: 2, ViaSSO: true, AMR: out.AMR,
	})
	if fault.IsNotFound(err) { // sent away, or turned off, a moment ago
		return &sso.Refusal{Kind: sso.SentAway}
	}
	if err != nil {
		return err
	}
	if before, err := in.Session(c); err == nil {
		if err := in.Sessions.End(ctx, before.Hash); err != nil {
			return err
		}
	}
	in.Cookie.Set(c.Response(), t.Scheme, session)
	next := access.SafeNext(out.Next, in.Home)
	if out.NoAccount != "" {
		return web.HTML(c, http.StatusOK, writer(RenderSSOArrived, SSOArrivedView{
			Tenant: view(t), Why: string(out.NoAccount), NextURL: next,
		}))
	}
	return c.Redirect(http.StatusSeeOther, next)
}

// askLink is GET /auth/sso/link: the password of the login with the same mail address.
func (h *Handlers) askLink(c echo.Context) error {
	return h.showLink(c, c.QueryParam("token"), "", http.StatusOK)
}

func (h *Handlers) showLink(c echo.Context, token, problem string, status int) error {
	t := home(c)
	linking, err := h.SSO.LinkOf(c.Request().Context(), t.ID, token, web.FormCookie.Read(c.Request(), t.Scheme))
	if err != nil {
		return err
	}
	web.Secure(c, assets.PolicyAway) // back to the console, perhaps
	return web.HTML(c, status, writer(RenderSSO, SSOView{
		Tenant: view(t), Title: "Is this you?", Why: t.Name + "’s login says that you are " + linking.Person.Email + ". That login exists here already.",
		Do: "Type its password once. From then on you sign in without it.", SignInURL: signInPath,
		Link: &SSOLink{
			Action: ssoLinkPath, Token: access.CSRF(web.Anonymous(c, t.Scheme)), Secret: token, Mail: linking.Person.Email, PasswordError: problem,
			ForgotURL: signInPath + "/forgot",
		},
	}))
}

// link is POST /auth/sso/link.
func (h *Handlers) link(c echo.Context) error {
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	ctx, t, token := c.Request().Context(), home(c), in.Get("token")
	if err := web.CheckAnonymous(c, t.Scheme, in); err != nil {
		return err
	}
	browser := web.FormCookie.Read(c.Request(), t.Scheme)
	linking, err := h.SSO.TryLink(ctx, t.ID, token, browser)
	if err != nil {
		return err
	}
	person, problem, err := h.entrance(c).Knows(ctx, web.Attempt{From: hostroute.ClientIP(c), Mail: linking.Person.Email, Password: in.Get("password")})
	if err != nil {
		return err
	}
	switch problem {
	case assets.NoProblem:
	case assets.Paused:
		return h.showLink(c, token, "Too many tries. Wait some minutes and try again.", http.StatusTooManyRequests)
	case assets.Disabled:
		return &sso.Refusal{Kind: sso.Disabled}
	default:
		return h.showLink(c, token, "This is not the password of this login. Check it and try again.", http.StatusUnprocessableEntity)
	}
	out, err := h.SSO.Link(ctx, t, token, browser, person, hostroute.ClientIP(c).String())
	if err != nil {
		return err
	}
	return h.arrive(c, out)
}

// offerSSO puts the company's own login on the sign-in page.
func (h *Handlers) offerSSO(c echo.Context, form *assets.SignInForm) error {
	if h.SSO == nil {
		return nil
	}
	set, err := h.SSO.Of(c.Request().Context(), home(c).ID)
	if err != nil || !set.On {
		return err
	}
	form.SSOURL, form.SSOName, form.SSOOnly = sso.StartPath, home(c).Name, set.Required
	if form.Next != "" {
		form.SSOURL += "?next=" + url.QueryEscape(form.Next)
	}
	return nil
}

// viaSSO leads somebody to the company's provider who types a mail address of a domain
// that belongs to it: without a password, or where passwords do not do.
func (h *Handlers) viaSSO(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h.SSO == nil || c.Path() != signInPath || home(c).State != tenant.Active {
			return next(c)
		}
		in, err := web.Form(c)
		if err != nil {
			return err
		}
		if in.Get("password") != "" || web.CheckAnonymous(c, home(c).Scheme, in) != nil {
			return next(c)
		}
		set, err := h.SSO.Of(c.Request().Context(), home(c).ID)
		if err != nil {
			return err
		}
		if !set.Leads(in.Get("email")) {
			return next(c)
		}
		to := url.Values{"mail": {in.Get("email")}}
		if after := access.SafeNext(in.Get("next"), ""); after != "" {
			to.Set("next", after)
		}
		return c.Redirect(http.StatusSeeOther, sso.StartPath+"?"+to.Encode())
	}
}
