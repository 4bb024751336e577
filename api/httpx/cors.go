package httpx

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	exposedHeaders = "Link, Mastodon-Async-Refresh, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
	preflightAge   = "7200" // seconds; Chromium's own upper bound
)

var everyMethod = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// CORSMethods are the methods that scripts of other sites may use on a path; nil
// for none. Apps that live in a browser need the API, discovery and the token
// endpoint. They never need credentials of the browser: a token is enough, so
// that the origin may be anything.
func CORSMethods(path string) []string {
	switch {
	case strings.HasPrefix(path, "/api/"):
		return everyMethod
	case strings.HasPrefix(path, "/.well-known/"), strings.HasPrefix(path, "/nodeinfo/"):
		return []string{"GET", "HEAD", "OPTIONS"}
	case path == "/oauth/token", path == "/oauth/revoke":
		return []string{"POST", "OPTIONS"}
	case path == "/oauth/userinfo":
		return []string{"GET", "HEAD", "POST", "OPTIONS"}
	}
	return nil
}

// cors opens an answer to scripts, errors and rate limits included.
func cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if slices.Contains(CORSMethods(c.Request().URL.Path), c.Request().Method) {
			header := c.Response().Header()
			header.Set(echo.HeaderAccessControlAllowOrigin, "*")
			header.Set(echo.HeaderAccessControlExposeHeaders, exposedHeaders)
		}
		return next(c)
	}
}

// preflight answers OPTIONS. Headers are named one by one because "*" does not
// cover Authorization (Fetch standard, "CORS-preflight fetch").
func preflight(c echo.Context) error {
	header := c.Response().Header()
	if methods := CORSMethods(c.Request().URL.Path); methods != nil {
		header.Set(echo.HeaderAccessControlAllowMethods, strings.Join(methods, ", "))
		header.Set(echo.HeaderAccessControlMaxAge, preflightAge)
		header.Add(echo.HeaderVary, echo.HeaderAccessControlRequestHeaders)
		if asked := c.Request().Header.Get(echo.HeaderAccessControlRequestHeaders); asked != "" {
			header.Set(echo.HeaderAccessControlAllowHeaders, asked)
		}
	}
	return c.NoContent(http.StatusNoContent)
}
