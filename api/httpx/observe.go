package httpx

import (
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/httpfault"
	"rookery/internal/ids"
	"rookery/tenant"
)

const requestIDBytes = 12

// observe is the outermost layer of a route: it names the request, turns a panic
// or an error into an answer, and writes the access line. The line holds the
// path without its query and no header, because both may carry secrets, and no
// address of the client.
func observe(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			header := c.Response().Header()
			if header.Get(echo.HeaderXRequestID) == "" {
				header.Set(echo.HeaderXRequestID, ids.Secret(requestIDBytes))
			}
			if err := httpfault.Safely(next, c); err != nil {
				Render(c, log, err)
			}
			if ctx := c.Request().Context(); log.Enabled(ctx, slog.LevelInfo) {
				log.LogAttrs(ctx, slog.LevelInfo, "request", append(requestAttrs(c),
					slog.Int("status", c.Response().Status),
					slog.Int64("bytes", c.Response().Size),
					slog.Duration("took", time.Since(start)))...)
			}
			return nil
		}
	}
}

func requestAttrs(c echo.Context) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", c.Response().Header().Get(echo.HeaderXRequestID)),
		slog.String("method", c.Request().Method),
		slog.String("route", c.Path()),
		slog.String("path", c.Request().URL.Path),
	}
	if t := tenant.FromContext(c.Request().Context()); t != nil {
		attrs = append(attrs, slog.Int64("tenant", int64(t.ID)))
	}
	return attrs
}

// secure sets the headers of every API answer. It is data: a browser that is
// made to open it must not run, frame or guess at anything. Answers are private
// unless a handler says otherwise with CachePublic or CachedJSON.
func secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderXFrameOptions, "DENY")
		header.Set(echo.HeaderReferrerPolicy, "no-referrer")
		header.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'; form-action 'none'")
		header.Set(echo.HeaderCacheControl, noStore)
		header.Add(echo.HeaderVary, echo.HeaderAuthorization)
		return next(c)
	}
}
