package upkeep

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
)

const (
	// keepSender is how long the row and the keys of a deleted local account stay.
	// Deliveries are given up after three days; nothing is signed with them later.
	keepSender = 7 * 24 * time.Hour
	removeFor  = 4 * time.Minute // of one job; then others have their turn
)

// Remover works jobs.RemoveAccount: it empties an account that is marked as deleted,
// part by part. It may run twice, be interrupted and go on: what is gone is gone.
type Remover struct {
	river.WorkerDefaults[jobs.RemoveAccount]
	DB      *pg.DB
	Streams stream.Publisher
	Log     *slog.Logger
	// Batch bounds the rows of each kind that one transaction removes. 0: 1,000.
	Batch int
}

// Timeout implements river.Worker.
func (r *Remover) Timeout(*river.Job[jobs.RemoveAccount]) time.Duration {
	return removeFor + time.Minute
}

// Work implements river.Worker.
func (r *Remover) Work(ctx context.Context, job *river.Job[jobs.RemoveAccount]) error {
	t, id := job.Args.TenantID, social.AccountID(job.Args.AccountID)
	posts := 0
	for until := time.Now().Add(removeFor); time.Now().Before(until); {
		part, err := r.part(ctx, t, id)
		if fault.IsNotFound(err) {
			return nil // somebody was faster
		}
		if err != nil {
			return fmt.Errorf("remove account %d: %w", id, err)
		}
		posts += part.Statuses
		if part.Done {
			r.Log.InfoContext(ctx, "account removed", "tenant", t, "account", id, "posts", posts)
			return nil
		}
	}
	return river.JobSnooze(0)
}

// part removes what one transaction may, and the row itself when nothing needs it any more.
func (r *Remover) part(ctx context.Context, t tenant.ID, id social.AccountID) (store.Removed, error) {
	var part store.Removed
	limit := r.Batch
	if limit <= 0 {
		limit = batch
	}
	err := r.DB.Tenant(ctx, t, func(scope *pg.Scope) error {
		departure, err := store.DepartureByID(ctx, scope, id)
		if err != nil {
			return err
		}
		if part, err = store.RemoveAccountPart(ctx, scope, id, limit); err != nil {
			return err
		}
		status.PublishRemoved(scope, r.Streams, part)
		if part.Done && (!departure.IsLocal || time.Since(departure.DeletedAt) > keepSender) {
			return store.DeleteAccount(ctx, scope, id)
		}
		return nil
	})
	return part, err
}
