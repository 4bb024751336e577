package hostroute

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// The answers name no tenant and set no cookie: they are the same for every host.
const (
	unknownText = "This server does not serve the host that was asked for."
	goneText    = "What was here has been taken down for good."
	refusedText = "Nobody is let in from your network. Ask whoever runs this platform if that is wrong."
	startText   = "This server has just started and is not ready yet. Try again in some seconds."
)

// page is whole and small: it loads nothing, since there is no tenant to load it from.
const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
</html>
`

// answerUnknown is 421 (RFC 9110 section 15.5.20): also where a browser reuses the
// connection of another tenant's certificate.
func answerUnknown(c echo.Context) error {
	return answer(c, http.StatusMisdirectedRequest, "Not served here", unknownText)
}

// answerGone is for a name that its tenant gave up: other servers shall forget what was here.
func answerGone(c echo.Context) error {
	return answer(c, http.StatusGone, "Gone", goneText)
}

// answerRefused is for an address from which the operator lets nobody in.
func answerRefused(c echo.Context) error {
	return answer(c, http.StatusForbidden, "No access", refusedText)
}

func answerStarting(c echo.Context) error {
	c.Response().Header().Set("Retry-After", "5")
	return answer(c, http.StatusServiceUnavailable, "Not ready", startText)
}

func answer(c echo.Context, status int, title, text string) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	if !wantsPage(c.Request()) {
		return c.JSON(status, map[string]string{"error": text})
	}
	return c.HTML(status, strings.NewReplacer("{title}", title, "{text}", text).Replace(page))
}

func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
