package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// member is GET /tenants/:id/people/:person.
func (h *Handlers) member(c echo.Context, v *visitor) error {
	view, err := h.memberView(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderMember, view))
}

func personIn(c echo.Context) (social.PersonID, error) {
	id, ok := ids.Parse(c.Param("person"))
	if !ok {
		return 0, web.ErrNotFound
	}
	return social.PersonID(id), nil
}

func (h *Handlers) memberView(c echo.Context, v *visitor) (MemberView, error) {
	view := MemberView{Shell: h.shell(v), Token: access.CSRF(v.session), ListURL: h.peopleURL(v.tenant), Roles: grantChoices}
	id, err := personIn(c)
	if err != nil {
		return view, err
	}
	var m *store.Member
	var accounts []*social.Account
	roles := map[social.AccountID]people.Role{}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if m, err = store.MemberByPerson(ctx, scope, id); err != nil {
			return err
		}
		if accounts, err = store.LocalAccounts(ctx, scope, maxListed); err != nil {
			return err
		}
		roles, err = rolesOf(ctx, scope, id)
		return err
	})
	if err != nil {
		return view, err
	}
	known, err := h.aboutPeople(c.Request().Context(), v.tenant.ID, []social.PersonID{id})
	if err != nil {
		return view, err
	}
	view.Member = h.memberRow(v, m, known)
	here := h.personURL(v.tenant, id)
	if access.MayPlace(v.role, people.Membership(m.Role)) == nil {
		if v.mayChange(access.ManagePeople) == nil {
			view.Places, view.PlaceURL = v.places(), here+"/membership"
		}
		view.AwayURL = here + "/away"
	}
	if v.mayChange(access.ManageAccounts) == nil {
		view.GrantURL = here + "/grants"
	}
	if view.Grants = h.grantFields(v, accounts, roles); view.GrantURL == "" {
		view.Grants = withRole(view.Grants)
	}
	if view.Member.IsYou {
		view.AwayURL, view.LeaveURL = "", h.peopleURL(v.tenant)+"/leave"
	}
	return view, nil
}

func withRole(all []GrantField) (out []GrantField) {
	for _, g := range all {
		if g.Role != "" {
			out = append(out, g)
		}
	}
	return out
}

// setMembership is POST …/people/:person/membership.
func (h *Handlers) setMembership(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManagePeople); err != nil {
		return err
	}
	return h.changeMember(c, v, func(ctx context.Context, scope *pg.Scope, id social.PersonID, called string) error {
		return people.SetMembership(ctx, scope, v.by(c), id, people.Membership(in.Get("role")), called)
	})
}

// setGrants is POST …/people/:person/grants: one field for each account. An account without
// a field stays as it is.
func (h *Handlers) setGrants(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManageAccounts); err != nil {
		return err
	}
	return h.changeMember(c, v, func(ctx context.Context, scope *pg.Scope, id social.PersonID, called string) error {
		accounts, err := store.LocalAccounts(ctx, scope, maxListed)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			values, ok := in[grantField+ids.Format(int64(a.ID))]
			if !ok {
				continue
			}
			if err := people.SetGrant(ctx, scope, v.tenant, v.actor(c), a, id, people.Role(values[0]), called); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeMember runs a change of one member and goes back to their page, which says what
// cannot be.
func (h *Handlers) changeMember(c echo.Context, v *visitor, change func(context.Context, *pg.Scope, social.PersonID, string) error) error {
	id, err := personIn(c)
	if err != nil {
		return err
	}
	called, err := h.called(c, id)
	if err != nil {
		return err
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		// A form that changes nothing must not tell who has a login elsewhere.
		if _, err := store.MemberByPerson(ctx, scope, id); err != nil {
			return err
		}
		return change(ctx, scope, id, called)
	})
	switch fault.CodeOf(err) {
	case "":
		return c.Redirect(http.StatusSeeOther, h.personURL(v.tenant, id))
	case fault.Conflict, fault.Invalid, fault.Forbidden:
		if fault.CodeOf(err) == fault.Forbidden && !entitled.IsNo(err) {
			return err
		}
		view, viewErr := h.memberView(c, v)
		if viewErr != nil {
			return viewErr
		}
		view.Error = fault.TextOf(err)
		return web.HTML(c, web.StatusOf(err), writer(RenderMember, view))
	}
	return err
}

// called is how the audit log names a person, who may be gone when it is read.
func (h *Handlers) called(c echo.Context, id social.PersonID) (string, error) {
	p, err := h.People.ByID(c.Request().Context(), id)
	if err != nil {
		return "", err
	}
	return p.Email, nil
}

// askAway is GET …/people/:person/away.
func (h *Handlers) askAway(c echo.Context, v *visitor) error {
	view, err := h.memberView(c, v)
	if err != nil {
		return err
	}
	if view.AwayURL == "" {
		return v.mayNotSendAway()
	}
	return web.HTML(c, http.StatusOK, writer(RenderAway, h.awayView(v, view.Member.Person.Name, view.AwayURL, view.Member.URL)))
}

// mayNotSendAway says why: owners are for owners, and oneself leaves.
func (v *visitor) mayNotSendAway() error {
	if err := v.may(access.ManagePeople); err != nil {
		return err
	}
	return fault.New(fault.Forbidden, "Owners are sent away by owners, and nobody sends themselves away.")
}

func (h *Handlers) awayView(v *visitor, name, action, cancel string) AwayView {
	return AwayView{Shell: h.shell(v), Token: access.CSRF(v.session), Action: action, CancelURL: cancel, Name: name}
}

// sendAway is POST …/people/:person/away. It works while the company is suspended, too:
// somebody who is to be gone is to be gone now.
func (h *Handlers) sendAway(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := v.may(access.ManagePeople); err != nil {
		return err
	}
	id, err := personIn(c)
	if err != nil {
		return err
	}
	called, err := h.called(c, id)
	if err != nil {
		return err
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return people.SendAway(ctx, scope, v.by(c), id, called)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.peopleURL(v.tenant))
}

// askLeave is GET …/people/leave.
func (h *Handlers) askLeave(c echo.Context, v *visitor) error {
	return web.HTML(c, http.StatusOK, writer(RenderAway, h.leaveView(v)))
}

func (h *Handlers) leaveView(v *visitor) AwayView {
	view := h.awayView(v, "", h.peopleURL(v.tenant)+"/leave", h.personURL(v.tenant, v.person.ID))
	view.IsYou = true
	return view
}

// leave is POST …/people/leave.
func (h *Handlers) leave(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return people.Quit(ctx, scope, v.person.ID, v.actor(c), v.person.Email)
	})
	if fault.CodeOf(err) == fault.Conflict {
		view := h.leaveView(v)
		view.Error = fault.TextOf(err)
		return web.HTML(c, http.StatusConflict, writer(RenderAway, view))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.Base+"/tenants")
}
