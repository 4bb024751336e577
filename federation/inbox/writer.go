package inbox

import (
	"context"
	"sync"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// writer stores activities. Requests of one tenant that come at the same time share
// one transaction: it takes what waits, without waiting for more.
type writer struct {
	db    *pg.DB
	hand  *handover
	slots chan struct{} // of transactions at once, over all tenants

	mu    sync.Mutex
	lanes map[tenant.ID]*lane
}

// lane holds what waits for one tenant while a batch of it is being written.
type lane struct {
	waiting []*waiting
}

type waiting struct {
	verified *VerifiedActivity
	row      store.NewInboxActivity // without an id yet
	done     chan error
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

func newWriter(db *pg.DB, hand *handover) *writer {
	return &writer{db: db, hand: hand, slots: make(chan struct{}, maxWriters), lanes: map[tenant.ID]*lane{}}
}

// add returns nil once the activity is durable, or known, or of no concern. Every
// other outcome is fault.Unavailable: the sender tries again.
func (w *writer) add(ctx context.Context, v *VerifiedActivity, row store.NewInboxActivity) error {
	id := v.tenant.ID
	item := &waiting{verified: v, row: row, done: make(chan error, 1)}
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
// Only an id may be taken, by another process that made the same one.
func (w *writer) write(id tenant.ID, batch []*waiting) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	err := w.writeOnce(ctx, id, batch)
	if fault.CodeOf(err) == fault.Conflict {
		err = w.writeOnce(ctx, id, batch)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, errAway.Text)
	}
	return nil
}

func (w *writer) writeOnce(ctx context.Context, id tenant.ID, batch []*waiting) error {
	rows, of := make([]store.NewInboxActivity, len(batch)), make(map[int64]*waiting, len(batch))
	for i, item := range batch {
		rows[i] = item.row
		rows[i].ID = ids.New()
		of[rows[i].ID] = item
	}
	return w.db.Tenant(ctx, id, func(scope *pg.Scope) error {
		stored, err := store.AddInboxActivities(ctx, scope, rows)
		if err != nil || len(stored) == 0 {
			return err
		}
		for _, n := range stored {
			w.hand.put(of[n].verified, n, of[n].row.AccountID)
		}
		return scope.Enqueue(ctx, jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: id}, IDs: stored})
	})
}
