package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// FollowRequests serves who asks to follow a locked account, and the answers.
type FollowRequests struct{ Deps }

// NewFollowRequests returns the handlers.
func NewFollowRequests(d Deps) *FollowRequests { return &FollowRequests{d} }

// Routes is the table.
func (h *FollowRequests) Routes() []httpx.Route {
	answer := func(name string, rule answer) httpx.Route {
		return httpx.Route{
			Method: http.MethodPost, Path: "/api/v1/follow_requests/:id/" + name, Auth: httpx.User,
			Scopes: []string{"write:follows", "follow"}, Act: access.Relate, WorksUntil: tenant.Restricted, Handler: h.answer(rule),
		}
	}
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: "/api/v1/follow_requests", Auth: httpx.User, Scopes: []string{"read:follows", "follow"},
			Act: access.Read, Handler: h.list,
		},
		answer("authorize", h.Relate.Accept),
		answer("reject", h.Relate.Reject),
	}
}

func (h *FollowRequests) list(c echo.Context) error {
	return h.sendList(c, func(ctx context.Context, r *Call, page store.Page) ([]*store.Listed, error) {
		return store.FollowRequestsOf(ctx, r.Scope, r.Viewer, page)
	})
}

// answer is a rule that lets a follower in or turns it down.
type answer func(ctx context.Context, scope *pg.Scope, owner *social.Account, follower social.AccountID) error

func (h *FollowRequests) answer(rule answer) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := httpx.PathID[social.AccountID](c, "id") // of the follower, as in Mastodon
		if err != nil {
			return err
		}
		return h.sendRelationship(c, id, func(ctx context.Context, r *Call) error {
			own, err := store.AccountByID(ctx, r.Scope, r.Viewer)
			if err != nil {
				return err
			}
			return rule(ctx, r.Scope, own, id)
		})
	}
}
