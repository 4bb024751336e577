package v2

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// NotificationGroups serves what an account was told, alike things as one.
type NotificationGroups struct{ v1.StatusDeps }

// NewNotificationGroups returns the handlers.
func NewNotificationGroups(d v1.StatusDeps) *NotificationGroups { return &NotificationGroups{d} }

// Routes is the table.
func (h *NotificationGroups) Routes() []httpx.Route {
	read := func(path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: "/api/v2/notifications" + path, Auth: httpx.User, Scopes: []string{"read:notifications"},
			Act: access.Read, Handler: handler,
		}
	}
	write := func(method, path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: method, Path: "/api/v2/notifications" + path, Auth: httpx.User, Scopes: []string{"write:notifications"},
			Act: access.Draft, WorksUntil: tenant.Restricted, Handler: handler,
		}
	}
	return []httpx.Route{
		read("", h.list),
		read("/unread_count", h.unread),
		read("/policy", showPolicy),
		read("/:group_key", h.show),
		read("/:group_key/accounts", h.accounts),
		write("PUT|PATCH", "/policy", changePolicy),
		write(http.MethodPost, "/clear", v1.NewNotifications(h.StatusDeps).Clear),
		write(http.MethodPost, "/:group_key/dismiss", h.dismiss),
	}
}

type groupInput struct {
	v1.NotificationInput
	GroupedTypes   []string `json:"grouped_types"`
	ExpandAccounts string   `json:"expand_accounts"`
}

// grouped are the types that are put together: those asked for, else all that can be.
func (in groupInput) grouped() []string {
	if len(in.GroupedTypes) > 0 {
		return in.GroupedTypes
	}
	return notify.Groupable()
}

func (h *NotificationGroups) list(c echo.Context) error {
	var in groupInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, v1.UsualNotifications, v1.MostNotifications)
	if err != nil {
		return err
	}
	var groups []*store.NotificationGroup
	var out *entity.GroupedNotificationsResults
	err = h.Do(c, func(ctx context.Context, r *v1.Call) error {
		part := store.Page{MaxID: page.MaxID, SinceID: page.SinceID, MinID: page.MinID, Limit: page.Limit}
		if groups, err = store.NotificationGroups(ctx, r.Scope, r.Viewer, in.Filter(), in.grouped(), part); err != nil {
			return err
		}
		out, err = h.Render.Grouped(ctx, r.Scope, r.Tenant, r.Viewer, groups, in.ExpandAccounts == "partial_avatars")
		return err
	})
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		// Groups are in the order of their newest member on the page.
		httpx.SetLink(c, int64(groups[0].PageMaxID), int64(groups[len(groups)-1].PageMaxID), len(groups) == page.Limit)
	}
	return c.JSON(http.StatusOK, out)
}

// mostUnread is how far groups are counted.
const mostUnread = 100

func (h *NotificationGroups) unread(c echo.Context) error {
	var in groupInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, mostUnread, mostUnread)
	if err != nil {
		return err
	}
	var out entity.UnreadCount
	err = h.Do(c, func(ctx context.Context, r *v1.Call) error {
		markers, err := store.Markers(ctx, r.Scope, r.Viewer, []string{"notifications"})
		if err != nil {
			return err
		}
		part := store.Page{Limit: page.Limit}
		if len(markers) > 0 {
			part.SinceID = markers[0].LastReadID
		}
		groups, err := store.NotificationGroups(ctx, r.Scope, r.Viewer, in.Filter(), in.grouped(), part)
		out.Count = len(groups)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// groupKey is the key of the path, and for a notification that stands alone its id.
func groupKey(c echo.Context) (key string, alone social.NotificationID, err error) {
	key, err = url.PathUnescape(c.Param("group_key"))
	if err != nil {
		return "", 0, httpx.ErrNotFound
	}
	if text, ok := strings.CutPrefix(key, "ungrouped-"); ok {
		id, ok := ids.Parse(text)
		if !ok {
			return "", 0, httpx.ErrNotFound
		}
		return key, social.NotificationID(id), nil
	}
	return key, 0, nil
}

// find returns the group of the path.
func find(ctx context.Context, c echo.Context, r *v1.Call) (*store.NotificationGroup, error) {
	key, alone, err := groupKey(c)
	if err != nil {
		return nil, err
	}
	if alone == 0 {
		return store.NotificationGroupByKey(ctx, r.Scope, r.Viewer, key)
	}
	n, err := store.NotificationByID(ctx, r.Scope, r.Viewer, alone)
	if err != nil {
		return nil, err
	}
	return &store.NotificationGroup{
		GroupKey: key, Type: n.Type, StatusID: n.StatusID, LatestID: n.ID, LatestAt: n.CreatedAt, PageMinID: n.ID, PageMaxID: n.ID,
		Count: 1, SampleFrom: []social.AccountID{n.FromID},
	}, nil
}

func (h *NotificationGroups) show(c echo.Context) error {
	var out *entity.GroupedNotificationsResults
	err := h.Do(c, func(ctx context.Context, r *v1.Call) error {
		group, err := find(ctx, c, r)
		if err != nil {
			return err
		}
		out, err = h.Render.Grouped(ctx, r.Scope, r.Tenant, r.Viewer, []*store.NotificationGroup{group}, false)
		return err
	})
	if err != nil {
		return err
	}
	if len(out.NotificationGroups) == 0 { // about something that has been hidden since
		return httpx.ErrNotFound
	}
	return c.JSON(http.StatusOK, out)
}

func (h *NotificationGroups) accounts(c echo.Context) error {
	var out entity.Array[*entity.Account]
	err := h.Do(c, func(ctx context.Context, r *v1.Call) error {
		group, err := find(ctx, c, r)
		if err != nil {
			return err
		}
		from := group.SampleFrom
		if group.Count > len(from) {
			if from, err = store.NotificationGroupAccounts(ctx, r.Scope, r.Viewer, group.GroupKey); err != nil {
				return err
			}
		}
		out, err = h.Render.AccountsByIDs(ctx, r.Scope, r.Tenant, from)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (h *NotificationGroups) dismiss(c echo.Context) error {
	err := h.Do(c, func(ctx context.Context, r *v1.Call) error {
		group, err := find(ctx, c, r)
		if err != nil {
			return err
		}
		if strings.HasPrefix(group.GroupKey, "ungrouped-") {
			return store.DeleteNotification(ctx, r.Scope, r.Viewer, group.LatestID)
		}
		return store.DeleteNotificationGroup(ctx, r.Scope, r.Viewer, group.GroupKey)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, entity.Object[string]{})
}

func showPolicy(c echo.Context) error { return c.JSON(http.StatusOK, entity.NotificationPolicy{}) }

// changePolicy accepts what the policy is anyway: everything is shown.
func changePolicy(c echo.Context) error {
	var in struct {
		NotFollowing    entity.Verdict `json:"for_not_following"`
		NotFollowers    entity.Verdict `json:"for_not_followers"`
		NewAccounts     entity.Verdict `json:"for_new_accounts"`
		PrivateMentions entity.Verdict `json:"for_private_mentions"`
		LimitedAccounts entity.Verdict `json:"for_limited_accounts"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	for _, verdict := range []entity.Verdict{in.NotFollowing, in.NotFollowers, in.NewAccounts, in.PrivateMentions, in.LimitedAccounts} {
		if verdict != "" && verdict != "accept" {
			return v1.ErrNoFilter
		}
	}
	return showPolicy(c)
}
