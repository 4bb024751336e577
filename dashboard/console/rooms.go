package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
	"rookery/tenant/setup"
)

const maxListed = 100

// tenants is GET /tenants: the companies of whoever asks.
func (h *Handlers) tenants(c echo.Context, v *visitor) error {
	ctx := c.Request().Context()
	mine, err := h.People.TenantsOf(ctx, v.person.ID)
	if err != nil {
		return err
	}
	counts, err := h.countAccounts(ctx, mine)
	if err != nil {
		return err
	}
	out := TenantsView{Shell: h.shell(v)}
	if h.SignUp {
		out.NewURL = h.Base + setupPath
	}
	for _, m := range mine {
		t, ok := h.Tenants.ByID(m.Tenant)
		if !ok || t.State == tenant.Deleted {
			continue
		}
		out.Tenants = append(out.Tenants, Tenant{
			Name: t.Name, HandleHost: t.HandleDomain, Logo: logo(t), Role: Role(m.Role), Accounts: counts[t.ID],
			URL: h.roomURL(t), IsReadOnly: t.State != tenant.Active,
		})
	}
	return web.HTML(c, http.StatusOK, writer(RenderTenants, out))
}

func (h *Handlers) countAccounts(ctx context.Context, mine []people.TenantRole) (counts map[tenant.ID]int, err error) {
	list := make([]tenant.ID, len(mine))
	for i, m := range mine {
		list[i] = m.Tenant
	}
	err = h.DB.Platform(ctx, "count the accounts of a person's companies", func(tx *pg.PlatformTx) (err error) {
		counts, err = store.CountAccounts(ctx, tx, list)
		return err
	})
	return counts, err
}

// accounts is GET /tenants/:id: what the company speaks as.
func (h *Handlers) accounts(c echo.Context, v *visitor) error {
	out := AccountsView{Shell: h.shell(v), SignInHost: v.tenant.Host}
	if v.mayChange(access.ManageAccounts) == nil {
		out.NewURL = h.roomURL(v.tenant) + "/accounts/new"
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		all, err := store.LocalAccounts(ctx, scope, maxListed)
		if err != nil {
			return err
		}
		roles, err := rolesOf(ctx, scope, v.person.ID)
		for _, a := range all {
			out.Accounts = append(out.Accounts, h.accountView(v.tenant, a, roles[a.ID]))
		}
		if err != nil || v.mayChange(access.SetUp) != nil {
			return err
		}
		row, err := setup.Of(ctx, scope)
		if row != nil && row.EndedAt == nil {
			out.SetupURL, out.SetupEndAction = h.setupURL(v.tenant), h.setupURL(v.tenant)+"/end"
		}
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderAccounts, out))
}

func rolesOf(ctx context.Context, scope *pg.Scope, person social.PersonID) (map[social.AccountID]people.Role, error) {
	mine, err := people.AccountsOf(ctx, scope, person)
	roles := make(map[social.AccountID]people.Role, len(mine))
	for _, m := range mine {
		roles[m.Account.ID] = m.Role
	}
	return roles, err
}

func (h *Handlers) accountView(t *tenant.Tenant, a *social.Account, role people.Role) Account {
	name := htmlsafe.Name(a.DisplayName)
	if name == "" {
		name = a.Username
	}
	avatar := assets.Avatar{Name: name, Seed: ids.Format(int64(a.ID))}
	if a.AvatarKey != "" {
		avatar.URL = h.Media.Avatar(t.ID, a)
	}
	return Account{
		ID: ids.Format(int64(a.ID)), Name: name, Handle: "@" + a.Username + "@" + t.HandleDomain, Avatar: avatar,
		Followers: a.FollowersCount, Posts: a.StatusesCount, Role: Role(role), URL: h.accountURL(t, a),
	}
}

func (h *Handlers) shell(v *visitor) Shell {
	s := Shell{
		Person: Person{ID: ids.Format(int64(v.person.ID)), Name: v.person.Name, Mail: v.person.Email},
		Token:  access.CSRF(v.session), SignOutURL: h.Base + "/sign_out", TenantsURL: h.Base + "/tenants", OwnURL: h.Base + ownPath,
	}
	if s.Person.Name == "" {
		s.Person.Name = v.person.Email
	}
	if v.tenant != nil {
		s.Room = &Room{
			Name: v.tenant.Name, HandleHost: v.tenant.HandleDomain, Logo: logo(v.tenant), Role: Role(v.role),
			AccountsURL: h.roomURL(v.tenant), DomainsURL: h.domainsURL(v.tenant), PublishURL: h.publishURL(v.tenant), InboxURL: h.inboxURL(v.tenant), InsightsURL: h.insightsURL(v.tenant), OpenThreads: v.openThreads,
			Current: v.place,
		}
		s.Room.More, s.Room.Standing = h.companyEntries(v), h.standingNote(v)
		s.Room.IsEnding = v.tenant.State == tenant.Deleting
		if v.may(access.EndCompany) == nil {
			s.Room.EndingURL = h.endingURL(v.tenant)
		}
	}
	return s
}

func logo(t *tenant.Tenant) assets.Avatar { return assets.Avatar{Name: t.Name, Seed: t.ID.String()} }

func (h *Handlers) roomURL(t *tenant.Tenant) string { return h.Base + "/tenants/" + t.ID.String() }

func (h *Handlers) accountURL(t *tenant.Tenant, a *social.Account) string {
	return h.roomURL(t) + "/accounts/" + ids.Format(int64(a.ID))
}
