package webhook

import (
	"context"
	"sync"
	"time"
)

// secretsFor is how long a secret that was just retired may still be believed, and how long
// the database is not asked again: whoever knocks without a secret costs no query.
const secretsFor = 30 * time.Second

// Remembered returns what read returns, and asks it at most twice a minute. While read
// fails, what it said last holds.
func Remembered(read func(ctx context.Context) ([]string, error)) func(ctx context.Context) ([]string, error) {
	var mu sync.Mutex
	var known []string
	var asked time.Time
	return func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(known) > 0 && time.Since(asked) < secretsFor {
			return known, nil
		}
		fresh, err := read(ctx)
		if err != nil && len(known) > 0 {
			return known, nil
		}
		if err == nil {
			known, asked = fresh, time.Now()
		}
		return fresh, err
	}
}
