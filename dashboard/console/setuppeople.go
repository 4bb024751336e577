package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
	"rookery/tenant/setup"
)

const (
	accountRows = 2
	inviteRows  = 3
	// grantedAtOnce bounds the accounts that an invitation of the set-up lets somebody act as.
	grantedAtOnce = 10
)

// setupPeople is GET …/setup/people.
func (h *Handlers) setupPeople(c echo.Context, v *visitor) error {
	view, err := h.setupPeopleView(c, v, nil)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderSetupPeople, view))
}

// setupPeopleView is the screen with what is there, and the rows as they were typed.
func (h *Handlers) setupPeopleView(c echo.Context, v *visitor, in url.Values) (SetupPeopleView, error) {
	view := SetupPeopleView{
		Company: v.tenant.Name, HandleHost: v.tenant.HandleDomain, Action: h.setupURL(v.tenant) + "/people", Token: access.CSRF(v.session),
		Places: v.places(), Roles: grantChoices, Accounts: accountRowsIn(in), Invites: inviteRowsIn(in),
	}
	if in == nil && entitled.ToUse(v.tenant, tenant.Approvals) != nil {
		for i := range view.Invites {
			view.Invites[i].As = Publisher // nobody is offered what the plan does not have
		}
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		frame, err := h.setupFrame(ctx, scope, v, peopleStep)
		if err != nil {
			return err
		}
		view.Setup = *frame
		made, err := store.LocalAccounts(ctx, scope, maxListed)
		if err != nil {
			return err
		}
		for _, a := range made {
			view.Made = append(view.Made, h.accountView(v.tenant, a, ""))
		}
		invited, err := h.People.Invitations(ctx, scope)
		for _, inv := range invited {
			view.Invited = append(view.Invited, inv.Email)
		}
		return err
	})
	return view, err
}

func accountRowsIn(in url.Values) []SetupAccount {
	rows := make([]SetupAccount, accountRows)
	for i := range rows {
		n := strconv.Itoa(i + 1)
		rows[i] = SetupAccount{Number: i + 1, Username: strings.TrimSpace(in.Get("username_" + n)), DisplayName: strings.TrimSpace(in.Get("display_name_" + n))}
	}
	return rows
}

func inviteRowsIn(in url.Values) []SetupInvite {
	rows := make([]SetupInvite, inviteRows)
	for i := range rows {
		n := strconv.Itoa(i + 1)
		rows[i] = SetupInvite{Number: i + 1, Mail: strings.TrimSpace(in.Get("email_" + n)), Role: Role(in.Get("role_" + n)), As: Role(in.Get("as_" + n))}
		if rows[i].Role == "" {
			rows[i].Role = Role(people.MemberPlain)
		}
		if in == nil {
			rows[i].As = Drafter
		}
	}
	return rows
}

func (a SetupAccount) isEmpty() bool { return a.Username == "" && a.DisplayName == "" }

// saveSetupPeople is POST …/setup/people. Nothing is done while a row is wrong; a row that is
// done already, by the same form sent before, is well.
func (h *Handlers) saveSetupPeople(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	view, err := h.setupPeopleView(c, v, in)
	if err != nil {
		return err
	}
	isWrong := checkAccounts(view.Accounts)
	if checkInvites(view.Invites) || isWrong {
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderSetupPeople, view))
	}
	for _, row := range view.Invites {
		if row.Mail == "" {
			continue
		}
		if err := access.MayPlace(v.role, people.Membership(row.Role)); err != nil {
			return err
		}
	}
	status, err := h.makeAndInvite(c, v, &view)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		// What was done stands among what is there now.
		fresh, err := h.setupPeopleView(c, v, nil)
		if err != nil {
			return err
		}
		fresh.Accounts, fresh.Invites, fresh.FormError, fresh.PlanNote = view.Accounts, view.Invites, view.FormError, view.PlanNote
		return web.HTML(c, status, writer(RenderSetupPeople, fresh))
	}
	if in.Get("more") != "" {
		return c.Redirect(http.StatusSeeOther, view.Action)
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return setup.Mark(ctx, scope, v.actor(c), store.SetupPeople)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.setupURL(v.tenant)+"/done")
}

