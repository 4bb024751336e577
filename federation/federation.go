// Package federation puts what other servers ask for on a tenant's hosts, and turns
// errors into the answers that other servers understand.
//
// cmd/rookery calls Mount with the handlers of its branches. It must not know the
// API for people's apps or the pages, and holds no logic of its own.
package federation

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/federation/actor"
	"rookery/federation/discovery"
	"rookery/internal/httpfault"
)

// Router is where routes are put: *echo.Echo and *echo.Group are.
type Router interface {
	Add(method, path string, handler echo.HandlerFunc, middleware ...echo.MiddlewareFunc) *echo.Route
}

// Options say what Mount puts there.
type Options struct {
	Actor     *actor.Handlers
	Discovery *discovery.Handlers
	Log       *slog.Logger
}

// Mount adds the documents and the discovery of tenants. Echo does not answer HEAD
// for routes of GET, so both are added.
func Mount(router Router, o Options) {
	get := func(path string, handler echo.HandlerFunc) {
		handler = Answer(o.Log, handler)
		router.Add(http.MethodGet, path, handler)
		router.Add(http.MethodHead, path, handler)
	}
	for _, route := range o.Actor.Routes() {
		get(route.Path, route.Handler)
	}
	for _, route := range o.Discovery.Routes() {
		get(route.Path, route.Handler)
	}
}

// Answer wraps a handler whose errors are told to other servers. Mount does it by
// itself; the inbox's routes are wrapped where they are added.
func Answer(log *slog.Logger, handler echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := handler(c); err != nil {
			Render(c, log, err)
		}
		return nil
	}
}

// Render answers with an error: a status and no body. It is the only place of this
// tree where an error becomes a status, and where an unexpected one is logged.
// Senders act on the status alone: 401 makes them try their other signature, other
// 4xx but 408 and 429 make them give up, 5xx makes them come back.
func Render(c echo.Context, log *slog.Logger, err error) {
	req := c.Request()
	if c.Response().Committed || errors.Is(req.Context().Err(), context.Canceled) {
		return
	}
	status := StatusOf(err)
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, "no-store")
	if retry := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests; retry && header.Get(echo.HeaderRetryAfter) == "" {
		header.Set(echo.HeaderRetryAfter, "30")
	}
	if status >= http.StatusInternalServerError && log != nil {
		log.ErrorContext(req.Context(), "federation request failed", "method", req.Method, "path", req.URL.Path, "host", req.Host,
			"status", status, "error", err)
	}
	_ = c.NoContent(status) // the connection is all that can fail here
}

// StatusOf maps an error to a status. Whatever has no code is ours.
func StatusOf(err error) int { return httpfault.Status(err) }
