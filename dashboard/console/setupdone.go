package console

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// setupItem is one of the things that make a company ready.
type setupItem string

const (
	itemDomain  setupItem = "domain"
	itemAccount setupItem = "account"
	itemPicture setupItem = "picture"
	itemPeople  setupItem = "people"
	itemWords   setupItem = "words"
	itemFactor  setupItem = "factor"
)

// ready is what is there of a company, as the rooms have it.
type ready struct {
	accounts []*social.Account
	is       map[setupItem]bool
}

func (h *Handlers) readyOf(ctx context.Context, scope *pg.Scope, v *visitor) (ready, error) {
	out := ready{is: map[setupItem]bool{itemDomain: v.tenant.Federates()}}
	var err error
	if out.accounts, err = store.LocalAccounts(ctx, scope, maxListed); err != nil {
		return out, err
	}
	out.is[itemAccount] = len(out.accounts) > 0
	out.is[itemPicture] = slices.ContainsFunc(out.accounts, func(a *social.Account) bool { return a.AvatarKey != "" })
	members, err := store.Members(ctx, scope, 0, 2)
	if err != nil {
		return out, err
	}
	invited, err := h.People.Invitations(ctx, scope)
	if err != nil {
		return out, err
	}
	out.is[itemPeople] = len(members) > 1 || len(invited) > 0
	brand, err := store.BrandOf(ctx, scope)
	if err != nil {
		return out, err
	}
	rules, err := store.Rules(ctx, scope)
	out.is[itemWords] = brand.About != "" || len(rules) > 0
	return out, err
}

// itemURL is where each is done.
func (h *Handlers) itemURL(v *visitor, item setupItem, accounts []*social.Account) string {
	switch item {
	case itemDomain:
		return h.domainsURL(v.tenant)
	case itemPicture:
		if len(accounts) > 0 {
			return h.accountURL(v.tenant, accounts[0]) + "/profile"
		}
	case itemPeople:
		return h.peopleURL(v.tenant)
	case itemWords:
		return h.roomURL(v.tenant) + "/" + string(Branding)
	case itemFactor:
		return h.Base + ownPath
	case itemAccount:
	}
	return h.roomURL(v.tenant)
}

// setupDone is GET …/setup/done: what is left to do, from what is there.
func (h *Handlers) setupDone(c echo.Context, v *visitor) error {
	view := SetupDoneView{
		Company: v.tenant.Name, Token: access.CSRF(v.session), EndAction: h.setupURL(v.tenant) + "/end",
		PublicURL: v.tenant.URL("/"), PublicTo: v.tenant.Host,
	}
	var has ready
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		frame, err := h.setupFrame(ctx, scope, v, 0)
		if err != nil {
			return err
		}
		view.Setup = *frame
		has, err = h.readyOf(ctx, scope, v)
		return err
	})
	if err != nil {
		return err
	}
	err = h.DB.Platform(c.Request().Context(), "see whether a person has a second factor", func(tx *pg.PlatformTx) error {
		strong, err := store.PersonsWithFactors(c.Request().Context(), tx, []social.PersonID{v.person.ID}, "")
		has.is[itemFactor] = len(strong) > 0
		return err
	})
	if err != nil {
		return err
	}
	for _, it := range setupItems {
		row := SetupItem{Text: it.done, URL: h.itemURL(v, it.item, has.accounts), IsDone: true}
		if !has.is[it.item] {
			row.Text, row.Why, row.IsDone = it.todo, it.why, false
			view.Left++
		}
		view.Items = append(view.Items, row)
	}
	return web.HTML(c, http.StatusOK, writer(RenderSetupDone, view))
}
