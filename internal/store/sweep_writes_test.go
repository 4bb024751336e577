package store_test

import (
	"context"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// writes are all writing functions, with the ids of the cast's tenant.
func (c *cast) writes() changes {
	st, alice, bob, dora := c.st.ID, c.alice.ID, c.bob.ID, c.dora.ID
	sts := []social.StatusID{st}
	return changes{
		"UpdateStatus": func(ctx context.Context, s *pg.Scope) error {
			stolen := *c.st
			stolen.Body = "x"
			return store.UpdateStatus(ctx, s, &stolen)
		},
		"DeleteStatus": func(ctx context.Context, s *pg.Scope) error { return store.DeleteStatus(ctx, s, st) },
		"BuryStatus": func(ctx context.Context, s *pg.Scope) error {
			return store.BuryStatus(ctx, s, "https://a.test/gone", bob)
		},
		"AddStatusEdit": func(ctx context.Context, s *pg.Scope) error {
			return store.AddStatusEdit(ctx, s, store.StatusEdit{ID: 2, StatusID: st, CreatedAt: time.Now()})
		},
		"QueueAdoptions": queue(func(b *pg.Batch) {
			store.QueueAdoptions(b, []store.Adoption{{ID: st, ParentID: c.boost.ID, From: st, To: 1}})
		}),
		"QueueCountReplies": queue(func(b *pg.Batch) { store.QueueCountReplies(b, sts) }),
		"QueueCountBoosts":  queue(func(b *pg.Batch) { store.QueueCountBoosts(b, sts) }),
		"QueueUncountReply": queue(func(b *pg.Batch) { store.QueueUncountReply(b, st) }),
		"QueueUncountBoost": queue(func(b *pg.Batch) { store.QueueUncountBoost(b, st) }),
		"QueueUncountStatuses": queue(func(b *pg.Batch) {
			store.QueueUncountStatuses(b, []*store.CountedAuthor{{AccountID: alice, Statuses: 1}})
		}),
		"CountFollow":          func(ctx context.Context, s *pg.Scope) error { return store.CountFollow(ctx, s, bob, alice, 1) },
		"QueueCountStatuses":   queue(func(b *pg.Batch) { store.QueueCountStatuses(b, []social.AccountID{alice}, []time.Time{time.Now()}) }),
		"QueueMentions":        queue(func(b *pg.Batch) { store.QueueMentions(b, sts, []social.AccountID{alice}) }),
		"KeepMentions":         func(ctx context.Context, s *pg.Scope) error { return store.KeepMentions(ctx, s, st, nil) },
		"QueuePendingMentions": queue(func(b *pg.Batch) { store.QueuePendingMentions(b, sts, []string{"x@y.test"}) }),
		"ClearPendingMentions": func(ctx context.Context, s *pg.Scope) error { return store.ClearPendingMentions(ctx, s, st) },
		"QueueStatusTags":      queue(func(b *pg.Batch) { store.QueueStatusTags(b, sts, []string{"new"}) }),
		"KeepStatusTags":       func(ctx context.Context, s *pg.Scope) error { return store.KeepStatusTags(ctx, s, st, nil) },
		"FollowTag":            func(ctx context.Context, s *pg.Scope) error { return store.FollowTag(ctx, s, alice, "wall") },
		"UnfollowTag":          func(ctx context.Context, s *pg.Scope) error { return store.UnfollowTag(ctx, s, bob, "wall") },
		"AttachMedia": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AttachMedia(ctx, s, st, alice, []social.MediaID{c.media})
			return err
		},
		"KeepMedia": func(ctx context.Context, s *pg.Scope) error { return store.KeepMedia(ctx, s, st, nil) },
		"QueueRemoteMedia": queue(func(b *pg.Batch) {
			store.QueueRemoteMedia(b, []social.Media{{ID: 3, AccountID: alice, StatusID: st, Kind: "image"}})
		}),
		"DropRemoteMedia": func(ctx context.Context, s *pg.Scope) error { return store.DropRemoteMedia(ctx, s, st) },
		"AddFavourite": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddFavourite(ctx, s, store.NewFavourite(dora, st, "u"))
			return err
		},
		"DeleteFavourite": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteFavourite(ctx, s, bob, st)
			return err
		},
		"AddBookmark":        func(ctx context.Context, s *pg.Scope) error { return store.AddBookmark(ctx, s, alice, st) },
		"DeleteBookmark":     func(ctx context.Context, s *pg.Scope) error { return store.DeleteBookmark(ctx, s, bob, st) },
		"AddPin":             func(ctx context.Context, s *pg.Scope) error { _, err := store.AddPin(ctx, s, alice, st, 5); return err },
		"DeletePin":          func(ctx context.Context, s *pg.Scope) error { _, err := store.DeletePin(ctx, s, alice, st); return err },
		"MuteConversation":   func(ctx context.Context, s *pg.Scope) error { return store.MuteConversation(ctx, s, alice, st) },
		"UnmuteConversation": func(ctx context.Context, s *pg.Scope) error { return store.UnmuteConversation(ctx, s, bob, st) },
		"ClaimKeys": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.ClaimKeys(ctx, s, alice, []string{"key"}, []social.StatusID{1})
			return err
		},
		"RebindKey": func(ctx context.Context, s *pg.Scope) error { return store.RebindKey(ctx, s, alice, "key", 1) },
		"AddFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddFollow(ctx, s, social.Follow{ID: 9, AccountID: bob, TargetID: alice, State: social.FollowPending}, true)
			return err
		},
		"AcceptFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AcceptFollow(ctx, s, dora, alice)
			return err
		},
		"DeleteFollow": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteFollow(ctx, s, bob, alice)
			return err
		},
		"AddBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddBlock(ctx, s, alice, bob, "")
			return err
		},
		"DeleteBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteBlock(ctx, s, bob, dora)
			return err
		},
		"SetMute": func(ctx context.Context, s *pg.Scope) error { return store.SetMute(ctx, s, alice, dora, false, nil) },
		"DeleteMute": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteMute(ctx, s, alice, dora)
			return err
		},
		"SetAccountNote":        func(ctx context.Context, s *pg.Scope) error { return store.SetAccountNote(ctx, s, alice, bob, "x") },
		"SetAccountNote, empty": func(ctx context.Context, s *pg.Scope) error { return store.SetAccountNote(ctx, s, alice, bob, "") },
		"QueueFanOut":           queue(func(b *pg.Batch) { var out []*store.TimelineEntry; store.QueueFanOut(b, sts, &out) }),
		"BackfillHome":          func(ctx context.Context, s *pg.Scope) error { return store.BackfillHome(ctx, s, bob, alice, 9) },
		"ClearFromHome":         func(ctx context.Context, s *pg.Scope) error { return store.ClearFromHome(ctx, s, alice, alice, true) },
		"ClearFromAllHomes":     func(ctx context.Context, s *pg.Scope) error { return store.ClearFromAllHomes(ctx, s, alice) },
		"CountOldHomes": func(ctx context.Context, s *pg.Scope) error {
			n, err := store.CountOldHomes(ctx, s, 0, 9)
			if n != 0 {
				return fault.Newf(fault.Internal, "another tenant counts %d entries", n)
			}
			return err
		},
		"SaveWalk":       func(ctx context.Context, s *pg.Scope) error { return store.SaveWalk(ctx, s, "apps", "1", false) },
		"EnqueueRemoval": func(ctx context.Context, s *pg.Scope) error { return store.EnqueueRemoval(ctx, s, alice) },
		"TrimHomes":      func(ctx context.Context, s *pg.Scope) error { _, err := store.TrimHomes(ctx, s, 0, 9); return err },
		"InsertNotifications": func(ctx context.Context, s *pg.Scope) error {
			n := c.note
			n.ID, n.FromID = 901, c.dora.ID
			_, err := store.InsertNotifications(ctx, s, []social.Notification{n})
			return err
		},
		"DeleteNotification": func(ctx context.Context, s *pg.Scope) error {
			return store.DeleteNotification(ctx, s, alice, c.note.ID)
		},
		"ClearNotifications": func(ctx context.Context, s *pg.Scope) error { return store.ClearNotifications(ctx, s, alice) },
		"DeleteDomainBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteDomainBlock(ctx, s, c.carol.ID, "bad.test")
			return err
		},
		"ClearDomainFromHome": func(ctx context.Context, s *pg.Scope) error {
			return store.ClearDomainFromHome(ctx, s, alice, "far.test")
		},
		"DeleteNotificationsFromDomain": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.DeleteNotificationsFromDomain(ctx, s, alice, "far.test", 9)
			return err
		},
		"EndDomainFollows": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.EndDomainFollows(ctx, s, alice, "far.test", 9)
			return err
		},
		"AddDomainBlock": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddDomainBlock(ctx, s, alice, "worse.test")
			return err
		},
		"DeleteNotificationsFrom": func(ctx context.Context, s *pg.Scope) error { return store.DeleteNotificationsFrom(ctx, s, alice, bob) },
		"WithdrawNotification": func(ctx context.Context, s *pg.Scope) error {
			return store.WithdrawNotification(ctx, s, alice, bob, social.NotifyBoost, st)
		},
		"WithdrawBoostNotification": func(ctx context.Context, s *pg.Scope) error { return store.WithdrawBoostNotification(ctx, s, bob, st) },
		"DeleteNotificationGroup":   func(ctx context.Context, s *pg.Scope) error { return store.DeleteNotificationGroup(ctx, s, alice, "g") },
		"SetMarker": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.SetMarker(ctx, s, alice, "home", 9, 0)
			return err
		},
		"QueueIndexStatuses": queue(func(b *pg.Batch) { store.QueueIndexStatuses(b, sts, []string{"stolen"}) }),
		"QueueReindexStatus": queue(func(b *pg.Batch) { store.QueueReindexStatus(b, st, "stolen", false) }),
		"QueueIndexTags":     queue(func(b *pg.Batch) { store.QueueIndexTags(b, []string{"wall"}) }),
		"IndexAccount": func(ctx context.Context, s *pg.Scope) error {
			stolen := *c.alice
			stolen.DisplayName = "x"
			return store.IndexAccount(ctx, s, &stolen)
		},
		"UnindexStatuses": func(ctx context.Context, s *pg.Scope) error { return store.UnindexStatuses(ctx, s, sts) },
		"UnindexAccount":  func(ctx context.Context, s *pg.Scope) error { return store.UnindexAccount(ctx, s, alice) },
		"RemoveStatuses": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveStatuses(ctx, s, sts, 9)
			return err
		},
		"MarkAccountDeleted": func(ctx context.Context, s *pg.Scope) error { return store.MarkAccountDeleted(ctx, s, c.alice) },
		"RemoveRemoteAccount": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveRemoteAccount(ctx, s, c.dora)
			return err
		},
		"RemoveAccountPart": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveAccountPart(ctx, s, alice, 9)
			return err
		},
	}
}
