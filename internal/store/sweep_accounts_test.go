package store_test

import (
	"context"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// What the cast has besides its posts: a key, an answer, a block that came by its URI, a
// farewell that waits, an entry of the log, an app with what it may do, and a set-up.
const (
	castBlock, castGone, castKind                 = "https://a.test/block", "https://a.test/tomb", "rsa"
	castReply                     social.StatusID = 840
	castEvent                     int64           = 841
	castApp                       social.AppID    = 842
	castToken                     int64           = 843
)

func (c *cast) settle() {
	c.T.Helper()
	ctx := c.T.Context()
	err := c.DB.Platform(ctx, "set up a test", func(tx *pg.PlatformTx) error {
		return store.AddSetup(ctx, tx, c.Tenant.ID, deskPerson, time.Now(), "nonce")
	})
	if err != nil {
		c.T.Fatal(err)
	}
	c.Do(func(s *pg.Scope) error {
		b := pg.NewBatch(s)
		b.Exec(`INSERT INTO events (tenant_id, id, kind, account_id) VALUES (@tenant_id, @id, 'account_deleted', @by)`, map[string]any{"id": castEvent, "by": c.bob.ID})
		b.Exec(`INSERT INTO activities (tenant_id, id, uri, account_id, event_id, body) VALUES (@tenant_id, 71, 'https://a.test/ap/farewell', @by, @event, '')`,
			map[string]any{"by": c.bob.ID, "event": castEvent})
		b.Exec(`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host) VALUES (@tenant_id, 71, 1, 'https://far.test/inbox', 'far.test')`, nil)
		if err := b.Send(ctx); err != nil {
			return err
		}
		reply := &social.Status{ID: castReply, AccountID: c.bob.ID, URI: "https://a.test/reply", Visibility: social.Public, IsLocal: true,
			ConversationID: c.st.ID, InReplyToID: c.st.ID, CreatedAt: time.Now()}
		if _, err := store.InsertStatuses(ctx, s, []*social.Status{reply}); err != nil {
			return err
		}
		if _, err := store.AddBlock(ctx, s, c.carol.ID, c.dora.ID, castBlock); err != nil {
			return err
		}
		for _, err := range []error{
			store.AddAccountKey(ctx, s, c.alice.ID, castKey("mine")),
			store.AddTombstone(ctx, s, castGone, "Note", c.alice.ID),
			store.AppendAudit(ctx, s, castEntry()),
			store.SetNeedsSecondFactor(ctx, s, true),
			store.AddApp(ctx, s, c.app("client")),
			store.AddToken(ctx, s, c.token(castToken, "token")),
			store.AddCode(ctx, s, c.code("code")),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func castKey(half string) store.SealedKey {
	return store.SealedKey{Kind: castKind, PublicPEM: half, PrivateSealed: []byte(half)}
}

func castEntry() *store.AuditEntry {
	return &store.AuditEntry{At: time.Now(), ActorKind: "person", ActorID: int64(deskPerson), Action: "account.added", Target: "account:1", Body: []byte("{}")}
}

func (c *cast) app(client string) *store.App {
	return &store.App{ID: castApp, ClientID: client, SecretHash: []byte("s"), Name: "App", RedirectURIs: []string{"x://y"}, Scopes: []string{"read"}}
}

func (c *cast) token(id int64, hash string) *store.Token {
	return &store.Token{ID: id, TokenHash: []byte(hash), AppID: castApp, PersonID: deskPerson, AccountID: c.alice.ID, Scopes: []string{"read"}}
}

func (c *cast) code(hash string) *store.Code {
	return &store.Code{CodeHash: []byte(hash), AppID: castApp, PersonID: deskPerson, AccountID: c.alice.ID, RedirectURI: "x://y", ExpiresAt: time.Now().Add(time.Minute)}
}

func (c *cast) accountReads() sweep {
	alice, dora, sts := c.alice.ID, c.dora.ID, []social.StatusID{c.st.ID}
	return sweep{
		"AccountByHandle": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.AccountByHandle(ctx, s, social.Handle{User: "dora", Host: "far.test"}))
		},
		"AccountByHandle, local": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.AccountByHandle(ctx, s, social.Handle{User: "alice"}))
		},
		"AccountByID": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.AccountByID(ctx, s, alice)) },
		"AccountByURI": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.AccountByURI(ctx, s, c.dora.URI))
		},
		"AccountPublicKeys": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AccountPublicKeys(ctx, s, alice))
		},
		"AccountsByIDs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.AccountsByIDs(ctx, s, []social.AccountID{alice, dora}))
		},
		"AccountsByURIs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.AccountsByURIs(ctx, s, []string{c.dora.URI}))
		},
		"AreFarewellsWaiting": func(ctx context.Context, s *pg.Scope) (int, error) { return truth(store.AreFarewellsWaiting(ctx, s)) },
		"AuditAfter":          func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.AuditAfter(ctx, s, 0, 9)) },
		"AuditEntries": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AuditEntries(ctx, s, store.AuditFilter{Limit: 9}))
		},
		"BlockedBy": func(ctx context.Context, s *pg.Scope) (int, error) {
			id, err := store.BlockedBy(ctx, s, c.carol.ID, castBlock)
			return found(id != 0), err
		},
		"CountDomains": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountDomains(ctx, s) },
		"EventsByIDs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.EventsByIDs(ctx, s, []int64{castEvent}))
		},
		"FeaturedStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FeaturedStatuses(ctx, s, alice))
		},
		"FullStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FullStatuses(ctx, s, []*social.Status{c.st}))
		},
		"LocalAccountByAnyHandle": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.LocalAccountByAnyHandle(ctx, s, "former"))
		},
		"LocalAccounts": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.LocalAccounts(ctx, s, 9)) },
		"LocalActorByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.LocalActorByID(ctx, s, alice))
		},
		"LockAccount": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.LockAccount(ctx, s, alice)) },
		"LockProfile": func(ctx context.Context, s *pg.Scope) (int, error) {
			_, err := store.LockProfile(ctx, s, c.dora.URI)
			return found(err == nil), err
		},
		"MediaByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.MediaByID(ctx, s, alice, c.media))
		},
		"MediaOfStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.MediaOfStatuses(ctx, s, sts))
		},
		"OpenStatusesOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.OpenStatusesOf(ctx, s, alice, store.Page{}))
		},
		"OwnAccount": func(ctx context.Context, s *pg.Scope) (int, error) {
			a, _, err := store.OwnAccount(ctx, s, alice)
			return single(a, err)
		},
		"PublishedStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.PublishedStatuses(ctx, s, sts))
		},
		"SetupOf": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.SetupOf(ctx, s)) },
		"ThreadAncestors": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ThreadAncestors(ctx, s, 0, castReply, 9))
		},
		"ThreadDescendants": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ThreadDescendants(ctx, s, 0, c.st.ID, 9, 9))
		},
		"TombstoneByURI": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.TombstoneByURI(ctx, s, castGone))
		},
		"VisibleStatusesByIDs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.VisibleStatusesByIDs(ctx, s, 0, sts))
		},
		"WasHandle": func(ctx context.Context, s *pg.Scope) (int, error) { return truth(store.WasHandle(ctx, s, "former")) },
	}
}

