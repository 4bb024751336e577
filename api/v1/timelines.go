package v1

import (
	"context"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/tenant/access"
)

// Timelines serves lists of posts: home, public, tags.
type Timelines struct{ StatusDeps }

// NewTimelines returns the handlers.
func NewTimelines(d StatusDeps) *Timelines { return &Timelines{d} }

// Routes is the table. There are no lists and no trending links, so that their
// timelines are 404.
func (h *Timelines) Routes() []httpx.Route {
	read := func(path string, auth httpx.Auth, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: path, Auth: auth, Scopes: []string{"read:statuses"}, Act: access.Read, Handler: handler,
		}
	}
	return []httpx.Route{
		read("/api/v1/timelines/home", httpx.User, h.home),
		read("/api/v1/timelines/public", httpx.OptionalUser, h.public),
		read("/api/v1/timelines/tag/:tag", httpx.OptionalUser, h.tag),
	}
}

// Lists of posts: Mastodon's numbers.
const (
	usualPosts = 20
	mostPosts  = 40
)

// posts answers with a page of a list.
func (d StatusDeps) posts(c echo.Context, list func(viewer social.AccountID, page timeline.Page) (timeline.List, error)) error {
	page, err := httpx.PageOf(c, usualPosts, mostPosts)
	if err != nil {
		return err
	}
	var out []*entity.Status
	var bounds render.Bounds
	err = d.Do(c, func(ctx context.Context, r *Call) error {
		wanted, err := list(r.Viewer, storePage(page))
		if err != nil {
			return err
		}
		out, bounds, err = d.Render.List(ctx, r.Scope, r.Tenant, r.Viewer, wanted)
		return err
	})
	if err != nil {
		return err
	}
	httpx.SetLink(c, bounds.Newest, bounds.Oldest, bounds.Found == page.Limit)
	return c.JSON(http.StatusOK, out)
}

func (h *Timelines) home(c echo.Context) error {
	return h.posts(c, func(viewer social.AccountID, page timeline.Page) (timeline.List, error) {
		return timeline.Home(viewer, page), nil
	})
}

func (h *Timelines) public(c echo.Context) error {
	var in struct {
		Local     bool `json:"local"`
		Remote    bool `json:"remote"`
		OnlyMedia bool `json:"only_media"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	return h.posts(c, func(viewer social.AccountID, page timeline.Page) (timeline.List, error) {
		return timeline.Public(viewer, timeline.PublicFilter(in), page), nil
	})
}

func (h *Timelines) tag(c echo.Context) error {
	var in struct {
		Any       []string `json:"any"`
		All       []string `json:"all"`
		None      []string `json:"none"`
		Local     bool     `json:"local"`
		Remote    bool     `json:"remote"`
		OnlyMedia bool     `json:"only_media"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	// Echo leaves the last parameter of a path as it was sent.
	name, err := url.PathUnescape(c.Param("tag"))
	if err != nil {
		return httpx.ErrNotFound
	}
	return h.posts(c, func(viewer social.AccountID, page timeline.Page) (timeline.List, error) {
		return timeline.Tagged(viewer, name, timeline.TagFilter(in), page)
	})
}
