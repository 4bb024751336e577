package fetch

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/safehttp"
)

// Looks inside: a process that ends in the middle of a look-up cannot be arranged. The job is
// all that is left of some activities that were taken.
func TestWhatBecomesOfARefresh(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		again bool
	}{
		"not there":                  {errNotFound, false},
		"not understood":             {errNoActor, false},
		"an address inside":          {safehttp.ErrBlocked, false},
		"a server that is away":      {errTroubled, true},
		"too slow":                   {safehttp.ErrLate, true},
		"stored by somebody else":    {fault.New(fault.Conflict, "This exists already."), true},
		"this process is going away": {fmt.Errorf("begin: %w", context.Canceled), true},
	} {
		err := (&Fetcher{}).outcome(t.Context(), nil, nil, tt.err)
		var cancelled *river.JobCancelError
		if isOver := errors.As(err, &cancelled); err == nil || isOver == tt.again {
			t.Errorf("%s: %v, want another try: %t", name, err, tt.again)
		}
	}
}