func (c *cast) accountWrites() changes {
	alice, bob, dora := c.alice.ID, c.bob.ID, c.dora.ID
	accepted := []*store.AcceptedFollow{
		{Follow: social.Follow{ID: 6, AccountID: dora, TargetID: alice, URI: followURI + "2"}},
		{Follow: social.Follow{ID: 7, AccountID: c.carol.ID, TargetID: alice}, IsLocal: true},
	}
	stolen := *c.alice
	stolen.DisplayName, stolen.Username = "stolen", "stolen"
	event := func() *social.Event {
		return &social.Event{Kind: social.EventStatusDeleted, AccountID: alice, StatusID: c.st.ID, ObjectURI: castURI}
	}
	return changes{
		"AcceptFollows": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AcceptFollows(ctx, s, alice, 9)
			return err
		},
		"AddAcceptEvents": func(ctx context.Context, s *pg.Scope) error { return store.AddAcceptEvents(ctx, s, alice, accepted) },
		"SettleAccepted":  func(ctx context.Context, s *pg.Scope) error { return store.SettleAccepted(ctx, s, alice, accepted, 9) },
		"AddAccountKey": func(ctx context.Context, s *pg.Scope) error {
			return store.AddAccountKey(ctx, s, alice, castKey("stolen"))
		},
		"ReplaceAccountKey": func(ctx context.Context, s *pg.Scope) error {
			return store.ReplaceAccountKey(ctx, s, alice, castKey("stolen"), time.Time{})
		},
		"AddActivities": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddActivities(ctx, s, &store.Activity{ID: 70, URI: "https://a.test/ap/farewell", AccountID: alice, EventID: social.EventID(castEvent), Body: []byte("stolen")})
			return err
		},
		"AddDeliveries": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddDeliveries(ctx, s, store.Recipients{ActivityID: 70, FollowersOf: alice, Personal: []social.AccountID{dora}, EarlierOf: c.st.ID, Everybody: true})
			return err
		},
		"AddEvent":  func(ctx context.Context, s *pg.Scope) error { return store.AddEvent(ctx, s, event()) },
		"AddEvents": func(ctx context.Context, s *pg.Scope) error { return store.AddEvents(ctx, s, event(), event()) },
		"AddHandle": func(ctx context.Context, s *pg.Scope) error {
			return store.AddHandle(ctx, s, alice, "stolen", "a.test")
		},
		"TakeHandle": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.TakeHandle(ctx, s, alice, "stolen", "a.test")
			return err
		},
		"YieldHandle": func(ctx context.Context, s *pg.Scope) error {
			return store.YieldHandle(ctx, s, "dora", "far.test", "https://far.test/other")
		},
		"AddTombstone": func(ctx context.Context, s *pg.Scope) error {
			return store.AddTombstone(ctx, s, castGone, "Stolen", alice)
		},
		"AppendAudit": func(ctx context.Context, s *pg.Scope) error { return store.AppendAudit(ctx, s, castEntry()) },
		"DeleteAccount": func(ctx context.Context, s *pg.Scope) error {
			return store.DeleteAccount(ctx, s, alice)
		},
		"DeleteUnattachedMedia": func(ctx context.Context, s *pg.Scope) error {
			return store.DeleteUnattachedMedia(ctx, s, alice, looseFile)
		},
		"DescribeMedia": func(ctx context.Context, s *pg.Scope) error {
			return store.DescribeMedia(ctx, s, &social.Media{ID: c.media, AccountID: alice, Description: "stolen"})
		},
		"InsertLocalAccount": func(ctx context.Context, s *pg.Scope) error {
			twin := stolen
			return store.InsertLocalAccount(ctx, s, &twin)
		},
		"InsertMedia": func(ctx context.Context, s *pg.Scope) error {
			return store.InsertMedia(ctx, s, &social.Media{ID: c.media, AccountID: alice, Kind: social.MediaImage, Key: "k"})
		},
		"InsertStatuses": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.InsertStatuses(ctx, s, []*social.Status{c.st})
			return err
		},
		"MarkSetup": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.MarkSetup(ctx, s, store.SetupEnd, time.Now())
			return err
		},
		"QueueNotifications": queue(func(b *pg.Batch) {
			var out []*social.Notification
			n := c.note
			n.ID, n.FromID = 902, bob
			store.QueueNotifications(b, []social.Notification{n}, &out)
		}),
		"RenameAccount":      func(ctx context.Context, s *pg.Scope) error { return store.RenameAccount(ctx, s, &stolen, 3) },
		"UpdateLocalAccount": func(ctx context.Context, s *pg.Scope) error { return store.UpdateLocalAccount(ctx, s, &stolen) },
		"UpsertRemoteAccount": func(ctx context.Context, s *pg.Scope) error {
			twin := *c.dora
			twin.DisplayName = "stolen"
			return store.UpsertRemoteAccount(ctx, s, &twin)
		},
	}
}

