package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Activity is an activity of a local account as it is served and sent.
type Activity struct {
	ID        int64
	URI       string
	AccountID social.AccountID
	EventID   social.EventID
	// StatusID names the post that must still exist for the activity to be sent; 0:
	// none. What undoes or deletes has none.
	StatusID   social.StatusID
	Visibility social.Visibility
	Body       []byte
	CreatedAt  time.Time
}

// Two conflicts are one answer: the event was published before, or its activity
// (a follow that is asked for again) is here already.
const insertActivity = `
INSERT INTO activities (tenant_id, id, uri, account_id, event_id, status_id, visibility, body)
VALUES (@tenant_id, @id, @uri, @account_id, @event_id, @status_id, @visibility, @body)
ON CONFLICT DO NOTHING`

// AddActivity stores an activity and reports false if its event or its URI is there already.
func AddActivity(ctx context.Context, scope *pg.Scope, a Activity) (bool, error) {
	n, err := pg.Exec(ctx, scope, insertActivity, pgx.NamedArgs{
		"id": a.ID, "uri": a.URI, "account_id": a.AccountID, "event_id": a.EventID, "status_id": a.StatusID,
		"visibility": a.Visibility, "body": a.Body,
	})
	return n > 0, err
}

const activityColumns = `SELECT id, uri, account_id, event_id, status_id, visibility, body, created_at FROM activities `

const (
	activityByID    = activityColumns + `WHERE tenant_id = @tenant_id AND id = @id`
	activityByURI   = activityColumns + `WHERE tenant_id = @tenant_id AND uri = @uri`
	activityByEvent = activityColumns + `WHERE tenant_id = @tenant_id AND event_id = @event_id AND event_id <> 0`
)

// ActivityByID returns one activity, or fault.NotFound.
func ActivityByID(ctx context.Context, scope *pg.Scope, id int64) (*Activity, error) {
	return pg.One[Activity](ctx, scope, activityByID, pgx.NamedArgs{"id": id})
}

// ActivityByURI returns the activity with an id, or fault.NotFound.
func ActivityByURI(ctx context.Context, scope *pg.Scope, uri string) (*Activity, error) {
	return pg.One[Activity](ctx, scope, activityByURI, pgx.NamedArgs{"uri": uri})
}

// ActivityByEvent returns what an event was published as, or fault.NotFound.
func ActivityByEvent(ctx context.Context, scope *pg.Scope, event social.EventID) (*Activity, error) {
	return pg.One[Activity](ctx, scope, activityByEvent, pgx.NamedArgs{"event_id": event})
}
