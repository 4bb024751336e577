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
const insertActivities = `
INSERT INTO activities (tenant_id, id, uri, account_id, event_id, status_id, visibility, body)
SELECT @tenant_id, n.id, n.uri, n.account_id, n.event_id, n.status_id, n.visibility, n.body
FROM   unnest(@ids::bigint[], @uris::text[], @accounts::bigint[], @events::bigint[], @statuses::bigint[], @visibilities::text[], @bodies::bytea[])
       AS n (id, uri, account_id, event_id, status_id, visibility, body)
ON CONFLICT DO NOTHING
RETURNING id`

// AddActivities stores activities and returns the ids of those whose event and URI were
// not there yet.
func AddActivities(ctx context.Context, scope *pg.Scope, list ...*Activity) (map[int64]bool, error) {
	m := make(map[int64]bool, len(list))
	if len(list) == 0 {
		return m, nil
	}
	added, err := pg.Values[int64](ctx, scope, insertActivities, pgx.NamedArgs{
		"ids":          column(list, func(a *Activity) int64 { return a.ID }),
		"uris":         column(list, func(a *Activity) string { return a.URI }),
		"accounts":     column(list, func(a *Activity) int64 { return int64(a.AccountID) }),
		"events":       column(list, func(a *Activity) int64 { return int64(a.EventID) }),
		"statuses":     column(list, func(a *Activity) int64 { return int64(a.StatusID) }),
		"visibilities": column(list, func(a *Activity) string { return string(a.Visibility) }),
		"bodies":       column(list, func(a *Activity) []byte { return a.Body }),
	})
	for _, id := range added {
		m[id] = true
	}
	return m, err
}

// What is still on its way then says what is true now.
const renewActivity = `UPDATE activities SET body = @body WHERE tenant_id = @tenant_id AND uri = @uri AND account_id = @account_id`

// RenewActivity replaces the bytes of an activity under the same id, if it is there.
func RenewActivity(ctx context.Context, scope *pg.Scope, account social.AccountID, uri string, body []byte) error {
	_, err := pg.Exec(ctx, scope, renewActivity, pgx.NamedArgs{"uri": uri, "account_id": account, "body": body})
	return err
}

const activityColumns = `SELECT id, uri, account_id, event_id, status_id, visibility, body, created_at FROM activities `

const (
	activityByID    = activityColumns + `WHERE tenant_id = @tenant_id AND id = @id`
	activityByURI   = activityColumns + `WHERE tenant_id = @tenant_id AND uri = @uri`
	publishedEvents = `SELECT event_id FROM activities WHERE tenant_id = @tenant_id AND event_id = ANY(@events) AND event_id <> 0`
)

// ActivityByID returns one activity, or fault.NotFound.
func ActivityByID(ctx context.Context, scope *pg.Scope, id int64) (*Activity, error) {
	return pg.One[Activity](ctx, scope, activityByID, pgx.NamedArgs{"id": id})
}

// ActivityByURI returns the activity with an id, or fault.NotFound.
func ActivityByURI(ctx context.Context, scope *pg.Scope, uri string) (*Activity, error) {
	return pg.One[Activity](ctx, scope, activityByURI, pgx.NamedArgs{"uri": uri})
}

// PublishedEvents returns which of the events have been published as an activity.
func PublishedEvents(ctx context.Context, scope *pg.Scope, events []int64) (map[int64]bool, error) {
	rows, err := pg.Values[int64](ctx, scope, publishedEvents, pgx.NamedArgs{"events": events})
	m := make(map[int64]bool, len(rows))
	for _, id := range rows {
		m[id] = true
	}
	return m, err
}
