package inbox

import (
	"context"
	"sync"
	"time"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// writer stores activities. Requests of one tenant that come at the same time share
// one transaction: it takes what waits, without waiting for more.
type writer struct {
	db    *pg.DB
	slots chan struct{} // of transactions at once, over all tenants

	mu    sync.Mutex
	lanes map[tenant.ID]*lane
}

// lane holds what waits for one tenant while a batch of it is being written.
type lane struct {
	waiting []*waiting
}

type waiting struct {
	row  store.NewInboxActivity
	done chan error
}

const (
	maxBatch   = 256
	maxWaiting = 4096 // of one tenant
	maxWriters = 8
	writeTime  = 10 * time.Second
)

var (
	errFull = fault.New(fault.Unavailable, "Too much is coming in just now.")
	errAway = fault.New(fault.Unavailable, "The activity could not be stored just now.")
)

func newWriter(db *pg.DB) *writer {
	return &writer{db: db, slots: make(chan struct{}, maxWriters), lanes: map[tenant.ID]*lane{}}
}

// add returns nil once the activity is durable, or known, or of no concern. Every
// other outcome is fault.Unavailable: the sender tries again.
func (w *writer) add(ctx context.Context, id tenant.ID, row store.NewInboxActivity) error {
	item := &waiting{row: row, done: make(chan error, 1)}
	w.mu.Lock()
	l, busy := w.lanes[id]
	if !busy {
		l = &lane{}
		w.lanes[id] = l
	}
	if len(l.waiting) >= maxWaiting {
		w.mu.Unlock()
		return errFull
	}
	l.waiting = append(l.waiting, item)
	w.mu.Unlock()
	if !busy {
		go w.drain(id, l) // ends when nothing waits any more
	}
	select {
	case err := <-item.done:
		return err
	case <-ctx.Done():
		return errAway
	}
}

// drain writes batch after batch until a tenant's lane is empty.
func (w *writer) drain(id tenant.ID, l *lane) {
	for {
		w.slots <- struct{}{}
		batch := w.take(id, l)
		if len(batch) == 0 {
			<-w.slots
			return
		}
		err := w.write(id, batch)
		<-w.slots
		for _, item := range batch {
			item.done <- err
		}
	}
}

// take cuts a batch off; an empty lane is removed in the same breath, so that the
// next request starts another.
func (w *writer) take(id tenant.ID, l *lane) []*waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(l.waiting), maxBatch)
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	if n == 0 {
		delete(w.lanes, id)
	}
	return batch
}

// write stores a batch and the job that applies it in one transaction. Nothing in a
// row can be refused by the database for what it holds: bytes, a hash, a short URL.
func (w *writer) write(id tenant.ID, batch []*waiting) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	rows := make([]store.NewInboxActivity, len(batch))
	for i, item := range batch {
		rows[i] = item.row
	}
	err := w.db.Tenant(ctx, id, func(scope *pg.Scope) error {
		stored, err := store.AddInboxActivities(ctx, scope, rows)
		if err != nil || len(stored) == 0 {
			return err
		}
		return scope.Enqueue(ctx, jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: id}, IDs: stored})
	})
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, errAway.Text)
	}
	return nil
}
