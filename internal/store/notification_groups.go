package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// NotificationGroup is several notifications about the same thing.
type NotificationGroup struct {
	GroupKey   string
	Type       social.NotificationType
	StatusID   social.StatusID
	LatestID   social.NotificationID // of the whole group
	LatestAt   time.Time
	PageMinID  social.NotificationID // of the part on the page asked for
	PageMaxID  social.NotificationID
	Count      int
	SampleFrom []social.AccountID // the latest, at most eight
}

// A page of groups is a walk down from max_id that takes each group once, at its
// newest member. The walk looks at no more than a thousand notifications, so
// that one with ten thousand likes does not cost more.
var notificationGroups = paged(`
WITH late AS (
    SELECT n.id, n.from_id, n.type, n.status_id, n.group_key, n.created_at,
           CASE WHEN n.group_key = '' OR NOT n.type = ANY(@grouped::text[]) THEN 'ungrouped-' || n.id ELSE n.group_key END AS gkey
    FROM   notifications n
    WHERE  ` + notificationWanted + ` AND n.id < @max_id AND n.id > @since_id
    ORDER  BY n.id /*order*/ LIMIT 1000
), heads AS (
    SELECT gkey, min(id) AS page_min_id, max(id) AS page_max_id
    FROM   late GROUP BY gkey
    ORDER  BY max(id) /*order*/ LIMIT @limit
)
SELECT h.gkey AS group_key, l.type, COALESCE(l.status_id, 0) AS status_id, h.page_min_id, h.page_max_id,
       l.id AS latest_id, l.created_at AS latest_at, whole.count, whole.sample_from
FROM   heads h
JOIN   late l ON l.id = h.page_max_id
CROSS  JOIN LATERAL (
    SELECT count(*) AS count, (array_agg(g.from_id ORDER BY g.id DESC))[1:8] AS sample_from
    FROM   notifications g
    WHERE  g.tenant_id = @tenant_id AND g.account_id = @account_id AND g.group_key = l.group_key
           AND (g.id = l.id OR (h.gkey = l.group_key AND g.type = l.type))) AS whole
ORDER  BY h.page_max_id /*order*/`)

// NotificationGroups returns an account's notifications grouped, the group with
// the newest member first. Types that are not in grouped stay apart.
func NotificationGroups(ctx context.Context, scope *pg.Scope, account social.AccountID, f NotificationFilter, grouped []string, page Page) ([]*NotificationGroup, error) {
	args := f.args(account)
	args["grouped"] = textList(grouped)
	return manyPaged[NotificationGroup](ctx, scope, notificationGroups, page, args)
}

var notificationGroup = `
SELECT n.group_key, n.type, COALESCE(max(n.status_id), 0) AS status_id, max(n.id) AS latest_id, max(n.created_at) AS latest_at,
       min(n.id) AS page_min_id, max(n.id) AS page_max_id, count(*) AS count, (array_agg(n.from_id ORDER BY n.id DESC))[1:8] AS sample_from
FROM   notifications n
WHERE  n.tenant_id = @tenant_id AND n.account_id = @account_id AND n.group_key = @group_key
GROUP  BY n.group_key, n.type`

// NotificationGroupByKey returns one whole group of an account, or fault.NotFound.
func NotificationGroupByKey(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) (*NotificationGroup, error) {
	return pg.One[NotificationGroup](ctx, scope, notificationGroup, pgx.NamedArgs{"account_id": account, "group_key": key})
}

const groupAccounts = `
SELECT DISTINCT ON (n.from_id) n.from_id FROM notifications n
WHERE  n.tenant_id = @tenant_id AND n.account_id = @account_id AND n.group_key = @group_key
ORDER  BY n.from_id, n.id DESC LIMIT 80`

// NotificationGroupAccounts returns who is behind a group, at most eighty.
func NotificationGroupAccounts(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) ([]social.AccountID, error) {
	return pg.Values[social.AccountID](ctx, scope, groupAccounts, pgx.NamedArgs{"account_id": account, "group_key": key})
}

const dismissGroup = `DELETE FROM notifications WHERE tenant_id = @tenant_id AND account_id = @account_id AND group_key = @group_key`

// DeleteNotificationGroup removes a whole group of an account.
func DeleteNotificationGroup(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) error {
	_, err := pg.Exec(ctx, scope, dismissGroup, pgx.NamedArgs{"account_id": account, "group_key": key})
	return err
}
