package console

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/people"
)

const (
	securityPath = "/tenants/:id/security"
	// securityCounted bounds whom the room looks at to say who has no second factor.
	securityCounted = 1000
)

// registerSecurity puts the room on the console where a company says what it asks for when
// its people sign in.
func (h *Handlers) registerSecurity(show, post func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			if err := v.may(access.ManageSecurity); err != nil {
				return err
			}
			v.place = Security
			return next(c, v)
		}))
	}
	show(securityPath, in(h.security))
	post(securityPath, in(h.requireFactor))
}

// security is GET /tenants/:id/security.
func (h *Handlers) security(c echo.Context, v *visitor) error {
	return h.showSecurity(c, v, http.StatusOK)
}

func (h *Handlers) showSecurity(c echo.Context, v *visitor, status int) error {
	here := h.roomURL(v.tenant) + "/security"
	view := SecurityView{Shell: h.shell(v), Token: access.CSRF(v.session), OwnURL: h.Base + ownPath, IsProven: v.session.Factors > 1, IsRefused: status != http.StatusOK}
	if h.SSO != nil {
		view.SSOURL = h.ssoURL(v.tenant)
	}
	if v.mayChange(access.ManageSecurity) == nil {
		view.Action = here
	}
	var members []*store.Member
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if view.IsOn, err = access.NeedsSecondFactor(ctx, scope); err != nil {
			return err
		}
		members, err = store.Members(ctx, scope, 0, securityCounted)
		return err
	})
	if err != nil {
		return err
	}
	ctx, list := c.Request().Context(), membersIDs(members)
	have, err := h.Factors.AmongPeople(ctx, list)
	if err != nil {
		return err
	}
	names, err := h.People.ByIDs(ctx, list)
	if err != nil {
		return err
	}
	rows := securityRows(v, members, names, have)
	view.Asked = whoIsAsked(rows)
	view.Members, view.MoreURL = pageOfSecurity(rows, c.QueryParam("after"), here)
	return web.HTML(c, status, writer(RenderSecurity, view))
}

func securityRows(v *visitor, members []*store.Member, names map[social.PersonID]*people.Person, have map[social.PersonID]factor.Kinds) []SecurityRow {
	out := make([]SecurityRow, len(members))
	for i, m := range members {
		kinds := have[m.PersonID]
		out[i] = SecurityRow{
			Person: Person{ID: ids.Format(int64(m.PersonID)), Name: peopleGone}, Role: Role(m.Role), IsYou: m.PersonID == v.person.ID,
			HasTOTP: kinds.TOTP, HasPasskey: kinds.Passkey,
		}
		if p := names[m.PersonID]; p != nil {
			out[i].Person = personView(p)
		}
	}
	return out
}

// pageOfSecurity is the part of the list that comes after a person.
func pageOfSecurity(rows []SecurityRow, after, here string) (page []SecurityRow, moreURL string) {
	for i, row := range rows {
		if row.Person.ID == after {
			rows = rows[i+1:]
			break
		}
	}
	if len(rows) <= peopleListed {
		return rows, ""
	}
	return rows[:peopleListed], here + "?after=" + rows[peopleListed-1].Person.ID
}

// requireFactor is POST /tenants/:id/security. Who asks it of others has shown one: an owner
// without would be locked out by their own click.
func (h *Handlers) requireFactor(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManageSecurity); err != nil {
		return err
	}
	required := in.Get("required") != ""
	if required && v.session.Factors < 2 {
		return h.showSecurity(c, v, http.StatusUnprocessableEntity)
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		before, err := access.NeedsSecondFactor(ctx, scope)
		if err != nil || before == required {
			return err
		}
		if err := store.SetNeedsSecondFactor(ctx, scope, required); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{
			Actor: v.actor(c), Action: "security.require_second_factor", Target: "tenant:" + v.tenant.ID.String(),
			Detail: map[string]string{"required": strconv.FormatBool(required)},
		})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(v.tenant)+"/security")
}
