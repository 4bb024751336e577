package streaming_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rookery/api/streaming"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/stream"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// another is a second process with a bus of its own, on the same database.
func (w *world) another(t *testing.T) *world {
	t.Helper()
	api := *w.World
	api.Streams = stream.New(w.PG, slog.New(slog.DiscardHandler))
	other := &world{World: &api, server: streaming.New(streaming.Deps{DB: w.PG, Bus: api.Streams, Render: api.Render, Log: slog.New(slog.DiscardHandler)})}
	api.Routes = other.server.Routes()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := api.Streams.Run(ctx); err != nil {
			t.Errorf("bus: %v", err)
		}
	}()
	other.stopBus = func() { cancel(); <-done }
	select {
	case <-api.Streams.Ready():
	case <-time.After(deadline):
		t.Fatal("the bus of the other process does not listen")
	}
	other.serve(t)
	return other
}

// TEN-40: whoever is sent away hears nothing more, in whichever process their streams are: a
// WebSocket and an event stream end at once. Their colleagues go on.
func TestStreamsOfSomebodySentAwayEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	other := w.another(t)
	mate := w.Colleague(t, w.Alice, people.Publisher)
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		if err := people.Join(ctx, s, mate.Home.Person, people.MemberPlain); err != nil {
			return err
		}
		return people.Join(ctx, s, w.A.Person, people.MemberOwner)
	})
	var sockets []*socket
	var streams []*events
	for _, process := range []*world{w, other} {
		sockets = append(sockets, process.dial(t, mate, "?stream=user"))
		streams = append(streams, process.listen(t, mate, "user"))
	}
	stays := other.dial(t, w.Alice, "?stream=user")
	began := time.Now()
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return people.SendAway(ctx, s, people.By{Person: w.A.Person, Actor: audit.ByOperator(), May: access.MayPlace}, mate.Home.Person, "mate")
	})
	for i := range sockets {
		if code := sockets[i].ends(); code != websocket.StatusPolicyViolation {
			t.Errorf("process %d closes the socket with %d", i, code)
		}
		streams[i].ends()
	}
	if took := time.Since(began); took > 30*time.Second { // streams look at their tokens each minute by themselves
		t.Errorf("that took %s: not the message ended them", took)
	}
	for _, process := range []*world{w, other} {
		if got := process.get(t, mate, "user"); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("a stream begins again: %d", got.StatusCode)
		}
	}
	post(t, w.Alice, "without them")
	stays.want("user update")
}
