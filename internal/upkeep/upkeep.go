// Package upkeep removes what is no longer needed, in small batches.
//
// A round, one at a time over the whole platform, works through the classes of data in
// ageing.go and walks.go; each has a clock of its own. Remover empties accounts that were
// deleted. It is what keeps a server that nobody looks after from growing for ever. Only
// cmd registers the workers and runs a round by hand. It must not remove anything that a
// person here wrote, keeps or may still want to read.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
)

const (
	batch       = 1000             // rows of one transaction
	roundTime   = 6 * time.Minute  // of all classes together; the rest waits for the next round
	sliceTime   = 45 * time.Second // of one class, in one tenant if it is a tenant's
	lostAfter   = 10 * time.Minute // an accepted activity whose job never came
	stuckAfter  = time.Hour        // a deleted account that is still not empty
	homeEntries = 800              // of each home timeline, as Mastodon keeps
)

// Clocks say how long each class of data stays. Zero is for ever.
type Clocks struct {
	RemotePosts    time.Duration // that nobody here has to do with
	RemoteAccounts time.Duration // that are known for nothing any more
	Notifications  time.Duration
	Tombstones     time.Duration // of other servers' objects
	Activities     time.Duration // that were sent, with the state of their deliveries
	Inbox          time.Duration // activities that came and were applied
	Events         time.Duration
	Apps           time.Duration // without a person's token
	Uploads        time.Duration // without a post
	Mails          time.Duration // that were sent, or were not
	Edits          int           // versions of a remote post, the first one aside
}

// Defaults are the clocks of a platform that sets none.
var Defaults = Clocks{
	RemotePosts: 90 * day, RemoteAccounts: 90 * day, Notifications: 180 * day, Tombstones: 30 * day,
	Activities: 14 * day, Inbox: 7 * day, Events: 7 * day, Apps: 7 * day, Uploads: day, Mails: 90 * day, Edits: 50,
}

const day = 24 * time.Hour

// Tenants lists whom to work through.
type Tenants interface{ All() []*tenant.Tenant }

// Worker works jobs.Upkeep. It may run twice: what is gone is gone.
type Worker struct {
	river.WorkerDefaults[jobs.Upkeep]
	DB      *pg.DB
	Tenants Tenants
	Clocks  Clocks
	Streams stream.Publisher // nil: nobody listens
	Metrics *Metrics         // nil: nobody counts
	Log     *slog.Logger
	// Batch bounds the rows of one transaction. 0: 1,000.
	Batch int
	// RoundTime bounds a round. 0: six minutes.
	RoundTime time.Duration
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.Upkeep]) time.Duration { return roundTime + 2*time.Minute }

// Work implements river.Worker.
func (w *Worker) Work(ctx context.Context, _ *river.Job[jobs.Upkeep]) error {
	_, err := w.Round(ctx, Mode{})
	return err
}

// Mode is how a round is done.
type Mode struct {
	// Dry counts what would go and changes nothing.
	Dry bool
	// All walks over all tables, also those that were walked over a short time ago.
	All bool
}

// Report is what a round did, class by class.
type Report struct {
	Kinds    []Count `json:"kinds"`
	Finished bool    `json:"finished"` // false: the time was over before the work was
}

// Count is how many rows of a class went, or would go.
type Count struct {
	Kind string `json:"kind"`
	Rows int64  `json:"rows"`
}

// round is one round under way.
type round struct {
	*Worker
	Mode
	now    time.Time
	until  time.Time
	batch  int
	rows   map[string]int64
	order  []string
	own    map[tenant.ID]own
	done   []string // kinds that go by age of which nothing old is left
	cut    bool     // something had to be left for the next round
	failed []error
}

// Round works through all classes. A class that fails does not keep the others from
// being done.
func (w *Worker) Round(ctx context.Context, mode Mode) (*Report, error) {
	r := &round{Worker: w, Mode: mode, now: time.Now(), batch: w.Batch, rows: map[string]int64{}}
	if r.batch <= 0 {
		r.batch = batch
	}
	r.until = r.now.Add(roundTime)
	if w.RoundTime > 0 {
		r.until = r.now.Add(w.RoundTime)
	}
	if !r.Dry {
		r.promises(ctx) // before tidying up
	}
	r.readOwn(ctx)
	r.age(ctx)
	r.walk(ctx)
	err := errors.Join(r.failed...)
	if !r.Dry {
		w.Metrics.done(time.Since(r.now), err == nil)
	}
	return r.report(), err
}

// readOwn reads the clocks that tenants have set for themselves, all at once. Without them
// nothing may be said to be done: the classes that follow the platform's clock go on.
func (r *round) readOwn(ctx context.Context) {
	err := r.DB.Platform(ctx, "upkeep: read tenants' clocks", func(p *pg.PlatformTx) error {
		rows, err := store.AllClocks(ctx, p)
		r.own = ownOf(rows)
		return err
	})
	if err != nil {
		r.note(fmt.Errorf("read tenants' clocks: %w", err))
	}
}

// promises gives accepted activities that still wait another job, for 202 was a promise,
// and has deleted accounts emptied whose job is lost.
func (r *round) promises(ctx context.Context) {
	r.note(r.DB.Platform(ctx, "upkeep of promises", func(p *pg.PlatformTx) error {
		if _, err := store.RequeueLost(ctx, p, r.now.Add(-lostAfter), r.batch); err != nil {
			return err
		}
		_, err := store.RequeueDepartures(ctx, p, r.now.Add(-keepSender), r.now.Add(-stuckAfter), r.batch)
		return err
	}))
}

// note keeps an error for the end.
func (r *round) note(err error) {
	if err != nil {
		r.failed = append(r.failed, err)
	}
}

// count adds rows to what a class has removed.
func (r *round) count(kind string, rows int64) {
	if _, known := r.rows[kind]; !known {
		r.order = append(r.order, kind)
	}
	r.rows[kind] += rows
	if !r.Dry {
		r.Metrics.removed(kind, rows)
	}
}

// isOver reports whether the time of a slice of the work, or of the round, is over.
func (r *round) isOver(slice time.Time) bool {
	now := time.Now()
	return now.After(slice) || now.After(r.until)
}

func (r *round) report() *Report {
	out := &Report{Finished: !r.cut}
	for _, kind := range r.order {
		out.Kinds = append(out.Kinds, Count{Kind: kind, Rows: r.rows[kind]})
	}
	return out
}
