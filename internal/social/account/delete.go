package account

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Delete ends a local account for ever. From the commit on nobody finds it, its address
// answers 410, its name is never given to another, its tokens and whoever acts as it are
// gone, and every server that is known hears of it. Its posts and relations are hidden at
// once and removed by a job; its row and its keys stay until the farewell is delivered.
// Memberships stay: people belong to a tenant, not to an account. The caller has proved
// that the owner wants it. An account that is gone already is fault.NotFound.
func Delete(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.AccountID) (*social.Account, error) {
	gone, err := depart(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	if err := store.EnqueueRemoval(ctx, scope, id); err != nil {
		return nil, fmt.Errorf("have account %d emptied: %w", id, err)
	}
	if err := charge(ctx, scope, t); err != nil {
		return nil, err
	}
	return gone[0], nil
}

// Depart is Delete for accounts whose whole tenant goes: they say goodbye together, and
// what they leave behind is removed with the tenant, not by a job for each.
func Depart(ctx context.Context, scope *pg.Scope, list ...social.AccountID) error {
	_, err := depart(ctx, scope, list...)
	return err
}

// DepartQuietly is Depart without the farewell: other servers are not told.
func DepartQuietly(ctx context.Context, scope *pg.Scope, list ...social.AccountID) error {
	_, err := markGone(ctx, scope, list...)
	return err
}

func depart(ctx context.Context, scope *pg.Scope, list ...social.AccountID) ([]*social.Account, error) {
	gone, err := markGone(ctx, scope, list...)
	if err != nil {
		return nil, err
	}
	events := make([]*social.Event, len(gone))
	for i, a := range gone {
		// The event names what was deleted: nobody can look it up any more.
		events[i] = &social.Event{Kind: social.EventAccountDeleted, AccountID: a.ID, ObjectURI: a.URI}
	}
	if err := store.AddEvents(ctx, scope, events...); err != nil {
		return nil, fmt.Errorf("announce that %d accounts are gone: %w", len(gone), err)
	}
	return gone, nil
}

func markGone(ctx context.Context, scope *pg.Scope, list ...social.AccountID) ([]*social.Account, error) {
	gone := make([]*social.Account, 0, len(list))
	for _, id := range list {
		a, err := store.LockAccount(ctx, scope, id)
		if err != nil {
			return nil, fmt.Errorf("delete account %d: %w", id, err)
		}
		if !a.IsLocal() {
			return nil, fmt.Errorf("delete account %d: %w", id, errNotOurs)
		}
		if err := store.MarkAccountDeleted(ctx, scope, a); err != nil {
			return nil, fmt.Errorf("mark account %d as deleted: %w", id, err)
		}
		gone = append(gone, a)
	}
	return gone, nil
}
