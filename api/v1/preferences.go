package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Preferences serves the settings that apps copy at login.
type Preferences struct{ Deps }

// NewPreferences returns the handlers.
func NewPreferences(d Deps) *Preferences { return &Preferences{d} }

// Routes is the table.
func (h *Preferences) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/preferences", Auth: httpx.User, Scopes: []string{"read:accounts"},
		Act: access.Read, Handler: h.show,
	}}
}

func (h *Preferences) show(c echo.Context) error {
	var out *entity.Preferences
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		own, err := store.AccountByID(ctx, r.Scope, r.Viewer)
		if err != nil {
			return err
		}
		out = h.Render.Preferences(own)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
