package notify

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// List returns what an account was told, newest first.
func List(ctx context.Context, scope *pg.Scope, account social.AccountID, f store.NotificationFilter, page store.Page) ([]*social.Notification, error) {
	return store.Notifications(ctx, scope, account, f, page)
}

// Get returns one notification of an account, or fault.NotFound.
func Get(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.NotificationID) (*social.Notification, error) {
	return store.NotificationByID(ctx, scope, account, id)
}

// Dismiss removes one notification of an account, or returns fault.NotFound.
func Dismiss(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.NotificationID) error {
	return store.DeleteNotification(ctx, scope, account, id)
}

// Clear removes all notifications of an account.
func Clear(ctx context.Context, scope *pg.Scope, account social.AccountID) error {
	return store.ClearNotifications(ctx, scope, account)
}

// Mastodon counts unread notifications up to a limit that the client may raise.
const (
	defaultUnread = 100
	maximumUnread = 1000
)

// Unread counts the notifications after the account's marker, up to limit (0: a hundred).
func Unread(ctx context.Context, scope *pg.Scope, account social.AccountID, f store.NotificationFilter, limit int) (int, error) {
	if limit <= 0 {
		limit = defaultUnread
	}
	return store.UnreadNotifications(ctx, scope, account, f, min(limit, maximumUnread))
}

// Groups returns an account's notifications grouped, newest first. An empty
// grouped means all types that can be.
func Groups(ctx context.Context, scope *pg.Scope, account social.AccountID, f store.NotificationFilter, grouped []string, page store.Page) ([]*store.NotificationGroup, error) {
	if len(grouped) == 0 {
		grouped = Groupable()
	}
	return store.NotificationGroups(ctx, scope, account, f, grouped, page)
}

// Group returns one whole group, or fault.NotFound.
func Group(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) (*store.NotificationGroup, error) {
	return store.NotificationGroupByKey(ctx, scope, account, key)
}

// GroupAccounts returns who is behind a group.
func GroupAccounts(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) ([]social.AccountID, error) {
	return store.NotificationGroupAccounts(ctx, scope, account, key)
}

// DismissGroup removes a whole group.
func DismissGroup(ctx context.Context, scope *pg.Scope, account social.AccountID, key string) error {
	return store.DeleteNotificationGroup(ctx, scope, account, key)
}

// The timelines that have a marker.
const (
	HomeMarker          = "home"
	NotificationsMarker = "notifications"
)

// Markers returns how far an account has read the timelines.
func Markers(ctx context.Context, scope *pg.Scope, account social.AccountID, timelines []string) ([]*store.Marker, error) {
	return store.Markers(ctx, scope, account, timelines)
}

var errMarkerMoved = fault.New(fault.Conflict, "Conflict during update, please try again")

// SetMarker notes how far an account has read. A version other than 0 is the one
// that the client saw: fault.Conflict if another client has moved the marker since.
func SetMarker(ctx context.Context, scope *pg.Scope, account social.AccountID, timeline string, lastRead int64, version int) (*store.Marker, error) {
	if timeline != HomeMarker && timeline != NotificationsMarker {
		return nil, fault.New(fault.Invalid, "Validation failed: Timeline is not included in the list")
	}
	m, err := store.SetMarker(ctx, scope, account, timeline, lastRead, version)
	if fault.IsNotFound(err) {
		return nil, errMarkerMoved
	}
	return m, err
}
