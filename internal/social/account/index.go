package account

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// index makes an account findable by its handle and by the words of its name.
func index(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	if err := store.IndexAccount(ctx, scope, a); err != nil {
		return fmt.Errorf("index account: %w", err)
	}
	return nil
}
