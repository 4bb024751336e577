package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Blocks serves whom the viewer has blocked.
type Blocks struct{ Deps }

// NewBlocks returns the handlers.
func NewBlocks(d Deps) *Blocks { return &Blocks{d} }

// Routes is the table.
func (h *Blocks) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/blocks", Auth: httpx.User, Scopes: []string{"read:blocks", "follow"},
		Act: access.Read, Handler: h.list,
	}}
}

func (h *Blocks) list(c echo.Context) error {
	return h.sendList(c, func(ctx context.Context, r *Call, page store.Page) ([]*store.Listed, error) {
		return store.BlocksOf(ctx, r.Scope, r.Viewer, page)
	})
}
