package store

import (
	"context"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// RemoveRemoteAccount removes a remote account with everything of it, because its
// owner or its owner's server says that it is gone. Its URI becomes a tombstone.
func RemoveRemoteAccount(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	if a.IsLocal() {
		return errNotFound
	}
	if err := UncountAccount(ctx, scope, a.ID); err != nil {
		return err
	}
	if err := UnindexAccount(ctx, scope, a.ID); err != nil {
		return err
	}
	if err := DeleteAccount(ctx, scope, a.ID); err != nil {
		return err
	}
	return AddTombstone(ctx, scope, a.URI, a.ActorType, a.ID)
}
