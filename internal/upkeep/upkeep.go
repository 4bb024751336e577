// Package upkeep removes what is no longer needed, in small batches.
//
// One job at a time works through the classes of data below; each has a clock of its
// own. It is what keeps a server that nobody looks after from growing for ever. Only
// cmd registers it. It must not remove anything that a person wrote or may still read.
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
	"rookery/tenant"
)

// The clocks.
const (
	keepEvents     = 7 * 24 * time.Hour
	keepActivities = 14 * 24 * time.Hour
	keepInbox      = 7 * 24 * time.Hour
	keepKeys       = 30 * 24 * time.Hour
	keepPeers      = 90 * 24 * time.Hour
	keepLogins     = 48 * time.Hour

	lostAfter   = 10 * time.Minute // an accepted activity whose job never came
	homeEntries = 800              // of each home timeline, as Mastodon keeps
	batch       = 1000
	maxBatches  = 200 // of one class in one run: the rest waits for the next
)

// Tenants lists whom to work through.
type Tenants interface{ All() []*tenant.Tenant }

// Sweeper removes ended sessions and codes; *access.Judge does.
type Sweeper interface {
	Sweep(ctx context.Context) (int64, error)
}

// Worker works jobs.Upkeep. It may run twice: what is gone is gone.
type Worker struct {
	river.WorkerDefaults[jobs.Upkeep]
	DB      *pg.DB
	Tenants Tenants
	Access  Sweeper
	Log     *slog.Logger
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.Upkeep]) time.Duration { return 8 * time.Minute }

// Work implements river.Worker. A class that fails does not keep the others from being done.
func (w *Worker) Work(ctx context.Context, _ *river.Job[jobs.Upkeep]) error {
	_, sweep := w.Access.Sweep(ctx)
	return errors.Join(sweep, w.platform(ctx), w.tenants(ctx))
}

// platform removes what goes by its age alone, over all tenants.
func (w *Worker) platform(ctx context.Context) error {
	now := time.Now()
	var failed []error
	for _, class := range []struct {
		name  string
		keep  time.Duration
		prune func(context.Context, *pg.PlatformTx, time.Time, int) (int64, error)
	}{
		{"inbox", keepInbox, store.PruneInboxActivities},
		{"events", keepEvents, store.PruneEvents},
		{"keys", keepKeys, store.PruneRemoteKeys},
		{"peers", keepPeers, func(ctx context.Context, p *pg.PlatformTx, before time.Time, _ int) (int64, error) {
			return store.TrimPeerHosts(ctx, p, before)
		}},
		{"logins", keepLogins, store.PruneLogins},
	} {
		removed, err := repeat(func() (n int64, err error) {
			err = w.DB.Platform(ctx, "upkeep of "+class.name, func(p *pg.PlatformTx) error {
				n, err = class.prune(ctx, p, now.Add(-class.keep), batch)
				return err
			})
			return n, err
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("prune %s: %w", class.name, err))
		}
		if removed > 0 {
			w.Log.InfoContext(ctx, "upkeep", "class", class.name, "removed", removed)
		}
	}
	return errors.Join(failed...)
}

// tenants works through what needs a tenant's own rows to decide.
func (w *Worker) tenants(ctx context.Context) error {
	var failed []error
	for _, t := range w.Tenants.All() {
		if err := w.tenant(ctx, t.ID); err != nil {
			failed = append(failed, fmt.Errorf("upkeep of tenant %d: %w", t.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (w *Worker) tenant(ctx context.Context, id tenant.ID) error {
	var failed []error
	for _, once := range []func(context.Context, *pg.Scope) error{
		requeueLost, // a promise comes before tidying up
		func(ctx context.Context, s *pg.Scope) error {
			_, err := store.ExpireMutes(ctx, s)
			return err
		},
		store.DropUnusedFiles,
	} {
		failed = append(failed, w.DB.Tenant(ctx, id, func(scope *pg.Scope) error { return once(ctx, scope) }))
	}
	now := time.Now()
	for _, prune := range []func(context.Context, *pg.Scope) (int64, error){
		func(ctx context.Context, s *pg.Scope) (int64, error) {
			return store.TrimHomes(ctx, s, homeEntries, batch)
		},
		func(ctx context.Context, s *pg.Scope) (int64, error) { return store.ExpireKeys(ctx, s, batch) },
		func(ctx context.Context, s *pg.Scope) (int64, error) { return store.PruneSearch(ctx, s, batch) },
		func(ctx context.Context, s *pg.Scope) (int64, error) {
			return store.TrimActivities(ctx, s, now.Add(-keepActivities), batch)
		},
	} {
		_, err := repeat(func() (n int64, err error) {
			err = w.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
				n, err = prune(ctx, scope)
				return err
			})
			return n, err
		})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// requeueLost gives accepted activities that still wait another job: 202 was a promise.
func requeueLost(ctx context.Context, scope *pg.Scope) error {
	lost, err := store.LostInboxActivities(ctx, scope, time.Now().Add(-lostAfter), batch)
	if err != nil || len(lost) == 0 {
		return err
	}
	return scope.Enqueue(ctx, jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, IDs: lost})
}

// repeat removes batch after batch until one is not full.
func repeat(prune func() (int64, error)) (total int64, err error) {
	for range maxBatches {
		n, err := prune()
		total += n
		if err != nil || n < batch {
			return total, err
		}
	}
	return total, nil
}