// checkAccounts says under each row what is wrong with it.
func checkAccounts(rows []SetupAccount) (isWrong bool) {
	seen := map[string]bool{}
	for i := range rows {
		row := &rows[i]
		if row.isEmpty() {
			continue
		}
		row.DisplayName = htmlsafe.Name(row.DisplayName)
		key := strings.ToLower(row.Username)
		switch err := account.ValidateUsername(row.Username); {
		case row.Username == "":
			row.UsernameError = errRowHandle
		case err != nil:
			row.UsernameError = fault.TextOf(err)
		case seen[key]:
			row.UsernameError = errRowHandleSame
		}
		if utf8.RuneCountInString(row.DisplayName) > account.MaxDisplayName {
			row.NameError = errRowName
		}
		seen[key] = true
		isWrong = isWrong || row.UsernameError != "" || row.NameError != ""
	}
	return isWrong
}

// checkInvites says under each row what is wrong with it.
func checkInvites(rows []SetupInvite) (isWrong bool) {
	for i := range rows {
		row := &rows[i]
		if row.Mail == "" {
			continue
		}
		if _, err := people.NormaliseEmail(row.Mail); err != nil {
			row.MailError = inviteTrouble(row.Mail)
		} else if !people.Membership(row.Role).Valid() || row.As != "" && !people.Role(row.As).Valid() {
			row.MailError = errRowRole
		}
		isWrong = isWrong || row.MailError != ""
	}
	return isWrong
}

// makeAndInvite does what the rows say, each in a transaction of its own, accounts first: who
// is invited may act as them. Rows that are done are emptied.
func (h *Handlers) makeAndInvite(c echo.Context, v *visitor, view *SetupPeopleView) (status int, err error) {
	status = http.StatusOK
	for i := range view.Accounts { // two at most
		row := &view.Accounts[i]
		if row.isEmpty() {
			continue
		}
		err := h.makeSetupAccount(c, v, row)
		switch fault.CodeOf(err) {
		case "":
			*row = SetupAccount{Number: row.Number}
		case fault.Conflict:
			row.UsernameError, status = fault.TextOf(err), http.StatusConflict
		default:
			if view.PlanNote = h.planNote(v, err); view.PlanNote == nil {
				return status, err
			}
			status = web.StatusOf(err)
		}
	}
	if status != http.StatusOK {
		return status, nil // nobody is invited to act as what is not there
	}
	grants, err := h.grantable(c, v)
	if err != nil {
		return status, err
	}
	for i := range view.Invites { // three at most
		row := &view.Invites[i]
		if row.Mail == "" {
			continue
		}
		n := people.NewInvitation{Email: row.Mail, Role: people.Membership(row.Role), Locale: v.person.Locale}
		for _, id := range grants {
			if row.As != "" {
				n.Grants = append(n.Grants, people.Invited{Account: id, Role: people.Role(row.As)})
			}
		}
		_, err := h.People.Invite(c.Request().Context(), v.tenant, v.by(c), n, h.invitationURL())
		switch code := fault.CodeOf(err); {
		case err == nil || errors.Is(err, people.ErrInvited):
			*row = SetupInvite{Number: row.Number, Role: Role(people.MemberPlain), As: Drafter}
		case code == fault.Conflict:
			row.MailError, status = fault.TextOf(err), web.StatusOf(err)
		case code == fault.TooMany:
			view.FormError, status = fault.TextOf(err), web.StatusOf(err)
			return status, nil
		default:
			if view.PlanNote = h.planNote(v, err); view.PlanNote == nil {
				return status, err
			}
			return web.StatusOf(err), nil
		}
	}
	return status, nil
}

// makeSetupAccount makes an account that the visitor owns. The one that is there by the same
// form sent before is well.
func (h *Handlers) makeSetupAccount(c echo.Context, v *visitor, row *SetupAccount) error {
	ctx := c.Request().Context()
	_, err := h.Accounts.Create(ctx, v.tenant, account.Local{Username: row.Username, DisplayName: row.DisplayName}, h.ownedBy(c, v))
	if fault.CodeOf(err) != fault.Conflict {
		return err
	}
	return h.DB.Tenant(ctx, v.tenant.ID, func(scope *pg.Scope) error {
		a, findErr := store.AccountByHandle(ctx, scope, social.Handle{User: strings.ToLower(row.Username)})
		if findErr != nil || !a.IsLocal() || a.DisplayName != row.DisplayName {
			return err
		}
		if role, roleErr := people.RoleOf(ctx, scope, a.ID, v.person.ID); roleErr != nil || role != people.Owner {
			return err
		}
		return nil
	})
}

// grantable are the accounts that invitations of the set-up are for.
func (h *Handlers) grantable(c echo.Context, v *visitor) (out []social.AccountID, err error) {
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		all, err := store.LocalAccounts(ctx, scope, grantedAtOnce)
		for _, a := range all {
			out = append(out, a.ID)
		}
		return err
	})
	return out, err
}
