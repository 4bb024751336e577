package inbox

import (
	"errors"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/store"
)

// Looks inside: two processes that make the same id at the same moment cannot be arranged.
func TestWhatBecomesOfAnActivity(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		state store.InboxState // "": tried again
	}{
		"no error":           {nil, store.InboxApplied},
		"not allowed":        {fault.New(fault.Forbidden, "no"), store.InboxIgnored},
		"nothing there":      {fault.New(fault.NotFound, "no"), store.InboxIgnored},
		"a busy database":    {fault.New(fault.Unavailable, "later"), ""},
		"nobody foresaw it":  {errors.New("oh"), ""},
		"an id that is used": {fault.New(fault.Conflict, "This exists already."), ""},
	} {
		it := &item{id: 7}
		it.judge(tt.err)
		if it.verdict.State != tt.state || (it.retry != nil) != (tt.state == "") {
			t.Errorf("%s: %q, tried again for %v; want %q", name, it.verdict.State, it.retry, tt.state)
		}
	}
}
