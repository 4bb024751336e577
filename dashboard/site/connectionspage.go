package site

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/internal/store"
)

// connections is GET /@:user/followers and /@:user/following: the numbers of a profile,
// opened. An account may keep both to itself.
func (h *Handlers) connections(list Connections) echo.HandlerFunc {
	read, path := store.FollowersOf, followersPath
	if list == Following {
		read, path = store.FollowedBy, followingPath
	}
	return func(c echo.Context) error {
		bounds, err := boundsOf(c)
		if err != nil {
			return err
		}
		p := h.presenter(c)
		v := ConnectionsView{Tenant: p.view, Current: list}
		err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
			a, err := h.named(ctx, c, scope)
			if err != nil {
				return err
			}
			v.Account, v.IsHidden = p.account(a), a.HideCollections
			v.Total = a.FollowersCount
			if list == Following {
				v.Total = a.FollowingCount
			}
			if v.IsHidden {
				return nil
			}
			rows, err := read(ctx, scope, a.ID, store.Page{MaxID: bounds.MaxID, MinID: bounds.MinID, Limit: bounds.Limit})
			if err != nil {
				return err
			}
			v.Older, v.Newer = aroundList(v.Account.URL+path, rows, bounds)
			v.List, err = p.listedAccounts(ctx, scope, rows)
			return err
		})
		if to, ok := errors.AsType[moved](err); ok {
			return to.redirect(c)
		}
		if err != nil {
			return err
		}
		return page(c, writer(RenderConnections, v))
	}
}

func (p presenter) listedAccounts(ctx context.Context, scope *pg.Scope, rows []*store.Listed) ([]Account, error) {
	list := make([]social.AccountID, len(rows))
	for i, row := range rows {
		list[i] = row.AccountID
	}
	found, err := store.AccountsByIDs(ctx, scope, list)
	out := make([]Account, 0, len(rows))
	for _, id := range list {
		if a := found[id]; a != nil {
			out = append(out, p.account(a))
		}
	}
	return out, err
}

// aroundList is around for lists of accounts.
func aroundList(path string, rows []*store.Listed, bounds timeline.Page) (older, newer string) {
	if len(rows) == 0 {
		return "", ""
	}
	return neighbours(path, rows[len(rows)-1].ID, rows[0].ID, len(rows), bounds)
}
