package imaging

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Limiter bounds the memory that all decoding in the process takes at one time.
// A small avatar takes little of it and a large photo much, so that a queue of
// photos cannot push the process out of memory and avatars still pass.
type Limiter struct {
	memory *semaphore.Weighted
	size   int64
}

// NewLimiter returns a Limiter for the given number of bytes. One image may
// take about 600 MiB in the worst case; an image that needs more than the whole
// limit waits until it is alone.
func NewLimiter(memory int64) *Limiter {
	memory = max(memory, 1)
	return &Limiter{memory: semaphore.NewWeighted(memory), size: memory}
}

// Process is the function Process under the limit. It waits for room until ctx ends.
func (l *Limiter) Process(ctx context.Context, data []byte, limits Limits) (*Image, error) {
	release, err := l.acquire(ctx, data, limits)
	if err != nil {
		return nil, err
	}
	defer release()
	return Process(data, limits)
}

// Avatar is the function Avatar under the limit.
func (l *Limiter) Avatar(ctx context.Context, data []byte) (*Rendition, error) {
	release, err := l.acquire(ctx, data, Limits{})
	if err != nil {
		return nil, err
	}
	defer release()
	return Avatar(data)
}

// Header is the function Header under the limit.
func (l *Limiter) Header(ctx context.Context, data []byte) (*Rendition, error) {
	release, err := l.acquire(ctx, data, Limits{})
	if err != nil {
		return nil, err
	}
	defer release()
	return Header(data)
}

// acquire reads the header, which is cheap, and waits for the memory it announces.
func (l *Limiter) acquire(ctx context.Context, data []byte, limits Limits) (release func(), err error) {
	h, err := inspect(data, limits.orDefaults())
	if err != nil {
		return nil, err
	}
	weight := min(h.memory, l.size)
	if err := l.memory.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	return func() { l.memory.Release(weight) }, nil
}
