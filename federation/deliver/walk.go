package deliver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/store"
	"rookery/tenant"
)

const (
	readAtOnce  = 200                   // rows
	writeAtOnce = 50                    // outcomes
	writeAfter  = 50 * time.Millisecond // what a crash may repeat
)

// walk delivers everything that next hands out page by page: after the last delivery
// of the page before, nil at first. Requests run side by side in a window, so that some
// that hang hold up none of the others; outcomes are written as they come.
func (w *Worker) walk(ctx context.Context, t tenant.ID, next func(after *store.Delivery) ([]letter, error)) error {
	outcomes := make(chan store.Outcome, w.Window)
	written := make(chan error, 1)
	go func() { written <- w.write(ctx, t, outcomes) }()

	rest, err := w.sendAll(ctx, next, outcomes)
	close(outcomes)
	err = errors.Join(err, <-written)
	switch {
	case err != nil && ctx.Err() == nil:
		return err
	case rest == unfinished, ctx.Err() != nil:
		return river.JobSnooze(0) // the rest is still waiting: it goes on when others had their turn
	case rest == behind:
		return river.JobSnooze(w.turn(time.Time{}))
	}
	return nil
}

// rest is what a job leaves behind that waits for its next run.
type rest int

const (
	nothing    rest = iota
	behind          // deliveries that must not overtake what may be under way
	unfinished      // deliveries there was no time for
)

// sendAll starts a request for each letter and waits for all of them.
func (w *Worker) sendAll(ctx context.Context, next func(*store.Delivery) ([]letter, error), outcomes chan<- store.Outcome) (rest, error) {
	window := make(chan struct{}, w.Window)
	var running sync.WaitGroup
	defer running.Wait()
	stop := time.NewTimer(sendFor)
	defer stop.Stop()
	left := nothing
	var last *store.Delivery
	for {
		letters, err := next(last)
		if err != nil || len(letters) == 0 {
			return left, err
		}
		for _, l := range letters {
			last = l.row
			if until := l.row.BehindUntil; until != nil {
				if until.Before(w.Now().Add(dueSoon)) {
					left = behind
				} else {
					outcomes <- w.follow(l.row, *until)
				}
				continue
			}
			select {
			case <-stop.C:
				return unfinished, nil
			case <-ctx.Done():
				return unfinished, nil
			case window <- struct{}{}:
			}
			running.Go(func() {
				defer func() { <-window }()
				w.send(ctx, l, outcomes)
			})
		}
	}
}

func (w *Worker) send(ctx context.Context, l letter, outcomes chan<- store.Outcome) {
	out, err := w.attempt(ctx, l.mail, l.row)
	if ctx.Err() != nil {
		return // interrupted: nobody knows, so it is tried again
	}
	if err != nil {
		out = w.postpone(l.row, err)
	}
	outcomes <- out
}

// follow plans a delivery for after an earlier one that is tried at a time.
func (w *Worker) follow(row *store.Delivery, until time.Time) store.Outcome {
	next := w.Now().Add(w.turn(until))
	return store.Outcome{
		Before: row, State: store.DeliveryWaiting, Attempts: row.Attempts, NextTryAt: &next, Error: "an earlier activity about the same thing comes first",
	}
}

// write settles outcomes in batches until there are no more. After an error it goes
// on taking them, so that no sender waits for ever: unwritten ones are tried again.
func (w *Worker) write(ctx context.Context, t tenant.ID, outcomes <-chan store.Outcome) error {
	var failed error
	batch := make([]store.Outcome, 0, writeAtOnce)
	for first := range outcomes {
		batch = append(batch[:0], first)
		batch = gather(batch, outcomes)
		if failed == nil {
			failed = w.settle(ctx, t, batch)
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
