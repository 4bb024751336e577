package domains

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// SweepEvery is how often due names are looked for: somebody may sit before the page and wait.
const SweepEvery = 10 * time.Second

// expiredStay is how long a claim can be taken up again after it expired.
const expiredStay = 30 * 24 * time.Hour

// mostPerSweep bounds what one sweep enqueues; what is left is due in the next.
const mostPerSweep = 1000

// Register puts the workers of this package's jobs on a queue.
func (s *Service) Register(w *river.Workers) {
	river.AddWorker(w, &checkWorker{service: s})
	river.AddWorker(w, &sweepWorker{service: s})
	river.AddWorker(w, &liveWorker{service: s})
}

type checkWorker struct {
	river.WorkerDefaults[jobs.DomainCheck]
	service *Service
}

// Timeout implements river.Worker. However long the looks take, what they found is written.
func (*checkWorker) Timeout(*river.Job[jobs.DomainCheck]) time.Duration {
	return mostSteps*look.LookTimeout + 15*time.Second
}

// Work implements river.Worker.
func (w *checkWorker) Work(ctx context.Context, job *river.Job[jobs.DomainCheck]) error {
	return w.service.Check(ctx, tenant.DomainID(job.Args.DomainID))
}

type sweepWorker struct {
	river.WorkerDefaults[jobs.DomainSweep]
	service *Service
}

// Work implements river.Worker.
func (w *sweepWorker) Work(ctx context.Context, _ *river.Job[jobs.DomainSweep]) error {
	return w.service.Sweep(ctx)
}

// Sweep enqueues a look at every name that is due.
func (s *Service) Sweep(ctx context.Context) error {
	err := s.DB.Platform(ctx, "find names that are due for a look", func(tx *pg.PlatformTx) error {
		if err := registry.DropExpired(ctx, tx, s.now().Add(-expiredStay)); err != nil {
			return err
		}
		due, err := registry.DueDomains(ctx, tx, s.now(), mostPerSweep)
		if err != nil {
			return err
		}
		args := make([]river.JobArgs, len(due))
		for i, id := range due {
			args[i] = jobs.DomainCheck{DomainID: int64(id)}
		}
		return tx.Enqueue(ctx, args...)
	})
	if err != nil {
		return fmt.Errorf("sweep the domains: %w", err)
	}
	return nil
}

type liveWorker struct {
	river.WorkerDefaults[jobs.TenantGoLive]
	service *Service
}

// Timeout implements river.Worker.
func (*liveWorker) Timeout(*river.Job[jobs.TenantGoLive]) time.Duration { return liveTimeout }

// Work implements river.Worker.
func (w *liveWorker) Work(ctx context.Context, job *river.Job[jobs.TenantGoLive]) error {
	return w.service.GoLive(ctx, job.Args.TenantID)
}
