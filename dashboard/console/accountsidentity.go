package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/tenant/access"
)

// registerIdentity puts the handle and the keys of an account on the console.
func (h *Handlers) registerIdentity(show, post func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc { return h.signedIn(h.inRoom(next)) }
	const one = "/tenants/:id/accounts/:account"
	show(one+"/handle", in(h.askHandle))
	post(one+"/handle", in(h.setHandle))
	show(one+"/keys", in(h.showKeys))
	post(one+"/keys", in(h.makeKeys))
}

// managed reads the account in the path for somebody who manages the company's accounts.
func (h *Handlers) managed(c echo.Context, v *visitor) (ourAccount, error) {
	a, err := h.ourAccount(c, v)
	if err != nil {
		return a, err
	}
	return a, v.mayChange(access.ManageAccounts)
}

// askHandle is GET …/accounts/:account/handle.
func (h *Handlers) askHandle(c echo.Context, v *visitor) error {
	a, err := h.managed(c, v)
	if err != nil {
		return err
	}
	view, err := h.handleView(c, v, a, nil)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderHandle, view))
}

func (h *Handlers) handleView(c echo.Context, v *visitor, a ourAccount, in url.Values) (HandleView, error) {
	here := h.accountURL(v.tenant, a.Account)
	view := HandleView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Account: h.accountView(v.tenant, a.Account, a.role),
		Name: a.Username, HandleHost: v.tenant.HandleDomain, Action: here + "/handle", BackURL: here + "/profile",
		MaxRenames: account.MaxRenames, Days: account.RenamesDays, Typed: nameIn(in.Get("username")), TypedSure: strings.TrimSpace(in.Get("sure")),
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		names, err := account.FormerNames(ctx, scope, a.Account)
		for _, name := range names {
			view.Former = append(view.Former, "@"+name+"@"+v.tenant.HandleDomain)
		}
		return err
	})
	return view, err
}

// nameIn is the name in what somebody typed, be it a whole handle.
func nameIn(typed string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(typed), "@"), "@")
	return name
}

// setHandle is POST …/accounts/:account/handle: the present name, typed, is the confirmation.
func (h *Handlers) setHandle(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	a, err := h.managed(c, v)
	if err != nil {
		return err
	}
	wanted, isSure := nameIn(in.Get("username")), strings.EqualFold(nameIn(in.Get("sure")), a.Username)
	err = account.ValidateUsername(wanted)
	if err == nil && isSure {
		err = h.rename(c, v, a, wanted)
	}
	if err == nil && isSure {
		return c.Redirect(http.StatusSeeOther, h.accountURL(v.tenant, a.Account)+"/profile")
	}
	view, viewErr := h.handleView(c, v, a, in)
	if viewErr != nil {
		return viewErr
	}
	switch fault.CodeOf(err) {
	case "":
		view.IsUnsure = true
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderHandle, view))
	case fault.Invalid, fault.Conflict, fault.TooMany:
		view.NameError = fault.TextOf(err)
		return web.HTML(c, web.StatusOf(err), writer(RenderHandle, view))
	}
	return err
}

func (h *Handlers) rename(c echo.Context, v *visitor, a ourAccount, wanted string) error {
	return h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		renamed, err := account.Rename(ctx, scope, v.tenant, a.ID, wanted)
		if err != nil {
			return err
		}
		entry := h.accountEntry(c, v, renamed, "account.rename")
		entry.Detail = map[string]string{"from": "@" + a.Username, "to": "@" + renamed.Username}
		return audit.Append(ctx, scope, entry)
	})
}

// showKeys is GET …/accounts/:account/keys.
func (h *Handlers) showKeys(c echo.Context, v *visitor) error {
	a, err := h.managed(c, v)
	if err != nil {
		return err
	}
	view, err := h.keysView(c, v, a)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderKeys, view))
}

func (h *Handlers) keysView(c echo.Context, v *visitor, a ourAccount) (KeysView, error) {
	here := h.accountURL(v.tenant, a.Account)
	view := KeysView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Account: h.accountView(v.tenant, a.Account, a.role), Action: here + "/keys", BackURL: here + "/profile",
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		keys, err := account.Keys(ctx, scope, a.Account)
		for _, k := range keys {
			view.Keys = append(view.Keys, AccountKey{ID: k.ID, IsSigning: k.Kind == account.RSA, Fingerprint: k.Fingerprint, Made: k.CreatedAt})
		}
		return err
	})
	return view, err
}

var errNotSure = fault.New(fault.Invalid, "Tick the box first: it says that you mean it.")

// makeKeys is POST …/accounts/:account/keys.
func (h *Handlers) makeKeys(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	a, err := h.managed(c, v)
	if err != nil {
		return err
	}
	err = errNotSure
	if in.Get("sure") != "" {
		err = h.Accounts.Rotate(c.Request().Context(), v.tenant, a.ID, func(scope *pg.Scope, a *social.Account) error {
			return h.recordKeys(c, v, scope, a)
		})
	}
	switch fault.CodeOf(err) {
	case "":
		return c.Redirect(http.StatusSeeOther, h.accountURL(v.tenant, a.Account)+"/keys")
	case fault.Invalid, fault.TooMany:
	default:
		return err
	}
	view, viewErr := h.keysView(c, v, a)
	if viewErr != nil {
		return viewErr
	}
	view.Error = fault.TextOf(err)
	return web.HTML(c, web.StatusOf(err), writer(RenderKeys, view))
}

// recordKeys writes down which key it was from now on.
func (h *Handlers) recordKeys(c echo.Context, v *visitor, scope *pg.Scope, a *social.Account) error {
	ctx := c.Request().Context()
	keys, err := account.Keys(ctx, scope, a)
	if err != nil {
		return err
	}
	entry := h.accountEntry(c, v, a, "account.keys")
	entry.Detail["key"] = keys[0].ID
	return audit.Append(ctx, scope, entry)
}
