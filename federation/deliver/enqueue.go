package deliver

import (
	"context"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
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
)

// Enqueue makes the jobs for an activity's deliveries 1 to n, in the transaction
// that made them. However many there are, at most four jobs of an activity run at
// once: a large fan-out shares the workers with others.
func Enqueue(ctx context.Context, scope *pg.Scope, activity, n int64) error {
	if n <= 0 {
		return nil
	}
	count := min((n+page-1)/page, lanes)
	params := make([]river.InsertManyParams, 0, count)
	for i := range count {
		params = append(params, river.InsertManyParams{
			Args: jobs.Deliver{
				Scoped: jobs.Scoped{TenantID: scope.Tenant()}, ActivityID: activity, FirstID: n*i/count + 1, LastID: n * (i + 1) / count,
			},
			InsertOpts: &river.InsertOpts{Priority: priority(n)},
		})
	}
	return scope.EnqueueWith(ctx, params)
}

func priority(n int64) int {
	switch {
	case n <= smallest:
		return prioritySmall
	case n <= large:
		return priorityBulk
	}
	return priorityLarge
}

func isBulk(args jobs.Deliver) bool { return args.LastID-args.FirstID >= smallest }
