package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// newAccount is GET /tenants/:id/accounts/new.
func (h *Handlers) newAccount(c echo.Context, v *visitor) error {
	if err := v.mayChange(access.ManageAccounts); err != nil {
		return err
	}
	form, err := h.accountForm(c, v, nil)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderNewAccount, form))
}

func (h *Handlers) accountForm(c echo.Context, v *visitor, in url.Values) (NewAccountView, error) {
	form := NewAccountView{
		Shell: h.shell(v), Action: h.roomURL(v.tenant) + "/accounts", Token: access.CSRF(v.session),
		CancelURL: h.roomURL(v.tenant), HandleHost: v.tenant.HandleDomain,
		Username: strings.TrimSpace(in.Get("username")), DisplayName: strings.TrimSpace(in.Get("display_name")),
	}
	err := h.sayCharge(c, v, &form)
	return form, err
}

// sayCharge says before an account is made that it costs something besides the plan, or that
// the plan has no more.
func (h *Handlers) sayCharge(c echo.Context, v *visitor, form *NewAccountView) error {
	limits := v.tenant.Entitlement.Limits
	if limits.Accounts == 0 {
		form.PlanNote = h.planNote(v, entitled.ToGrow(v.tenant))
		return nil
	}
	return h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		n, err := store.CountOwnAccounts(ctx, scope)
		if err != nil {
			return err
		}
		form.PlanNote = h.planNote(v, entitled.ToAddAccount(v.tenant, n))
		if !limits.MoreAccounts || h.Offers == nil || form.PlanNote != nil {
			return nil
		}
		if p, ok := h.Offers.Plan(v.tenant.Entitlement.Plan); ok && p.Limits.Accounts > 0 && n >= p.Limits.Accounts {
			form.Included, form.Plan = p.Limits.Accounts, p.Name
		}
		return nil
	})
}

// create is POST /tenants/:id/accounts. Whoever makes an account owns it.
func (h *Handlers) create(c echo.Context, v *visitor) error {
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	if err := access.CheckCSRF(v.session, in.Get(web.TokenField)); err != nil {
		return err
	}
	if err := v.mayChange(access.ManageAccounts); err != nil {
		return err
	}
	form, err := h.accountForm(c, v, in)
	if err != nil {
		return err
	}
	if form.DisplayName = htmlsafe.Name(form.DisplayName); utf8.RuneCountInString(form.DisplayName) > account.MaxDisplayName {
		form.NameError = "A display name has at most " + ids.Format(account.MaxDisplayName) + " characters."
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderNewAccount, form))
	}
	ctx := c.Request().Context()
	made, err := h.Accounts.Create(ctx, v.tenant, account.Local{Username: form.Username, DisplayName: form.DisplayName}, h.ownedBy(c, v))
	switch code := fault.CodeOf(err); code {
	case "":
		return c.Redirect(http.StatusSeeOther, h.accountURL(v.tenant, made))
	case fault.Invalid, fault.Conflict:
		form.UsernameError = fault.TextOf(err)
		return web.HTML(c, web.StatusOf(err), writer(RenderNewAccount, form))
	}
	if form.PlanNote = h.planNote(v, err); form.PlanNote == nil {
		return err
	}
	return web.HTML(c, web.StatusOf(err), writer(RenderNewAccount, form))
}

// ownedBy makes the visitor the owner of a new account, and records it.
func (h *Handlers) ownedBy(c echo.Context, v *visitor) func(*pg.Scope, *social.Account) error {
	ctx := c.Request().Context()
	return func(scope *pg.Scope, a *social.Account) error {
		if err := people.Grant(ctx, scope, a.ID, v.person.ID, people.Owner); err != nil {
			return err
		}
		return audit.Append(ctx, scope, h.accountEntry(c, v, a, "account.create"))
	}
}

// account is GET /tenants/:id/accounts/:account: how to work as it.
func (h *Handlers) account(c echo.Context, v *visitor) error {
	id, ok := ids.Parse(c.Param("account"))
	if !ok {
		return web.ErrNotFound
	}
	out := AccountMadeView{
		Shell: h.shell(v), ServerName: v.tenant.Host, Mail: v.person.Email, AccountsURL: h.roomURL(v.tenant),
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		a, err := store.AccountByID(ctx, scope, social.AccountID(id))
		if err != nil {
			return err
		}
		if !a.IsLocal() {
			return web.ErrNotFound
		}
		roles, err := rolesOf(ctx, scope, v.person.ID)
		out.Account = h.accountView(v.tenant, a, roles[a.ID])
		out.ProfileURL = h.accountURL(v.tenant, a) + "/profile"
		out.PublicURL = v.tenant.URL("/@" + a.Username)
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderAccountMade, out))
}
