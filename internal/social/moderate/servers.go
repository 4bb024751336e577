package moderate

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/store"
	"rookery/tenant"
)

// Servers knows what holds for every server, for every tenant. It answers from memory and
// follows changes that any process makes: at once by a notification, each minute in any
// case. While the database is away it answers from what it read last. A nil Servers blocks
// nobody. It is safe for concurrent use.
type Servers struct {
	db      *pg.DB
	log     *slog.Logger
	every   time.Duration
	now     atomic.Pointer[reading]
	loading sync.Mutex // so that an older reading never replaces a newer one
	waiting sync.Mutex
	stale   map[tenant.ID]bool
	wake    chan struct{}
}

// reading is what was read last; it is replaced as a whole.
type reading struct {
	platform *rules
	tenants  map[tenant.ID]*rules
}

// NewServers returns a Servers that knows nothing yet: call Load, then Follow and Run.
func NewServers(db *pg.DB, log *slog.Logger) *Servers {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Servers{db: db, log: log, every: time.Minute, stale: map[tenant.ID]bool{}, wake: make(chan struct{}, 1)}
}

var (
	errUnread     = fault.New(fault.Unavailable, "The rules about other servers cannot be read just now.")
	errBlocked    = fault.New(fault.Forbidden, "Your organisation does not talk to this server.")
	errNotAllowed = fault.New(fault.Forbidden, "Your organisation talks to certain servers only, and this is none of them.")
	errPlatform   = fault.New(fault.Forbidden, "This server is blocked for everybody here.")
)

// Of returns what holds for a host, with or without a port.
func (s *Servers) Of(t tenant.ID, host string) Verdict {
	if s == nil {
		return Verdict{}
	}
	now := s.now.Load()
	if now == nil {
		return Verdict{}
	}
	return now.of(t, host)
}

func (r *reading) of(t tenant.ID, host string) Verdict {
	own := r.tenants[t]
	if own == nil && len(r.platform.of) == 0 {
		return Verdict{}
	}
	host = servername.Of(host)
	return stronger(r.platform.verdict(host), own.verdict(host))
}

// Refuse returns why nothing may come from a host nor go to it: fault.Forbidden with a
// sentence for people, or nil. fault.Unavailable: the rules were never read, so that
// nobody knows.
func (s *Servers) Refuse(t tenant.ID, host string) error {
	if s == nil {
		return nil
	}
	now := s.now.Load()
	if now == nil {
		return errUnread
	}
	v := now.of(t, host)
	switch {
	case !v.IsRefused():
		return nil
	case v.NotAllowed:
		return errNotAllowed
	case v.ByPlatform:
		return errPlatform
	}
	return errBlocked
}

// IsRefusal reports whether an error is one of Refuse's, and no outage.
func IsRefusal(err error) bool { return fault.CodeOf(err) == fault.Forbidden }

// HasAllowList reports whether a tenant talks to certain servers only.
func (s *Servers) HasAllowList(t tenant.ID) bool {
	if s == nil {
		return false
	}
	now := s.now.Load()
	return now != nil && now.tenants[t] != nil && now.tenants[t].allowOnly
}

// Load reads everything that has changed since it was read last.
func (s *Servers) Load(ctx context.Context) error { return s.read(ctx, nil) }

// read brings what is in memory up to date: about the given tenants, or all. The first
// reading is always about all.
func (s *Servers) read(ctx context.Context, of []tenant.ID) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	before := s.now.Load()
	if before == nil {
		before, of = &reading{}, nil
	}
	next, err := readRules(ctx, s.db, before, of)
	if err == nil {
		s.now.Store(next)
	}
	return err
}

// readRules reads the platform's rules, and those of tenants whose version is another than
// the one that was read before: of the given tenants, or of all.
func readRules(ctx context.Context, db *pg.DB, before *reading, of []tenant.ID) (*reading, error) {
	next := &reading{tenants: maps.Clone(before.tenants)}
	if next.tenants == nil {
		next.tenants = map[tenant.ID]*rules{}
	}
	err := db.Platform(ctx, "read the rules about servers", func(tx *pg.PlatformTx) error {
		policies, err := store.PolicyLines(ctx, tx, of...)
		if err != nil {
			return err
		}
		var changed []tenant.ID
		for _, p := range policies {
			if old := before.tenants[p.TenantID]; old == nil || old.version != p.Version {
				changed = append(changed, p.TenantID)
			}
		}
		own, platform, err := store.RuleLines(ctx, tx, changed)
		if err != nil {
			return err
		}
		next.platform = compile(platform, Open, 0)
		next.replace(policies, changed, own)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the rules about servers: %w", err)
	}
	return next, nil
}

func (r *reading) replace(policies []*store.PolicyLine, changed []tenant.ID, lines []*store.RuleLine) {
	grouped := make(map[tenant.ID][]*store.RuleLine, len(changed))
	for _, l := range lines {
		grouped[l.TenantID] = append(grouped[l.TenantID], l)
	}
	policy := make(map[tenant.ID]*store.PolicyLine, len(policies))
	for _, p := range policies {
		policy[p.TenantID] = p
	}
	for _, id := range changed {
		r.tenants[id] = compile(grouped[id], policy[id].Mode, policy[id].Version)
	}
}

// News is who hears what other processes say; *stream.Bus does.
type News interface {
	Listen(channel string, fn func(payload string))
}

// Follow hears of changes. Run reads them.
func (s *Servers) Follow(n News) { n.Listen(store.ServersChanged, s.heard) }

func (s *Servers) heard(payload string) {
	id, err := strconv.ParseInt(payload, 10, 64)
	if err != nil {
		return
	}
	s.waiting.Lock()
	s.stale[tenant.ID(id)] = true
	s.waiting.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// rest is how long changes gather after a reading, so that a flood of them costs little.
const rest = 50 * time.Millisecond

// Run keeps what is in memory current until ctx ends. It outlives every outage of the
// database.
func (s *Servers) Run(ctx context.Context) error {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		all := false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			all = true
		case <-s.wake:
		}
		s.catchUp(ctx, all)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

func (s *Servers) catchUp(ctx context.Context, all bool) {
	s.waiting.Lock()
	stale := s.stale
	s.stale = map[tenant.ID]bool{}
	s.waiting.Unlock()
	var of []tenant.ID
	for id := range stale {
		of = append(of, id) // 0, the platform, names no tenant: its rules are read anyway
	}
	if all || stale[0] {
		of = nil
	}
	reading, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := s.read(reading, of); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "the rules about servers were not read; the last ones hold", "error", err)
		s.waiting.Lock()
		maps.Copy(s.stale, stale)
		s.waiting.Unlock()
	}
}
