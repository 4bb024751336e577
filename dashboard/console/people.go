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
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// peopleListed is how many members a page shows.
const peopleListed = 50

var errNotActive = fault.New(fault.Forbidden, "The company is not active, so nothing can be changed in it.")

// registerPeople puts the room of people on the console, and the page where invitations lead.
func (h *Handlers) registerPeople(show, post func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = People
			return next(c, v)
		}))
	}
	const room, one, invitation = "/tenants/:id/people", "/tenants/:id/people/:person", "/tenants/:id/people/invitations/:invitation"
	show(room, in(h.people))
	post(room+"/invitations", in(h.invite))
	post(invitation+"/resend", in(h.reinvite))
	post(invitation+"/revoke", in(h.uninvite))
	show(room+"/leave", in(h.askLeave))
	post(room+"/leave", in(h.leave))
	show(one, in(h.member))
	post(one+"/membership", in(h.setMembership))
	post(one+"/grants", in(h.setGrants))
	show(one+"/away", in(h.askAway))
	post(one+"/away", in(h.sendAway))
	show(invitationPath, h.invitation)
	post(invitationPath, h.join)
}

func (h *Handlers) peopleURL(t *tenant.Tenant) string { return h.roomURL(t) + "/people" }

func (h *Handlers) personURL(t *tenant.Tenant, id social.PersonID) string {
	return h.peopleURL(t) + "/" + ids.Format(int64(id))
}

// may says whether the visitor's place in the company allows a deed.
func (v *visitor) may(d access.Deed) error { return access.May(v.role, d) }

// mayChange is may for what changes something: not while the company is suspended or ends.
func (v *visitor) mayChange(d access.Deed) error {
	if err := v.may(d); err != nil {
		return err
	}
	if v.tenant.State != tenant.Active {
		return errNotActive
	}
	return nil
}

// by is the visitor as the rules of people know them.
func (v *visitor) by(c echo.Context) people.By {
	return people.By{Person: v.person.ID, Actor: v.actor(c), May: access.MayPlace}
}

// people is GET /tenants/:id/people.
func (h *Handlers) people(c echo.Context, v *visitor) error {
	view, err := h.peopleView(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderPeople, view))
}

// peopleView is the room without what a form of it has answered.
func (h *Handlers) peopleView(c echo.Context, v *visitor) (PeopleView, error) {
	view := PeopleView{Shell: h.shell(v), Token: access.CSRF(v.session), LeaveURL: h.peopleURL(v.tenant) + "/leave"}
	after, _ := ids.Parse(c.QueryParam("after"))
	var members []*store.Member
	var grants []*store.Operator
	var accounts []*social.Account
	var invitations []*people.Invitation
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if members, err = store.Members(ctx, scope, social.PersonID(after), peopleListed+1); err != nil {
			return err
		}
		if grants, err = store.OperatorsOfPeople(ctx, scope, membersIDs(members)); err != nil {
			return err
		}
		if accounts, err = store.LocalAccounts(ctx, scope, maxListed); err != nil || v.may(access.ManagePeople) != nil {
			return err
		}
		invitations, err = h.People.Invitations(ctx, scope)
		return err
	})
	if err != nil {
		return view, err
	}
	if len(members) > peopleListed {
		members = members[:peopleListed]
		view.MoreURL = h.peopleURL(v.tenant) + "?after=" + ids.Format(int64(members[peopleListed-1].PersonID))
	}
	if view.Members, err = h.memberRows(c, v, members, grants, accounts); err != nil {
		return view, err
	}
	if v.mayChange(access.ManagePeople) == nil {
		view.Invite = h.inviteForm(v, accounts)
		view.Invitations, err = h.invitationRows(c, v, invitations)
	}
	return view, err
}

func membersIDs(members []*store.Member) []social.PersonID {
	out := make([]social.PersonID, len(members))
	for i, m := range members {
		out[i] = m.PersonID
	}
	return out
}

// about is what the platform knows of people.
type about struct {
	names  map[social.PersonID]*people.Person
	visits map[social.PersonID]*store.Visit
	strong map[social.PersonID]bool // have a second factor
}

func (h *Handlers) aboutPeople(ctx context.Context, of tenant.ID, list []social.PersonID) (about, error) {
	out := about{visits: map[social.PersonID]*store.Visit{}, strong: map[social.PersonID]bool{}}
	var err error
	if out.names, err = h.People.ByIDs(ctx, list); err != nil {
		return out, err
	}
	err = h.DB.Platform(ctx, "say when people were here last", func(tx *pg.PlatformTx) error {
		visits, err := store.LastVisits(ctx, tx, of, list)
		if err != nil {
			return err
		}
		for _, at := range visits {
			out.visits[at.PersonID] = at
		}
		strong, err := store.PersonsWithFactors(ctx, tx, list, "")
		for _, id := range strong {
			out.strong[id] = true
		}
		return err
	})
	return out, err
}

func (h *Handlers) memberRows(c echo.Context, v *visitor, members []*store.Member, grants []*store.Operator, accounts []*social.Account) ([]Member, error) {
	known, err := h.aboutPeople(c.Request().Context(), v.tenant.ID, membersIDs(members))
	if err != nil {
		return nil, err
	}
	handles := map[social.AccountID]string{}
	for _, a := range accounts {
		handles[a.ID] = "@" + a.Username
	}
	actsAs := map[social.PersonID][]string{}
	for _, g := range grants {
		if name := handles[g.AccountID]; name != "" {
			actsAs[g.PersonID] = append(actsAs[g.PersonID], name)
		}
	}
	out := make([]Member, len(members))
	for i, m := range members {
		out[i] = h.memberRow(v, m, known)
		out[i].ActsAs = actsAs[m.PersonID]
	}
	return out, nil
}

func (h *Handlers) memberRow(v *visitor, m *store.Member, known about) Member {
	row := Member{
		Person: Person{ID: ids.Format(int64(m.PersonID)), Name: peopleGone}, Role: Role(m.Role), Since: m.CreatedAt, IsYou: m.PersonID == v.person.ID,
		HasFactor: known.strong[m.PersonID], URL: h.personURL(v.tenant, m.PersonID),
	}
	if p := known.names[m.PersonID]; p != nil {
		row.Person = personView(p)
	}
	if at := known.visits[m.PersonID]; at != nil {
		row.LastVisit = at.At
	}
	return row
}

func personView(p *people.Person) Person {
	out := Person{ID: ids.Format(int64(p.ID)), Name: p.Name, Mail: p.Email}
	if out.Name == "" {
		out.Name = p.Email
	}
	return out
}
