package streaming

import (
	"encoding/json"
	"sync"

	"rookery/internal/stream"
	"rookery/tenant/access"
)

const (
	// connQueue is how far an app may fall behind before its stream is closed.
	connQueue   = 256
	maxChannels = 64
)

// message is one event as an app reads it. It is shared by all who hear it.
type message struct {
	event   stream.Kind
	payload []byte // JSON, or the id of what was deleted
	quoted  []byte // the payload as a JSON string
}

func newMessage(kind stream.Kind, payload []byte) *message {
	quoted, _ := json.Marshal(string(payload)) // a string always has a form
	return &message{event: kind, payload: payload, quoted: quoted}
}

// delivery is a message on one of the streams that a connection hears.
type delivery struct {
	label []string
	*message
}

// conn is one app's connection, of either kind. Its queue is filled by the room and
// emptied by the goroutine that writes to the app.
type conn struct {
	viewer *access.Viewer
	room   *room
	queue  chan delivery

	once   sync.Once
	closed chan struct{}
	why    error // set before closed is closed

	channels map[key]channel // guarded by room.mu
}

func newConn(viewer *access.Viewer, r *room) *conn {
	return &conn{
		viewer: viewer, room: r, queue: make(chan delivery, connQueue), closed: make(chan struct{}),
		channels: make(map[key]channel),
	}
}

// send queues a message; an app that does not read is closed rather than waited for.
func (c *conn) send(d delivery) {
	select {
	case c.queue <- d:
	default:
		c.end(stream.ErrSlow)
	}
}

// end tells the writing goroutine to stop. The first reason counts.
func (c *conn) end(why error) {
	c.once.Do(func() {
		c.why = why
		close(c.closed)
	})
}

// hears reports whether the token may be told about an event at all.
func (c *conn) hears(e stream.Event) bool {
	if e.Kind == stream.Notification {
		return c.viewer.Scopes.Allow(scopeNotifications)
	}
	return true
}
