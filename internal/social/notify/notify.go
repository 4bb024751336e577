// Package notify tells local accounts what others did, and keeps what they were
// told: lists, groups, read markers.
//
// The rules of posts and relations (status, relate) build notifications with New
// and hand them over inside their transaction; api/v1 reads them. It must not
// decide what is worth telling, and it never tells an account of another server.
package notify

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
)

// New makes a notification of now, with the key of its group.
func New(to, from social.AccountID, kind social.NotificationType, status social.StatusID) social.Notification {
	now := time.Now().UTC()
	id := social.NotificationID(ids.At(now))
	return social.Notification{
		ID: id, AccountID: to, FromID: from, Type: kind, StatusID: status,
		GroupKey: groupKey(id, kind, status, now), CreatedAt: now,
	}
}

// groupKey is alike for what clients show as one line: likes and boosts of one
// post within half a day, follows within a day. The number at the end counts hours,
// as in Mastodon.
func groupKey(id social.NotificationID, kind social.NotificationType, status social.StatusID, at time.Time) string {
	hour := at.Unix() / 3600
	switch kind {
	case social.NotifyFavourite, social.NotifyBoost:
		return fmt.Sprintf("%s-%d-%d", kind, status, hour-hour%12)
	case social.NotifyFollow:
		return fmt.Sprintf("%s-%d", kind, hour-hour%24)
	}
	return fmt.Sprintf("ungrouped-%d", id)
}

// Groupable are the types that groupKey puts together.
func Groupable() []string {
	return []string{string(social.NotifyFavourite), string(social.NotifyBoost), string(social.NotifyFollow)}
}

// Tell stores the notifications that their receivers want, and publishes them
// once the transaction is durable.
func Tell(ctx context.Context, scope *pg.Scope, streams stream.Publisher, list ...social.Notification) error {
	told, err := store.InsertNotifications(ctx, scope, list)
	if err != nil {
		return fmt.Errorf("store %d notifications: %w", len(list), err)
	}
	Publish(scope, streams, told)
	scope.Last(func(end *pg.Batch) { store.QueueDeskMentions(end, told) })
	return nil
}

// Publish sends stored notifications to open streams once the transaction is durable.
func Publish(scope *pg.Scope, streams stream.Publisher, told []*social.Notification) {
	if len(told) == 0 {
		return
	}
	events := make([]stream.Event, len(told))
	for i, n := range told {
		events[i] = stream.Event{
			Tenant: scope.Tenant(), Kind: stream.Notification, NotificationID: n.ID, StatusID: n.StatusID,
			Owners: []social.AccountID{n.AccountID},
		}
	}
	scope.AfterCommit(func() { streams.Publish(events...) })
}
