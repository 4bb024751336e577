package v1

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/htmlsafe"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Tags serves hashtags and follows them.
type Tags struct{ Deps }

// NewTags returns the handlers.
func NewTags(d Deps) *Tags { return &Tags{d} }

// Routes is the table.
func (h *Tags) Routes() []httpx.Route {
	write := []string{"write:follows", "follow"}
	return []httpx.Route{
		{
			// The id of a tag is its name.
			Method: http.MethodGet, Path: "/api/v1/tags/:id", Auth: httpx.OptionalUser, Scopes: []string{httpx.AnyScope},
			Act: access.Read, Handler: h.show,
		},
		{Method: http.MethodPost, Path: "/api/v1/tags/:id/follow", Auth: httpx.User, Scopes: write, Act: access.Relate, Handler: h.follow},
		{Method: http.MethodPost, Path: "/api/v1/tags/:id/unfollow", Auth: httpx.User, Scopes: write, Act: access.Relate, WorksUntil: tenant.Restricted, Handler: h.unfollow},
	}
}

func (h *Tags) show(c echo.Context) error {
	return h.send(c, func(ctx context.Context, r *Call, tag string) (bool, error) {
		if r.Viewer == 0 {
			return false, nil
		}
		followed, err := store.WhichTagsFollowed(ctx, r.Scope, r.Viewer, []string{tag})
		return followed[tag], err
	})
}

func (h *Tags) follow(c echo.Context) error {
	return h.send(c, func(ctx context.Context, r *Call, tag string) (bool, error) {
		return true, store.FollowTag(ctx, r.Scope, r.Viewer, tag)
	})
}

func (h *Tags) unfollow(c echo.Context) error {
	return h.send(c, func(ctx context.Context, r *Call, tag string) (bool, error) {
		return false, store.UnfollowTag(ctx, r.Scope, r.Viewer, tag)
	})
}

// send answers with the tag of the path. act says whether the viewer follows it.
func (h *Tags) send(c echo.Context, act func(ctx context.Context, r *Call, tag string) (bool, error)) error {
	name, err := url.PathUnescape(c.Param("id"))
	tag := htmlsafe.NormaliseTag(name)
	if err != nil || tag == "" {
		return httpx.ErrNotFound
	}
	var out entity.Tag
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		following, err := act(ctx, r, tag)
		if err != nil {
			return err
		}
		history, err := store.TagHistory(ctx, r.Scope, tag, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-render.HistoryDays))
		if err != nil {
			return err
		}
		out = h.Render.Tag(r.Tenant, tag, following, history)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
