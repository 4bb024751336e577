package site

import (
	"context"
	"errors"
	"net/url"
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

const feedType = "application/rss+xml; charset=utf-8"

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
	return web.Public(c, keepPage, feedType, writer(WriteFeed, v))
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
	v.Posts, err = p.feedPosts(ctx, scope, found.Statuses)
	return v, err
}

// tagFeed is GET /tags/:tag/feed.rss: what this tenant's accounts say with a hashtag.
func (h *Handlers) tagFeed(c echo.Context) error {
	typed, err := url.PathUnescape(c.Param("tag"))
	name := htmlsafe.NormaliseTag(typed)
	if err != nil || name == "" {
		return web.ErrNotFound
	}
	t, place := home(c), "/tags/"+url.PathEscape(name)
	v := FeedView{
		Title: "#" + name, Link: t.URL(place), Self: t.URL(place + "/feed.rss"),
		Description: "Public posts from " + t.Name + " with #" + name, Version: h.Version,
	}
	err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		found, err := timeline.Tag(ctx, scope, 0, name, timeline.TagFilter{Local: true}, timeline.Page{Limit: pageSize})
		if err != nil {
			return err
		}
		v.Posts, err = h.presenter(c).feedPosts(ctx, scope, found.Statuses)
		return err
	})
	if err != nil {
		return err
	}
	return web.Public(c, keepPage, feedType, writer(WriteFeed, v))
}

// feedPosts leaves out unlisted posts: they may be read by anybody but are not sent
// around.
func (p presenter) feedPosts(ctx context.Context, scope *pg.Scope, statuses []*social.Status) ([]FeedPost, error) {
	listed := slices.DeleteFunc(statuses, func(st *social.Status) bool { return st.Visibility != social.Public })
	tags := make(map[string][]string, len(listed))
	for _, st := range listed {
		tags[ids.Format(int64(st.ID))] = st.Tags
	}
	posts, err := p.posts(ctx, scope, listed)
	out := make([]FeedPost, len(posts))
	for i, post := range posts {
		post.URL = absolute(p.tenant, post.URL)
		out[i] = FeedPost{Post: post, Tags: tags[post.ID]}
	}
	return out, err
}

func absolute(t *tenant.Tenant, link string) string {
	if htmlsafe.WebURL(link) != "" {
		return link
	}
	return t.URL(link)
}
