// Package deliver brings stored activities to other servers' inboxes.
//
// It works jobs.Deliver: one job walks over a part of an activity's deliveries,
// signs and posts them side by side, and writes what became of them in batches.
// What has to be tried again gets a job of its own. A host that is down is left
// alone until a probe succeeds (Health). federation/outbox calls Enqueue; the inbox
// calls Health.Revive. It must not build or change activities, and never holds a
// transaction open while it uses the network.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Keys opens the keys of local accounts; *account.Keyring does.
type Keys interface {
	ForAccount(ctx context.Context, t tenant.ID, a *social.Account) (*signature.Signer, error)
}

// Options say what a Worker works with.
type Options struct {
	DB     *pg.DB
	HTTP   *safehttp.Client
	Keys   Keys
	Health *Health
	Log    *slog.Logger     // nil: silent
	Now    func() time.Time // nil: time.Now
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

// Register adds the worker to a process's workers.
func (w *Worker) Register(workers *river.Workers) { river.AddWorker(workers, w) }

// Times of one job. Together they stay below Timeout.
const (
	sendFor  = 20 * time.Second // then no request begins any more
	postTime = 10 * time.Second // of one request
	jobTime  = 60 * time.Second
)

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.Deliver]) time.Duration { return jobTime }

// maxAge is when an activity is given up for those it has not reached: some three
// days, like Mastodon.
const maxAge = 72 * time.Hour

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
	m, err := w.load(ctx, args)
	switch {
	case fault.IsNotFound(err):
		return nil // removed by upkeep, or nothing waits
	case err != nil:
		return fmt.Errorf("load activity %d: %w", args.ActivityID, err)
	case m.dropped != "":
		return w.drop(ctx, args, m.dropped)
	}
	if m.signer, err = w.Keys.ForAccount(ctx, args.TenantID, m.author); err != nil {
		return fmt.Errorf("open the key of account %d: %w", m.author.ID, err)
	}
	if m.single != nil {
		return w.one(ctx, m)
	}
	return w.walk(ctx, m)
}

// mail is an activity on its way.
type mail struct {
	args    jobs.Deliver
	body    []byte
	created time.Time
	author  *social.Account
	signer  *signature.Signer
	single  *store.Delivery // the only one there is to deliver
	dropped string          // why nothing is sent any more
}

// load reads what is sent and by whom. It looks anew whether the post still
// exists: between the event and now it may have been deleted.
func (w *Worker) load(ctx context.Context, args jobs.Deliver) (*mail, error) {
	m := &mail{args: args}
	err := w.DB.Tenant(ctx, args.TenantID, func(scope *pg.Scope) error {
		a, err := store.ActivityByID(ctx, scope, args.ActivityID)
		if err != nil {
			return err
		}
		m.body, m.created = a.Body, a.CreatedAt
		if args.FirstID == args.LastID {
			if m.single, err = store.WaitingDelivery(ctx, scope, args.ActivityID, args.FirstID); err != nil {
				return err
			}
		}
		m.dropped, err = reasonToDrop(ctx, scope, a)
		if err != nil || m.dropped != "" {
			return err
		}
		if m.author, err = store.SenderByID(ctx, scope, a.AccountID); fault.IsNotFound(err) {
			m.dropped = "the account and its key are gone"
			return nil
		}
		return err
	})
	if err == nil && m.dropped == "" && w.Now().Sub(m.created) > maxAge {
		m.dropped = "not delivered in three days"
	}
	return m, err
}

func reasonToDrop(ctx context.Context, scope *pg.Scope, a *store.Activity) (string, error) {
	if a.StatusID == 0 {
		return "", nil
	}
	_, err := store.StatusByID(ctx, scope, a.StatusID)
	if fault.IsNotFound(err) {
		return "the post was deleted", nil
	}
	return "", err
}

func (w *Worker) drop(ctx context.Context, args jobs.Deliver, reason string) error {
	err := w.DB.Tenant(ctx, args.TenantID, func(scope *pg.Scope) error {
		_, err := store.DropDeliveries(ctx, scope, args.ActivityID, args.FirstID, args.LastID, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop deliveries of activity %d: %w", args.ActivityID, err)
	}
	return nil
}

// one delivers to a single inbox: a small fan-out, or another try.
func (w *Worker) one(ctx context.Context, m *mail) error {
	// A job that was rescued after its outcome was written has a successor: the due one.
	if next := m.single.NextTryAt; next != nil && next.After(w.Now().Add(2*time.Second)) {
		return nil
	}
	out, err := w.attempt(ctx, m, m.single)
	var down *downError
	switch {
	case ctx.Err() != nil:
		return river.JobSnooze(0)
	case errors.As(err, &down) && m.single.NextTryAt != nil:
		return river.JobSnooze(w.patience(down.until)) // the row says all that there is to say
	case err != nil:
		out = w.postpone(m.single, err)
	}
	return w.settle(ctx, m, []store.Outcome{out})
}
