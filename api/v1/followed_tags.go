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

// FollowedTags serves the hashtags that the viewer follows.
type FollowedTags struct{ Deps }

// NewFollowedTags returns the handlers.
func NewFollowedTags(d Deps) *FollowedTags { return &FollowedTags{d} }

// Routes is the table.
func (h *FollowedTags) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/followed_tags", Auth: httpx.User, Scopes: []string{"read:follows", "follow"},
		Act: access.Read, Handler: h.list,
	}}
}

// mostTags is one page of followed tags.
const mostTags = 100

func (h *FollowedTags) list(c echo.Context) error {
	page, err := httpx.PageOf(c, mostTags, mostTags)
	if err != nil {
		return err
	}
	var out entity.Array[entity.Tag]
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		rows, err := store.FollowedTags(ctx, r.Scope, r.Viewer, storePage(page))
		if err != nil || len(rows) == 0 {
			return err
		}
		httpx.SetLink(c, rows[0].ID, rows[len(rows)-1].ID, len(rows) == page.Limit)
		out = make(entity.Array[entity.Tag], len(rows))
		for i, row := range rows {
			out[i] = h.Render.Tag(r.Tenant, row.Tag, true, nil)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
