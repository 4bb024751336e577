package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

const (
	ssoRoom   = "/tenants/:id/security/sso"
	ssoGate   = "/tenants/:id/sso"
	ssoLeave  = ssoGate + "/go"
	ssoReturn = ssoGate + "/back"
)

// registerSSO puts the room of single sign-on on the console, and the way to it for
// companies that need it.
func (h *Handlers) registerSSO(show, post func(string, echo.HandlerFunc)) {
	if h.SSO == nil {
		return
	}
	secured := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			if err := v.may(access.ManageSecurity); err != nil {
				return err
			}
			v.place = Security
			return next(c, v)
		}))
	}
	show(ssoRoom, secured(h.sso))
	post(ssoRoom, secured(h.changeSSO))
	show(ssoGate, h.signedIn(h.inRoom(h.askSSO)))
	show(ssoLeave, h.signedIn(h.inRoom(h.leaveForSSO)))
	show(ssoReturn, h.signedIn(h.inRoom(h.backFromSSO)))
}

func (h *Handlers) ssoURL(t *tenant.Tenant) string { return h.roomURL(t) + "/security/sso" }

// pastGates keeps those out of a company's room who are to show themselves to the company's
// own provider and have not, and those who are to have a second factor and have none. The
// provider is asked first: it looks after second factors itself, so that who came by it
// where it is the required way is not asked for one of ours.
func (h *Handlers) pastGates(c echo.Context, v *visitor, next handler) error {
	if h.SSO == nil {
		return h.pastFactor(c, v, next)
	}
	switch strings.TrimPrefix(c.Path(), h.Base) {
	case ssoGate, ssoLeave, ssoReturn:
		return next(c, v)
	}
	pass, err := h.SSO.Room(c.Request().Context(), v.tenant.ID, ssoVisitor(c, v))
	switch {
	case err == nil && pass == sso.ByProvider:
		v.isBound = false
		return next(c, v)
	case err == nil:
		return h.pastFactor(c, v, next)
	case !errors.Is(err, sso.ErrRequired), c.Request().Method == http.MethodPost, isStream(c):
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(v.tenant)+"/sso")
}

func (h *Handlers) pastFactor(c echo.Context, v *visitor, next handler) error {
	if v.isBound {
		return h.toFactor(c)
	}
	return next(c, v)
}

func ssoVisitor(c echo.Context, v *visitor) sso.Visitor {
	return sso.Visitor{Session: v.session.Hash, Person: v.person.ID, Address: hostroute.ClientIP(c).String(), IsBound: v.isBound}
}

// askSSO is GET /tenants/:id/sso.
func (h *Handlers) askSSO(c echo.Context, v *visitor) error {
	return h.showSSOGate(c, v, "", http.StatusOK)
}

func (h *Handlers) showSSOGate(c echo.Context, v *visitor, problem string, status int) error {
	outside := *v
	outside.tenant = nil
	return web.HTML(c, status, writer(RenderSSOGate, SSOGateView{
		Shell: h.shell(&outside), Name: v.tenant.Name, GoURL: h.roomURL(v.tenant) + "/sso/go", Problem: problem,
	}))
}

