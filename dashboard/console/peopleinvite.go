package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

const grantField = "account_"

// inviteForm is the empty form.
func (h *Handlers) inviteForm(v *visitor, accounts []*social.Account) *InviteForm {
	form := &InviteForm{Action: h.peopleURL(v.tenant) + "/invitations", Token: access.CSRF(v.session), Role: Role(people.MemberPlain), Places: v.places(), Roles: grantChoices}
	if v.mayChange(access.ManageAccounts) == nil {
		form.Grants = h.grantFields(v, accounts, nil)
	}
	return form
}

// places are those that the visitor may give.
func (v *visitor) places() (out []RoleChoice) {
	for _, p := range placeChoices {
		if access.MayPlace(v.role, people.Membership(p.Role)) == nil {
			out = append(out, p)
		}
	}
	return out
}

func (h *Handlers) grantFields(v *visitor, accounts []*social.Account, roles map[social.AccountID]people.Role) []GrantField {
	out := make([]GrantField, len(accounts))
	for i, a := range accounts {
		shown := h.accountView(v.tenant, a, roles[a.ID])
		out[i] = GrantField{Field: grantField + shown.ID, Name: shown.Name, Handle: shown.Handle, Avatar: shown.Avatar, Role: shown.Role}
	}
	return out
}

// invite is POST /tenants/:id/people/invitations.
func (h *Handlers) invite(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManagePeople); err != nil {
		return err
	}
	n := people.NewInvitation{Email: in.Get("email"), Role: people.Membership(in.Get("role")), Grants: grantsIn(in), Locale: v.person.Locale}
	if len(n.Grants) > 0 {
		if err := v.mayChange(access.ManageAccounts); err != nil {
			return err
		}
	}
	if _, err := people.NormaliseEmail(n.Email); err != nil {
		return h.invitedBadly(c, v, in, http.StatusUnprocessableEntity, inviteTrouble(strings.TrimSpace(n.Email)), "")
	}
	_, err = h.People.Invite(c.Request().Context(), v.tenant, v.by(c), n, h.invitationURL())
	switch fault.CodeOf(err) {
	case "":
		return c.Redirect(http.StatusSeeOther, h.peopleURL(v.tenant)+"#invitations")
	case fault.Conflict:
		return h.invitedBadly(c, v, in, web.StatusOf(err), fault.TextOf(err), "")
	case fault.TooMany, fault.Invalid:
		return h.invitedBadly(c, v, in, web.StatusOf(err), "", fault.TextOf(err))
	}
	if note := h.planNote(v, err); note != nil {
		return h.invitedBadly(c, v, in, web.StatusOf(err), "", "", note)
	}
	return err
}

// inviteTrouble says what is wrong with a mail address.
func inviteTrouble(typed string) string {
	if typed == "" {
		return "Type the mail of whoever you want to invite."
	}
	return mailTrouble(typed)
}

// grantsIn reads the fields of accounts. What is no role is refused by the rules.
func grantsIn(in url.Values) (out []people.Invited) {
	for field, values := range in {
		text, ok := strings.CutPrefix(field, grantField)
		id, isID := ids.Parse(text)
		if ok && isID && values[0] != "" && len(out) < maxListed {
			out = append(out, people.Invited{Account: social.AccountID(id), Role: people.Role(values[0])})
		}
	}
	return out
}

func (h *Handlers) invitedBadly(c echo.Context, v *visitor, in url.Values, status int, ofMail, ofForm string, note ...*PlanNote) error {
	view, err := h.peopleView(c, v)
	if err != nil {
		return err
	}
	form := view.Invite
	form.Mail, form.MailError, form.FormError = strings.TrimSpace(in.Get("email")), ofMail, ofForm
	if len(note) > 0 {
		form.PlanNote = note[0]
	}
	form.Role = Role(in.Get("role"))
	for i := range form.Grants {
		form.Grants[i].Role = Role(in.Get(form.Grants[i].Field))
	}
	return web.HTML(c, status, writer(RenderPeople, view))
}

func (h *Handlers) invitationRows(c echo.Context, v *visitor, list []*people.Invitation) ([]InvitationRow, error) {
	inviters := make([]social.PersonID, len(list))
	for i, inv := range list {
		inviters[i] = inv.InvitedBy
	}
	names, err := h.People.ByIDs(c.Request().Context(), inviters)
	out := make([]InvitationRow, len(list))
	for i, inv := range list {
		row := InvitationRow{
			Mail: inv.Email, Role: Role(inv.Role), By: peopleGone, Sent: inv.SentAt, Expires: inv.ExpiresAt, IsExpired: inv.State == people.InvitationExpired,
		}
		if p := names[inv.InvitedBy]; p != nil {
			row.By = personView(p).Name
		}
		if access.MayPlace(v.role, inv.Role) == nil {
			here := h.peopleURL(v.tenant) + "/invitations/" + ids.Format(inv.ID)
			row.ResendAction, row.RevokeAction = here+"/resend", here+"/revoke"
		}
		out[i] = row
	}
	return out, err
}

// reinvite is POST …/invitations/:invitation/resend.
func (h *Handlers) reinvite(c echo.Context, v *visitor) error {
	return h.onInvitation(c, v, func(id int64) error {
		return h.People.Reinvite(c.Request().Context(), v.tenant, v.by(c), id, h.invitationURL())
	})
}

// uninvite is POST …/invitations/:invitation/revoke.
func (h *Handlers) uninvite(c echo.Context, v *visitor) error {
	return h.onInvitation(c, v, func(id int64) error {
		return h.People.Uninvite(c.Request().Context(), v.tenant, v.by(c), id)
	})
}

func (h *Handlers) onInvitation(c echo.Context, v *visitor, act func(id int64) error) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := v.mayChange(access.ManagePeople); err != nil {
		return err
	}
	id, ok := ids.Parse(c.Param("invitation"))
	if !ok {
		return web.ErrNotFound
	}
	if err := act(id); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.peopleURL(v.tenant)+"#invitations")
}
