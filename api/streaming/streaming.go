// Package streaming tells apps what happens while it happens, over WebSocket and
// server-sent events.
//
// It hears ids from stream.Bus, loads what they name once for all who listen in this
// process, and sends each viewer what that viewer may see. cmd/rookery mounts its
// routes and closes it before the HTTP server. Nothing is promised: whatever breaks
// closes the stream, and the app loads what it missed. It must not decide who may
// see a post, and it writes nothing but what status.CanSee's own condition let pass.
package streaming

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Deps are what streams are made of.
type Deps struct {
	DB     *pg.DB
	Bus    *stream.Bus // not running yet: New registers with it
	Render *render.Renderer
	Log    *slog.Logger
	// Tenants says how a tenant stands now; nil: as it stood when a stream began.
	Tenants Tenants
	// Beat is how often a silent stream shows that it lives; 0: 15 seconds.
	Beat time.Duration
}

// Tenants knows tenants as they are now; *registry.Registry does.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// usualBeat is below the time after which proxies drop a silent connection.
const usualBeat = 15 * time.Second

// Server serves streams. Make it with New.
type Server struct {
	hub    *hub
	beat   time.Duration
	cancel context.CancelFunc
}

// New returns a Server that hears the bus, also when tokens end.
func New(d Deps) *Server {
	if d.Beat == 0 {
		d.Beat = usualBeat
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		hub:  newHub(ctx, d, &loader{db: d.DB, render: d.Render}),
		beat: d.Beat, cancel: cancel,
	}
	d.Bus.Listen(store.RevocationChannel, s.hub.revoked)
	return s
}

// Shutdown closes all streams, lets in no new ones, and waits until the apps have
// been told or the context ends.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.cancel()
	select {
	case <-s.hub.close():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Routes is the table. Timelines of lists have no line: there are no lists yet.
func (s *Server) Routes() []httpx.Route {
	events := func(path, channel, scope string) httpx.Route {
		return httpx.Route{
			Method: http.MethodGet, Path: "/api/v1/streaming/" + path, Auth: httpx.User, Scopes: []string{scope},
			Act: access.Read, LongLived: true, Handler: s.events(channel),
		}
	}
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: "/api/v1/streaming/health", Auth: httpx.Public, Act: access.Read,
			Handler: func(c echo.Context) error { return c.String(http.StatusOK, "OK") },
		},
		{
			Method: http.MethodGet, Path: "/api/v1/streaming", Auth: httpx.User, Scopes: []string{scopeStatuses, scopeNotifications},
			Act: access.Read, LongLived: true, Handler: s.socket,
		},
		events("user", chanUser, scopeStatuses),
		events("user/notification", chanNotification, scopeNotifications),
		events("public", chanPublic, scopeStatuses),
		events("public/local", chanPublicLocal, scopeStatuses),
		events("public/remote", chanPublicRemote, scopeStatuses),
		events("hashtag", chanTag, scopeStatuses),
		events("hashtag/local", chanTagLocal, scopeStatuses),
		events("direct", chanDirect, scopeStatuses),
	}
}

var (
	errBusy     = fault.New(fault.TooMany, "This token has too many open streams.")
	errClosing  = fault.New(fault.Unavailable, "The server is restarting. Connect again.")
	errRevoked  = fault.New(fault.Unauthorized, "The access token is invalid")
	errNoStream = fault.New(fault.NotFound, "Unknown stream type")
	errNoTag    = fault.New(fault.Malformed, "Missing tag name parameter")
	errScope    = fault.New(fault.Forbidden, "Access token does not have the required scopes")
	errNoSocket = fault.New(fault.Malformed, "Connect by WebSocket, or name a stream in the path.")
	errMessage  = fault.New(fault.Malformed, "Not a message of the form {\"type\":\"subscribe\",\"stream\":\"user\"}.")
	errChannels = fault.New(fault.TooMany, "This connection hears too many streams.")
)