// accessWrites are what apps, codes, tokens and members are made and ended by.
func (c *cast) accessWrites() changes {
	return changes{
		"AddApp": func(ctx context.Context, s *pg.Scope) error { return store.AddApp(ctx, s, c.app("other")) },
		"EnsureApp": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.EnsureApp(ctx, s, c.app("client"))
			return err
		},
		"AddToken": func(ctx context.Context, s *pg.Scope) error { return store.AddToken(ctx, s, c.token(1, "stolen")) },
		"TrimTokens": func(ctx context.Context, s *pg.Scope) error {
			return store.TrimTokens(ctx, s, c.token(castToken, "token"), 0)
		},
		"AddCode": func(ctx context.Context, s *pg.Scope) error { return store.AddCode(ctx, s, c.code("code")) },
		"AddSession": func(ctx context.Context, s *pg.Scope) error {
			return store.AddSession(ctx, s, &store.Session{IDHash: ssoCame, PersonID: ssoPerson, ExpiresAt: time.Now().Add(time.Hour)})
		},
		"EndAccess":    func(ctx context.Context, s *pg.Scope) error { _, err := store.EndAccess(ctx, s, 9); return err },
		"EnsureMember": func(ctx context.Context, s *pg.Scope) error { return store.EnsureMember(ctx, s, ssoPerson, "member") },
		"SetMember":    func(ctx context.Context, s *pg.Scope) error { return store.SetMember(ctx, s, ssoPerson, "member") },
		"SetNeedsSecondFactor": func(ctx context.Context, s *pg.Scope) error {
			return store.SetNeedsSecondFactor(ctx, s, false)
		},
	}
}
