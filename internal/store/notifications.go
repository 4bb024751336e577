package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const notificationColumns = `n.id, n.account_id, n.from_id, n.type, COALESCE(n.status_id, 0) AS status_id, n.group_key, n.created_at`

// insertNotifications tells local accounts only, never about themselves, nor about
// people whom they block or mute (or who block them), nor of domains that they block, nor in
// a muted thread, nor about silenced strangers. The unique key keeps one event from telling twice.
const insertNotifications = `
INSERT INTO notifications AS n (tenant_id, id, account_id, from_id, type, status_id, group_key, created_at)
SELECT @tenant_id, c.id, c.account_id, c.from_id, c.type, NULLIF(c.status_id, 0), c.group_key, c.created_at
FROM   unnest(@ids::bigint[], @account_ids::bigint[], @from_ids::bigint[], @types::text[], @status_ids::bigint[], @group_keys::text[],
              @times::timestamptz[]) AS c (id, account_id, from_id, type, status_id, group_key, created_at)
JOIN   accounts r ON r.tenant_id = @tenant_id AND r.id = c.account_id AND r.domain = ''
JOIN   accounts f ON f.tenant_id = @tenant_id AND f.id = c.from_id AND f.suspended_at IS NULL
LEFT   JOIN statuses s ON s.tenant_id = @tenant_id AND s.id = c.status_id
WHERE  c.account_id <> c.from_id AND (c.status_id = 0 OR s.id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = c.account_id AND x.target_id = c.from_id)
       AND NOT EXISTS (SELECT FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = c.from_id AND x.target_id = c.account_id)
       AND NOT EXISTS (SELECT FROM mutes x WHERE x.tenant_id = @tenant_id AND x.account_id = c.account_id AND x.target_id = c.from_id
                       AND x.hide_notifications AND (x.expires_at IS NULL OR x.expires_at > now()))
       AND NOT EXISTS (SELECT FROM domain_blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = c.account_id AND x.domain = f.domain)
       AND NOT EXISTS (SELECT FROM conversation_mutes x WHERE x.tenant_id = @tenant_id AND x.account_id = c.account_id
                       AND x.conversation_id = s.conversation_id)
       AND (f.silenced_at IS NULL OR EXISTS (SELECT FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = c.account_id
                       AND x.target_id = c.from_id AND x.state = 'accepted'))
ON CONFLICT DO NOTHING
RETURNING ` + notificationColumns

func notificationArgs(list []social.Notification) pgx.NamedArgs {
	return pgx.NamedArgs{
		"ids":         column(list, func(n social.Notification) int64 { return int64(n.ID) }),
		"account_ids": column(list, func(n social.Notification) int64 { return int64(n.AccountID) }),
		"from_ids":    column(list, func(n social.Notification) int64 { return int64(n.FromID) }),
		"types":       column(list, func(n social.Notification) string { return string(n.Type) }),
		"status_ids":  column(list, func(n social.Notification) int64 { return int64(n.StatusID) }),
		"group_keys":  column(list, func(n social.Notification) string { return n.GroupKey }),
		"times":       column(list, func(n social.Notification) time.Time { return n.CreatedAt }),
	}
}

// InsertNotifications stores those of the notifications that their receivers want
// and returns them.
func InsertNotifications(ctx context.Context, scope *pg.Scope, list []social.Notification) ([]*social.Notification, error) {
	if len(list) == 0 {
		return nil, nil
	}
	return pg.Many[social.Notification](ctx, scope, insertNotifications, notificationArgs(list))
}

// QueueNotifications is InsertNotifications in a batch.
func QueueNotifications(b *pg.Batch, list []social.Notification, dest *[]*social.Notification) {
	if len(list) > 0 {
		pg.QueueMany(b, insertNotifications, notificationArgs(list), dest)
	}
}

const notificationWanted = `
       n.tenant_id = @tenant_id AND n.account_id = @account_id
       AND (cardinality(@types::text[]) = 0 OR n.type = ANY(@types::text[])) AND NOT n.type = ANY(@exclude_types::text[])
       AND (@from_id::bigint = 0 OR n.from_id = @from_id)
       AND (SELECT a.suspended_at IS NULL FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = n.from_id)`

var notifications = paged(`
SELECT ` + notificationColumns + `
FROM   notifications n
WHERE  ` + notificationWanted + ` AND n.id < @max_id AND n.id > @since_id
ORDER  BY n.id /*order*/ LIMIT @limit`)

