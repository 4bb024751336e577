// Package deliver brings stored activities to other servers' inboxes.
//
// It works jobs.DeliverSmall, activities that go to few inboxes each, and jobs.Deliver,
// a part of one activity's many: a job signs and posts side by side and writes what
// became of the deliveries in batches. What has to be tried again gets a job of its own.
// Nothing overtakes an earlier activity about the same post, and no Undo what it takes
// back, on its way to an inbox. A host that is down is left alone until a probe succeeds
// (Health). federation/outbox calls Enqueue; the inbox calls Health.Revive. It must not
// build or change activities, and never holds a transaction open while it uses the network.
package deliver

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/signature"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant"
)

// Keys opens the keys of local accounts; *account.Keyring does.
type Keys interface {
	ForAccount(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error)
	// FormerOf returns the key that the account had before, nil if there is none any more.
	FormerOf(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error)
}

// Tenants knows every tenant; *registry.Registry does.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Options say what a Worker works with.
type Options struct {
	DB     *pg.DB
	HTTP   *safehttp.Client
	Keys   Keys
	Health *Health
	// Servers that are blocked get nothing; nil: none is.
	Servers *moderate.Servers
	Log     *slog.Logger     // nil: silent
	Now     func() time.Time // nil: time.Now
	// Sent hears how many deliveries of a tenant were taken; nil: nobody counts.
	Sent func(t tenant.ID, n int)
	// Tenants says whose deliveries go after those of others; nil: nobody's.
	Tenants Tenants
	// BulkJobs is how many jobs of large fan-outs may run in this process at once; the
	// rest of the queue's workers stay free for small ones. 0: 16.
	BulkJobs int
	// Window is how many requests of one job are under way at once. 0: 64.
	Window int
}

// Worker works jobs.Deliver.
type Worker struct {
	river.WorkerDefaults[jobs.Deliver]
	Options
	bulk chan struct{}
}

// NewWorker makes a Worker.
func NewWorker(o Options) *Worker {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BulkJobs <= 0 {
		o.BulkJobs = 16
	}
	if o.Window <= 0 {
		o.Window = 64
	}
	return &Worker{Options: o, bulk: make(chan struct{}, o.BulkJobs)}
}

// Register adds the workers to a process's workers.
func (w *Worker) Register(workers *river.Workers) {
	river.AddWorker(workers, w)
	river.AddWorker(workers, &smallWorker{Worker: w})
}

// Times of one job. Together they stay below Timeout.
const (
	sendFor  = 20 * time.Second // then no request begins any more
	postTime = 10 * time.Second // of one request
	jobTime  = 60 * time.Second
)

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.Deliver]) time.Duration { return jobTime }

// Work implements river.Worker. It is safe to run twice: what is settled is not
// taken up again, and outcomes are written only over the state they are based on.
func (w *Worker) Work(ctx context.Context, job *river.Job[jobs.Deliver]) error {
	args := job.Args
	if isBulk(args) {
		select {
		case w.bulk <- struct{}{}:
			defer func() { <-w.bulk }()
		default: // leave the worker to a small delivery, and come back soon
			return river.JobSnooze(time.Second + rand.N(2*time.Second))
		}
	}
	p := part{activities: []int64{args.ActivityID}, first: args.FirstID, last: args.LastID}
	if p.first == p.last {
		p.retries = true
		return w.one(ctx, args.TenantID, p)
	}
	return w.walk(ctx, args.TenantID, func(after *store.Delivery) ([]letter, error) {
		if after != nil {
			p.first = after.ID + 1
		}
		return w.load(ctx, args.TenantID, p, readAtOnce)
	})
}

// smallWorker works jobs.DeliverSmall, as Worker does jobs.Deliver.
type smallWorker struct {
	river.WorkerDefaults[jobs.DeliverSmall]
	*Worker
}

// Timeout implements river.Worker.
func (w *smallWorker) Timeout(*river.Job[jobs.DeliverSmall]) time.Duration { return jobTime }

// Work implements river.Worker. It is as safe to run twice as Worker.Work.
func (w *smallWorker) Work(ctx context.Context, job *river.Job[jobs.DeliverSmall]) error {
	return w.DeliverSmall(ctx, job.Args)
}

// DeliverSmall works a job. Each activity has few inboxes: one reading is enough.
func (w *Worker) DeliverSmall(ctx context.Context, args jobs.DeliverSmall) error {
	return w.walk(ctx, args.TenantID, func(after *store.Delivery) ([]letter, error) {
		if after != nil {
			return nil, nil
		}
		return w.load(ctx, args.TenantID, all(args.ActivityIDs), smallest*len(args.ActivityIDs))
	})
}

// one delivers to a single inbox: another try.
func (w *Worker) one(ctx context.Context, t tenant.ID, p part) error {
	found, err := w.load(ctx, t, p, 1)
	if err != nil || len(found) == 0 {
		return err // settled, dropped, or removed by upkeep
	}
	l := found[0]
	// A job that was rescued after its outcome was written has a successor: the due one.
	if next := l.row.NextTryAt; next != nil && next.After(w.Now().Add(dueSoon)) {
		return nil
	}
	if l.row.BehindUntil != nil {
		return river.JobSnooze(w.turn(*l.row.BehindUntil))
	}
	out, err := w.attempt(ctx, l.mail, l.row)
	var down *downError
	switch {
	case ctx.Err() != nil:
		return river.JobSnooze(0)
	case errors.As(err, &down) && l.row.NextTryAt != nil:
		return river.JobSnooze(w.patience(down.until)) // the row says all that there is to say
	case err != nil:
		out = w.postpone(l.row, err)
	}
	return w.settle(ctx, t, []store.Outcome{out})
}

// dueSoon is how long before its time a delivery may be taken up.
const dueSoon = 2 * time.Second

// turn is how long to wait for an earlier activity that is tried at a time.
func (w *Worker) turn(until time.Time) time.Duration {
	return max(until.Sub(w.Now()), 0) + time.Second + rand.N(time.Second)
}
