package site

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/federation/vocab"
)

// wantsActivity tells whether a program asks for the ActivityStreams document of a
// page. Whoever does not care gets the page.
func wantsActivity(c echo.Context) bool {
	r := c.Request()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return vocab.PrefersActivity(strings.Join(r.Header.Values(echo.HeaderAccept), ","))
}

// describe says on a page where its ActivityStreams document is, and to caches that
// the address has two faces.
func describe(c echo.Context, uri string) {
	header := c.Response().Header()
	header.Add("Link", "<"+uri+`>; rel="alternate"; type="`+vocab.MediaType+`"`)
}
