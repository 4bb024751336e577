package deletion

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const (
	// SweepEvery is how often the worker looks for tenants whose end goes on.
	SweepEvery = time.Minute
	sweepTime  = 4 * time.Minute
	sliceTime  = 45 * time.Second // of one tenant; then others have their turn
	soon       = 5 * time.Second  // while something goes on
	fresh      = 5 * time.Minute  // most servers have heard by then
)

// Worker works jobs.TenantSweep. It may run twice and be interrupted anywhere: every step
// looks at what is left to do.
type Worker struct {
	river.WorkerDefaults[jobs.TenantSweep]
	Service *Service
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.TenantSweep]) time.Duration { return sweepTime + time.Minute }

// Work implements river.Worker.
func (w *Worker) Work(ctx context.Context, _ *river.Job[jobs.TenantSweep]) error {
	goesOn, err := w.Service.Sweep(ctx)
	if err == nil && goesOn {
		return river.JobSnooze(soon)
	}
	return err
}

// Sweep goes on with the end of every tenant for which the time has come. One that fails
// does not hold up the others. It says whether it is worth to come again soon.
func (s *Service) Sweep(ctx context.Context) (goesOn bool, err error) {
	var failed []error
	if err := s.remind(ctx); err != nil {
		failed = append(failed, err) // a mail that waits holds up no deletion
	}
	var list []*registry.Deletion
	err = s.DB.Platform(ctx, "look for tenants that are being deleted", func(tx *pg.PlatformTx) (err error) {
		list, err = registry.DueDeletions(ctx, tx, s.Now())
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for tenants that are being deleted: %w", err)
	}
	// Whoever did not get a turn within the time has the same chance the next time.
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	until := time.Now().Add(sweepTime)
	for _, d := range list {
		if ctx.Err() != nil || time.Now().After(until) {
			goesOn = true
			break
		}
		more, err := s.goOn(ctx, d)
		if err != nil {
			failed = append(failed, fmt.Errorf("delete tenant %d: %w", d.ID, err))
		}
		goesOn = goesOn || more
	}
	return goesOn, errors.Join(failed...)
}

// ending is one tenant's turn.
type ending struct {
	*Service
	*registry.Deletion
	until time.Time
}

func (e *ending) isOver() bool { return time.Now().After(e.until) }

// goOn takes the steps in their order, until one has to wait for something or the time of
// this turn is over. A server that is down is waited for with patience.
func (s *Service) goOn(ctx context.Context, d *registry.Deletion) (goesOn bool, err error) {
	e := &ending{s, d, time.Now().Add(sliceTime)}
	steps := []func(context.Context) (done bool, err error){
		e.shut, e.revoke, e.dropJobs, e.sayGoodbye, e.releaseNames, e.awaitFarewells, e.remove,
	}
	if !d.RemovedAt.IsZero() {
		steps = []func(context.Context) (bool, error){e.forget}
	}
	for _, step := range steps {
		if done, err := step(ctx); err != nil || !done {
			return err == nil && (e.isOver() || s.Now().Sub(e.FarewellAt) < fresh), err
		}
	}
	return false, nil
}

// shut ends the time for an undo.
func (e *ending) shut(ctx context.Context) (bool, error) {
	if e.State == tenant.Deleted {
		return true, nil
	}
	err := e.DB.Platform(ctx, "close a tenant for good", func(tx *pg.PlatformTx) error {
		return e.close(ctx, tx, bySystem(), e.ID, e.Now())
	})
	if err != nil {
		return false, err
	}
	return true, e.Tenants.Load(ctx)
}

// revoke is done again after the end of the undo: somebody may have made a token by hand.
func (e *ending) revoke(ctx context.Context) (bool, error) { return true, e.endAccess(ctx, e.ID) }

func (e *ending) dropJobs(ctx context.Context) (bool, error) { return true, e.drop(ctx, false) }

func (e *ending) drop(ctx context.Context, everything bool) error {
	for {
		var n int64
		err := e.DB.Platform(ctx, "drop the jobs of a deleted tenant", func(tx *pg.PlatformTx) (err error) {
			n, err = store.DropTenantJobs(ctx, tx, e.ID, everything, e.Batch)
			return err
		})
		if err != nil || n < int64(e.Batch) {
			return err
		}
	}
}

// sayGoodbye deletes the tenant's own accounts, some at a time.
func (e *ending) sayGoodbye(ctx context.Context) (bool, error) {
	if !e.FarewellAt.IsZero() {
		return true, nil
	}
	for left := true; left; {
		err := e.DB.Tenant(ctx, e.ID, func(scope *pg.Scope) error {
			list, err := store.AccountsToPart(ctx, scope, departing)
			if left = len(list) == departing; err != nil || len(list) == 0 {
				return err
			}
			if e.IsQuiet {
				return account.DepartQuietly(ctx, scope, list...)
			}
			return account.Depart(ctx, scope, list...)
		})
		if err != nil {
			return false, err
		}
		if left && e.isOver() {
			return false, nil
		}
	}
	err := e.DB.Platform(ctx, "note that a tenant's accounts are gone", func(tx *pg.PlatformTx) error {
		if err := registry.SaidGoodbye(ctx, tx, e.ID); err != nil {
			return err
		}
		fresh, err := registry.DeletionOf(ctx, tx, e.ID)
		if err == nil {
			e.FarewellAt = fresh.FarewellAt
		}
		return err
	})
	return err == nil, err
}

// isLate reports whether nobody is waited for any more.
func (e *ending) isLate() bool { return e.Now().Sub(e.FarewellAt) >= farewellTime }

// releaseNames waits until each farewell has its deliveries: nothing is published under a
// name that has been given to another.
func (e *ending) releaseNames(ctx context.Context) (bool, error) {
	work, err := e.work(ctx)
	if err != nil || work.Publishing > 0 && !e.isLate() {
		return false, err
	}
	return true, e.Names.ReleaseAll(ctx, bySystem(), e.ID)
}

func (e *ending) work(ctx context.Context) (out *store.TenantJobs, err error) {
	err = e.DB.Platform(ctx, "see what work of a deleted tenant is left", func(tx *pg.PlatformTx) (err error) {
		out, err = store.TenantJobsOf(ctx, tx, e.ID)
		return err
	})
	return out, err
}

// awaitFarewells waits until every server has heard, or the time for it is over.
func (e *ending) awaitFarewells(ctx context.Context) (bool, error) {
	if e.isLate() {
		return true, nil
	}
	var waiting bool
	err := e.DB.Read(ctx, e.ID, func(scope *pg.Scope) (err error) {
		waiting, err = store.AreFarewellsWaiting(ctx, scope)
		return err
	})
	return !waiting, err
}
