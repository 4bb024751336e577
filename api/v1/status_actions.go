package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// StatusActions serves what people do with posts.
type StatusActions struct{ StatusDeps }

// NewStatusActions returns the handlers.
func NewStatusActions(d StatusDeps) *StatusActions { return &StatusActions{d} }

// Routes is the table. Keeping a post is private, so that a drafter may; muting is
// about others; all else speaks to them.
func (h *StatusActions) Routes() []httpx.Route {
	back := func(r httpx.Route) httpx.Route { // it takes something back, or spares somebody something
		r.WorksUntil = tenant.Restricted
		return r
	}
	do := func(name, scope string, act access.Action, limit string, rule action) httpx.Route {
		return httpx.Route{
			Method: http.MethodPost, Path: "/api/v1/statuses/:id/" + name, Auth: httpx.User, Scopes: []string{scope}, Act: act,
			Limit: limit, Handler: h.handler(rule),
		}
	}
	who := func(name string, list func(context.Context, *pg.Scope, social.AccountID, social.StatusID, store.Page) ([]*store.Listed, error)) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: "/api/v1/statuses/:id/" + name, Auth: httpx.OptionalUser, Scopes: []string{"read:accounts"},
			Act: access.Read, Handler: h.people(list),
		}
	}
	return []httpx.Route{
		do("reblog", "write:statuses", access.Post, "post", h.boost),
		back(do("unreblog", "write:statuses", access.Post, "delete", h.unboost)),
		do("favourite", "write:favourites", access.Post, "", h.favourite),
		back(do("unfavourite", "write:favourites", access.Post, "", h.unfavourite)),
		do("bookmark", "write:bookmarks", access.Draft, "", h.bookmark),
		back(do("unbookmark", "write:bookmarks", access.Draft, "", h.unbookmark)),
		back(do("mute", "write:mutes", access.Relate, "", h.mute)),
		back(do("unmute", "write:mutes", access.Relate, "", h.unmute)),
		do("pin", "write:accounts", access.Post, "", h.pin),
		back(do("unpin", "write:accounts", access.Post, "", h.unpin)),
		who("reblogged_by", store.BoostedBy),
		who("favourited_by", store.FavouritedBy),
	}
}

// deed is an action on a post: who does it, and to which.
type deed struct {
	*Call
	echo   echo.Context
	actor  *social.Account
	status *social.Status
}

// action does something and returns the post to answer with.
type action func(ctx context.Context, d deed) (*social.Status, error)

// handler finds the actor and the post, acts, and shows the post as it is then.
func (h *StatusActions) handler(rule action) echo.HandlerFunc {
	return func(c echo.Context) error {
		var id social.StatusID
		err := h.Do(c, func(ctx context.Context, r *Call) error {
			st, err := visible(ctx, c, r)
			if err != nil {
				return err
			}
			actor, err := store.AccountByID(ctx, r.Scope, r.Viewer)
			if err != nil {
				return err
			}
			if st, err = rule(ctx, deed{r, c, actor, st}); err != nil {
				return err
			}
			id = st.ID
			return nil
		})
		if err != nil {
			return err
		}
		return h.showAfter(c, id)
	}
}

