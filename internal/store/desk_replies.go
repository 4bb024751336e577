package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// SavedReply is an answer that a tenant gives often.
type SavedReply struct {
	ID    int64
	Title string
	Text  string
}

const savedReplies = `
SELECT id, title, text FROM saved_replies WHERE tenant_id = @tenant_id ORDER BY lower(title), id LIMIT @limit`

// SavedReplies returns the tenant's saved replies by title.
func SavedReplies(ctx context.Context, scope *pg.Scope, limit int) ([]*SavedReply, error) {
	return pg.Many[SavedReply](ctx, scope, savedReplies, pgx.NamedArgs{"limit": limit})
}

const savedReplyByID = `SELECT id, title, text FROM saved_replies WHERE tenant_id = @tenant_id AND id = @id`

// SavedReplyByID returns a saved reply, or fault.NotFound.
func SavedReplyByID(ctx context.Context, scope *pg.Scope, id int64) (*SavedReply, error) {
	return pg.One[SavedReply](ctx, scope, savedReplyByID, pgx.NamedArgs{"id": id})
}

const addSavedReply = `
INSERT INTO saved_replies (tenant_id, id, title, text)
SELECT @tenant_id, @id, @title, @text
WHERE  (SELECT count(*) FROM saved_replies WHERE tenant_id = @tenant_id) < @most`

// AddSavedReply stores a saved reply, or returns fault.NotFound when there are as many as
// there may be.
func AddSavedReply(ctx context.Context, scope *pg.Scope, r SavedReply, most int) error {
	n, err := pg.Exec(ctx, scope, addSavedReply, pgx.NamedArgs{"id": r.ID, "title": r.Title, "text": r.Text, "most": most})
	return mustTouch(n, err)
}

const updateSavedReply = `
UPDATE saved_replies SET title = @title, text = @text, updated_at = now() WHERE tenant_id = @tenant_id AND id = @id`

// UpdateSavedReply changes a saved reply, or returns fault.NotFound.
func UpdateSavedReply(ctx context.Context, scope *pg.Scope, r SavedReply) error {
	n, err := pg.Exec(ctx, scope, updateSavedReply, pgx.NamedArgs{"id": r.ID, "title": r.Title, "text": r.Text})
	return mustTouch(n, err)
}

const deleteSavedReply = `DELETE FROM saved_replies WHERE tenant_id = @tenant_id AND id = @id`

// DeleteSavedReply removes a saved reply, or returns fault.NotFound.
func DeleteSavedReply(ctx context.Context, scope *pg.Scope, id int64) error {
	n, err := pg.Exec(ctx, scope, deleteSavedReply, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}