// leaveForSSO is GET /tenants/:id/sso/go: to the company's host and its provider.
func (h *Handlers) leaveForSSO(c echo.Context, v *visitor) error {
	to, err := h.SSO.LeaveConsole(c.Request().Context(), v.tenant, ssoVisitor(c, v))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// backFromSSO is GET /tenants/:id/sso/back.
func (h *Handlers) backFromSSO(c echo.Context, v *visitor) error {
	err := h.SSO.EnterRoom(c.Request().Context(), v.tenant.ID, ssoVisitor(c, v), c.QueryParam("code"))
	var refusal *sso.Refusal
	if errors.As(err, &refusal) {
		return h.showSSOGate(c, v, "This did not work: it took too long, or was begun in another browser. Start again.", http.StatusForbidden)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(v.tenant))
}

// sso is GET of the room.
func (h *Handlers) sso(c echo.Context, v *visitor) error {
	set, err := h.SSO.Of(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return err
	}
	owners, err := h.SSO.Owners(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return err
	}
	view := h.ssoView(v, *set, owners, nil)
	view.IsSaved = c.QueryParam("saved") != "" && web.FromHere(c)
	return web.HTML(c, http.StatusOK, writer(RenderSSO, view))
}

func (h *Handlers) ssoView(v *visitor, set sso.Settings, owners []sso.Owner, chosen []social.PersonID) SSOView {
	view := SSOView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: h.ssoURL(v.tenant), RedirectURI: sso.RedirectURI(v.tenant),
		Issuer: set.Issuer, ClientID: set.ClientID, HasSecret: set.HasSecret, Scopes: strings.Join(set.Scopes, " "),
		MailDomains: strings.Join(set.MailDomains, "\n"), MakeAccount: set.MakeAccount, UsernameClaim: set.UsernameClaim,
		AgainDays: strconv.Itoa(set.AgainDays), IsOn: set.On, IsRequired: set.Required,
		PlanNote: h.without(v, tenant.SingleSignOn),
	}
	for _, role := range []people.Membership{people.MemberPlain, people.MemberModerator, people.MemberBilling, people.MemberAdmin} {
		view.Roles = append(view.Roles, SSORole{Value: string(role), Text: Role(role).Word(), IsChosen: role == set.Role})
	}
	for _, o := range owners {
		name := o.DisplayName
		if name == "" {
			name = o.Person.Email
		}
		view.Owners = append(view.Owners, SSOOwner{
			ID: ids.Format(int64(o.Person.ID)), Name: name, Mail: o.Person.Email, HasPassword: o.CanSignIn,
			IsGlass: chosen == nil && o.IsGlass || slices.Contains(chosen, o.Person.ID),
		})
	}
	return view
}

// changeSSO is POST of the room: it tests, or saves.
func (h *Handlers) changeSSO(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := v.mayChange(access.ManageSecurity); err != nil {
		return err
	}
	before, err := h.SSO.Of(ctx, v.tenant.ID)
	if err != nil {
		return err
	}
	owners, err := h.SSO.Owners(ctx, v.tenant.ID)
	if err != nil {
		return err
	}
	change := ssoChange(in)
	change.HasSecret = before.HasSecret
	if in.Get("act") == "test" {
		view := h.ssoView(v, change.Settings, owners, change.Glass)
		view.IsTested = true
		if !h.Limiter.Take(ssoTests, v.tenant.ID.String()).OK {
			return fault.New(fault.TooMany, "The provider was tested many times. Wait some minutes and try again.")
		}
		if found := h.SSO.Test(ctx, change.Issuer); found != nil {
			view.Finding = found.Text
		}
		return web.HTML(c, http.StatusOK, writer(RenderSSO, view))
	}
	if _, err := strconv.Atoi(in.Get("again_days")); err != nil {
		change.AgainDays = -1
	}
	err = h.SSO.Save(ctx, v.tenant, change, v.actor(c))
	if entitled.IsNo(err) {
		return web.HTML(c, http.StatusForbidden, writer(RenderSSO, h.ssoView(v, change.Settings, owners, change.Glass)))
	}
	var wrong sso.Wrong
	if errors.As(err, &wrong) {
		view := h.ssoView(v, change.Settings, owners, change.Glass)
		view.AgainDays, view.Wrong = in.Get("again_days"), wrong
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderSSO, view))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.ssoURL(v.tenant)+"?saved=1")
}

// ssoChange reads the form.
func ssoChange(in url.Values) sso.Change {
	days, err := strconv.Atoi(strings.TrimSpace(in.Get("again_days")))
	if err != nil {
		days = 0
	}
	change := sso.Change{
		Settings: sso.Settings{
			Issuer: in.Get("issuer"), ClientID: in.Get("client_id"), Scopes: strings.Fields(in.Get("scopes")),
			MailDomains: strings.FieldsFunc(in.Get("mail_domains"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == ';' }),
			Role:        people.Membership(in.Get("role")), MakeAccount: in.Get("make_account") != "", UsernameClaim: in.Get("username_claim"),
			AgainDays: days, On: in.Get("on") != "", Required: in.Get("required") != "",
		},
		Secret: in.Get("client_secret"), Glass: []social.PersonID{},
	}
	for _, text := range in["glass"] {
		if id, ok := ids.Parse(text); ok {
			change.Glass = append(change.Glass, social.PersonID(id))
		}
	}
	return change
}
