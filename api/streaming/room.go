package streaming

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"rookery/internal/fault"
	"rookery/internal/stream"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

const (
	roomBatch   = 64
	loadTimeout = 10 * time.Second
	// checkTokens is how often a room asks whether its tokens still count. Revoking
	// is heard at once; this finds what ended otherwise, such as an account that was
	// suspended.
	checkTokens = time.Minute
)

// room is all connections of one tenant. Its goroutine handles the tenant's events in
// their order: what waits is loaded together, once for everybody, and a busy tenant
// does not hold up another.
type room struct {
	hub          *hub
	id           tenant.ID
	subscription *stream.Subscription

	mu        sync.Mutex
	tenant    *tenant.Tenant // as the latest to enter knew it
	conns     map[*conn]struct{}
	listeners map[key]map[*conn]struct{}
}

func newRoom(h *hub, t *tenant.Tenant, s *stream.Subscription) *room {
	return &room{
		hub: h, id: t.ID, tenant: t, subscription: s, conns: make(map[*conn]struct{}), listeners: make(map[key]map[*conn]struct{}),
	}
}

func (r *room) enter(c *conn, t *tenant.Tenant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tenant = t
	r.conns[c] = struct{}{}
}

func (r *room) exit(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range c.channels {
		r.mute(c, k)
	}
	delete(r.conns, c)
}

func (r *room) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

func (r *room) all() []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.conns))
}

// subscribe lets a connection hear a stream; a second time changes nothing.
func (r *room) subscribe(c *conn, ch channel) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, already := c.channels[ch.key]; !already && len(c.channels) >= maxChannels {
		return errChannels
	}
	c.channels[ch.key] = ch
	if r.listeners[ch.key] == nil {
		r.listeners[ch.key] = make(map[*conn]struct{})
	}
	r.listeners[ch.key][c] = struct{}{}
	return nil
}

func (r *room) unsubscribe(c *conn, ch channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute(c, ch.key)
}

// mute ends a subscription. The caller holds the lock.
func (r *room) mute(c *conn, k key) {
	delete(c.channels, k)
	delete(r.listeners[k], c)
	if len(r.listeners[k]) == 0 {
		delete(r.listeners, k)
	}
}

// target is a connection that hears an event, and on which stream.
type target struct {
	conn  *conn
	label []string
}

// work is an event with those who hear it.
type work struct {
	stream.Event
	targets []target
}

// audience finds who hears the events; those that nobody hears are left out.
func (r *room) audience(events []stream.Event) (*tenant.Tenant, []work) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []work
	for _, e := range events {
		w := work{Event: e}
		for k := range keysOf(e) {
			for c := range r.listeners[k] {
				if c.hears(e) {
					w.targets = append(w.targets, target{c, c.channels[k].label})
				}
			}
		}
		if len(w.targets) > 0 {
			out = append(out, w)
		}
	}
	return r.tenant, out
}

// run handles events until the subscription ends.
func (r *room) run() {
	tick := time.NewTicker(checkTokens)
	defer tick.Stop()
	for {
		select {
		case e, ok := <-r.subscription.Events():
			if !ok {
				r.hub.over(r, r.subscription.Err())
				return
			}
			if err := r.handle(r.gather(e)); err != nil {
				r.giveUp(err)
				return
			}
		case <-tick.C:
			if err := r.check(); err != nil {
				r.giveUp(err)
				return
			}
		}
	}
}

func (r *room) gather(first stream.Event) []stream.Event {
	batch := []stream.Event{first}
	for len(batch) < roomBatch {
		select {
		case e, ok := <-r.subscription.Events():
			if !ok {
				return batch
			}
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// giveUp closes the room: going on would hide that something is missing.
func (r *room) giveUp(err error) {
	why := stream.ErrLost
	switch code := fault.CodeOf(err); {
	case code == fault.Forbidden || code == fault.Gone:
		why = errRevoked // nobody need try again
	case r.hub.ctx.Err() == nil:
		r.hub.log.Warn("streams of a tenant closed", "tenant", int64(r.id), "error", err)
	}
	r.subscription.Close()
	r.hub.over(r, why)
}

// mayHear ends the streams of a tenant that may read nothing any more, at the latest with the
// next check: the doors are closed to new ones, and these hear no event more.
func (r *room) mayHear() error {
	if r.hub.now == nil {
		return nil
	}
	t, ok := r.hub.now.ByID(r.id)
	if !ok {
		return nil
	}
	return entitled.ToRead(t)
}

// handle loads what the events name and sends each listener its own view.
func (r *room) handle(events []stream.Event) error {
	if err := r.mayHear(); err != nil {
		return err
	}
	t, works := r.audience(events)
	if len(works) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.hub.ctx, loadTimeout)
	defer cancel()
	views, err := r.hub.load.views(ctx, t, works)
	if err != nil {
		return err
	}
	for i, w := range works {
		for _, t := range w.targets {
			if m := views[i].to(t.conn.viewer.Account); m != nil {
				t.conn.send(delivery{t.label, m})
			}
		}
	}
	return nil
}

// check closes the connections whose tokens have ended without a word.
func (r *room) check() error {
	if err := r.mayHear(); err != nil {
		return err
	}
	tokens := make(map[int64]bool)
	for _, c := range r.all() {
		tokens[c.viewer.TokenID] = true
	}
	ctx, cancel := context.WithTimeout(r.hub.ctx, loadTimeout)
	defer cancel()
	ended, err := r.hub.load.ended(ctx, r.id, slices.Collect(maps.Keys(tokens)))
	if err != nil {
		return err
	}
	if len(ended) > 0 {
		r.hub.endTokens(r.id, ended)
	}
	return nil
}
