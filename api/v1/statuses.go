package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// StatusDeps are what the handlers of posts, timelines and notifications work with.
type StatusDeps struct {
	Deps
	Statuses *status.Service
}

// StatusRoutes is the table of everything that is made from StatusDeps.
func StatusRoutes(d StatusDeps) []httpx.Route {
	var out []httpx.Route
	for _, table := range [][]httpx.Route{
		NewStatuses(d).Routes(), NewStatusActions(d).Routes(), NewTimelines(d).Routes(), NewNotifications(d).Routes(),
		NewFavourites(d).Routes(), NewBookmarks(d).Routes(), NewScheduledStatuses(d).Routes(),
	} {
		out = append(out, table...)
	}
	return out
}

// Statuses serves posts: reading, writing, editing, deleting.
type Statuses struct {
	StatusDeps
	desk  *desk
	plans *plan.Service
}

// NewStatuses returns the handlers.
func NewStatuses(d StatusDeps) *Statuses { return &Statuses{d, newDesk(d), plan.New(d.Statuses)} }

// Routes is the table. Cards have no line: they come with the posts.
func (h *Statuses) Routes() []httpx.Route {
	read := func(path string, auth httpx.Auth, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: path, Auth: auth, Scopes: []string{"read:statuses"}, Act: access.Read, Handler: handler,
		}
	}
	write := func(method, path string, act access.Action, limit string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: method, Path: path, Auth: httpx.User, Scopes: []string{"write:statuses"}, Act: act, Limit: limit, Handler: handler,
		}
	}
	remove := write(http.MethodDelete, "/api/v1/statuses/:id", access.Post, "delete", h.remove)
	remove.WorksUntil = tenant.Restricted
	return []httpx.Route{
		remove,
		read("/api/v1/statuses", httpx.OptionalUser, h.several),
		read("/api/v1/statuses/:id", httpx.OptionalUser, h.show),
		read("/api/v1/statuses/:id/context", httpx.OptionalUser, h.context),
		read("/api/v1/statuses/:id/history", httpx.OptionalUser, h.history),
		read("/api/v1/statuses/:id/source", httpx.User, h.source),
		// Who may only draft gets a plan that waits for approval: create tells them apart.
		write(http.MethodPost, "/api/v1/statuses", access.Draft, "post", h.create),
		write("PUT|PATCH", "/api/v1/statuses/:id", access.Post, "", h.edit),
	}
}

// visible returns the post of the path, as far as the caller may see it.
func visible(ctx context.Context, c echo.Context, r *Call) (*social.Status, error) {
	id, err := httpx.PathID[social.StatusID](c, "id")
	if err != nil {
		return nil, err
	}
	return status.Visible(ctx, r.Scope, r.Viewer, id)
}

// own returns the post of the path if the caller wrote it. Others' posts are NotFound,
// as if there were none.
func own(ctx context.Context, c echo.Context, r *Call) (*social.Status, error) {
	st, err := visible(ctx, c, r)
	if err != nil {
		return nil, err
	}
	if st.AccountID != r.Viewer || !st.IsLocal {
		return nil, httpx.ErrNotFound
	}
	return st, nil
}

func (h *Statuses) show(c echo.Context) error {
	var out *entity.Status
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := visible(ctx, c, r)
		if err != nil {
			return err
		}
		out, err = h.Render.Status(ctx, r.Scope, r.Tenant, r.Viewer, st)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// maxSeveral is how many posts one request may name (Mastodon's number).
const maxSeveral = 20

func (h *Statuses) several(c echo.Context) error {
	var in struct {
		IDs []social.StatusID `json:"id"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	if len(in.IDs) > maxSeveral {
		in.IDs = in.IDs[:maxSeveral]
	}
	var out []*entity.Status
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		found, err := store.VisibleStatusesByIDs(ctx, r.Scope, r.Viewer, in.IDs)
		if err != nil {
			return err
		}
		out, err = h.Render.Statuses(ctx, r.Scope, r.Tenant, r.Viewer, inOrder(in.IDs, found))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// inOrder puts posts into the order in which they were asked for, each once.
func inOrder(ids []social.StatusID, found []*social.Status) []*social.Status {
	byID := make(map[social.StatusID]*social.Status, len(found))
	for _, st := range found {
		byID[st.ID] = st
	}
	var out []*social.Status
	for _, id := range ids {
		if st := byID[id]; st != nil {
			out = append(out, st)
			delete(byID, id)
		}
	}
	return out
}

func (h *Statuses) context(c echo.Context) error {
	var out *entity.Context
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := visible(ctx, c, r)
		if err != nil {
			return err
		}
		thread, err := status.Context(ctx, r.Scope, r.Viewer, st)
		if err != nil {
			return err
		}
		out, err = h.Render.Context(ctx, r.Scope, r.Tenant, r.Viewer, thread)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// maxVersions is how much of a history is shown.
const maxVersions = 100

func (h *Statuses) history(c echo.Context) error {
	var out entity.Array[entity.StatusEdit]
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := visible(ctx, c, r)
		if err != nil {
			return err
		}
		earlier, err := store.StatusEdits(ctx, r.Scope, st.ID, maxVersions)
		if err != nil {
			return err
		}
		out, err = h.Render.StatusEdits(ctx, r.Scope, r.Tenant, st, earlier)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// source is for the edit form, so that only who may edit gets it.
func (h *Statuses) source(c echo.Context) error {
	var out entity.StatusSource
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := own(ctx, c, r)
		if err != nil {
			return err
		}
		out = entity.StatusSource{ID: entity.ID(st.ID), Text: st.Source, SpoilerText: st.SpoilerText}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
