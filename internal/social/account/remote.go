package account

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// SaveRemote stores a remote account as its own server describes it and sets a.ID.
// The handle must have been proven by WebFinger: whoever held it before loses it.
func SaveRemote(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	if a.ID == 0 {
		a.ID = social.AccountID(ids.New())
	}
	now := time.Now().UTC()
	if a.CreatedAt.IsZero() {
		a.CreatedAt = now
	}
	a.FetchedAt = &now
	save := func(inner *pg.Scope) error { return saveUnder(ctx, inner, a) }
	err := scope.Nested(ctx, save)
	if fault.CodeOf(err) == fault.Conflict {
		// Two transactions that store the same new actor may meet on its handle before
		// they meet on its URI, and ON CONFLICT speaks for the URI alone. Whoever came
		// first has committed: now there is a row to change.
		err = scope.Nested(ctx, save)
	}
	if err != nil {
		return fmt.Errorf("store remote account %s: %w", a.URI, err)
	}
	return index(ctx, scope, a)
}

// saveUnder stores an account under the handle that it has proven.
func saveUnder(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	if err := store.YieldHandle(ctx, scope, a.Username, a.Domain, a.URI); err != nil {
		return fmt.Errorf("free handle %s@%s: %w", a.Username, a.Domain, err)
	}
	return store.UpsertRemoteAccount(ctx, scope, a)
}

// staleAfter is how old a copy may be before the next activity has it refreshed (Mastodon: one day).
const staleAfter = 24 * time.Hour

// IsStale reports whether a remote account's copy should be read anew.
func IsStale(a *social.Account) bool {
	return !a.IsLocal() && (a.FetchedAt == nil || time.Since(*a.FetchedAt) > staleAfter)
}
