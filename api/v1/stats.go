package v1

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/api/render"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// statsAge is how old the numbers of an instance document may be. They need counting,
// and every app reads the document at its start.
const statsAge = 2 * time.Minute

// Numbers counts for instance documents and remembers the result for a while. It
// implements Stats.
type Numbers struct {
	db     *pg.DB
	render *render.Renderer
	cache  *otter.Cache[tenant.ID, InstanceStats]
}

// NewNumbers returns a Numbers that has counted nothing yet.
func NewNumbers(db *pg.DB, r *render.Renderer) *Numbers {
	return &Numbers{db: db, render: r, cache: otter.Must(&otter.Options[tenant.ID, InstanceStats]{
		MaximumSize:      10_000,
		ExpiryCalculator: otter.ExpiryWriting[tenant.ID, InstanceStats](statsAge),
	})}
}

// Instance implements Stats.
func (n *Numbers) Instance(ctx context.Context, t *tenant.Tenant) (InstanceStats, error) {
	if stats, ok := n.cache.GetIfPresent(t.ID); ok {
		return stats, nil
	}
	usage, err := store.UsageOf(ctx, n.db, t.ID)
	if err != nil {
		return InstanceStats{}, err
	}
	stats := InstanceStats{Users: usage.Users, ActiveMonth: usage.ActiveMonth, Statuses: usage.Posts}
	err = n.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		var err error
		if stats.Domains, err = store.CountDomains(ctx, scope); err != nil {
			return err
		}
		first, err := store.LocalAccounts(ctx, scope, 1)
		if err != nil || len(first) == 0 {
			return err
		}
		stats.Contact = n.render.Account(t, first[0])
		return nil
	})
	if err == nil {
		n.cache.Set(t.ID, stats)
	}
	return stats, err
}
