package v1

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Accounts serves profiles and what hangs on them.
type Accounts struct{ Deps }

// NewAccounts returns the handlers.
func NewAccounts(d Deps) *Accounts { return &Accounts{d} }

// Sizes of lists of accounts, and of posts.
const (
	usualAccounts, mostAccounts = 40, 80
	usualStatuses, mostStatuses = 20, 40
)

// Routes is the table.
func (a *Accounts) Routes() []httpx.Route {
	open := func(path, scope string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{Method: http.MethodGet, Path: path, Auth: httpx.OptionalUser, Scopes: []string{scope}, Act: access.Read, Handler: handler}
	}
	return []httpx.Route{
		open("/api/v1/accounts", "read:accounts", a.list),
		open("/api/v1/accounts/lookup", "read:accounts", a.lookup),
		{
			Method: http.MethodGet, Path: "/api/v1/accounts/search", Auth: httpx.User, Scopes: []string{"read:accounts"},
			Act: access.Read, Handler: a.search,
		},
		open("/api/v1/accounts/:id", "read:accounts", a.show),
		open("/api/v1/accounts/:id/statuses", "read:statuses", a.statuses),
		open("/api/v1/accounts/:id/followers", "read:accounts", a.followers),
		open("/api/v1/accounts/:id/following", "read:accounts", a.following),
		{
			Method: http.MethodPost, Path: "/api/v1/accounts", Auth: httpx.App, Scopes: []string{"write:accounts"},
			Act: access.Manage, Handler: register,
		},
	}
}

var errRegistration = fault.New(fault.Forbidden,
	"Accounts of this server are made by the organisation that runs it. Ask its people for one.")

func register(echo.Context) error { return errRegistration }

func (a *Accounts) show(c echo.Context) error {
	id, err := httpx.PathID[social.AccountID](c, "id")
	if err != nil {
		return err
	}
	var out *entity.Account
	err = a.Do(c, func(ctx context.Context, r *Call) error {
		found, err := store.AccountByID(ctx, r.Scope, id)
		if err != nil {
			return err
		}
		out = a.Render.Account(r.Tenant, found)
		if found.MovedToURI == "" {
			return nil
		}
		switch moved, err := store.AccountByURI(ctx, r.Scope, found.MovedToURI); {
		case err == nil:
			out.Moved = a.Render.Account(r.Tenant, moved)
		case !fault.IsNotFound(err): // where it went to is not known here
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *Accounts) list(c echo.Context) error {
	var in struct {
		IDs textIDs `json:"id"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var out entity.Array[*entity.Account]
	err := a.Do(c, func(ctx context.Context, r *Call) (err error) {
		out, err = a.Render.AccountsByIDs(ctx, r.Scope, r.Tenant, accountIDs(in.IDs))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *Accounts) lookup(c echo.Context) error {
	var out *entity.Account
	err := a.Do(c, func(ctx context.Context, r *Call) error {
		handle, ok := parseHandle(c.QueryParam("acct"), r.Tenant)
		if !ok {
			return httpx.ErrNotFound
		}
		found, err := AccountByName(ctx, r, handle)
		if err != nil {
			return err
		}
		out = a.Render.Account(r.Tenant, found)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

type statusesInput struct {
	ExcludeReplies bool   `json:"exclude_replies"`
	ExcludeReblogs bool   `json:"exclude_reblogs"`
	OnlyMedia      bool   `json:"only_media"`
	Pinned         bool   `json:"pinned"`
	Tagged         string `json:"tagged"`
}

func (a *Accounts) statuses(c echo.Context) error {
	id, err := httpx.PathID[social.AccountID](c, "id")
	if err != nil {
		return err
	}
	var in statusesInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, usualStatuses, mostStatuses)
	if err != nil {
		return err
	}
	var out []*entity.Status
	var bounds render.Bounds
	err = a.Do(c, func(ctx context.Context, r *Call) error {
		if _, err := store.AccountByID(ctx, r.Scope, id); err != nil {
			return err
		}
		list := timeline.By(r.Viewer, id, timeline.AccountFilter{
			ExcludeReplies: in.ExcludeReplies, ExcludeBoosts: in.ExcludeReblogs, OnlyMedia: in.OnlyMedia,
			Pinned: in.Pinned, Tagged: strings.TrimSpace(in.Tagged),
		}, storePage(page))
		out, bounds, err = a.Render.List(ctx, r.Scope, r.Tenant, r.Viewer, list)
		return err
	})
	if err != nil {
		return err
	}
	httpx.SetLink(c, bounds.Newest, bounds.Oldest, bounds.Found == page.Limit)
	return c.JSON(http.StatusOK, out)
}

func (a *Accounts) followers(c echo.Context) error { return a.listOf(c, "id", store.FollowersOf) }

func (a *Accounts) following(c echo.Context) error { return a.listOf(c, "id", store.FollowedBy) }

// listOf answers with one of the two lists of a profile, unless its owner keeps
// them to itself or does not want the viewer near.
func (a *Accounts) listOf(c echo.Context, param string, read lister) error {
	id, err := httpx.PathID[social.AccountID](c, param)
	if err != nil {
		return err
	}
	return a.sendList(c, func(ctx context.Context, r *Call, page store.Page) ([]*store.Listed, error) {
		owner, err := store.AccountByID(ctx, r.Scope, id)
		if err != nil {
			return nil, err
		}
		if owner.SuspendedAt != nil || owner.HideCollections && r.Viewer != id {
			return nil, nil
		}
		if r.Viewer != 0 && r.Viewer != id {
			if blocked, err := store.IsBlocking(ctx, r.Scope, id, r.Viewer); err != nil || blocked {
				return nil, err
			}
		}
		return read(ctx, r.Scope, id, page)
	})
}
