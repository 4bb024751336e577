package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
)

const (
	readAtOnce  = 200                   // rows
	writeAtOnce = 50                    // outcomes
	writeAfter  = 50 * time.Millisecond // what a crash may repeat
)

// walk delivers to all inboxes of the job's part that nothing has been tried for.
// Requests run side by side in a window, so that some that hang hold up none of the
// others; outcomes are written as they come.
func (w *Worker) walk(ctx context.Context, m *mail) error {
	outcomes := make(chan store.Outcome, w.Window)
	written := make(chan error, 1)
	go func() { written <- w.write(ctx, m, outcomes) }()

	finished, err := w.sendAll(ctx, m, outcomes)
	close(outcomes)
	err = errors.Join(err, <-written)
	switch {
	case fault.IsNotFound(err):
		return nil // the post or the activity went away on the way
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("deliver activity %d: %w", m.args.ActivityID, err)
	case !finished, ctx.Err() != nil:
		return river.JobSnooze(0) // the rest is still waiting: it goes on when others had their turn
	}
	return nil
}

// sendAll starts a request for each row and waits for all of them. It reports false
// if it had to stop before the end.
func (w *Worker) sendAll(ctx context.Context, m *mail, outcomes chan<- store.Outcome) (finished bool, err error) {
	window := make(chan struct{}, w.Window)
	var running sync.WaitGroup
	defer running.Wait()
	stop := time.NewTimer(sendFor)
	defer stop.Stop()
	next := m.args.FirstID
	for {
		rows, err := w.untried(ctx, m, next)
		if err != nil || len(rows) == 0 {
			return err == nil, err
		}
		for _, row := range rows {
			select {
			case <-stop.C:
				return false, nil
			case <-ctx.Done():
				return false, nil
			case window <- struct{}{}:
			}
			running.Go(func() {
				defer func() { <-window }()
				out, err := w.attempt(ctx, m, row)
				if ctx.Err() != nil {
					return // interrupted: nobody knows, so it is tried again
				}
				if err != nil {
					out = w.postpone(row, err)
				}
				outcomes <- out
			})
		}
		next = rows[len(rows)-1].ID + 1
	}
}

// untried reads the next rows, and looks whether the post still exists.
func (w *Worker) untried(ctx context.Context, m *mail, from int64) (rows []*store.Delivery, err error) {
	err = w.DB.Tenant(ctx, m.args.TenantID, func(scope *pg.Scope) error {
		a, err := store.ActivityByID(ctx, scope, m.args.ActivityID)
		if err != nil {
			return err
		}
		reason, err := reasonToDrop(ctx, scope, a)
		if err != nil {
			return err
		}
		if reason != "" {
			_, err = store.DropDeliveries(ctx, scope, a.ID, from, m.args.LastID, reason)
			return err
		}
		rows, err = store.UntriedDeliveries(ctx, scope, a.ID, from, m.args.LastID, readAtOnce)
		return err
	})
	return rows, err
}

// write settles outcomes in batches until there are no more. After an error it goes
// on taking them, so that no sender waits for ever: unwritten ones are tried again.
func (w *Worker) write(ctx context.Context, m *mail, outcomes <-chan store.Outcome) error {
	var failed error
	batch := make([]store.Outcome, 0, writeAtOnce)
	for first := range outcomes {
		batch = append(batch[:0], first)
		batch = gather(batch, outcomes)
		if failed == nil {
			failed = w.settle(ctx, m, batch)
		}
	}
	return failed
}

// gather adds what comes within a moment, up to a full batch.
func gather(batch []store.Outcome, outcomes <-chan store.Outcome) []store.Outcome {
	timer := time.NewTimer(writeAfter)
	defer timer.Stop()
	for len(batch) < writeAtOnce {
		select {
		case out, ok := <-outcomes:
			if !ok {
				return batch
			}
			batch = append(batch, out)
		case <-timer.C:
			return batch
		}
	}
	return batch
}
