package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
)

const (
	// SweepEvery is how often jobs.BillingPurchases is due.
	SweepEvery = time.Minute
	sweepMost  = 500
	jobTime    = 2 * time.Minute
	// busyWait is how long a count waits for somebody who is changing the plan.
	busyWait = 10 * time.Second
	// awayAfter is how often in a row the provider does not answer before it is taken to be away.
	awayAfter = 3
)

// Register puts the workers of this package's jobs on a queue.
func (s *Service) Register(w *river.Workers) {
	river.AddWorker(w, &quantityWorker{service: s})
	river.AddWorker(w, &purchasesWorker{service: s})
	river.AddWorker(w, &endWorker{service: s})
	river.AddWorker(w, &fraudWorker{service: s})
	river.AddWorker(w, &leaveWorker{service: s})
}

type quantityWorker struct {
	river.WorkerDefaults[jobs.BillingQuantity]
	service *Service
}

// Timeout implements river.Worker.
func (*quantityWorker) Timeout(*river.Job[jobs.BillingQuantity]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *quantityWorker) Work(ctx context.Context, job *river.Job[jobs.BillingQuantity]) error {
	err := w.service.Count(ctx, job.Args.TenantID, job.Args.Lower)
	if fault.CodeOf(err) == fault.Conflict {
		return river.JobSnooze(busyWait)
	}
	return err
}

type purchasesWorker struct {
	river.WorkerDefaults[jobs.BillingPurchases]
	service *Service
}

// Timeout implements river.Worker.
func (*purchasesWorker) Timeout(*river.Job[jobs.BillingPurchases]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *purchasesWorker) Work(ctx context.Context, _ *river.Job[jobs.BillingPurchases]) error {
	return w.service.Sweep(ctx)
}

type endWorker struct {
	river.WorkerDefaults[jobs.BillingEnd]
	service *Service
}

// Timeout implements river.Worker.
func (*endWorker) Timeout(*river.Job[jobs.BillingEnd]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *endWorker) Work(ctx context.Context, job *river.Job[jobs.BillingEnd]) error {
	return w.service.End(ctx, job.Args.SubscriptionID)
}

type fraudWorker struct {
	river.WorkerDefaults[jobs.BillingFraud]
	service *Service
}

// Timeout implements river.Worker.
func (*fraudWorker) Timeout(*river.Job[jobs.BillingFraud]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *fraudWorker) Work(ctx context.Context, job *river.Job[jobs.BillingFraud]) error {
	return w.service.Fraud(ctx, job.Args.CustomerID, job.Args.ChargeID)
}

type leaveWorker struct {
	river.WorkerDefaults[jobs.BillingLeave]
	service *Service
}

// Timeout implements river.Worker.
func (*leaveWorker) Timeout(*river.Job[jobs.BillingLeave]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *leaveWorker) Work(ctx context.Context, job *river.Job[jobs.BillingLeave]) error {
	return w.service.Left(ctx, job.Args)
}

// Sweep takes up what was asked of the provider and never answered, and has accounts counted
// anew where the provider knows of another number.
func (s *Service) Sweep(ctx context.Context) error {
	var left []*store.Intent
	err := s.DB.Platform(ctx, "find what was asked and never answered", func(tx *pg.PlatformTx) (err error) {
		left, err = store.LeftIntents(ctx, tx, s.Now().Add(-inFlight), sweepMost)
		return err
	})
	if err != nil {
		return err
	}
	failed := errors.Join(append(s.leave(ctx), s.settleAll(ctx, left))...)
	due, err := s.miscounted(ctx)
	if err != nil || len(due) == 0 {
		return errors.Join(failed, err)
	}
	args := make([]river.JobArgs, len(due))
	for i, id := range due {
		args[i] = jobs.BillingQuantity{TenantID: id}
	}
	err = s.DB.Platform(ctx, "have accounts counted", func(tx *pg.PlatformTx) error { return tx.Enqueue(ctx, args...) })
	return errors.Join(failed, err)
}

// settleAll finds out what became of intents that nobody waits for any more. One that fails
// does not hold up those behind it, unless the provider is away for all of them.
func (s *Service) settleAll(ctx context.Context, left []*store.Intent) error {
	var failed []error
	away := 0
	for _, in := range left {
		err := s.settle(ctx, in)
		switch {
		case err == nil:
			away = 0
		case fault.CodeOf(err) != fault.Unavailable:
			failed = append(failed, fmt.Errorf("find out what became of %s: %w", in.IdempotencyKey, err))
		default:
			away++
		}
		if away == awayAfter || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}
