package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertConversationMute = `
INSERT INTO conversation_mutes (tenant_id, account_id, conversation_id)
VALUES (@tenant_id, @account_id, @conversation_id)
ON CONFLICT DO NOTHING`

// MuteConversation keeps a thread from notifying an account.
func MuteConversation(ctx context.Context, scope *pg.Scope, account social.AccountID, conversation social.StatusID) error {
	_, err := pg.Exec(ctx, scope, insertConversationMute, pgx.NamedArgs{"account_id": account, "conversation_id": conversation})
	return err
}

const deleteConversationMute = `
DELETE FROM conversation_mutes
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND conversation_id = @conversation_id`

// UnmuteConversation ends MuteConversation.
func UnmuteConversation(ctx context.Context, scope *pg.Scope, account social.AccountID, conversation social.StatusID) error {
	_, err := pg.Exec(ctx, scope, deleteConversationMute, pgx.NamedArgs{"account_id": account, "conversation_id": conversation})
	return err
}
