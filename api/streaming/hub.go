package streaming

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	// maxConnsOfToken bounds what one app can open: a browser has a connection for
	// each tab, an app with server-sent events one for each stream.
	maxConnsOfToken = 20
	// remember is how long an ended token is known: longer than any request needs
	// from judging a token to opening its stream.
	remember = time.Minute
)

type tokenKey struct {
	tenant tenant.ID
	token  int64
}

// hub knows all open connections: by tenant, in rooms, and by token.
type hub struct {
	ctx  context.Context // of loading; ends with the server
	bus  *stream.Bus
	load *loader
	log  *slog.Logger
	now  Tenants // may be nil

	mu      sync.Mutex
	closing bool
	rooms   map[tenant.ID]*room
	tokens  map[tokenKey]map[*conn]struct{}
	ended   map[tokenKey]time.Time
	idle    chan struct{} // closed when closing and empty
}

func newHub(ctx context.Context, d Deps, load *loader) *hub {
	return &hub{
		ctx: ctx, bus: d.Bus, load: load, log: d.Log, now: d.Tenants, rooms: make(map[tenant.ID]*room),
		tokens: make(map[tokenKey]map[*conn]struct{}), ended: make(map[tokenKey]time.Time),
		idle: make(chan struct{}),
	}
}

// join opens a connection that hears nothing yet.
func (h *hub) join(t *tenant.Tenant, viewer *access.Viewer) (*conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := tokenKey{viewer.Tenant, viewer.TokenID}
	switch {
	case h.closing:
		return nil, errClosing
	case len(h.tokens[k]) >= maxConnsOfToken:
		return nil, errBusy
	}
	r := h.rooms[viewer.Tenant]
	if r == nil {
		subscription, err := h.bus.Subscribe(viewer.Tenant)
		if err != nil {
			return nil, err
		}
		r = newRoom(h, t, subscription)
		h.rooms[viewer.Tenant] = r
		go r.run()
	}
	// The token was judged before the room heard of ends: look once more.
	if _, ended := h.ended[k]; ended {
		h.leaveIfEmpty(r)
		return nil, errRevoked
	}
	c := newConn(viewer, r)
	if h.tokens[k] == nil {
		h.tokens[k] = make(map[*conn]struct{})
	}
	h.tokens[k][c] = struct{}{}
	r.enter(c, t)
	return c, nil
}

// leave forgets a connection.
func (h *hub) leave(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := tokenKey{c.viewer.Tenant, c.viewer.TokenID}
	delete(h.tokens[k], c)
	if len(h.tokens[k]) == 0 {
		delete(h.tokens, k)
	}
	c.room.exit(c)
	h.leaveIfEmpty(c.room)
	if h.closing && len(h.tokens) == 0 {
		close(h.idle)
	}
}

func (h *hub) leaveIfEmpty(r *room) {
	if r.size() > 0 {
		return
	}
	h.forget(r)
	r.subscription.Close()
}

// forget takes a room out of the way of newcomers. The caller holds the lock.
func (h *hub) forget(r *room) {
	if h.rooms[r.id] == r {
		delete(h.rooms, r.id)
	}
}

// over closes a room whose subscription has ended, and all who are in it.
func (h *hub) over(r *room, why error) {
	h.mu.Lock()
	h.forget(r)
	h.mu.Unlock()
	for _, c := range r.all() {
		c.end(why)
	}
}

// revoked closes the connections of a token that has ended (SECURITY rule 19).
func (h *hub) revoked(payload string) {
	id, token, ok := store.ParseRevocation(payload)
	if !ok {
		h.log.Warn("unreadable revocation")
		return
	}
	h.endTokens(id, []int64{token})
}

func (h *hub) endTokens(id tenant.ID, tokens []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for k, at := range h.ended {
		if now.Sub(at) > remember {
			delete(h.ended, k)
		}
	}
	for _, token := range tokens {
		k := tokenKey{id, token}
		h.ended[k] = now
		for c := range h.tokens[k] {
			c.end(errRevoked)
		}
	}
}

// close ends all connections and lets in no new ones. What it returns is closed when
// the last one has left.
func (h *hub) close() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return h.idle
	}
	h.closing = true
	if len(h.tokens) == 0 {
		close(h.idle)
	}
	for _, conns := range h.tokens {
		for c := range conns {
			c.end(errClosing)
		}
	}
	return h.idle
}
