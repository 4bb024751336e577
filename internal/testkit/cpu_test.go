package testkit_test

import (
	"testing"
	"time"

	"rookery/internal/testkit"
)

// Waiting costs nothing, and work costs what it takes.
func TestWorkCountsTheProcessorAlone(t *testing.T) {
	t.Parallel()
	const wait = 300 * time.Millisecond
	if took := testkit.Work(func() { <-time.After(wait) }); took >= wait/2 {
		t.Errorf("waiting took %v of a processor", took)
	}
	began := time.Now()
	took := testkit.Work(func() {
		for n := 0; time.Since(began) < wait; n++ {
		}
	})
	if took == 0 || took > time.Since(began) {
		t.Errorf("work took %v of a processor, within %v", took, time.Since(began))
	}
}