// NotificationFilter narrows a list of notifications. Empty fields do not.
type NotificationFilter struct {
	Types        []string
	ExcludeTypes []string
	FromID       social.AccountID
}

func (f NotificationFilter) args(account social.AccountID) pgx.NamedArgs {
	return pgx.NamedArgs{
		"account_id": account, "from_id": f.FromID, "types": textList(f.Types), "exclude_types": textList(f.ExcludeTypes),
	}
}

// Notifications returns what an account was told, newest first.
func Notifications(ctx context.Context, scope *pg.Scope, account social.AccountID, f NotificationFilter, page Page) ([]*social.Notification, error) {
	return manyPaged[social.Notification](ctx, scope, notifications, page, f.args(account))
}

const notificationByID = `
SELECT ` + notificationColumns + `
FROM   notifications n
WHERE  n.tenant_id = @tenant_id AND n.account_id = @account_id AND n.id = @id`

// NotificationByID returns one notification of an account, or fault.NotFound.
func NotificationByID(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.NotificationID) (*social.Notification, error) {
	return pg.One[social.Notification](ctx, scope, notificationByID, pgx.NamedArgs{"account_id": account, "id": id})
}

const deleteNotification = `DELETE FROM notifications WHERE tenant_id = @tenant_id AND account_id = @account_id AND id = @id`

// DeleteNotification removes one notification of an account, or returns fault.NotFound.
func DeleteNotification(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.NotificationID) error {
	n, err := pg.Exec(ctx, scope, deleteNotification, pgx.NamedArgs{"account_id": account, "id": id})
	return mustTouch(n, err)
}

const clearNotifications = `DELETE FROM notifications WHERE tenant_id = @tenant_id AND account_id = @account_id`

// ClearNotifications removes all notifications of an account.
func ClearNotifications(ctx context.Context, scope *pg.Scope, account social.AccountID) error {
	_, err := pg.Exec(ctx, scope, clearNotifications, pgx.NamedArgs{"account_id": account})
	return err
}

const deleteNotificationsFrom = `DELETE FROM notifications WHERE tenant_id = @tenant_id AND account_id = @account_id AND from_id = @from_id`

// DeleteNotificationsFrom removes what one account was told about another.
func DeleteNotificationsFrom(ctx context.Context, scope *pg.Scope, account, from social.AccountID) error {
	_, err := pg.Exec(ctx, scope, deleteNotificationsFrom, pgx.NamedArgs{"account_id": account, "from_id": from})
	return err
}

const withdrawNotification = `
DELETE FROM notifications
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND from_id = @from_id AND type = @type
       AND status_id IS NOT DISTINCT FROM NULLIF(@status_id::bigint, 0)`

// WithdrawNotification removes the notification of something that was undone.
func WithdrawNotification(ctx context.Context, scope *pg.Scope, account, from social.AccountID, kind social.NotificationType, status social.StatusID) error {
	_, err := pg.Exec(ctx, scope, withdrawNotification,
		pgx.NamedArgs{"account_id": account, "from_id": from, "type": kind, "status_id": status})
	return err
}

const withdrawBoost = `
DELETE FROM notifications
WHERE  tenant_id = @tenant_id AND status_id = @status_id AND from_id = @from_id AND type = 'reblog'`

// WithdrawBoostNotification removes the notification of a boost that was undone.
func WithdrawBoostNotification(ctx context.Context, scope *pg.Scope, from social.AccountID, status social.StatusID) error {
	_, err := pg.Exec(ctx, scope, withdrawBoost, pgx.NamedArgs{"from_id": from, "status_id": status})
	return err
}

const unreadCount = `
SELECT count(*) FROM (
    SELECT FROM notifications n
    WHERE  ` + notificationWanted + `
           AND n.id > COALESCE((SELECT m.last_read_id FROM markers m WHERE m.tenant_id = @tenant_id AND m.account_id = @account_id
                                AND m.timeline = 'notifications'), 0)
    LIMIT  @limit) AS unread`

// UnreadNotifications counts what is newer than the account's marker, up to limit.
func UnreadNotifications(ctx context.Context, scope *pg.Scope, account social.AccountID, f NotificationFilter, limit int) (int, error) {
	args := f.args(account)
	args["limit"] = limit
	return pg.Value[int](ctx, scope, unreadCount, args)
}
