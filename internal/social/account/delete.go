package account

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Delete ends a local account for ever. From the commit on nobody finds it, its address
// answers 410, its name is never given to another, its tokens and whoever acts as it are
// gone, and every server that is known hears of it. Its posts and relations are hidden at
// once and removed by a job; its row and its keys stay until the farewell is delivered.
// Memberships stay: people belong to a tenant, not to an account. The caller has proved
// that the owner wants it. An account that is gone already is fault.NotFound.
func Delete(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, error) {
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
	// The event names what was deleted: nobody can look it up any more.
	event := &social.Event{Kind: social.EventAccountDeleted, AccountID: a.ID, ObjectURI: a.URI}
	if err := store.AddEvent(ctx, scope, event); err != nil {
		return nil, fmt.Errorf("announce that account %d is gone: %w", id, err)
	}
	if err := store.EnqueueRemoval(ctx, scope, a.ID); err != nil {
		return nil, fmt.Errorf("have account %d emptied: %w", id, err)
	}
	return a, nil
}
