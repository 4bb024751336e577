package ledger

import (
	"context"
	"fmt"

	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
)

var errNotOurs = fault.New(fault.Conflict, "This event is of another mode, account or type than ours. Nothing follows from it.")

// Replay looks at an event once more, as if it had just come: what it is about is read soon.
// It returns once that is queued in the caller's transaction.
func (l *Ledger) Replay(ctx context.Context, tx *pg.PlatformTx, event string) error {
	e, err := store.EventByID(ctx, tx, event)
	if err != nil {
		return err
	}
	ok, err := store.ReopenEvent(ctx, tx, event)
	if err != nil {
		return fmt.Errorf("reopen event %s: %w", event, err)
	}
	switch {
	case !ok:
		return errNotOurs
	case e.CustomerID == "":
		return tx.Enqueue(ctx, jobs.BillingEvent{EventID: event})
	}
	return l.ring(ctx, tx, e.CustomerID)
}
