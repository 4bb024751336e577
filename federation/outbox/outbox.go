// Package outbox turns things that happened here into activities for others.
//
// It works jobs.Publish, which the rules enqueue with the event they write: it
// builds the activity once, stores its bytes, and gives it one delivery for each
// inbox, all in one transaction. It is the only package that makes deliveries. It
// never sends anything: package deliver does. The one thing it asks the network,
// through its Resolver, is who is behind a handle that a post mentions and nobody
// here knows yet.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/deliver"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// Tenants knows every tenant; *registry.Registry does.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Resolver finds the account behind a handle and stores it. It uses the network and
// opens its own transactions.
type Resolver interface {
	Resolve(ctx context.Context, t *tenant.Tenant, handle social.Handle) (*social.Account, error)
}

// Options say what a Worker works with.
type Options struct {
	DB       *pg.DB
	Tenants  Tenants
	Resolver Resolver
	Posts    *status.Service // writes down the mentions that the Resolver found
	Media    media.Addresses
	Log      *slog.Logger // nil: silent
	// Changed, if set, is called before an event is published: copies in memory of
	// the account's or the post's documents are out of date.
	Changed func(t tenant.ID, e *social.Event)
}

// Worker works jobs.Publish.
type Worker struct {
	river.WorkerDefaults[jobs.Publish]
	Options
}

// NewWorker makes a Worker.
func NewWorker(o Options) *Worker {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{Options: o}
}

// Register adds the worker to a process's workers.
func (w *Worker) Register(workers *river.Workers) { river.AddWorker(workers, w) }

// Timeout implements river.Worker. Resolving takes its share of it.
func (w *Worker) Timeout(*river.Job[jobs.Publish]) time.Duration { return 40 * time.Second }

// Work implements river.Worker. It is safe to run twice: the activity is unique by
// its event, and comes with its deliveries and their jobs or not at all.
func (w *Worker) Work(ctx context.Context, job *river.Job[jobs.Publish]) error {
	t, ok := w.Tenants.ByID(job.Args.TenantID)
	if !ok {
		return fmt.Errorf("publish event %d: tenant %s is not known to this process", job.Args.EventID, job.Args.TenantID)
	}
	var event *social.Event
	var pending []string
	err := w.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		if event, err = store.EventByID(ctx, scope, social.EventID(job.Args.EventID)); err != nil {
			return err
		}
		if event.Kind == social.EventStatusCreated || event.Kind == social.EventStatusEdited {
			pending, err = store.PendingMentions(ctx, scope, event.StatusID)
		}
		return err
	})
	switch {
	case fault.IsNotFound(err):
		return nil // upkeep has removed it: too old to matter
	case err != nil:
		return fmt.Errorf("load event %d: %w", job.Args.EventID, err)
	}
	if w.Changed != nil {
		w.Changed(t.ID, event)
	}
	if len(pending) > 0 {
		if err := w.resolveMentions(ctx, t, event.StatusID, pending); err != nil {
			return err
		}
	}
	err = w.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return w.publish(ctx, scope, t, event) })
	if err != nil {
		return fmt.Errorf("publish %s %d: %w", event.Kind, event.ID, err)
	}
	return nil
}

// errNothing says that there is nothing to tell any more.
var errNothing = errors.New("what the event speaks of is gone")

func (w *Worker) publish(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, e *social.Event) error {
	_, err := store.ActivityByEvent(ctx, scope, e.ID)
	if !fault.IsNotFound(err) {
		return err // nil: done before
	}
	b := &builder{scope: scope, tenant: t, event: e, media: w.Media}
	message, err := b.build(ctx)
	if errors.Is(err, errNothing) || fault.IsNotFound(err) {
		w.Log.DebugContext(ctx, "event not published", "tenant", t.ID, "event", e.ID, "kind", e.Kind)
		return nil
	}
	if err != nil {
		return err
	}
	body, err := vocab.Write(message.activity)
	if err != nil {
		return fmt.Errorf("write activity: %w", err)
	}
	a := store.Activity{
		ID: int64(e.ID), URI: message.activity.ID, AccountID: e.AccountID, EventID: e.ID,
		StatusID: message.asserts, Visibility: message.visibility, Body: body,
	}
	added, err := store.AddActivity(ctx, scope, a)
	if err == nil && !added {
		// A Follow that is sent again has the id it had. It is stored under another
		// name; what is sent does not change.
		a.URI = b.eventURI()
		added, err = store.AddActivity(ctx, scope, a)
	}
	if err != nil || !added {
		return err
	}
	n, err := store.AddDeliveries(ctx, scope, a.ID, message.to)
	if err != nil {
		return fmt.Errorf("make deliveries: %w", err)
	}
	return deliver.Enqueue(ctx, scope, a.ID, n)
}
