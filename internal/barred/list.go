// Package barred holds with which mail domains and from which networks nobody registers, and
// from which networks nobody comes in at all: what Mastodon calls email_domain_blocks and
// ip_blocks.
//
// The pages on which persons register ask the List, which answers from memory, and so does
// the entrance of every host; the operator's commands change it by the Service. It must not
// judge servers of the fediverse (package moderate does), nor people who have registered.
package barred

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/store"
)

// Severity is what a blocked network may not do; the words are Mastodon's.
type Severity string

// The severities.
const (
	SignUpBlock Severity = "sign_up_block" // nobody registers
	NoAccess    Severity = "no_access"     // nobody is answered
)

// List knows who is barred. It follows changes that any process makes: at once by a
// notification, each minute in any case. While the database is away it answers from what it
// read last. A nil List bars nobody. It is safe for concurrent use.
type List struct {
	db      *pg.DB
	log     *slog.Logger
	now     atomic.Pointer[reading]
	loading sync.Mutex // so that an older reading never replaces a newer one
	wake    chan struct{}
}

// NewList returns a List that knows nothing yet: call Load, then Follow and Run.
func NewList(db *pg.DB, log *slog.Logger) *List {
	return &List{db: db, log: log, wake: make(chan struct{}, 1)}
}

// reading is what was read last. It is never changed once it is made.
type reading struct {
	mails    map[string]struct{}
	networks map[netip.Prefix]Severity
	lengths  []int // of the prefixes, each once: so many look-ups answer for an address
}

func compile(mails []*store.BlockedMail, networks []*store.BlockedNetwork) *reading {
	r := &reading{mails: make(map[string]struct{}, len(mails)), networks: make(map[netip.Prefix]Severity, len(networks))}
	for _, m := range mails {
		r.mails[m.Domain] = struct{}{}
	}
	seen := map[int]bool{}
	for _, n := range networks {
		r.networks[n.Network] = Severity(n.Severity)
		if bits := n.Network.Bits(); !seen[bits] {
			seen[bits] = true
			r.lengths = append(r.lengths, bits)
		}
	}
	return r
}

// of returns the strongest severity of the networks that an address lies in.
func (r *reading) of(from netip.Addr) Severity {
	var out Severity
	from = from.Unmap().WithZone("")
	for _, bits := range r.lengths {
		if bits > from.BitLen() {
			continue
		}
		prefix, err := from.Prefix(bits)
		if err != nil {
			continue
		}
		switch s := r.networks[prefix]; s {
		case NoAccess:
			return NoAccess
		case SignUpBlock:
			out = s
		}
	}
	return out
}

// Mail returns fault.Invalid with a sentence for people if nobody registers with an address.
func (l *List) Mail(email string) error {
	if l == nil {
		return nil
	}
	now := l.now.Load()
	_, host, _ := strings.Cut(email, "@")
	if now == nil || len(now.mails) == 0 {
		return nil
	}
	for name := range servername.Upwards(servername.Of(host)) {
		if _, is := now.mails[name]; is {
			return fault.Newf(fault.Invalid, "Nobody can register with a mail address at %s. Use another one.", host)
		}
	}
	return nil
}

// KeepsOut reports whether nobody registers who comes from an address.
func (l *List) KeepsOut(from netip.Addr) bool { return l.severity(from) != "" }

// Refuses reports whether nobody is answered who comes from an address.
func (l *List) Refuses(from netip.Addr) bool { return l.severity(from) == NoAccess }

func (l *List) severity(from netip.Addr) Severity {
	if l == nil {
		return ""
	}
	now := l.now.Load()
	if now == nil || !from.IsValid() {
		return ""
	}
	return now.of(from)
}

// Load reads the blocks.
func (l *List) Load(ctx context.Context) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	err := l.db.Platform(ctx, "read who is barred", func(tx *pg.PlatformTx) error {
		mails, networks, err := store.Barred(ctx, tx)
		if err == nil {
			l.now.Store(compile(mails, networks))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read who is barred: %w", err)
	}
	return nil
}

// News is who hears what other processes say; *stream.Bus does.
type News interface {
	Listen(channel string, fn func(payload string))
}

// Follow hears of changes. Run reads them.
func (l *List) Follow(n News) {
	n.Listen(store.BarredChanged, func(string) {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	})
}

// Run keeps what is in memory current until ctx ends. It outlives every outage of the
// database.
func (l *List) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-l.wake:
		}
		reading, cancel := context.WithTimeout(ctx, 15*time.Second)
		if err := l.Load(reading); err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "who is barred was not read; the last blocks hold", "error", err)
		}
		cancel()
	}
}
