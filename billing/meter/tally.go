package meter

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	// FlushEvery is how much a crash may lose.
	FlushEvery = time.Minute
	flushTime  = 5 * time.Second
)

// Tally counts in memory. The zero Tally works; a nil one counts nothing.
type Tally struct {
	counts sync.Map // tenant.ID: *count
}

type count struct{ egress, sent atomic.Int64 }

func (t *Tally) of(id tenant.ID) *count {
	if c, ok := t.counts.Load(id); ok {
		return c.(*count)
	}
	c, _ := t.counts.LoadOrStore(id, &count{})
	return c.(*count)
}

// Served adds the bytes of an answer: a file or a page.
func (t *Tally) Served(id tenant.ID, bytes int64) {
	if t != nil && bytes > 0 {
		t.of(id).egress.Add(bytes)
	}
}

// Delivered adds what other servers have taken.
func (t *Tally) Delivered(id tenant.ID, n int) {
	if t != nil && n > 0 {
		t.of(id).sent.Add(int64(n))
	}
}

// Flush writes down what was counted since the last time. What cannot be written is kept.
func (t *Tally) Flush(ctx context.Context, db *pg.DB, now time.Time) error {
	var list []store.Used
	t.counts.Range(func(id, c any) bool {
		u := store.Used{TenantID: id.(tenant.ID), EgressBytes: c.(*count).egress.Swap(0), Deliveries: c.(*count).sent.Swap(0)}
		if u.EgressBytes > 0 || u.Deliveries > 0 {
			list = append(list, u)
		}
		return true
	})
	if len(list) == 0 {
		return nil
	}
	err := db.Platform(ctx, "write down what was sent", func(tx *pg.PlatformTx) error { return store.AddUsed(ctx, tx, now, list) })
	if err != nil {
		for _, u := range list {
			t.of(u.TenantID).egress.Add(u.EgressBytes)
			t.of(u.TenantID).sent.Add(u.Deliveries)
		}
	}
	return err
}

// Run flushes each minute until ctx ends, and once more then.
func (t *Tally) Run(ctx context.Context, db *pg.DB, now func() time.Time, log *slog.Logger) {
	tick := time.NewTicker(FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		patience, stop := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		if err := t.Flush(patience, db, now()); err != nil {
			log.Warn("what was sent is not written down yet", "error", err)
		}
		stop()
		if ctx.Err() != nil {
			return
		}
	}
}
