package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const (
	oembedPath    = "/api/oembed"
	embedWidth    = 400
	embedMinWidth = 240
	keepOEmbed    = 86400 // seconds, as Mastodon says
)

// embed is GET /@:user/:id/embed: one post, small, for a frame on another site. It
// is the only page that may be framed; it has no form, no menu and no script, so that
// there is nothing to be tricked into pressing.
func (h *Handlers) embed(c echo.Context) error {
	web.Framable(c, assets.PolicyEmbed)
	id, ok := ids.Parse(c.Param("id"))
	if !ok {
		return web.ErrNotFound
	}
	v, err := h.embedded(c, social.StatusID(id))
	if to, ok := errors.AsType[moved](err); ok {
		return to.redirect(c)
	}
	if err != nil {
		return err
	}
	return web.Public(c, keepPage, echo.MIMETextHTMLCharsetUTF8, writer(RenderEmbed, v))
}

// embedded reads a post of this host as a frame shows it.
func (h *Handlers) embedded(c echo.Context, id social.StatusID) (EmbedView, error) {
	p := h.presenter(c)
	v := EmbedView{Tenant: view(p.tenant)}
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
		st, err := h.visiblePost(ctx, c, scope, id)
		if err != nil {
			return err
		}
		posts, err := p.posts(ctx, scope, []*social.Status{st})
		if err == nil && len(posts) == 0 {
			err = web.ErrNotFound
		}
		if err != nil {
			return err
		}
		v.Post = posts[0]
		v.URL = p.tenant.URL(v.Post.URL)
		return nil
	})
	return v, err
}

// oembedAnswer is the "rich" type of https://oembed.com section 2.3.4, with the fields
// that Mastodon sends.
type oembedAnswer struct {
	Type         string `json:"type"`
	Version      string `json:"version"`
	Title        string `json:"title"`
	AuthorName   string `json:"author_name"`
	AuthorURL    string `json:"author_url"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	CacheAge     int    `json:"cache_age"`
	HTML         string `json:"html"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
}

// oembed is GET /api/oembed?url=: how to show a post of this host elsewhere.
func (h *Handlers) oembed(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderAccessControlAllowOrigin, "*")
	if format := c.QueryParam("format"); format != "" && format != "json" {
		return oembedFault(c, http.StatusNotImplemented, "Only JSON is spoken here.")
	}
	user, id, ok := postOf(home(c).URL("/"), c.QueryParam("url"))
	if !ok {
		return oembedFault(c, http.StatusNotFound, "Record not found")
	}
	c.SetParamNames("user")
	c.SetParamValues(user)
	v, err := h.embedded(c, id)
	_, isMoved := errors.AsType[moved](err)
	switch {
	case isMoved || fault.CodeOf(err) == fault.NotFound || fault.CodeOf(err) == fault.Gone:
		return oembedFault(c, http.StatusNotFound, "Record not found")
	case err != nil:
		return err
	}
	answer, err := json.Marshal(v.answer(limitOf(c, "maxwidth"), limitOf(c, "maxheight")))
	if err != nil {
		return fmt.Errorf("write oembed of %s: %w", v.URL, err)
	}
	return web.Public(c, keepPage, echo.MIMEApplicationJSON, bytesWriter(answer))
}

func oembedFault(c echo.Context, status int, text string) error {
	return c.JSON(status, map[string]string{"error": text})
}

// postOf reads the address of a post's page: <root>@user/id, with /embed or without.
func postOf(root, address string) (user string, id social.StatusID, ok bool) {
	u, err := url.Parse(address)
	here, errHere := url.Parse(root)
	if err != nil || errHere != nil || !strings.EqualFold(u.Host, here.Host) || u.Scheme != "https" && u.Scheme != "http" {
		return "", 0, false
	}
	path := strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/embed")
	user, number, found := strings.Cut(strings.TrimPrefix(path, "/@"), "/")
	parsed, isNumber := ids.Parse(number)
	return url.PathEscape(user), social.StatusID(parsed), found && isNumber && user != "" && strings.HasPrefix(path, "/@")
}

// limitOf reads a size that the asking site has at most; 0: any.
func limitOf(c echo.Context, name string) int {
	n, err := strconv.Atoi(c.QueryParam(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (v EmbedView) answer(maxWidth, maxHeight int) oembedAnswer {
	width, height := embedWidth, v.height()
	if maxWidth > 0 {
		width = max(embedMinWidth, min(width, maxWidth))
	}
	if maxHeight > 0 {
		height = min(height, maxHeight)
	}
	root := strings.TrimSuffix(v.URL, v.Post.URL)
	return oembedAnswer{
		Type: "rich", Version: "1.0", Title: "Post by " + v.Post.By.Name, AuthorName: v.Post.By.Name, AuthorURL: root + v.Post.By.URL,
		ProviderName: v.Tenant.Name, ProviderURL: root + "/", CacheAge: keepOEmbed,
		HTML: frameOf(v.URL, v.Post.By.Name, width, height), Width: width, Height: height,
	}
}

// frameOf is the markup that shows a post elsewhere. The frame may open its links in
// new windows and nothing more.
func frameOf(page, by string, width, height int) string {
	return fmt.Sprintf(`<iframe src="%s" title="%s" width="%d" height="%d" style="max-width:100%%;border:0" loading="lazy" sandbox="allow-popups allow-popups-to-escape-sandbox" allowfullscreen></iframe>`,
		html.EscapeString(page+"/embed"), html.EscapeString("Post by "+by), width, height)
}

// height guesses what the post needs at the usual width: a frame without script cannot
// tell, and scrolls where the guess falls short.
func (v EmbedView) height() int {
	const around, line, lettersInLine, picture, folded, highest = 170, 25, 42, 240, 64, 900
	if v.Post.Warning != "" {
		return around + folded
	}
	text := utf8.RuneCountInString(plainText(string(v.Post.Content)))
	height := around + line*((text+lettersInLine-1)/lettersInLine+strings.Count(string(v.Post.Content), "</p>"))
	switch {
	case len(v.Post.Media) > 0 && v.Post.IsSensitive:
		height += folded
	case len(v.Post.Media) > 0:
		height += picture
	}
	if v.Post.Poll != nil {
		height += 44*len(v.Post.Poll.Options) + 30
	}
	return min(height, highest)
}
