package insight

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

// CountEvery is how late yesterday's numbers may be after midnight, UTC.
const CountEvery = 30 * time.Minute

const (
	tenantsAtOnce = 50
	daysAtOnce    = 7 // of a transaction
	oldest        = 364
	countTime     = 4 * time.Minute // of a job; the next one goes on
)

// Counter works jobs.CountDays. It may run any number of times, also beside itself: each
// part writes the same numbers, and the place that it led to.
type Counter struct {
	river.WorkerDefaults[jobs.CountDays]
	DB  *pg.DB
	Now func() time.Time // nil: time.Now
}

// Timeout implements river.Worker.
func (*Counter) Timeout(*river.Job[jobs.CountDays]) time.Duration { return countTime + time.Minute }

// Work implements river.Worker.
func (w *Counter) Work(ctx context.Context, _ *river.Job[jobs.CountDays]) error {
	for end := time.Now().Add(countTime); time.Now().Before(end); {
		done, err := w.part(ctx)
		if err != nil || done {
			return err
		}
	}
	return nil
}

// part counts a week at most of some tenants that are equally far behind, and says whether
// nothing was left to do.
func (w *Counter) part(ctx context.Context) (done bool, err error) {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	today := DayOf(now())
	err = w.DB.Platform(ctx, "insights: count days that have ended", func(p *pg.PlatformTx) error {
		due, err := store.UncountedTenants(ctx, p, today.AddDate(0, 0, -oldest), today, tenantsAtOnce)
		if done = len(due) == 0; err != nil || done {
			return err
		}
		from := due[0].From
		var list []tenant.ID
		for _, t := range due {
			if t.From.Equal(from) {
				list = append(list, t.ID)
			}
		}
		until := from.AddDate(0, 0, daysAtOnce)
		if until.After(today) {
			until = today
		}
		if err := store.CountDays(ctx, p, list, from, until); err != nil {
			return fmt.Errorf("count the days from %s of %d tenants: %w", from.Format(time.DateOnly), len(list), err)
		}
		return nil
	})
	return done, err
}
