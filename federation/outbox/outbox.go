// Package outbox turns things that happened here into activities for others.
//
// It works jobs.PublishEvents, which the rules enqueue with the event they write: it
// builds each activity once, stores its bytes, and gives it one delivery for each
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
	"slices"
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

// Worker works jobs.PublishEvents.
type Worker struct {
	river.WorkerDefaults[jobs.PublishEvents]
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
func (w *Worker) Register(workers *river.Workers) {
	river.AddWorker(workers, w)
	river.AddWorker(workers, &singleWorker{worker: w})
}

// jobTime holds resolveTime.
const jobTime = 40 * time.Second

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.PublishEvents]) time.Duration { return jobTime }

// Work implements river.Worker. It is safe to run twice: an activity is unique by its
// event, and comes with its deliveries and their jobs or not at all.
func (w *Worker) Work(ctx context.Context, job *river.Job[jobs.PublishEvents]) error {
	return w.work(ctx, job.Args.TenantID, job.Args.EventIDs, job.Queue == jobs.QueueFetch)
}

// singleWorker works jobs.Publish, which an earlier version has left.
type singleWorker struct {
	river.WorkerDefaults[jobs.Publish]
	worker *Worker
}

// Timeout implements river.Worker.
func (w *singleWorker) Timeout(*river.Job[jobs.Publish]) time.Duration { return jobTime }

// Work implements river.Worker.
func (w *singleWorker) Work(ctx context.Context, job *river.Job[jobs.Publish]) error {
	return w.worker.Publish(ctx, job.Args.TenantID, []int64{job.Args.EventID})
}

// Publish publishes those of a tenant's events that have not been published. It looks up
// the handles in their posts that nobody here knows, for as long as that may take.
func (w *Worker) Publish(ctx context.Context, id tenant.ID, eventIDs []int64) error {
	return w.work(ctx, id, eventIDs, true)
}

// work leaves posts whose handles wait for somebody else's server to the queue of
// look-ups, unless it may wait itself: the posts of others do not.
func (w *Worker) work(ctx context.Context, id tenant.ID, eventIDs []int64, mayWait bool) error {
	t, ok := w.Tenants.ByID(id)
	if !ok {
		return fmt.Errorf("publish %d events: tenant %s is not known to this process", len(eventIDs), id)
	}
	if !t.Sends() {
		return nil // its addresses will change, or are another's: nobody could check who sent it
	}
	events, pending, err := w.load(ctx, t, eventIDs)
	if err != nil {
		return fmt.Errorf("load %d events: %w", len(eventIDs), err)
	}
	if len(events) == 0 {
		return nil // published, or so old that upkeep has removed them
	}
	if w.Changed != nil {
		for _, e := range events {
			w.Changed(t.ID, e)
		}
	}
	if len(pending) > 0 && !mayWait {
		if events, err = w.passOn(ctx, t, events, pending); err != nil || len(events) == 0 {
			return err
		}
		pending = nil
	}
	if err := w.resolveMentions(ctx, t, pending); err != nil {
		return err
	}
	err = w.DB.TenantByKey(ctx, t.ID, func(scope *pg.Scope) error { return w.publish(ctx, scope, t, events) })
	if err != nil {
		return fmt.Errorf("publish %d events from %s %d on: %w", len(events), events[0].Kind, events[0].ID, err)
	}
	return nil
}

// load reads the events that nobody has published, and the handles that wait for a
// look-up in their posts.
func (w *Worker) load(ctx context.Context, t *tenant.Tenant, eventIDs []int64) (events []*social.Event, pending []*store.PendingMention, err error) {
	err = w.DB.Read(ctx, t.ID, func(scope *pg.Scope) error {
		scope.ByKey()
		all, err := store.EventsByIDs(ctx, scope, eventIDs)
		if err != nil {
			return err
		}
		done, err := store.PublishedEvents(ctx, scope, eventIDs)
		if err != nil {
			return err
		}
		events = slices.DeleteFunc(all, func(e *social.Event) bool { return done[int64(e.ID)] })
		posts := told(events)
		if len(posts) == 0 {
			return nil
		}
		pending, err = store.PendingMentions(ctx, scope, posts)
		return err
	})
	return events, pending, err
}

// told are the posts whose present text the events bring to others.
func told(events []*social.Event) []social.StatusID {
	var out []social.StatusID
	for _, e := range events {
		if tells(e) {
			out = append(out, e.StatusID)
		}
	}
	return out
}

func tells(e *social.Event) bool {
	return e.Kind == social.EventStatusCreated || e.Kind == social.EventStatusEdited
}

// errNothing says that there is nothing to tell any more.
var errNothing = errors.New("what the event speaks of is gone")

// publish stores the activities of events with their deliveries and the jobs for them.
// What posts need is read and written for all of them together; the other kinds of
// events come one at a time.
func (w *Worker) publish(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, events []*social.Event) error {
	posts, err := store.PublishedStatuses(ctx, scope, told(events))
	if err != nil {
		return err
	}
	messages := make(map[int64]*message, len(events))
	var list []*store.Activity
	for _, e := range events {
		b := &builder{scope: scope, tenant: t, event: e, posts: posts, media: w.Media}
		m, err := b.build(ctx)
		if errors.Is(err, errNothing) || fault.IsNotFound(err) {
			w.Log.DebugContext(ctx, "event not published", "tenant", t.ID, "event", e.ID, "kind", e.Kind)
			continue
		}
		if err != nil {
			return err
		}
		a, err := m.store(e)
		if err != nil {
			return err
		}
		messages[a.ID], list = m, append(list, a)
	}
	added, err := w.add(ctx, scope, t, list)
	if err != nil {
		return err
	}
	to := make([]store.Recipients, 0, len(added))
	for _, a := range added {
		r := messages[a.ID].to
		r.ActivityID = a.ID
		to = append(to, r)
	}
	reached, err := store.AddDeliveries(ctx, scope, to...)
	if err != nil {
		return fmt.Errorf("make deliveries: %w", err)
	}
	return deliver.Enqueue(ctx, scope, t, reached...)
}

// add stores activities and returns those that were not there. A Follow that is sent
// again has the id it had: it is stored under another name, and what is sent does not
// change.
func (w *Worker) add(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, list []*store.Activity) ([]*store.Activity, error) {
	added, err := store.AddActivities(ctx, scope, list...)
	if err != nil {
		return nil, err
	}
	var again []*store.Activity
	for _, a := range list {
		if !added[a.ID] {
			a.URI = eventURI(t, a.EventID)
			again = append(again, a)
		}
	}
	late, err := store.AddActivities(ctx, scope, again...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(a *store.Activity) bool { return !added[a.ID] && !late[a.ID] }), nil
}

// store is the activity as it is kept.
func (m *message) store(e *social.Event) (*store.Activity, error) {
	body, err := vocab.Write(m.activity)
	if err != nil {
		return nil, fmt.Errorf("write activity: %w", err)
	}
	return &store.Activity{
		ID: int64(e.ID), URI: m.activity.ID, AccountID: e.AccountID, EventID: e.ID,
		StatusID: m.asserts, Visibility: m.visibility, Body: body,
	}, nil
}
