package stream

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Why a subscription ended.
var (
	// ErrSlow: the subscriber did not take its events in time.
	ErrSlow = fault.New(fault.Unavailable, "The stream fell behind and was closed. Connect again.")
	// ErrLost: the link to the other processes broke, so that events are missing.
	ErrLost = fault.New(fault.Unavailable, "The stream is interrupted. Connect again.")
	// ErrClosed: the subscriber closed it itself.
	ErrClosed = fault.New(fault.Gone, "The stream was closed.")
)

const (
	outgoingQueue     = 4096
	subscriptionQueue = 1024
	processIDBytes    = 9
)

// Bus carries events to the subscribers of this process at once, and to those of
// all other processes by NOTIFY. Make it with New and keep Run going; there is one
// in a process.
type Bus struct {
	db       *pg.DB
	log      *slog.Logger
	process  string // marks what comes back to its own sender
	outgoing chan Event
	dropped  atomic.Int64
	handlers map[string]func(payload string)

	session atomic.Uint64 // of the listening connection; 0: none

	mu            sync.Mutex
	listening     bool
	sessions      uint64        // so far
	ready         chan struct{} // closed while listening
	subscriptions map[tenant.ID]map[*Subscription]struct{}
}

var _ Publisher = (*Bus)(nil)

// New makes a Bus on a database. It carries nothing to other processes before Run.
func New(db *pg.DB, log *slog.Logger) *Bus {
	return &Bus{
		db: db, log: log, process: ids.Secret(processIDBytes), outgoing: make(chan Event, outgoingQueue),
		handlers: make(map[string]func(string)), ready: make(chan struct{}),
		subscriptions: make(map[tenant.ID]map[*Subscription]struct{}),
	}
}

// Listen calls fn with every payload that anybody sends by NOTIFY on a channel, so
// that the process needs no second connection for such news. fn must be quick. It is
// called before Run.
func (b *Bus) Listen(channel string, fn func(payload string)) { b.handlers[channel] = fn }

// Run sends and receives until the context ends, then sends what waits and closes
// all subscriptions. It lives through the loss of its connection.
func (b *Bus) Run(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() { b.send(ctx) })
	both.Go(func() { b.listen(ctx) })
	both.Wait()
	return nil
}

// Ready returns a channel that is closed once the bus hears other processes.
func (b *Bus) Ready() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ready
}

// Dropped is how many events could not be sent to other processes.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }

// Publish implements Publisher: subscribers of this process have the events when it
// returns.
func (b *Bus) Publish(events ...Event) {
	b.dispatch(events)
	for _, e := range events {
		select {
		case b.outgoing <- e:
		default:
			b.dropped.Add(1)
		}
	}
}

// dispatch gives events to the subscribers of this process. A subscriber whose queue
// is full is closed: it would miss something without knowing.
func (b *Bus) dispatch(events []Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		for s := range b.subscriptions[e.Tenant] {
			select {
			case s.events <- e:
			default:
				b.end(s, ErrSlow)
			}
		}
	}
}

// Subscription is a queue of one tenant's events.
type Subscription struct {
	bus    *Bus
	tenant tenant.ID
	events chan Event
	why    error // guarded by bus.mu
}

// Subscribe opens a queue of a tenant's events. It refuses while the bus cannot hear
// other processes, because what happens meanwhile would be missing.
func (b *Bus) Subscribe(id tenant.ID) (*Subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.listening {
		return nil, ErrLost
	}
	s := &Subscription{bus: b, tenant: id, events: make(chan Event, subscriptionQueue)}
	if b.subscriptions[id] == nil {
		b.subscriptions[id] = make(map[*Subscription]struct{})
	}
	b.subscriptions[id][s] = struct{}{}
	return s, nil
}

// Events yields the events in the order in which this process heard them. It is
// closed when the subscription ends; Err says why.
func (s *Subscription) Events() <-chan Event { return s.events }

// Err says why the subscription ended: ErrSlow, ErrLost or ErrClosed. It is nil before.
func (s *Subscription) Err() error {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	return s.why
}

// Close ends the subscription. It may be called any number of times.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.end(s, ErrClosed)
}

// end closes a subscription. The caller holds the lock: nobody sends meanwhile.
func (b *Bus) end(s *Subscription, why error) {
	if s.why != nil {
		return
	}
	s.why = why
	delete(b.subscriptions[s.tenant], s)
	if len(b.subscriptions[s.tenant]) == 0 {
		delete(b.subscriptions, s.tenant)
	}
	close(s.events)
}

// heard opens the bus for subscribers.
func (b *Bus) heard() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listening = true
	b.sessions++
	b.session.Store(b.sessions)
	close(b.ready)
}

// Listening reports whether the bus hears other processes, and in which session: what
// was told between two sessions is lost.
func (b *Bus) Listening() (session uint64, ok bool) {
	session = b.session.Load()
	return session, session != 0
}

// lost closes every subscription and lets in no new one until the bus hears again:
// not only events may be missing by then, but the end of a token (SECURITY rule 19).
func (b *Bus) lost() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.listening {
		return
	}
	b.listening = false
	b.session.Store(0)
	b.ready = make(chan struct{})
	for _, all := range b.subscriptions {
		for s := range all {
			b.end(s, ErrLost)
		}
	}
}
