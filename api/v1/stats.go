package v1

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/api/render"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
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
	cache  *otter.Cache[tenant.ID, counted]
}

// counted is what was found, and with which state of the tenant's words.
type counted struct {
	stats   InstanceStats
	version int64
}

// NewNumbers returns a Numbers that has counted nothing yet.
func NewNumbers(db *pg.DB, r *render.Renderer) *Numbers {
	return &Numbers{db: db, render: r, cache: otter.Must(&otter.Options[tenant.ID, counted]{
		MaximumSize:      10_000,
		ExpiryCalculator: otter.ExpiryWriting[tenant.ID, counted](statsAge),
	})}
}

// Instance implements Stats.
func (n *Numbers) Instance(ctx context.Context, t *tenant.Tenant) (InstanceStats, error) {
	if found, ok := n.cache.GetIfPresent(t.ID); ok && found.version == t.BrandVersion {
		return found.stats, nil
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
		rules, err := store.Rules(ctx, scope)
		if err != nil {
			return err
		}
		stats.Rules = RuleEntities(rules)
		contact, err := contactOf(ctx, scope, t)
		if contact != nil {
			stats.Contact = n.render.Account(t, contact)
		}
		return err
	})
	if err == nil {
		n.cache.Set(t.ID, counted{stats, t.BrandVersion})
	}
	return stats, err
}

// contactOf is the account to ask: the chosen one while it is there, else the first.
func contactOf(ctx context.Context, scope *pg.Scope, t *tenant.Tenant) (*social.Account, error) {
	if t.ContactAccountID != 0 {
		a, err := store.AccountByID(ctx, scope, social.AccountID(t.ContactAccountID))
		if err == nil || !fault.IsNotFound(err) {
			return a, err
		}
	}
	first, err := store.LocalAccounts(ctx, scope, 1)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	return first[0], nil
}

// Brand implements Stats.
func (n *Numbers) Brand(ctx context.Context, t *tenant.Tenant) (b *store.Brand, err error) {
	err = n.db.Read(ctx, t.ID, func(scope *pg.Scope) error {
		b, err = store.BrandOf(ctx, scope)
		return err
	})
	return b, err
}
