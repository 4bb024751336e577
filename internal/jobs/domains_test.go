package jobs_test

import (
	"testing"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
)

// Orders wait behind looks: with an authority that lets each wait for minutes, a hundred due
// renewals would hold up everybody's set-up for hours.
func TestOrdersWaitBehindLooks(t *testing.T) {
	t.Parallel()
	order := jobs.CertificateOrder{}.InsertOpts()
	for _, other := range []river.JobArgsWithInsertOpts{jobs.DomainCheck{}, jobs.DomainSweep{}, jobs.CertificateSweep{}, jobs.TenantGoLive{}} {
		if opts := other.InsertOpts(); opts.Queue == order.Queue && max(opts.Priority, river.PriorityDefault) >= order.Priority {
			t.Errorf("%T has priority %d, orders have %d", other, opts.Priority, order.Priority)
		}
	}
}
