package fetch

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// readLimit counts how often something was done since the first time within a window.
type readLimit struct {
	counts *otter.Cache[string, *atomic.Int64]
}

func newReadLimit(window time.Duration) *readLimit {
	return &readLimit{counts: otter.Must(&otter.Options[string, *atomic.Int64]{
		MaximumSize: maxKeys, ExpiryCalculator: otter.ExpiryCreating[string, *atomic.Int64](window),
	})}
}

// take counts once and reports whether that is within the limit.
func (r *readLimit) take(what string, limit int64) bool {
	count, ok := r.counts.GetIfPresent(what)
	if !ok {
		count, _ = r.counts.SetIfAbsent(what, new(atomic.Int64))
	}
	return count.Add(1) <= limit
}
