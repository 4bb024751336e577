package deliver

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// settleTime is what is left for writing when a job is being stopped.
const settleTime = 5 * time.Second

// settle writes outcomes and makes the jobs that try again, in one transaction. It
// also runs when the process is told to stop: what has been sent must not be
// forgotten.
func (w *Worker) settle(ctx context.Context, t tenant.ID, list []store.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	taken := 0
	err := w.DB.TenantByKey(ctx, t, func(scope *pg.Scope) error {
		settled, err := store.SettleDeliveries(ctx, scope, list)
		if err != nil {
			return err
		}
		taken = 0
		var gone []string
		var again []river.InsertManyParams
		for _, out := range settled {
			switch out.State {
			case store.DeliveryGone:
				gone = append(gone, out.Before.InboxURL)
			case store.DeliveryDone:
				taken++
			case store.DeliveryWaiting:
				again = append(again, retry(t, out, w.isSlow(t)))
			}
		}
		if len(again) > 0 {
			if err := scope.EnqueueWith(ctx, again); err != nil {
				return err
			}
		}
		return unfollow(ctx, scope, gone)
	})
	if err != nil {
		return fmt.Errorf("settle %d deliveries: %w", len(list), err)
	}
	if w.Sent != nil && taken > 0 {
		w.Sent(t, taken)
	}
	return nil
}

// isSlow reports whether a tenant's deliveries go after those of others.
func (w *Worker) isSlow(id tenant.ID) bool {
	if w.Tenants == nil {
		return false
	}
	t, ok := w.Tenants.ByID(id)
	return ok && t.Entitlement.IsSlow
}

func retry(t tenant.ID, out store.Outcome, isSlow bool) river.InsertManyParams {
	id := out.Before.ID
	return river.InsertManyParams{
		Args:       jobs.Deliver{Scoped: jobs.Scoped{TenantID: t}, ActivityID: out.Before.ActivityID, FirstID: id, LastID: id},
		InsertOpts: &river.InsertOpts{Priority: of(priorityRetry, isSlow), ScheduledAt: *out.NextTryAt},
	}
}

// unfollow ends what comes of inboxes that are gone, and has the accounts looked up:
// whether they are gone too, only their own server can say.
func unfollow(ctx context.Context, scope *pg.Scope, inboxes []string) error {
	if len(inboxes) == 0 {
		return nil
	}
	accounts, err := store.UnfollowGone(ctx, scope, inboxes)
	if err != nil {
		return err
	}
	refresh := make([]river.JobArgs, len(accounts))
	for i, id := range accounts {
		refresh[i] = jobs.RefreshAccount{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, AccountID: int64(id)}
	}
	return scope.Enqueue(ctx, refresh...)
}
