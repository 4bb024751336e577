package site

import (
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
)

const (
	keepRobots = 24 * time.Hour
	forEver    = 365 * 24 * time.Hour
)

// brand serves the stylesheet of the tenant's colour. Under the address that pages
// use it never changes.
func (h *Handlers) brand(c echo.Context) error {
	colour := home(c).BrandColour
	hash := assets.BrandHash(colour)
	if hash == "" {
		return web.ErrNotFound
	}
	css, err := assets.BrandCSS(colour)
	if err != nil {
		return err
	}
	keep := keepPage
	if c.QueryParam("v") == hash {
		keep = forEver
	}
	return web.Public(c, keep, "text/css; charset=utf-8", bytesWriter(css))
}

// favicon answers the addresses that browsers try by themselves.
func favicon(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=3600")
	return c.Redirect(http.StatusFound, assets.URL("favicon.svg"))
}

// robots keeps crawlers to what is worth showing. Whoever does not want to be found
// says so on the page itself (noindex), which crawlers must be able to read.
func robots(c echo.Context) error {
	return web.Public(c, keepRobots, "text/plain; charset=utf-8", bytesWriter([]byte("User-agent: *\nDisallow: /api/\nDisallow: /auth/\nDisallow: /oauth/\nDisallow: /settings/\n")))
}

func bytesWriter(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// writer binds a Render function to its view.
func writer[V any](render func(io.Writer, V) error, v V) func(io.Writer) error {
	return func(w io.Writer) error { return render(w, v) }
}

// renderer writes a page.
type renderer = func(io.Writer) error
