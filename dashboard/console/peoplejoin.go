package console

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

const invitationPath = "/invitation"

// invitationURL is where mails lead, less the secret.
func (h *Handlers) invitationURL() string {
	return h.Scheme + "://" + h.Host + h.Base + invitationPath + "?token="
}

// guest is who opens an invitation.
type guest struct {
	session *access.Session // nil: nobody is signed in
	person  *people.Person
	inv     *people.Invitation
	tenant  *tenant.Tenant
	isKnown bool // the invited address has a login
}

// guest finds out who asks, and by which invitation. A dead link is no error: inv is nil.
func (h *Handlers) guest(c echo.Context, secret string) (*guest, error) {
	ctx := c.Request().Context()
	g := &guest{}
	session, err := h.in.Session(c)
	if err == nil {
		if g.person, err = h.People.ByID(ctx, session.Person); err != nil {
			return nil, err
		}
		g.session = session
	} else if !web.IsNobody(err) {
		return nil, err
	}
	g.inv, g.isKnown, err = h.People.InvitationOf(ctx, secret)
	if errors.Is(err, people.ErrLink) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	if t, ok := h.Tenants.ByID(g.inv.Tenant); ok && t.State == tenant.Active {
		g.tenant = t
	}
	return g, nil
}

// invitation is GET /invitation: what it is about. It changes nothing: mail filters open links.
func (h *Handlers) invitation(c echo.Context) error {
	secret := c.QueryParam("token")
	g, err := h.guest(c, secret)
	if err != nil {
		return err
	}
	return h.showJoin(c, http.StatusOK, h.joinView(c, g, secret))
}

func (h *Handlers) showJoin(c echo.Context, status int, view JoinView) error {
	if view.Trouble != "" {
		status = http.StatusGone
	}
	web.Secure(c, assets.Policy)
	return web.HTML(c, status, writer(RenderJoin, view))
}

func (h *Handlers) joinView(c echo.Context, g *guest, secret string) JoinView {
	view := JoinView{Host: h.Host, HomeURL: h.Base + "/", Secret: secret}
	if view.Trouble, view.Advice = g.trouble(); view.Trouble != "" {
		return view
	}
	view.Company, view.Mail, view.Role = g.tenant.Name, g.inv.Email, Role(g.inv.Role)
	back := "?again=1&next=" + url.QueryEscape(h.Base+invitationPath+"?token="+url.QueryEscape(secret))
	view.SignInURL = h.in.Path + back
	switch {
	case g.person != nil && g.person.Email != g.inv.Email:
		view.SignedInAs = g.person.Email
		if !g.isKnown {
			view.SignInURL = "" // that address has no login: it needs a browser where nobody is signed in
		}
	case g.person != nil:
		view.Action, view.Token = h.Base+invitationPath, access.CSRF(g.session)
	case !g.isKnown:
		view.IsNew, view.Action, view.Token = true, h.Base+invitationPath, access.CSRF(web.Anonymous(c, h.Scheme))
	}
	return view
}

// trouble says why an invitation does not work, and what to do.
func (g *guest) trouble() (what, todo string) {
	switch {
	case g.inv == nil:
		return "This link does not work", "It may be incomplete, or a newer mail has replaced it. Open the link of the latest mail, or ask for a new invitation."
	case g.inv.State == people.InvitationAccepted:
		return "This invitation was accepted already", "It works once. If it was you, sign in."
	case g.inv.State == people.InvitationRevoked:
		return "This invitation was taken back", "Ask whoever invited you, if you think that this is a mistake."
	case g.inv.State == people.InvitationExpired:
		return "This invitation has expired", "It worked for a week. Ask whoever invited you to send it again."
	case g.tenant == nil:
		return "Nobody can join this company now", "It is suspended, or about to be deleted. Ask whoever invited you."
	}
	return "", ""
}

// join is POST /invitation.
func (h *Handlers) join(c echo.Context) error {
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	secret := in.Get("token")
	g, err := h.guest(c, secret)
	if err != nil {
		return err
	}
	bound := g.session
	if bound == nil {
		bound = &access.Session{Token: web.FormCookie.Read(c.Request(), h.Scheme)}
	}
	if err := access.CheckCSRF(bound, in.Get(web.TokenField)); err != nil {
		return err
	}
	view := h.joinView(c, g, secret)
	switch {
	case view.Trouble != "" || view.SignedInAs != "":
		return h.showJoin(c, http.StatusForbidden, view)
	case view.Action == "":
		return c.Redirect(http.StatusSeeOther, view.SignInURL)
	case g.session != nil:
		if _, err := h.People.Accept(c.Request().Context(), secret, g.person.ID, g.person.Actor(hostroute.ClientIP(c).String())); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, h.roomURL(g.tenant))
	}
	return h.joinAnew(c, g, view, in)
}

// joinAnew makes the login of somebody whom the link has proved, and signs them in.
func (h *Handlers) joinAnew(c echo.Context, g *guest, view JoinView, in url.Values) error {
	ctx, from := c.Request().Context(), hostroute.ClientIP(c)
	view.Name = in.Get("name")
	if err := h.Logins.AttemptFrom(ctx, from); err != nil {
		if fault.CodeOf(err) != fault.TooMany {
			return err
		}
		view.FormError = "Too many tries. Wait some minutes and try again."
		return h.showJoin(c, http.StatusTooManyRequests, view)
	}
	n := people.NewPerson{Name: view.Name, Password: in.Get("password")}
	person, _, err := h.People.AcceptNew(ctx, view.Secret, n, audit.Actor{Kind: audit.Person, Address: from.String()})
	switch fault.CodeOf(err) {
	case "":
	case fault.Invalid:
		view.Password = fault.TextOf(err)
		return h.showJoin(c, http.StatusUnprocessableEntity, view)
	default:
		return err
	}
	if err := h.Logins.Succeeded(ctx, from, person.Email); err != nil {
		return err
	}
	if _, err := h.in.Renew(c, person.ID, 1); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(g.tenant))
}
