package streaming_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/api/streaming"
	v1 "rookery/api/v1"
	"rookery/internal/limit"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	deadline    = 40 * time.Second // below the minute after which streams look at tokens by themselves
	readTimeout = 2 * time.Second
)

// world is an API with streams behind a real server.
type world struct {
	*apitest.World
	server  *streaming.Server
	stopBus context.CancelFunc
	url     string
}

// ByID implements streaming.Tenants, for streams that are made before the world is.
func (w *world) ByID(id tenant.ID) (*tenant.Tenant, bool) { return w.Registry.ByID(id) }

func newWorld(t *testing.T, beat time.Duration) *world {
	t.Helper()
	w := &world{}
	w.World = apitest.New(t, func(p apitest.Parts) []httpx.Route {
		w.server = streaming.New(streaming.Deps{DB: p.DB, Bus: p.Streams, Render: p.Render, Log: slog.New(slog.DiscardHandler), Tenants: w, Beat: beat})
		posts := v1.StatusRoutes(v1.StatusDeps{
			Deps:     v1.Deps{DB: p.DB, Render: p.Render, Relate: relate.New(p.Streams)},
			Statuses: status.New(status.Options{Streams: p.Streams}),
		})
		return append(posts, w.server.Routes()...)
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Streams.Run(ctx); err != nil {
			t.Errorf("bus: %v", err)
		}
	}()
	w.stopBus = func() { cancel(); <-done }
	select {
	case <-w.Streams.Ready():
	case <-time.After(deadline):
		t.Fatal("the bus does not listen")
	}
	w.serve(t)
	return w
}

// serve puts the routes behind a socket. The tenant is the first label of the path's
// host in service; here a header says it.
func (w *world) serve(t *testing.T) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	err := httpx.Mount(e, httpx.Deps{
		Auth: access.New(w.PG, log), Limiter: limit.ByClass{Limiter: limit.New(limit.Options{Factor: limit.Off})}, Log: log,
	}, w.Routes)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		home := w.A.Tenant
		if r.Header.Get("X-Tenant") == w.B.Tenant.Host {
			home = w.B.Tenant
		}
		e.ServeHTTP(rw, r.WithContext(tenant.NewContext(r.Context(), home)))
	}))
	// As in service, requests have their time; streams outlive it.
	server.Config.ReadTimeout = readTimeout
	server.Start()
	w.url = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), deadline)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Errorf("streams did not end: %v", err)
		}
		server.Close()
		w.stopBus()
	})
}

// post writes a post and returns its id.
func post(t *testing.T, c *apitest.Client, text string, more ...string) string {
	t.Helper()
	form := url.Values{"status": {text}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	var out struct{ ID string }
	c.Post("/api/v1/statuses", form).Into(t, &out)
	return out.ID
}

// socket is an app's WebSocket.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial connects with a token in the Authorization header.
func (w *world) dial(t *testing.T, c *apitest.Client, query string) *socket {
	t.Helper()
	return w.dialWith(t, c.Home, query, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + c.Token}}})
}

func (w *world) dialWith(t *testing.T, h *fixture.Home, query string, o *websocket.DialOptions) *socket {
	t.Helper()
	if o.HTTPHeader == nil {
		o.HTTPHeader = http.Header{}
	}
	o.HTTPHeader.Set("X-Tenant", h.Tenant.Host)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, w.url+"/api/v1/streaming"+query, o)
	if response != nil && response.Body != nil {
		defer response.Body.Close()
	}
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{t, conn}
}

// say sends a command. Commands have no answer, so that a complaint about another
// one afterwards is the sign that it was obeyed.
func (s *socket) say(kind, stream, tag string) {
	s.t.Helper()
	s.send(fmt.Sprintf(`{"type":%q,"stream":%q,"tag":%q}`, kind, stream, tag))
	s.send(`{"type":"subscribe","stream":"sync"}`)
	if got := s.next(); !strings.Contains(got.Error, "Unknown stream") {
		s.t.Fatalf("%s %s: %+v", kind, stream, got)
	}
}

func (s *socket) send(text string) {
	s.t.Helper()
	if err := s.conn.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatalf("send %s: %v", text, err)
	}
}

// frame is what comes over a WebSocket.
type frame struct {
	Stream  []string
	Event   string
	Payload string
	Error   string
	Status  int
}

func (f frame) String() string { return strings.Join(f.Stream, "/") + " " + f.Event }

func (s *socket) next() frame {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	kind, data, err := s.conn.Read(ctx)
	if err != nil || kind != websocket.MessageText {
		s.t.Fatalf("read: %v, %v", kind, err)
	}
	var f frame
	if err := json.Unmarshal(data, &f); err != nil {
		s.t.Fatalf("read %s: %v", data, err)
	}
	return f
}

// want reads frames and compares streams and events, in any order.
func (s *socket) want(frames ...string) []frame {
	s.t.Helper()
	missing := make(map[string]int)
	for _, f := range frames {
		missing[f]++
	}
	var out []frame
	for range frames {
		f := s.next()
		if missing[f.String()] == 0 {
			s.t.Errorf("unexpected %s", f)
		}
		missing[f.String()]--
		out = append(out, f)
	}
	return out
}

// ends reads until the server closes and returns the code.
func (s *socket) ends() websocket.StatusCode {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	for {
		if _, _, err := s.conn.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func (f frame) status(t *testing.T) *entity.Status {
	t.Helper()
	var s entity.Status
	if err := json.Unmarshal([]byte(f.Payload), &s); err != nil {
		t.Fatalf("payload of %s is no status: %v", f, err)
	}
	return &s
}
