package deliver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
)

const (
	patient       = 5                // connections that may fail in a row before a host counts as down
	firstInterval = time.Minute      // between probes of a host that is down; doubles
	lastInterval  = time.Hour        // and stops growing here
	refreshEvery  = 15 * time.Second // how long a copy of the shared table is good
	mostHosts     = 20_000           // that are remembered
)

// Health remembers which servers do not answer, for all processes and tenants. A
// host that is down is asked by one probe an interval and by nobody else. It keeps
// a copy in memory, so that a delivery costs no query. Make one for a process.
type Health struct {
	db  *pg.DB
	log *slog.Logger
	now func() time.Time

	mu        sync.Mutex
	hosts     map[string]*peer
	refreshed time.Time
	busy      bool // somebody reads the shared table
}

type peer struct {
	failures int
	changed  time.Time // when this process found the host down
	nextTry  time.Time // zero: not down
	rfc9421  bool
}

// NewHealth returns a Health that knows nothing yet. Log and now may be nil.
func NewHealth(db *pg.DB, log *slog.Logger, now func() time.Time) *Health {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	return &Health{db: db, log: log, now: now, hosts: map[string]*peer{}}
}

// IsDown reports whether deliveries to a host are held back.
func (h *Health) IsDown(host string) bool { return !h.down(host).IsZero() }

// Revive says that something came from a host: it is up. The inbox calls it for
// each verified activity; it costs nothing unless the host is held to be down.
func (h *Health) Revive(ctx context.Context, host string) {
	h.refresh(ctx)
	h.ok(ctx, host)
}

// down returns until when a host is left alone, zero if it is not down.
func (h *Health) down(host string) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.hosts[host]; p != nil {
		return p.nextTry
	}
	return time.Time{}
}

// admit says whether a request to a host may begin now, and whether it is the probe
// of a host that is down. Otherwise until is when to ask again.
func (h *Health) admit(ctx context.Context, host string) (probe bool, until time.Time, err error) {
	h.refresh(ctx)
	now := h.now()
	h.mu.Lock()
	p := h.hosts[host]
	if p == nil || p.nextTry.IsZero() {
		h.mu.Unlock()
		return false, time.Time{}, nil
	}
	if now.Before(p.nextTry) {
		defer h.mu.Unlock()
		return false, p.nextTry, nil
	}
	// Whoever comes next in this process waits; other processes are asked below.
	next := now.Add(interval(p.failures))
	p.nextTry = next
	h.mu.Unlock()
	var claimed bool
	err = h.db.Platform(ctx, "peer health: claim a probe", func(tx *pg.PlatformTx) (err error) {
		claimed, err = store.ClaimProbe(ctx, tx, host, now, next)
		return err
	})
	if err != nil || !claimed {
		return false, next, err
	}
	return true, time.Time{}, nil
}

// interval grows with each probe that failed.
func interval(failures int) time.Duration {
	steps := min(max(failures-patient, 0), 6)
	return min(firstInterval<<steps, lastInterval)
}

// failed counts a connection that failed. From the fifth in a row on the host is
// down; then only probes count, not what was under way when it was found down.
func (h *Health) failed(ctx context.Context, host string, probe bool, cause error) {
	now := h.now()
	h.mu.Lock()
	p := h.hosts[host]
	if p != nil && !p.nextTry.IsZero() && !probe {
		h.mu.Unlock()
		return
	}
	if p == nil {
		if len(h.hosts) >= mostHosts {
			clear(h.hosts) // the shared table brings back those that are down
			h.refreshed = time.Time{}
		}
		p = &peer{}
		h.hosts[host] = p
	}
	p.failures++
	if p.failures < patient {
		h.mu.Unlock()
		return
	}
	p.nextTry, p.changed = now.Add(interval(p.failures)), now
	next := p.nextTry
	row := store.PeerHost{Host: host, Failures: p.failures, NextTryAt: &next, LastError: short(cause.Error())}
	h.mu.Unlock()
	h.save(ctx, "peer health: host is down", func(ctx context.Context, tx *pg.PlatformTx) error {
		return store.FailPeerHost(ctx, tx, row, now)
	})
}

// ok forgets the failures of a host.
func (h *Health) ok(ctx context.Context, host string) {
	h.mu.Lock()
	p := h.hosts[host]
	if p == nil || p.failures == 0 {
		h.mu.Unlock()
		return
	}
	wasDown := !p.nextTry.IsZero()
	p.failures, p.nextTry = 0, time.Time{}
	if !p.rfc9421 {
		delete(h.hosts, host)
	}
	h.mu.Unlock()
	if !wasDown {
		return
	}
	h.save(ctx, "peer health: host is up", func(ctx context.Context, tx *pg.PlatformTx) error {
		return store.HealPeerHost(ctx, tx, host, h.now())
	})
}

func (h *Health) prefersRFC9421(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.hosts[host]
	return p != nil && p.rfc9421
}

// prefer remembers which signatures a host takes.
func (h *Health) prefer(ctx context.Context, host string, rfc9421 bool) {
	h.mu.Lock()
	if h.hosts[host] == nil {
		h.hosts[host] = &peer{}
	}
	h.hosts[host].rfc9421 = rfc9421
	h.mu.Unlock()
	h.save(ctx, "peer health: kind of signature", func(ctx context.Context, tx *pg.PlatformTx) error {
		return store.PreferRFC9421(ctx, tx, host, rfc9421, h.now())
	})
}

// save writes to the shared table. A failure is logged and no more: this process
// acts on its own copy, and the next failure or success writes again.
func (h *Health) save(ctx context.Context, reason string, write func(context.Context, *pg.PlatformTx) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := h.db.Platform(ctx, reason, func(tx *pg.PlatformTx) error { return write(ctx, tx) }); err != nil {
		h.log.WarnContext(ctx, "peer health not saved", "reason", reason, "error", err)
	}
}

// refresh reads the shared table if the copy is old. One caller does, the others go on.
func (h *Health) refresh(ctx context.Context) {
	started := h.now()
	h.mu.Lock()
	if h.busy || started.Sub(h.refreshed) < refreshEvery {
		h.mu.Unlock()
		return
	}
	h.busy = true
	h.mu.Unlock()
	var rows []*store.PeerHost
	err := h.db.Platform(ctx, "peer health: read", func(tx *pg.PlatformTx) (err error) {
		rows, err = store.PeerHosts(ctx, tx, mostHosts)
		return err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy, h.refreshed = false, started
	if err != nil {
		h.log.WarnContext(ctx, "peer health not read", "error", err)
		return
	}
	h.merge(rows, started)
}

// merge takes over what other processes found. Failures that make no host down yet
// are this process's own knowledge and stay.
// So does what was found out since reading began: it may not be in the table yet.
func (h *Health) merge(rows []*store.PeerHost, started time.Time) {
	before := h.hosts
	h.hosts = make(map[string]*peer, len(rows))
	for _, row := range rows {
		p := &peer{failures: row.Failures, rfc9421: row.RFC9421}
		if row.NextTryAt != nil {
			p.nextTry = *row.NextTryAt
		}
		h.hosts[row.Host] = p
	}
	for host, p := range before {
		if h.hosts[host] == nil && (p.nextTry.IsZero() || !p.changed.Before(started)) {
			h.hosts[host] = p
		}
	}
}
