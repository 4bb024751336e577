package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
)

const (
	syncTimeout    = time.Minute
	sweepTimeout   = 5 * time.Minute
	compareTimeout = time.Hour
)

// Register puts the workers of this package's jobs on a queue.
func (l *Ledger) Register(w *river.Workers) {
	river.AddWorker(w, worker(syncTimeout, func(ctx context.Context, j jobs.BillingSync) error { return l.Sync(ctx, j.CustomerID) }))
	river.AddWorker(w, worker(syncTimeout, func(ctx context.Context, j jobs.BillingEvent) error { return l.Resolve(ctx, j.EventID) }))
	river.AddWorker(w, worker(sweepTimeout, func(ctx context.Context, _ jobs.BillingSweep) error { return l.Sweep(ctx) }))
	river.AddWorker(w, worker(sweepTimeout, func(ctx context.Context, _ jobs.BillingPoll) error { return l.Poll(ctx) }))
	river.AddWorker(w, worker(sweepTimeout, func(ctx context.Context, _ jobs.BillingRevisit) error { return l.Revisit(ctx) }))
	river.AddWorker(w, worker(compareTimeout, func(ctx context.Context, _ jobs.BillingCompare) error { return l.Nightly(ctx) }))
}

// Nightly is what is done once a day. What needs no provider comes first: it may be away.
func (l *Ledger) Nightly(ctx context.Context) error {
	if err := l.Forget(ctx); err != nil {
		return err
	}
	return errors.Join(l.Warnings(ctx), l.Compare(ctx))
}

// plain is a worker that is one function.
type plain[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	timeout time.Duration
	work    func(ctx context.Context, args T) error
}

func worker[T river.JobArgs](timeout time.Duration, work func(context.Context, T) error) *plain[T] {
	return &plain[T]{timeout: timeout, work: work}
}

// Timeout implements river.Worker.
func (p *plain[T]) Timeout(*river.Job[T]) time.Duration { return p.timeout }

// longestWait is between two tries: while a job for a customer waits no other is queued, and
// River would wait for most of two days at the end.
const longestWait = 10 * time.Minute

// NextRetry implements river.Worker.
func (p *plain[T]) NextRetry(job *river.Job[T]) time.Time {
	n := time.Duration(job.Attempt)
	return time.Now().Add(min(n*n*n*n*time.Second, longestWait))
}

// Work implements river.Worker.
func (p *plain[T]) Work(ctx context.Context, job *river.Job[T]) error { return p.work(ctx, job.Args) }
