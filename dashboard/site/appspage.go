package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
)

const (
	settingsPath = "/settings"
	appsPath     = settingsPath + "/apps"
	passwordPath = settingsPath + "/password"

	ownClientID = "rookery" // of access.OwnApp; those that register have random ones
)

// apps is GET /settings/apps: what the person has let apps do here.
func (h *Handlers) apps(c echo.Context, v *visitor) error {
	p := h.presenter(c)
	out := AppsView{Tenant: h.view(c), Token: access.CSRF(v.session)}
	if name := c.QueryParam("ended"); access.CheckCSRF(proofSession(v.session, "ended", name), c.QueryParam("proof")) == nil {
		out.Ended = name
	}
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		out.Apps, err = p.grantedApps(ctx, scope, v.person.ID)
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderApps, out))
}

// grantedApps gathers a person's tokens by app, and in each by account: an app that
// was signed in to twice is one app.
func (p presenter) grantedApps(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]GrantedApp, error) {
	tokens, err := store.TokensOfPerson(ctx, scope, person)
	if err != nil {
		return nil, err
	}
	appIDs, accountIDs := make([]social.AppID, len(tokens)), make([]social.AccountID, len(tokens))
	for i, t := range tokens {
		appIDs[i], accountIDs[i] = t.AppID, t.AccountID
	}
	apps, err := store.AppsByIDs(ctx, scope, appIDs)
	if err != nil {
		return nil, err
	}
	accounts, err := store.AccountsByIDs(ctx, scope, accountIDs)
	if err != nil {
		return nil, err
	}
	var out []GrantedApp
	for _, t := range tokens {
		app, account := apps[t.AppID], accounts[t.AccountID]
		if app == nil || account == nil {
			continue // deleted between two queries
		}
		id := ids.Format(int64(app.ID))
		at := slices.IndexFunc(out, func(a GrantedApp) bool { return a.ID == id })
		if at < 0 {
			at = len(out)
			out = append(out, grantedApp(app))
		}
		out[at].add(t, p.account(account))
	}
	return out, nil
}

func grantedApp(app *access.App) GrantedApp {
	shown := appView(app)
	id := ids.Format(int64(app.ID))
	return GrantedApp{
		ID: id, Name: shown.Name, Host: shown.Host, Icon: shown.Icon, IsOurs: app.ClientID == ownClientID,
		Action: appsPath + "/" + id + "/end",
	}
}

// add notes one token. They come the newest first.
func (a *GrantedApp) add(t *store.Token, account Account) {
	for _, s := range t.Scopes {
		if !slices.Contains(a.Scopes, s) {
			a.Scopes = append(a.Scopes, s)
		}
	}
	at := slices.IndexFunc(a.Accounts, func(g GrantedAccount) bool { return g.ID == account.ID })
	if at < 0 {
		at = len(a.Accounts)
		a.Accounts = append(a.Accounts, GrantedAccount{Account: account})
	}
	g := &a.Accounts[at]
	g.Since = t.CreatedAt
	if t.LastUsedAt != nil && t.LastUsedAt.After(g.LastUsed) {
		g.LastUsed = *t.LastUsedAt
	}
}

// endApp is POST /settings/apps/:app/end. Its tokens are gone when this returns, and
// open streams are told.
func (h *Handlers) endApp(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	id, ok := ids.Parse(c.Param("app"))
	if !ok {
		return web.ErrNotFound
	}
	var app *access.App
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		if app, err = store.AppByID(ctx, scope, social.AppID(id)); err != nil {
			return err
		}
		return access.RevokeApp(ctx, scope, app.ID, v.person.ID)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, proven(v.session, appsPath, "ended", app.Name))
}

// proven is an address that says what was just done. Only this session's pages can
// make one, so that a stranger's link cannot claim it.
func proven(s *access.Session, path, what, name string) string {
	return path + "?" + url.Values{what: {name}, "proof": {proof(s, what, name)}}.Encode()
}

// toSettings leads from Mastodon's addresses, which programs and help pages know.
func toSettings(path string) echo.HandlerFunc {
	return func(c echo.Context) error { return c.Redirect(http.StatusFound, path) }
}

// signInFor is the sign-in page on the way to an address of this host.
func signInFor(next string) string {
	if !strings.HasPrefix(next, "/") {
		return signInPath
	}
	return signInPath + "?next=" + url.QueryEscape(next)
}
