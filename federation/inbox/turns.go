package inbox

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"rookery/tenant"
)

// turns lets the jobs of one tenant apply together. Two transactions that both count
// posts of the same authors wait for one another's rows and give two cores nothing to
// do; one transaction for all that is ready costs the same few statements as one for a
// part of it. Different tenants do not wait for one another.
type turns struct {
	apply func(ctx context.Context, t *tenant.Tenant, items []*item) (later []*item, err error)

	mu    sync.Mutex
	lanes map[tenant.ID][]*turn // present while somebody works on the tenant
}

// turn is what one job brings.
type turn struct {
	items []*item
	later []*item // those that could not be judged
	err   error
	done  chan struct{}
}

// mostTogether bounds a transaction's size; a single job may bring more.
const (
	mostTogether = 256
	turnTime     = time.Minute
)

func newTurns(apply func(context.Context, *tenant.Tenant, []*item) ([]*item, error)) *turns {
	return &turns{apply: apply, lanes: map[tenant.ID][]*turn{}}
}

// take applies a job's items, together with what other jobs bring meanwhile, and
// returns those that have to be tried again.
func (q *turns) take(ctx context.Context, t *tenant.Tenant, items []*item) ([]*item, error) {
	if len(items) == 0 {
		return nil, nil
	}
	mine := &turn{items: items, done: make(chan struct{})}
	q.mu.Lock()
	lane, busy := q.lanes[t.ID]
	q.lanes[t.ID] = append(lane, mine)
	q.mu.Unlock()
	if !busy {
		// not the job's own context: others' items go along
		go q.drain(context.WithoutCancel(ctx), t)
	}
	select {
	case <-mine.done:
		return mine.later, mine.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drain applies batch after batch until nobody waits.
func (q *turns) drain(ctx context.Context, t *tenant.Tenant) {
	for {
		batch := q.next(t.ID)
		if len(batch) == 0 {
			return
		}
		var all []*item
		for _, b := range batch {
			all = append(all, b.items...)
		}
		// Jobs come as their look-ups end; what they bring is applied in the order of arrival.
		slices.SortStableFunc(all, func(a, b *item) int { return cmp.Compare(a.id, b.id) })
		limited, cancel := context.WithTimeout(ctx, turnTime)
		later, err := q.apply(limited, t, all)
		cancel()
		hand(batch, later, err)
	}
}

// next cuts off what goes together; an empty lane is removed in the same breath, so
// that the next job starts another.
func (q *turns) next(id tenant.ID) []*turn {
	q.mu.Lock()
	defer q.mu.Unlock()
	lane := q.lanes[id]
	if len(lane) == 0 {
		delete(q.lanes, id)
		return nil
	}
	n, size := 1, len(lane[0].items)
	for n < len(lane) && size+len(lane[n].items) <= mostTogether {
		size += len(lane[n].items)
		n++
	}
	batch := lane[:n:n]
	q.lanes[id] = lane[n:]
	return batch
}

// hand tells each job what became of its own items.
func hand(batch []*turn, later []*item, err error) {
	put := make(map[int64]*item, len(later))
	for _, it := range later {
		put[it.id] = it
	}
	for _, b := range batch {
		b.err = err
		for _, it := range b.items {
			if again, ok := put[it.id]; ok {
				b.later = append(b.later, again)
			}
		}
		close(b.done)
	}
}
