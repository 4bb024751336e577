package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertBookmark = `
INSERT INTO bookmarks (tenant_id, id, account_id, status_id)
VALUES (@tenant_id, @id, @account_id, @status_id)
ON CONFLICT (tenant_id, account_id, status_id) DO NOTHING`

// AddBookmark keeps a status for an account; a second time changes nothing.
func AddBookmark(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID) error {
	_, err := pg.Exec(ctx, scope, insertBookmark, pgx.NamedArgs{"id": ids.New(), "account_id": account, "status_id": status})
	return err
}

const deleteBookmark = `DELETE FROM bookmarks WHERE tenant_id = @tenant_id AND account_id = @account_id AND status_id = @status_id`

// DeleteBookmark ends AddBookmark; without a bookmark it changes nothing.
func DeleteBookmark(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID) error {
	_, err := pg.Exec(ctx, scope, deleteBookmark, pgx.NamedArgs{"account_id": account, "status_id": status})
	return err
}
