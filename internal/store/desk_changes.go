package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const deskWhere = `
WHERE  d.tenant_id = @tenant_id AND d.account_id = @account_id AND d.conversation_id = @conversation_id`

func changeDesk(ctx context.Context, scope *pg.Scope, sql string, k DeskKey, more pgx.NamedArgs) error {
	for name, value := range k.args() {
		more[name] = value
	}
	n, err := pg.Exec(ctx, scope, sql+deskWhere, more)
	return mustTouch(n, err)
}

const assignDesk = `UPDATE desk_threads d SET assignee_id = NULLIF(@person_id::bigint, 0)`

// AssignDesk gives a thread to a person, or to nobody (0). Somebody who may not act as the
// account is fault.NotFound: the foreign key says so.
func AssignDesk(ctx context.Context, scope *pg.Scope, k DeskKey, person social.PersonID) error {
	return changeDesk(ctx, scope, assignDesk, k, pgx.NamedArgs{"person_id": person})
}

const setDeskState = `
UPDATE desk_threads d SET
       state = @state, updated_at = now(),
       waiting_since = CASE WHEN @state = 'open' THEN COALESCE(d.waiting_since, now()) END`

// SetDeskState moves a thread by hand.
func SetDeskState(ctx context.Context, scope *pg.Scope, k DeskKey, state social.DeskState) error {
	return changeDesk(ctx, scope, setDeskState, k, pgx.NamedArgs{"state": state})
}

const seeDesk = `UPDATE desk_threads d SET seen_id = @seen_id`

// SeeDesk notes that somebody of the team has opened a message.
func SeeDesk(ctx context.Context, scope *pg.Scope, k DeskKey, seen social.StatusID) error {
	return changeDesk(ctx, scope, seeDesk, k, pgx.NamedArgs{"seen_id": seen})
}

// Whoever writes keeps the pen until it runs out; a second person does not take it away.
const writeDesk = `
UPDATE desk_threads d SET writing_by = @person_id, writing_until = now() + make_interval(secs => @seconds)` + deskWhere + `
       AND (d.writing_by IN (0, @person_id) OR d.writing_until IS NULL OR d.writing_until <= now())`

// WriteDesk says for some seconds that a person writes an answer, unless another one does.
func WriteDesk(ctx context.Context, scope *pg.Scope, k DeskKey, person social.PersonID, seconds float64) error {
	args := k.args()
	args["person_id"], args["seconds"] = person, seconds
	_, err := pg.Exec(ctx, scope, writeDesk, args)
	return err
}
