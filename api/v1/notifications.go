package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Notifications serves what an account was told, one by one.
type Notifications struct{ StatusDeps }

// NewNotifications returns the handlers.
func NewNotifications(d StatusDeps) *Notifications { return &Notifications{d} }

// Routes is the table. Nothing is held back from anybody (see policy), so that there
// are no requests to answer; their empty list is in Empty.
func (h *Notifications) Routes() []httpx.Route {
	read := func(path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: "/api/v1/notifications" + path, Auth: httpx.User, Scopes: []string{"read:notifications"},
			Act: access.Read, Handler: handler,
		}
	}
	// Having read something is no more than moving a marker.
	write := func(method, path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: method, Path: "/api/v1/notifications" + path, Auth: httpx.User, Scopes: []string{"write:notifications"},
			Act: access.Draft, WorksUntil: tenant.Restricted, Handler: handler,
		}
	}
	return []httpx.Route{
		read("", h.list),
		read("/unread_count", h.unread),
		read("/policy", showPolicy),
		read("/requests/merged", func(c echo.Context) error { return c.JSON(http.StatusOK, entity.Object[bool]{"merged": true}) }),
		read("/:id", h.show),
		write("PUT|PATCH", "/policy", changePolicy),
		write(http.MethodPost, "/clear", h.Clear),
		write(http.MethodPost, "/:id/dismiss", h.dismiss),
	}
}

// Lists of notifications: Mastodon's numbers.
const (
	UsualNotifications = 40
	MostNotifications  = 80
)

// NotificationInput narrows a list of notifications.
type NotificationInput struct {
	Types        []string         `json:"types"`
	ExcludeTypes []string         `json:"exclude_types"`
	AccountID    social.AccountID `json:"account_id"`
}

// Filter is the input as the store wants it.
func (in NotificationInput) Filter() store.NotificationFilter {
	return store.NotificationFilter{Types: in.Types, ExcludeTypes: in.ExcludeTypes, FromID: in.AccountID}
}

func (h *Notifications) list(c echo.Context) error {
	var in NotificationInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, UsualNotifications, MostNotifications)
	if err != nil {
		return err
	}
	var rows []*social.Notification
	var out []*entity.Notification
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		if rows, err = store.Notifications(ctx, r.Scope, r.Viewer, in.Filter(), storePage(page)); err != nil {
			return err
		}
		out, err = h.Render.Notifications(ctx, r.Scope, r.Tenant, r.Viewer, rows)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		httpx.SetLink(c, int64(rows[0].ID), int64(rows[len(rows)-1].ID), len(rows) == page.Limit)
	}
	return c.JSON(http.StatusOK, out)
}

func (h *Notifications) show(c echo.Context) error {
	id, err := httpx.PathID[social.NotificationID](c, "id")
	if err != nil {
		return err
	}
	var out *entity.Notification
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		n, err := store.NotificationByID(ctx, r.Scope, r.Viewer, id)
		if err != nil {
			return err
		}
		out, err = h.Render.Notification(ctx, r.Scope, r.Tenant, r.Viewer, n)
		return err
	})
	if err != nil {
		return err
	}
	if out == nil { // about something that has been hidden since
		return httpx.ErrNotFound
	}
	return c.JSON(http.StatusOK, out)
}

// Numbers of an unread count, in Mastodon: beyond the limit apps show "100+".
const (
	usualUnread = 100
	mostUnread  = 1000
)

func (h *Notifications) unread(c echo.Context) error {
	var in NotificationInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, usualUnread, mostUnread)
	if err != nil {
		return err
	}
	var out entity.UnreadCount
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		out.Count, err = store.UnreadNotifications(ctx, r.Scope, r.Viewer, in.Filter(), page.Limit)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// Clear removes all of an account's notifications; version 2 has the same route.
func (h *Notifications) Clear(c echo.Context) error {
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		return store.ClearNotifications(ctx, r.Scope, r.Viewer)
	})
	if err != nil {
		return err
	}
	return nothing(c)
}

func (h *Notifications) dismiss(c echo.Context) error {
	id, err := httpx.PathID[social.NotificationID](c, "id")
	if err != nil {
		return err
	}
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		return store.DeleteNotification(ctx, r.Scope, r.Viewer, id)
	})
	if err != nil {
		return err
	}
	return nothing(c)
}

// nothing is Mastodon's answer to what has no result.
func nothing(c echo.Context) error { return c.JSON(http.StatusOK, entity.Object[string]{}) }

func showPolicy(c echo.Context) error { return c.JSON(http.StatusOK, entity.NotificationPolicyV1{}) }

// ErrNoFilter says that notifications cannot be held back.
var ErrNoFilter = fault.New(fault.Invalid, "Notifications cannot be filtered on this server: all of them are shown.")

// changePolicy accepts what the policy is anyway; a filter that was not kept would be
// believed.
func changePolicy(c echo.Context) error {
	var in struct {
		NotFollowing    bool `json:"filter_not_following"`
		NotFollowers    bool `json:"filter_not_followers"`
		NewAccounts     bool `json:"filter_new_accounts"`
		PrivateMentions bool `json:"filter_private_mentions"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	if in.NotFollowing || in.NotFollowers || in.NewAccounts || in.PrivateMentions {
		return ErrNoFilter
	}
	return showPolicy(c)
}
