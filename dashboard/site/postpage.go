package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
)

var errPostGone = fault.New(fault.Gone, "This post was deleted. It does not come back.")

// post is GET /@:user/:id. It shows what anybody may see: signing in does not change
// the page, so that caches may keep it.
func (h *Handlers) post(c echo.Context) error {
	c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
	id, ok := ids.Parse(c.Param("id"))
	if !ok {
		return web.ErrNotFound
	}
	var st *social.Status
	var v PostView
	asDocument := wantsActivity(c) && h.Documents.Object != nil
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		if st, err = h.visiblePost(ctx, c, scope, social.StatusID(id)); err != nil || asDocument {
			return err
		}
		v, err = h.presenter(c).postPage(ctx, scope, st)
		return err
	})
	if to, ok := errors.AsType[moved](err); ok {
		return to.redirect(c)
	}
	if err != nil {
		return err
	}
	describe(c, st.URI)
	if asDocument {
		return h.Documents.Object(c, st.ID)
	}
	return page(c, writer(RenderPost, v))
}

// withoutSlash is GET /@:user/, as people type it.
func withoutSlash(c echo.Context) error {
	return c.Redirect(http.StatusMovedPermanently, "/@"+c.Param("user"))
}

// visiblePost is the post of the address, if anybody may see it and it is the named
// account's.
func (h *Handlers) visiblePost(ctx context.Context, c echo.Context, scope *pg.Scope, id social.StatusID) (*social.Status, error) {
	st, err := status.Visible(ctx, scope, 0, id)
	if fault.IsNotFound(err) {
		return nil, h.whyNoPost(ctx, c, scope, id)
	}
	if err != nil {
		return nil, err
	}
	if !st.IsLocal {
		if page := remotePage(st); page != "" && st.BoostOfID == 0 {
			return nil, moved{page}
		}
		return nil, web.ErrNotFound
	}
	author, err := h.named(ctx, c, scope)
	if err != nil {
		return nil, err
	}
	if author.ID != st.AccountID || st.BoostOfID != 0 {
		return nil, web.ErrNotFound
	}
	return st, nil
}

// whyNoPost tells a deleted post from one that is hidden or never was. The tombstone
// carries the post's permanent address.
func (h *Handlers) whyNoPost(ctx context.Context, c echo.Context, scope *pg.Scope, id social.StatusID) error {
	_, err := store.TombstoneByURI(ctx, scope, home(c).URL("/ap/objects/"+ids.Format(int64(id))))
	if err == nil {
		return errPostGone
	}
	return err
}

func (p presenter) postPage(ctx context.Context, scope *pg.Scope, st *social.Status) (PostView, error) {
	thread, err := status.Context(ctx, scope, 0, st)
	if err != nil {
		return PostView{}, err
	}
	all := append(append([]*social.Status{st}, thread.Ancestors...), thread.Descendants...)
	around, err := lookUp(ctx, scope, all)
	if err != nil {
		return PostView{}, err
	}
	focus, ok := p.post(st, around)
	if !ok {
		return PostView{}, web.ErrNotFound
	}
	v := PostView{
		Tenant: p.view, Post: focus, Canonical: p.tenant.URL(focus.URL), ActivityURL: st.URI,
		OEmbedURL: p.tenant.URL(oembedPath + "?format=json&url=" + url.QueryEscape(p.tenant.URL(focus.URL))),
		NoIndex:   st.Visibility != social.Public || !around.accounts[st.AccountID].Discoverable,
	}
	v.EmbedHTML = frameOf(v.Canonical, focus.By.Name, embedWidth, EmbedView{Post: focus}.height())
	for _, above := range thread.Ancestors {
		if post, ok := p.post(above, around); ok {
			v.Ancestors = append(v.Ancestors, post)
		}
	}
	for _, below := range thread.Descendants {
		if post, ok := p.post(below, around); ok {
			v.Descendants = append(v.Descendants, post)
		}
	}
	return v, nil
}
