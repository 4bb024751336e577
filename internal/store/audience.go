package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Listener is a viewer who may be shown a status on a stream, with what the viewer
// has done with it or, of a boost, with what it repeats.
type Listener struct {
	Viewer     social.AccountID
	StatusID   social.StatusID
	Favourited bool
	Boosted    bool
	Bookmarked bool
	Pinned     bool
	Muted      bool // the conversation
}

// notHidden is hiddenFrom for a viewer of its own in each row.
func notHidden(account string) string {
	return strings.ReplaceAll(hiddenFrom(account), "@viewer", "p.viewer")
}

var audience = `
SELECT p.viewer, p.status_id,
       EXISTS (SELECT FROM favourites x WHERE x.tenant_id = @tenant_id AND x.account_id = p.viewer AND x.status_id = shown.id) AS favourited,
       EXISTS (SELECT FROM statuses x WHERE x.tenant_id = @tenant_id AND x.account_id = p.viewer AND x.boost_of_id = shown.id) AS boosted,
       EXISTS (SELECT FROM bookmarks x WHERE x.tenant_id = @tenant_id AND x.account_id = p.viewer AND x.status_id = shown.id) AS bookmarked,
       EXISTS (SELECT FROM pins x WHERE x.tenant_id = @tenant_id AND x.account_id = p.viewer AND x.status_id = shown.id) AS pinned,
       EXISTS (SELECT FROM conversation_mutes x WHERE x.tenant_id = @tenant_id AND x.account_id = p.viewer
               AND x.conversation_id = shown.conversation_id) AS muted
FROM   unnest(@viewers::bigint[], @ids::bigint[]) AS p (viewer, status_id)
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = p.status_id` + boostedJoin + `
CROSS  JOIN LATERAL (SELECT COALESCE(o.id, s.id) AS id, COALESCE(o.conversation_id, s.conversation_id) AS conversation_id) AS shown
WHERE  ` + visibleBy("s", "p.viewer") + ` AND (s.boost_of_id IS NULL OR ` + visibleBy("o", "p.viewer") + `)
       AND ` + notHidden("s.account_id") + ` AND ` + notHidden("o.account_id")

// Audience returns which of the questions "may this viewer be shown that status" have
// the answer yes: the viewer may see it and has neither blocked nor muted who wrote it.
func Audience(ctx context.Context, scope *pg.Scope, questions []Sight) ([]*Listener, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	return pg.Many[Listener](ctx, scope, audience, pgx.NamedArgs{
		"viewers": column(questions, func(q Sight) int64 { return int64(q.Viewer) }),
		"ids":     column(questions, func(q Sight) int64 { return int64(q.StatusID) }),
	})
}

const notificationsByIDs = `
SELECT ` + notificationColumns + `
FROM   notifications n
WHERE  n.tenant_id = @tenant_id AND n.id = ANY(@ids)
ORDER  BY n.id`

// NotificationsByIDs returns the notifications that exist, whoever was told.
func NotificationsByIDs(ctx context.Context, scope *pg.Scope, ids []social.NotificationID) ([]*social.Notification, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return pg.Many[social.Notification](ctx, scope, notificationsByIDs, pgx.NamedArgs{"ids": numbers(ids)})
}

const liveTokens = `
SELECT t.id
FROM   tokens t
JOIN   accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id AND a.suspended_at IS NULL
WHERE  t.tenant_id = @tenant_id AND t.id = ANY(@ids)`

// LiveTokens returns which of the tokens still speak for an account that may act.
func LiveTokens(ctx context.Context, scope *pg.Scope, ids []int64) ([]int64, error) {
	return pg.Values[int64](ctx, scope, liveTokens, pgx.NamedArgs{"ids": ids})
}
