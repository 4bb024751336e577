package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/internal/store"
)

const maxListed = 100

// front is GET /: who is here.
func (h *Handlers) front(c echo.Context) error {
	t := home(c)
	v := FrontView{Tenant: h.view(c), Canonical: t.URL("/")}
	if t.ThumbnailKey != "" {
		v.Picture = h.Media.Picture(t.ID, t.ThumbnailKey)
	}
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		accounts, err := h.openAccounts(ctx, scope)
		v.Accounts = h.presenter(c).accounts(accounts)
		return err
	})
	if err != nil {
		return err
	}
	return page(c, writer(RenderFront, v))
}

// openAccounts are those that want to be found.
func (h *Handlers) openAccounts(ctx context.Context, scope *pg.Scope) ([]*social.Account, error) {
	all, err := store.LocalAccounts(ctx, scope, maxListed)
	return slices.DeleteFunc(all, func(a *social.Account) bool {
		return a.SuspendedAt != nil || a.SilencedAt != nil || !a.Discoverable
	}), err
}

func (p presenter) accounts(list []*social.Account) []Account {
	out := make([]Account, len(list))
	for i, a := range list {
		out[i] = p.account(a)
	}
	return out
}

// about is GET /about.
func (h *Handlers) about(c echo.Context) error {
	t := home(c)
	v := AboutView{Tenant: h.view(c), ContactMail: t.ContactMail, Version: h.Version, Canonical: t.URL("/about")}
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		totals, err := store.ReadPageTotals(ctx, scope)
		if err != nil {
			return err
		}
		v.Accounts, v.Posts = totals.Accounts, totals.Posts
		return h.fillAbout(ctx, scope, c, &v)
	})
	if err != nil {
		return err
	}
	return page(c, writer(RenderAbout, v))
}

// tag is GET /tags/:tag: what this tenant's accounts say with a hashtag. Programs that
// look for posts of everybody use the API.
func (h *Handlers) tag(c echo.Context) error {
	typed, err := url.PathUnescape(c.Param("tag"))
	if plain, isFeed := strings.CutSuffix(typed, ".rss"); isFeed {
		return c.Redirect(http.StatusMovedPermanently, "/tags/"+url.PathEscape(plain)+"/feed.rss") // Mastodon's address
	}
	name := htmlsafe.NormaliseTag(typed)
	if err != nil || name == "" {
		return web.ErrNotFound
	}
	t, place := home(c), "/tags/"+url.PathEscape(name)
	if typed != name && c.Request().URL.RawQuery == "" {
		return c.Redirect(http.StatusMovedPermanently, place)
	}
	bounds, err := boundsOf(c)
	if err != nil {
		return err
	}
	v := TagView{Tenant: h.view(c), Tag: name, Canonical: t.URL(place), FeedURL: place + "/feed.rss"}
	err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		found, err := timeline.Tag(ctx, scope, 0, name, timeline.TagFilter{Local: true}, bounds)
		if err != nil {
			return err
		}
		v.Older, v.Newer = around(place, found, bounds)
		v.List, err = h.presenter(c).posts(ctx, scope, found.Statuses)
		return err
	})
	if err != nil {
		return err
	}
	return page(c, writer(RenderTag, v))
}
