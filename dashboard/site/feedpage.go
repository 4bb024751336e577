package site

import (
	"context"
	"errors"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/tenant"
)

// feed is GET /@:user/feed.rss: the account's own public posts.
func (h *Handlers) feed(c echo.Context) error {
	var v FeedView
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		a, err := h.named(ctx, c, scope)
		if err != nil {
			return err
		}
		v, err = h.presenter(c).feed(ctx, scope, a)
		return err
	})
	if to, ok := errors.AsType[moved](err); ok {
		return to.redirect(c)
	}
	if err != nil {
		return err
	}
	return web.Public(c, keepPage, "application/rss+xml; charset=utf-8", writer(WriteFeed, v))
}

func (p presenter) feed(ctx context.Context, scope *pg.Scope, a *social.Account) (FeedView, error) {
	by, path := p.account(a), "/@"+a.Username
	v := FeedView{
		Title: by.Name, Link: p.tenant.URL(path), Self: p.tenant.URL(path + "/feed.rss"), Lang: a.DefaultLanguage,
		Description: "Public posts from " + by.Handle, Icon: by.Avatar.URL, Version: p.Version,
	}
	filter := timeline.AccountFilter{ExcludeReplies: true, ExcludeBoosts: true}
	found, err := timeline.Account(ctx, scope, 0, a.ID, filter, timeline.Page{Limit: pageSize})
	if err != nil {
		return v, err
	}
	// Unlisted posts may be read by anybody but are not sent around.
	listed := slices.DeleteFunc(found.Statuses, func(st *social.Status) bool { return st.Visibility != social.Public })
	posts, err := p.posts(ctx, scope, listed)
	tags := make(map[string][]string, len(listed))
	for _, st := range listed {
		tags[ids.Format(int64(st.ID))] = st.Tags
	}
	for _, post := range posts {
		post.URL = absolute(p.tenant, post.URL)
		v.Posts = append(v.Posts, FeedPost{Post: post, Tags: tags[post.ID]})
	}
	return v, err
}

func absolute(t *tenant.Tenant, link string) string {
	if htmlsafe.WebURL(link) != "" {
		return link
	}
	return t.URL(link)
}
