package deliver

import (
	"context"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	smallest = 8  // inboxes: up to so many are interactive
	page     = 50 // inboxes that are worth a job of their own
	lanes    = 4  // jobs of one activity
	large    = 500
)

// The priorities of jobs in the queue: 1 goes first. A post to one follower does not
// stand behind one to five thousand (SECURITY.md rule 18).
const (
	prioritySmall = 1 + iota
	priorityBulk
	priorityLarge
	priorityRetry = priorityLarge
	// Whoever has used up the deliveries of a plan, or tries one, stands behind all others.
	prioritySlow = priorityLarge + 1
)

// of is a priority for a tenant.
func of(priority int, isSlow bool) int {
	if isSlow {
		return prioritySlow
	}
	return priority
}

// Enqueue makes the jobs for activities' deliveries, in the transaction that made them.
// Activities that go to few inboxes share jobs. However many inboxes another one has, at
// most four jobs of it run at once: a large fan-out shares the workers with others.
func Enqueue(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, list ...*store.Reached) error {
	isSlow := t.Entitlement.IsSlow
	whose := jobs.Scoped{TenantID: scope.Tenant()}
	var params []river.InsertManyParams
	var together []int64
	var inboxes int64
	flush := func() {
		if len(together) > 0 {
			params = append(params, river.InsertManyParams{
				Args: jobs.DeliverSmall{Scoped: whose, ActivityIDs: together}, InsertOpts: &river.InsertOpts{Priority: of(prioritySmall, isSlow)},
			})
		}
		together, inboxes = nil, 0
	}
	for _, r := range list {
		switch n := r.Inboxes; {
		case n <= 0:
		case n <= smallest:
			if inboxes+n > page {
				flush()
			}
			together, inboxes = append(together, r.ActivityID), inboxes+n
		default:
			params = append(params, walks(whose, r, isSlow)...)
		}
	}
	flush()
	if len(params) == 0 {
		return nil
	}
	return scope.EnqueueWith(ctx, params)
}

// walks are the jobs of an activity with many inboxes.
func walks(whose jobs.Scoped, r *store.Reached, isSlow bool) []river.InsertManyParams {
	n := r.Inboxes
	count := min((n+page-1)/page, lanes)
	params := make([]river.InsertManyParams, 0, count)
	for i := range count {
		params = append(params, river.InsertManyParams{
			Args:       jobs.Deliver{Scoped: whose, ActivityID: r.ActivityID, FirstID: n*i/count + 1, LastID: n * (i + 1) / count},
			InsertOpts: &river.InsertOpts{Priority: of(priority(n), isSlow)},
		})
	}
	return params
}

func priority(n int64) int {
	if n <= large {
		return priorityBulk
	}
	return priorityLarge
}

func isBulk(args jobs.Deliver) bool { return args.LastID-args.FirstID >= smallest }
