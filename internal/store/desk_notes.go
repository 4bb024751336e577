package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// DeskNote is what one of the team tells the others about a thread.
type DeskNote struct {
	ID        int64
	PersonID  social.PersonID
	Text      string
	CreatedAt time.Time
}

const addDeskNote = `
INSERT INTO desk_notes (tenant_id, id, account_id, conversation_id, person_id, text, created_at)
VALUES (@tenant_id, @id, @account_id, @conversation_id, @person_id, @text, @created_at)`

// AddDeskNote stores a note on a thread.
func AddDeskNote(ctx context.Context, scope *pg.Scope, k DeskKey, n DeskNote) error {
	args := k.args()
	args["id"], args["person_id"], args["text"], args["created_at"] = n.ID, n.PersonID, n.Text, n.CreatedAt
	_, err := pg.Exec(ctx, scope, addDeskNote, args)
	return err
}

const deskNotes = `
SELECT id, person_id, text, created_at
FROM   (SELECT * FROM desk_notes
        WHERE  tenant_id = @tenant_id AND account_id = @account_id AND conversation_id = @conversation_id
        ORDER  BY id DESC LIMIT @limit) AS latest
ORDER  BY id`

// DeskNotes returns the latest notes on a thread, the oldest of them first.
func DeskNotes(ctx context.Context, scope *pg.Scope, k DeskKey, limit int) ([]*DeskNote, error) {
	args := k.args()
	args["limit"] = limit
	return pg.Many[DeskNote](ctx, scope, deskNotes, args)
}

const countDeskNotes = `
SELECT count(*) FROM desk_notes WHERE tenant_id = @tenant_id AND account_id = @account_id AND conversation_id = @conversation_id`

// CountDeskNotes counts the notes on a thread.
func CountDeskNotes(ctx context.Context, scope *pg.Scope, k DeskKey) (int, error) {
	return pg.Value[int](ctx, scope, countDeskNotes, k.args())
}

var deskMessages = `
SELECT` + sentColumns + `
FROM   (SELECT o.* FROM statuses o
        WHERE  o.tenant_id = @tenant_id AND o.conversation_id = @conversation_id AND o.boost_of_id IS NULL AND ` + visibleTo("o") + `
        ORDER  BY o.id DESC LIMIT @limit) AS s` + statusStatsJoin + `
LEFT   JOIN LATERAL (SELECT p.editor_id, p.decided_by FROM scheduled_statuses p
                     WHERE p.tenant_id = @tenant_id AND p.status_id = s.id LIMIT 1) AS c ON true
ORDER  BY s.id`

// DeskMessages returns the latest posts of a conversation that its account may see, the
// oldest of them first, each of ours with who wrote it and who let it out.
func DeskMessages(ctx context.Context, scope *pg.Scope, k DeskKey, limit int) ([]*Sent, error) {
	return pg.Many[Sent](ctx, scope, deskMessages, pgx.NamedArgs{"viewer": k.AccountID, "conversation_id": k.ConversationID, "limit": limit})
}

const plansInDesk = `
SELECT` + planColumns + `
FROM   statuses s
JOIN   scheduled_statuses p ON p.tenant_id = @tenant_id AND p.in_reply_to_id = s.id AND p.in_reply_to_id <> 0
WHERE  s.tenant_id = @tenant_id AND s.conversation_id = @conversation_id AND p.account_id = @account_id AND p.state IN ('waiting', 'scheduled')
ORDER  BY p.id
LIMIT  @limit`

// PlansInDesk returns the answers of an account to a conversation that wait for somebody's
// approval, or for their time.
func PlansInDesk(ctx context.Context, scope *pg.Scope, k DeskKey, limit int) ([]*social.Plan, error) {
	args := k.args()
	args["limit"] = limit
	return pg.Many[social.Plan](ctx, scope, plansInDesk, args)
}
