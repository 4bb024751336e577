package safehttp

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Budget is what may still be spent on requests that follow from one thing: an
// incoming activity, a search. Requests made with a context that carries one
// draw on it. Its fields are for JSON, so that it can travel in job arguments;
// read and write them only while no request is under way.
type Budget struct {
	Requests int       `json:"requests"`          // left
	Bytes    int64     `json:"bytes"`             // left, inflated
	MaxHosts int       `json:"max_hosts"`         // in all
	Hosts    []string  `json:"hosts,omitempty"`   // asked so far
	Deadline time.Time `json:"deadline,omitzero"` // wall time; zero is none

	mu sync.Mutex
}

type budgetKey struct{}

// WithBudget makes the requests of ctx draw on b.
func WithBudget(ctx context.Context, b *Budget) context.Context {
	return context.WithValue(ctx, budgetKey{}, b)
}

// BudgetFrom returns the budget of ctx, or nil.
func BudgetFrom(ctx context.Context) *Budget {
	b, _ := ctx.Value(budgetKey{}).(*Budget)
	return b
}

// spend takes one request to host, or says that there is none left. A nil
// Budget has no limits.
func (b *Budget) spend(host string) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	isNew := !slices.Contains(b.Hosts, host)
	switch {
	case b.Requests <= 0, b.Bytes <= 0:
		return fmt.Errorf("request to %s: %w", host, ErrBudget)
	case !b.Deadline.IsZero() && time.Now().After(b.Deadline):
		return fmt.Errorf("request to %s: past the deadline: %w", host, ErrLate)
	case isNew && len(b.Hosts) >= b.MaxHosts:
		return fmt.Errorf("request to %s: one host more: %w", host, ErrBudget)
	}
	b.Requests--
	if isNew {
		b.Hosts = append(b.Hosts, host)
	}
	return nil
}

// spendBytes takes what a body was. The body that goes over is still read, up
// to its own limit; the next request is refused.
func (b *Budget) spendBytes(n int64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Bytes = max(b.Bytes-n, 0)
}

// deadline is the earlier of the budget's and the given one.
func (b *Budget) deadline(given time.Time) time.Time {
	if b == nil || b.Deadline.IsZero() || given.Before(b.Deadline) {
		return given
	}
	return b.Deadline
}
