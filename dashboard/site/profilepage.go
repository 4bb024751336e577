package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/timeline"
	"rookery/internal/store"
)

// moved says that an address has a better spelling or lies elsewhere.
type moved struct{ to string }

func (m moved) Error() string { return "moved to " + m.to }

var (
	errNoAccount   = fault.New(fault.NotFound, "")
	errAccountGone = fault.New(fault.Gone, "This account was deleted. Its name is not given to anybody else.")
)

// named finds the local account that the :user of the path means. Former names lead
// to the present one, and handles of other servers that are known here to their pages.
func (h *Handlers) named(ctx context.Context, c echo.Context, scope *pg.Scope) (*social.Account, error) {
	typed, err := url.PathUnescape(c.Param("user"))
	user, host, isWhole := strings.Cut(typed, "@")
	if err != nil || user == "" || strings.ContainsAny(typed, "/\x00") {
		return nil, errNoAccount
	}
	t := home(c)
	if host = strings.ToLower(host); isWhole && host != t.HandleDomain && host != t.Host {
		return nil, elsewhere(ctx, scope, social.Handle{User: user, Host: host})
	}
	a, err := store.AccountByHandle(ctx, scope, social.Handle{User: user})
	if fault.IsNotFound(err) {
		a, err = store.LocalAccountByAnyHandle(ctx, scope, user)
	}
	switch {
	case fault.IsNotFound(err):
		return nil, whyMissing(ctx, scope, user)
	case err != nil:
		return nil, err
	case a.SuspendedAt != nil:
		return nil, errNoAccount
	case a.Username != typed:
		return nil, moved{strings.Replace(c.Request().URL.Path, "/@"+typed, "/@"+a.Username, 1)}
	}
	return a, nil
}

// elsewhere leads to the page of a remote account. Only an address that was stored
// with the account is gone to, so that nobody can make this host point anywhere.
func elsewhere(ctx context.Context, scope *pg.Scope, handle social.Handle) error {
	a, err := store.AccountByHandle(ctx, scope, handle)
	if err != nil {
		return err
	}
	page := htmlsafe.WebURL(a.URL)
	if page == "" {
		page = htmlsafe.WebURL(a.URI)
	}
	if page == "" || a.SuspendedAt != nil {
		return errNoAccount
	}
	return moved{page}
}

func whyMissing(ctx context.Context, scope *pg.Scope, user string) error {
	used, err := store.IsHandleUsed(ctx, scope, user)
	switch {
	case err != nil:
		return err
	case used:
		return errAccountGone
	}
	return errNoAccount
}

// redirect is permanent within this host and for now elsewhere.
func (m moved) redirect(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=60")
	if strings.HasPrefix(m.to, "/") {
		return c.Redirect(http.StatusMovedPermanently, m.to)
	}
	return c.Redirect(http.StatusFound, m.to)
}

// profile is GET /@:user and its tabs.
func (h *Handlers) profile(tab Tab) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Add(echo.HeaderVary, echo.HeaderAccept)
		// Apps in browsers read actors here, as they do on Mastodon; nothing on the page
		// depends on who asks.
		header.Set(echo.HeaderAccessControlAllowOrigin, "*")
		web.Secure(c, assets.PolicyAway) // its form leads to the reader's own server
		bounds, err := boundsOf(c)
		if err != nil {
			return err
		}
		var a *social.Account
		var v ProfileView
		asDocument := tab == TabPosts && wantsActivity(c) && h.Documents.Actor != nil
		err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
			if a, err = h.named(ctx, c, scope); err != nil || asDocument {
				return err
			}
			v, err = h.presenter(c).profile(ctx, scope, a, tab, bounds)
			return err
		})
		if to, ok := errors.AsType[moved](err); ok {
			return to.redirect(c)
		}
		// Mastodon's address of a feed. A name may end like that too, and then it wins.
		if user, isFeed := strings.CutSuffix(c.Param("user"), ".rss"); isFeed && fault.IsNotFound(err) {
			return c.Redirect(http.StatusMovedPermanently, "/@"+user+"/feed.rss")
		}
		if err != nil {
			return err
		}
		describe(c, a.URI)
		if asDocument {
			return h.Documents.Actor(c, a.ID)
		}
		return page(c, writer(RenderProfile, v))
	}
}

