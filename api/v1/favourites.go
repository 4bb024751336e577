package v1

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/tenant/access"
)

// Favourites serves the posts that an account likes.
type Favourites struct{ StatusDeps }

// NewFavourites returns the handlers.
func NewFavourites(d StatusDeps) *Favourites { return &Favourites{d} }

// Routes is the table.
func (h *Favourites) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/favourites", Auth: httpx.User, Scopes: []string{"read:favourites"},
		Act: access.Read, Handler: h.list,
	}}
}

func (h *Favourites) list(c echo.Context) error {
	return h.posts(c, func(viewer social.AccountID, page timeline.Page) (timeline.List, error) {
		return timeline.Favourites(viewer, page), nil
	})
}
