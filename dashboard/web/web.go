// Package web is the frame of the pages people open in a browser: headers, forms,
// caching, faults and the steps of signing in.
//
// Packages dashboard/site and dashboard/console wrap their handlers in Pages and
// answer with HTML or Public. It must not render a page of its own, must not know
// tenants' data, and must never write a query string, a form or the text of an
// internal error into a log line or an answer.
package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/httpfault"
	"rookery/internal/ids"
	"rookery/tenant"
)

const (
	requestIDBytes  = 12
	timeout         = 20 * time.Second
	uploadTimeout   = 2 * time.Minute
	downloadTimeout = 6 * time.Hour
	maxForm         = 64 << 10
	// MaxUpload is the largest picture, as the API takes it.
	MaxUpload = 16 << 20
)

// Frame is what stands around the handlers of one surface.
type Frame struct {
	Log *slog.Logger
	// ShowFault writes the page that says what went wrong.
	ShowFault func(c echo.Context, f Fault) error
}

// Pages is the middleware of every page: it names the request, bounds it in time and
// size, refuses posts from other sites, and turns errors and panics into pages.
func (f Frame) Pages(next echo.HandlerFunc) echo.HandlerFunc { return f.within(maxForm, timeout, next) }

// Uploads is Pages for a form that carries a picture: read it with SignedUpload.
func (f Frame) Uploads(next echo.HandlerFunc) echo.HandlerFunc {
	return f.within(MaxUpload+maxForm, uploadTimeout, next)
}

// Downloads is Pages for a file that may take long over a slow line.
func (f Frame) Downloads(next echo.HandlerFunc) echo.HandlerFunc {
	return f.within(maxForm, downloadTimeout, next)
}

func (f Frame) within(size int64, longest time.Duration, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		header := c.Response().Header()
		if header.Get(echo.HeaderXRequestID) == "" {
			header.Set(echo.HeaderXRequestID, ids.Secret(requestIDBytes))
		}
		Secure(c, assets.Policy)
		original := c.Request()
		original.Body = http.MaxBytesReader(c.Response(), original.Body, size)
		ctx, cancel := context.WithTimeout(original.Context(), longest)
		c.SetRequest(original.WithContext(ctx))
		err := safely(next, c)
		// Whether the client is gone must not be answered by our own cancel.
		cancel()
		c.SetRequest(original)
		if err != nil {
			f.Fail(c, err)
		}
		f.Log.LogAttrs(original.Context(), slog.LevelInfo, "request", append(attrs(c),
			slog.Int("status", c.Response().Status), slog.Int64("bytes", c.Response().Size), slog.Duration("took", time.Since(start)))...)
		return nil
	}
}

// safely refuses what another site's page sends and turns a panic into an error.
func safely(next echo.HandlerFunc, c echo.Context) error {
	if err := crossOrigin.Check(c.Request()); err != nil {
		return errForeignForm
	}
	return httpfault.Safely(next, c)
}

func attrs(c echo.Context) []slog.Attr {
	out := []slog.Attr{
		slog.String("request_id", c.Response().Header().Get(echo.HeaderXRequestID)),
		slog.String("method", c.Request().Method),
		slog.String("route", c.Path()),
		slog.String("path", c.Request().URL.Path),
	}
	if t := tenant.FromContext(c.Request().Context()); t != nil {
		out = append(out, slog.Int64("tenant", int64(t.ID)))
	}
	return out
}

// Secure sets the headers of a page. Pages are personal until Public says otherwise.
//
// The referrer stays within the site: with no-referrer browsers would send
// "Origin: null" with our own forms (Fetch section 3.2), which look foreign then.
func Secure(c echo.Context, policy string) {
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy, policy)
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	header.Set(echo.HeaderXFrameOptions, "DENY")
	header.Set(echo.HeaderReferrerPolicy, "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()")
	header.Set(echo.HeaderCacheControl, "no-store")
}

// Framable sets the headers of the one kind of page that other sites may show in a
// frame.
func Framable(c echo.Context, policy string) {
	Secure(c, policy)
	header := c.Response().Header()
	header.Del(echo.HeaderXFrameOptions)
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// HTML answers with a page for this reader alone.
func HTML(c echo.Context, status int, render func(io.Writer) error) error {
	var body bytes.Buffer
	if err := render(Spoken(c, &body)); err != nil {
		return err
	}
	return c.HTMLBlob(status, body.Bytes())
}

// Public answers with what is the same for everybody: caches may keep it for a
// while, and a reader who has it already gets 304 (RFC 9110 section 13).
func Public(c echo.Context, keep time.Duration, contentType string, render func(io.Writer) error) error {
	var body bytes.Buffer
	var to io.Writer = &body
	if strings.HasPrefix(contentType, echo.MIMETextHTML) {
		to = Spoken(c, to)
	}
	if err := render(to); err != nil {
		return err
	}
	sum := sha256.Sum256(body.Bytes())
	// Weak, because a proxy may compress the answer.
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, fmt.Sprintf("public, max-age=%d", int(keep.Seconds())))
	header.Set("ETag", tag)
	if hasTag(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, contentType, body.Bytes())
}

// hasTag compares weakly, as RFC 9110 section 13.1.2 asks.
func hasTag(header, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == opaque {
			return true
		}
	}
	return false
}
