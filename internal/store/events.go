package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// Recipients travel as one text a row, because unnest would flatten an array of arrays.
const insertEvents = `
INSERT INTO events (tenant_id, id, kind, account_id, target_id, status_id, object_uri, visibility, recipient_ids)
SELECT @tenant_id, n.id, n.kind, n.account_id, n.target_id, n.status_id, n.object_uri, n.visibility, string_to_array(n.recipients, ',')::bigint[]
FROM   unnest(@ids::bigint[], @kinds::text[], @accounts::bigint[], @targets::bigint[], @statuses::bigint[], @uris::text[],
              @visibilities::text[], @recipients::text[])
       AS n (id, kind, account_id, target_id, status_id, object_uri, visibility, recipients)`

// AddEvents writes facts of local accounts and enqueues one job that publishes them in
// their order, all in the scope's transaction. It sets their ids.
func AddEvents(ctx context.Context, scope *pg.Scope, list ...*social.Event) error {
	if len(list) == 0 {
		return nil
	}
	numbers := make([]int64, len(list))
	for i, e := range list {
		e.ID = social.EventID(ids.New())
		numbers[i] = int64(e.ID)
	}
	_, err := pg.Exec(ctx, scope, insertEvents, pgx.NamedArgs{
		"ids":          numbers,
		"kinds":        column(list, func(e *social.Event) string { return string(e.Kind) }),
		"accounts":     column(list, func(e *social.Event) int64 { return int64(e.AccountID) }),
		"targets":      column(list, func(e *social.Event) int64 { return int64(e.TargetID) }),
		"statuses":     column(list, func(e *social.Event) int64 { return int64(e.StatusID) }),
		"uris":         column(list, func(e *social.Event) string { return e.ObjectURI }),
		"visibilities": column(list, func(e *social.Event) string { return string(e.Visibility) }),
		"recipients":   column(list, func(e *social.Event) string { return commaList(e.RecipientIDs) }),
	})
	if err != nil {
		return err
	}
	return scope.Enqueue(ctx, jobs.PublishEvents{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, EventIDs: numbers})
}

func commaList(ids []social.AccountID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(int64(id), 10)
	}
	return strings.Join(parts, ",")
}

// AddEvent is AddEvents for one.
func AddEvent(ctx context.Context, scope *pg.Scope, e *social.Event) error {
	return AddEvents(ctx, scope, e)
}

const eventsByIDs = `
SELECT id, kind, account_id, target_id, status_id, object_uri, visibility, recipient_ids, created_at
FROM   events
WHERE  tenant_id = @tenant_id AND id = ANY(@ids)
ORDER  BY id`

// EventsByIDs returns the events that exist, the oldest first.
func EventsByIDs(ctx context.Context, scope *pg.Scope, ids []int64) ([]*social.Event, error) {
	return pg.Many[social.Event](ctx, scope, eventsByIDs, pgx.NamedArgs{"ids": ids})
}

// deeds find what an event tells of, by its key. The lock is the one that keeps a row
// from being deleted and nothing else from happening to it.
var deeds = map[social.EventKind]string{
	social.EventFollowed: `
SELECT f.id FROM follows f
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.target_id = @of AND f.uri = @uri FOR KEY SHARE`,
	social.EventBlocked: `
SELECT b.id FROM blocks b
WHERE  b.tenant_id = @tenant_id AND b.account_id = @account_id AND b.target_id = @of AND b.uri = @uri FOR KEY SHARE`,
	social.EventFavourited: `
SELECT f.id FROM favourites f
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.status_id = @of AND f.uri = @uri FOR KEY SHARE`,
}

// LockDeed keeps the follow, block or like that an event tells of from being taken back
// until the transaction ends. fault.NotFound: it has been already. Of other events it
// says nothing.
func LockDeed(ctx context.Context, scope *pg.Scope, e *social.Event) error {
	sql, ok := deeds[e.Kind]
	if !ok || e.ObjectURI == "" {
		return nil
	}
	of := int64(e.TargetID)
	if e.Kind == social.EventFavourited {
		of = int64(e.StatusID)
	}
	_, err := pg.Value[int64](ctx, scope, sql, pgx.NamedArgs{"account_id": e.AccountID, "of": of, "uri": e.ObjectURI})
	return err
}
