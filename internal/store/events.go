package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertEvent = `
INSERT INTO events (tenant_id, id, kind, account_id, target_id, status_id, object_uri, visibility, recipient_ids)
VALUES (@tenant_id, @id, @kind, @account_id, @target_id, @status_id, @object_uri, @visibility, @recipient_ids)`

// AddEvent writes a fact of a local account and enqueues its publication, both in
// the scope's transaction. It sets e.ID.
func AddEvent(ctx context.Context, scope *pg.Scope, e *social.Event) error {
	e.ID = social.EventID(ids.New())
	recipients := e.RecipientIDs
	if recipients == nil {
		recipients = []social.AccountID{}
	}
	_, err := pg.Exec(ctx, scope, insertEvent, pgx.NamedArgs{
		"id": e.ID, "kind": e.Kind, "account_id": e.AccountID, "target_id": e.TargetID, "status_id": e.StatusID,
		"object_uri": e.ObjectURI, "visibility": e.Visibility, "recipient_ids": recipients,
	})
	if err != nil {
		return err
	}
	return scope.Enqueue(ctx, jobs.Publish{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, EventID: int64(e.ID)})
}

const eventByID = `
SELECT id, kind, account_id, target_id, status_id, object_uri, visibility, recipient_ids, created_at
FROM   events
WHERE  tenant_id = @tenant_id AND id = @id`

// EventByID returns one event, or fault.NotFound.
func EventByID(ctx context.Context, scope *pg.Scope, id social.EventID) (*social.Event, error) {
	return pg.One[social.Event](ctx, scope, eventByID, pgx.NamedArgs{"id": id})
}
