package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const upsertMute = `
INSERT INTO mutes (tenant_id, id, account_id, target_id, hide_notifications, expires_at)
VALUES (@tenant_id, @id, @account_id, @target_id, @hide_notifications, @expires_at)
ON CONFLICT (tenant_id, account_id, target_id) DO UPDATE SET
       hide_notifications = EXCLUDED.hide_notifications, expires_at = EXCLUDED.expires_at`

// SetMute stores a mute or changes the one that is there. A nil time is for ever.
func SetMute(ctx context.Context, scope *pg.Scope, account, target social.AccountID, hideNotifications bool, expires *time.Time) error {
	_, err := pg.Exec(ctx, scope, upsertMute, pgx.NamedArgs{
		"id": ids.New(), "account_id": account, "target_id": target, "hide_notifications": hideNotifications, "expires_at": expires,
	})
	return err
}

const deleteMute = `DELETE FROM mutes WHERE tenant_id = @tenant_id AND account_id = @account_id AND target_id = @target_id`

// DeleteMute ends a mute and reports whether there was one.
func DeleteMute(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (bool, error) {
	n, err := pg.Exec(ctx, scope, deleteMute, pgx.NamedArgs{"account_id": account, "target_id": target})
	return n > 0, err
}

// ListedMute is one row of a list of mutes.
type ListedMute struct {
	ID        int64
	AccountID social.AccountID
	ExpiresAt *time.Time
}

var mutesOf = paged(`
SELECT m.id, m.target_id AS account_id, m.expires_at
FROM   mutes m
WHERE  m.tenant_id = @tenant_id AND m.account_id = @account_id AND m.id < @max_id AND m.id > @since_id
       AND (m.expires_at IS NULL OR m.expires_at > now())
ORDER  BY m.id /*order*/ LIMIT @limit`)

// MutesOf returns whom an account mutes, the latest first.
func MutesOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*ListedMute, error) {
	return manyPaged[ListedMute](ctx, scope, mutesOf, page, pgx.NamedArgs{"account_id": account})
}
