package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	// SweepEvery is how late the clock may be.
	SweepEvery = 30 * time.Second
	sweepMost  = 500
	leftLying  = 15 * time.Second // an event that no job seems to have
)

// Resolve finds the customer of an event about a charge, and has it read.
func (l *Ledger) Resolve(ctx context.Context, event string) error {
	var e *store.Event
	err := l.DB.Platform(ctx, "read an event", func(tx *pg.PlatformTx) (err error) {
		e, err = store.EventByID(ctx, tx, event)
		return err
	})
	if err != nil || e.HandledAt != nil {
		return err
	}
	customer, err := l.Gateway.DisputedCustomer(ctx, e.ObjectID)
	if fault.IsNotFound(err) {
		return l.DB.Platform(ctx, "settle an event", func(tx *pg.PlatformTx) error { return store.SettleEvent(ctx, tx, event, store.Unknown) })
	}
	if err != nil {
		return fmt.Errorf("find the customer of %s: %w", e.ObjectID, err)
	}
	return l.DB.Platform(ctx, "have a customer read", func(tx *pg.PlatformTx) error {
		if err := store.NameCustomer(ctx, tx, event, customer); err != nil {
			return err
		}
		return l.ring(ctx, tx, customer)
	})
}

// Sweep looks at every tenant whose time has come, and takes up events that nobody reads: a
// job for a customer is not queued while another one of the same runs.
func (l *Ledger) Sweep(ctx context.Context) error {
	var due []tenant.ID
	err := l.DB.Platform(ctx, "find what is due in billing", func(tx *pg.PlatformTx) (err error) {
		if due, err = store.DueTenants(ctx, tx, l.Now(), sweepMost); err != nil {
			return err
		}
		left, err := store.CustomersWithNews(ctx, tx, l.Now().Add(-leftLying), sweepMost)
		if err != nil {
			return err
		}
		gone, err := store.PayingGone(ctx, tx, sweepMost)
		if err != nil {
			return err
		}
		left = unique(append(left, gone...))
		args := make([]river.JobArgs, len(left))
		for i, customer := range left {
			args[i] = jobs.BillingSync{CustomerID: customer}
		}
		nameless, err := store.NamelessEvents(ctx, tx, l.Now().Add(-leftLying), sweepMost)
		if err != nil {
			return err
		}
		for _, e := range nameless {
			args = append(args, jobs.BillingEvent{EventID: e})
		}
		return tx.Enqueue(ctx, args...)
	})
	if err != nil {
		return err
	}
	for _, id := range due { // each in a transaction of its own: one that fails holds up no other
		err := l.DB.Platform(ctx, "move a tenant's clock", func(tx *pg.PlatformTx) error { return l.assess(ctx, tx, id, store.ByClock) })
		if err != nil {
			l.Log.ErrorContext(ctx, "a tenant's clock does not move", "tenant", id, "error", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
