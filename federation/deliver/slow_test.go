package deliver_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/deliver"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

type seenSmall struct {
	river.WorkerDefaults[jobs.DeliverSmall]
	ran chan tenant.ID
}

func (w *seenSmall) Work(_ context.Context, job *river.Job[jobs.DeliverSmall]) error {
	w.ran <- job.Args.TenantID
	return nil
}

type seenLarge struct {
	river.WorkerDefaults[jobs.Deliver]
	ran chan tenant.ID
}

func (w *seenLarge) Work(_ context.Context, job *river.Job[jobs.Deliver]) error {
	w.ran <- job.Args.TenantID
	return nil
}

// Who has used up a plan's deliveries stands behind all others, however late they come and
// however many inboxes they write to; nothing is dropped.
func TestOthersGoBeforeWhoHasUsedUpAPlan(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	slow := *w.A.Tenant
	slow.Entitlement = tenant.Entitlement{Standing: tenant.Paid, IsSlow: true}
	enqueue := func(h *fixture.Home, of *tenant.Tenant, inboxes ...int64) {
		h.Do(t, func(ctx context.Context, s *pg.Scope) error {
			var list []*store.Reached
			for i, n := range inboxes {
				list = append(list, &store.Reached{ActivityID: int64(i + 1), Inboxes: n})
			}
			return deliver.Enqueue(ctx, s, of, list...)
		})
	}
	enqueue(w.A, &slow, 1, 5000)      // a job, and four
	enqueue(w.B, w.B.Tenant, 5000, 1) // later
	workers, ran := river.NewWorkers(), make(chan tenant.ID, 16)
	river.AddWorker(workers, &seenSmall{ran: ran})
	river.AddWorker(workers, &seenLarge{ran: ran})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.PG.Run(ctx, pg.Work{Workers: workers, Queues: map[string]int{jobs.QueueDeliver: 1}, Log: slog.New(slog.DiscardHandler), Grace: time.Second})
	}()
	for i := range 10 {
		want := w.B.Tenant.ID
		if i >= 5 {
			want = slow.ID
		}
		select {
		case got := <-ran:
			if got != want {
				t.Errorf("job %d was of tenant %d, want %d", i, got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("only %d jobs ran", i)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
