package oauth

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

type appInput struct {
	ClientName   string   `json:"client_name"`
	RedirectURIs []string `json:"redirect_uris"` // a list, or one text with one a line
	Scopes       string   `json:"scopes"`
	Website      string   `json:"website"`
}

// RegisterApp is POST /api/v1/apps.
func (h *Handlers) RegisterApp(c echo.Context) error {
	var in appInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	var app *access.App
	var secret string
	err := h.DB.Tenant(ctx, tenant.FromContext(ctx).ID, func(scope *pg.Scope) (err error) {
		app, secret, err = access.RegisterApp(ctx, scope, access.NewApp{
			Name: in.ClientName, Website: in.Website, RedirectURIs: in.RedirectURIs, Scopes: in.Scopes,
		})
		return err
	})
	if err != nil {
		return err
	}
	neverStore(c)
	return c.JSON(http.StatusOK, entity.CredentialApplication{
		Application: h.application(app), ClientID: app.ClientID, ClientSecret: secret,
	})
}

// VerifyApp is GET /api/v1/apps/verify_credentials: the app that a token belongs to.
func (h *Handlers) VerifyApp(c echo.Context) error {
	ctx, viewer := c.Request().Context(), httpx.Viewer(c)
	var app *access.App
	err := h.DB.Tenant(ctx, viewer.Tenant, func(scope *pg.Scope) (err error) {
		app, err = store.AppByID(ctx, scope, viewer.App)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.application(app))
}

func (h *Handlers) application(app *access.App) entity.Application {
	out := entity.Application{
		ID: entity.ID(app.ID), Name: app.Name, Scopes: entity.Array[string](app.Scopes),
		RedirectURI: strings.Join(app.RedirectURIs, "\n"), RedirectURIs: entity.Array[string](app.RedirectURIs), VAPIDKey: h.VAPIDKey,
	}
	if app.Website != "" {
		out.Website = &app.Website
	}
	return out
}
