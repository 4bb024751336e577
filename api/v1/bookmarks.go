package v1

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/tenant/access"
)

// Bookmarks serves the posts that an account keeps, in private.
type Bookmarks struct{ StatusDeps }

// NewBookmarks returns the handlers.
func NewBookmarks(d StatusDeps) *Bookmarks { return &Bookmarks{d} }

// Routes is the table.
func (h *Bookmarks) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/bookmarks", Auth: httpx.User, Scopes: []string{"read:bookmarks"},
		Act: access.Read, Handler: h.list,
	}}
}

func (h *Bookmarks) list(c echo.Context) error {
	return h.posts(c, func(viewer social.AccountID, page timeline.Page) (timeline.List, error) {
		return timeline.Bookmarks(viewer, page), nil
	})
}
