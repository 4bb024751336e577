package ledger

import (
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/internal/jobs"
)

// While a reading that failed waits, news of its customer wait with it: never for long.
func TestAReadingIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	w := worker[jobs.BillingSync](time.Minute, nil)
	last := time.Duration(0)
	for attempt := 1; attempt <= 20; attempt++ {
		wait := time.Until(w.NextRetry(&river.Job[jobs.BillingSync]{JobRow: &rivertype.JobRow{Attempt: attempt}}))
		if wait > longestWait || wait < last-time.Second {
			t.Errorf("after try %d it waits for %v, and for %v before", attempt, wait, last)
		}
		last = wait
	}
	if last < longestWait-time.Minute {
		t.Errorf("a provider that is away is asked every %v", last)
	}
}