var tabPaths = map[Tab]string{TabPosts: "", TabReplies: "/with_replies", TabMedia: "/media", TabAbout: "/about"}

func (p presenter) profile(ctx context.Context, scope *pg.Scope, a *social.Account, tab Tab, bounds timeline.Page) (ProfileView, error) {
	path := "/@" + a.Username
	v := ProfileView{
		Tenant: p.view, Account: p.account(a), Bio: assets.SafeHTML(a.Note), Fields: fields(a), Current: tab,
		Posts: a.StatusesCount, Followers: a.FollowersCount, Following: a.FollowingCount, Since: a.CreatedAt,
		IsBot: a.IsBot(), IsGroup: a.IsGroup(), IsLocked: a.Locked, IsMemorial: a.Memorial,
		FollowURL: path + "/follow", FeedURL: p.tenant.URL(path + "/feed.rss"), ActivityURL: a.URI,
		Canonical: p.tenant.URL(path + tabPaths[tab]), NoIndex: !a.Discoverable || isDeep(bounds),
	}
	for _, t := range []Tab{TabPosts, TabReplies, TabMedia, TabAbout} {
		v.Tabs = append(v.Tabs, TabLink{Tab: t, URL: path + tabPaths[t]})
	}
	if !a.HideCollections {
		v.FollowersURL, v.FollowingURL = path+followersPath, path+followingPath
	}
	if a.HeaderKey != "" {
		v.Header = Media{URL: p.Media.Header(p.tenant.ID, a), Alt: a.HeaderAlt}
	}
	if err := p.surround(ctx, scope, a, &v); err != nil {
		return v, err
	}
	if tab == TabAbout {
		return v, nil
	}
	list, err := p.tabPosts(ctx, scope, a, tab, bounds)
	if err != nil {
		return v, err
	}
	v.List = list.posts
	v.Older, v.Newer = around(path+tabPaths[tab], list.Result, bounds)
	return v, nil
}

// surround adds the other accounts of the page.
func (p presenter) surround(ctx context.Context, scope *pg.Scope, a *social.Account, v *ProfileView) error {
	const maxSiblings = 5
	open, err := p.openAccounts(ctx, scope)
	if err != nil {
		return err
	}
	for _, other := range open {
		if other.ID != a.ID && len(v.Siblings) < maxSiblings {
			v.Siblings = append(v.Siblings, p.account(other))
		}
	}
	if a.MovedToURI == "" {
		return nil
	}
	target, err := store.AccountByURI(ctx, scope, a.MovedToURI)
	switch {
	case fault.IsNotFound(err):
		v.MovedTo = &Account{Handle: a.MovedToURI, URL: htmlsafe.WebURL(a.MovedToURI)}
	case err != nil:
		return err
	default:
		to := p.account(target)
		v.MovedTo = &to
	}
	return nil
}

type tabList struct {
	timeline.Result
	posts []Post
}

// tabPosts reads a tab's posts; the pinned ones stand above the newest.
func (p presenter) tabPosts(ctx context.Context, scope *pg.Scope, a *social.Account, tab Tab, bounds timeline.Page) (tabList, error) {
	filter := timeline.AccountFilter{ExcludeReplies: tab == TabPosts, ExcludeBoosts: tab == TabMedia, OnlyMedia: tab == TabMedia}
	found, err := timeline.Account(ctx, scope, 0, a.ID, filter, bounds)
	if err != nil {
		return tabList{}, err
	}
	statuses := found.Statuses
	pins := 0
	if tab == TabPosts && !isDeep(bounds) {
		pinned, err := timeline.Account(ctx, scope, 0, a.ID, timeline.AccountFilter{Pinned: true}, timeline.Page{})
		if err != nil {
			return tabList{}, err
		}
		pins = len(pinned.Statuses)
		statuses = append(pinned.Statuses, statuses...)
	}
	posts, err := p.posts(ctx, scope, statuses)
	for i := range min(pins, len(posts)) {
		posts[i].IsPinned = true
	}
	return tabList{found, posts}, err
}

func fields(a *social.Account) []Field {
	out := make([]Field, len(a.Fields))
	for i, f := range a.Fields {
		out[i] = Field{Name: htmlsafe.Name(f.Name), Value: assets.SafeHTML(f.Value)}
		if f.VerifiedAt != nil {
			out[i].VerifiedAt = *f.VerifiedAt
		}
	}
	return out
}