// showAfter answers with a post as it is once its transaction is durable: counters are
// written last of all.
func (d StatusDeps) showAfter(c echo.Context, id social.StatusID) error {
	ctx, viewer := c.Request().Context(), ViewerID(c)
	home := tenant.FromContext(ctx)
	var out *entity.Status
	err := d.DB.Read(ctx, home.ID, func(scope *pg.Scope) error {
		st, err := store.StatusByID(ctx, scope, id)
		if err != nil {
			return err
		}
		out, err = d.Render.Status(ctx, scope, home, viewer, st)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// original is the post itself, or what it boosts.
func (d deed) original(ctx context.Context) (*social.Status, error) {
	if d.status.BoostOfID == 0 {
		return d.status, nil
	}
	return status.Visible(ctx, d.Scope, d.Viewer, d.status.BoostOfID)
}

func (h *StatusActions) boost(ctx context.Context, d deed) (*social.Status, error) {
	var in struct {
		Visibility social.Visibility `json:"visibility"`
	}
	if err := httpx.Bind(d.echo, &in); err != nil {
		return nil, err
	}
	return h.Statuses.Boost(ctx, d.Scope, d.Tenant, d.actor, d.status, in.Visibility, "")
}

func (h *StatusActions) unboost(ctx context.Context, d deed) (*social.Status, error) {
	original, err := d.original(ctx)
	if err != nil {
		return nil, err
	}
	return original, h.Statuses.Unboost(ctx, d.Scope, d.actor, original)
}

// on applies a rule to the original of the post.
func on(ctx context.Context, d deed, rule func(context.Context, *pg.Scope, *social.Account, *social.Status) error) (*social.Status, error) {
	original, err := d.original(ctx)
	if err != nil {
		return nil, err
	}
	return original, rule(ctx, d.Scope, d.actor, original)
}

func (h *StatusActions) favourite(ctx context.Context, d deed) (*social.Status, error) {
	original, err := d.original(ctx)
	if err != nil {
		return nil, err
	}
	return original, h.Statuses.Favourite(ctx, d.Scope, d.Tenant, d.actor, original, "")
}

func (h *StatusActions) unfavourite(ctx context.Context, d deed) (*social.Status, error) {
	return on(ctx, d, h.Statuses.Unfavourite)
}

func (h *StatusActions) bookmark(ctx context.Context, d deed) (*social.Status, error) {
	return on(ctx, d, h.Statuses.Bookmark)
}

func (h *StatusActions) unbookmark(ctx context.Context, d deed) (*social.Status, error) {
	return on(ctx, d, h.Statuses.Unbookmark)
}

func (h *StatusActions) mute(ctx context.Context, d deed) (*social.Status, error) {
	return on(ctx, d, h.Statuses.MuteConversation)
}

func (h *StatusActions) unmute(ctx context.Context, d deed) (*social.Status, error) {
	return on(ctx, d, h.Statuses.UnmuteConversation)
}

// pin is about the post itself: a boost cannot be pinned.
func (h *StatusActions) pin(ctx context.Context, d deed) (*social.Status, error) {
	return d.status, h.Statuses.Pin(ctx, d.Scope, d.Tenant, d.actor, d.status)
}

func (h *StatusActions) unpin(ctx context.Context, d deed) (*social.Status, error) {
	return d.status, h.Statuses.Unpin(ctx, d.Scope, d.actor, d.status)
}

// Lists of accounts: Mastodon's numbers.
const (
	usualPeople = 40
	mostPeople  = 80
)

// people lists who did something with a post. Its pages go by the ids of the deeds.
func (h *StatusActions) people(list func(context.Context, *pg.Scope, social.AccountID, social.StatusID, store.Page) ([]*store.Listed, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, err := httpx.PageOf(c, usualPeople, mostPeople)
		if err != nil {
			return err
		}
		var rows []*store.Listed
		var out entity.Array[*entity.Account]
		err = h.Do(c, func(ctx context.Context, r *Call) error {
			st, err := visible(ctx, c, r)
			if err != nil {
				return err
			}
			if st, err = (deed{Call: r, status: st}).original(ctx); err != nil {
				return err
			}
			if rows, err = list(ctx, r.Scope, r.Viewer, st.ID, storePage(page)); err != nil {
				return err
			}
			accounts := make([]social.AccountID, len(rows))
			for i, row := range rows {
				accounts[i] = row.AccountID
			}
			out, err = h.Render.AccountsByIDs(ctx, r.Scope, r.Tenant, accounts)
			return err
		})
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			httpx.SetLink(c, rows[0].ID, rows[len(rows)-1].ID, len(rows) == page.Limit)
		}
		return c.JSON(http.StatusOK, out)
	}
}
