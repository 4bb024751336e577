package render_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rookery/api/entity"
	"rookery/api/render"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit/fixture"
)

// bundle is a world with the services that write what is shown.
type bundle struct {
	*fixture.World
	render   *render.Renderer
	statuses *status.Service
}

func setup(t testing.TB) *bundle {
	t.Helper()
	w := fixture.New(t)
	return &bundle{
		World: w, render: render.New(media.Addresses{Scheme: "https", Host: "files.test"}),
		statuses: status.New(status.Options{Streams: stream.New(w.PG, slog.New(slog.DiscardHandler))}),
	}
}

func (b *bundle) post(t testing.TB, by *social.Account, d status.Draft) (out *social.Status) {
	t.Helper()
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = b.statuses.Create(ctx, scope, b.A.Tenant, by, d)
		return err
	})
	return out
}

func (b *bundle) boost(t testing.TB, by *social.Account, s *social.Status) (out *social.Status) {
	t.Helper()
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = b.statuses.Boost(ctx, scope, b.A.Tenant, by, s, social.Public, "")
		return err
	})
	return out
}

func (b *bundle) show(t testing.TB, viewer social.AccountID, list ...*social.Status) (out []*entity.Status) {
	t.Helper()
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = b.render.Statuses(ctx, scope, b.A.Tenant, viewer, list)
		return err
	})
	return out
}

// stranger is an account of another server, as tenant A knows it.
func (b *bundle) stranger(t testing.TB, name string) *social.Account {
	t.Helper()
	a := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/users/" + name, Username: name, Domain: "else.test", ActorType: "Service",
		DisplayName: name + " :cat:", URL: "https://else.test/@" + name, AvatarURL: "https://else.test/a.png", CreatedAt: time.Now(),
		Emojis: []social.Emoji{{Shortcode: "cat", URL: "https://else.test/cat.png"}},
	}
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.UpsertRemoteAccount(ctx, scope, a) })
	return a
}

func TestAPostIsShownWithAllThatStandsAroundIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, remote := b.A.Account, b.stranger(t, "zoe")
	carol := b.A.AddAccount(t, "carol")
	app := &store.App{ID: social.AppID(ids.New()), ClientID: "c", SecretHash: []byte("s"), Name: "Tusky", Website: "https://tusky.test"}
	file := &social.Media{
		ID: social.MediaID(ids.New()), AccountID: alice.ID, Kind: social.MediaImage, MIME: "image/png", Key: "k",
		Description: "A bike", Blurhash: "L", Width: 640, Height: 480, SmallWidth: 320, SmallHeight: 240, FocusX: 0.5,
	}
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.AddApp(ctx, scope, app); err != nil {
			return err
		}
		return store.InsertMedia(ctx, scope, file)
	})
	post := b.post(t, alice, status.Draft{
		Text: "Hello @carol and @zoe@else.test #Größe", SpoilerText: "cw", AppID: app.ID, MediaIDs: []social.MediaID{file.ID}, Language: "de",
	})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := b.statuses.Favourite(ctx, scope, b.A.Tenant, carol, post, ""); err != nil {
			return err
		}
		return b.statuses.Bookmark(ctx, scope, carol, post)
	})
	boost := b.boost(t, carol, post)
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		post, err = store.StatusByID(ctx, scope, post.ID)
		return err
	})

	shown := b.show(t, carol.ID, post, boost)
	if len(shown) != 2 {
		t.Fatalf("%d statuses shown", len(shown))
	}
	got := shown[0]
	if got.Account.Acct != "alice" || got.Application == nil || *got.Application.Website != "https://tusky.test" || *got.Language != "de" ||
		!got.Favourited || !got.Bookmarked || !got.Reblogged || got.Pinned || got.FavouritesCount != 1 || got.ReblogsCount != 1 {
		t.Errorf("post = %+v", got)
	}
	if len(got.Tags) != 1 || got.Tags[0] != (entity.StatusTag{Name: "größe", URL: "https://a.test/tags/gr%C3%B6%C3%9Fe"}) {
		t.Errorf("tags = %+v", got.Tags)
	}
	accts := map[string]string{}
	for _, m := range got.Mentions {
		accts[m.Acct] = m.URL
	}
	if len(accts) != 2 || accts["carol"] != "https://a.test/@carol" || accts["zoe@else.test"] != remote.URL {
		t.Errorf("mentions = %v", accts)
	}
	if m := got.MediaAttachments[0]; *m.URL != "https://files.test/"+b.A.Tenant.ID.String()+"/k/original.png" || *m.Description != "A bike" ||
		m.Meta.Original.Size != "640x480" || m.Meta.Small.Width != 320 || m.Meta.Focus.X != 0.5 || m.RemoteURL != nil {
		t.Errorf("media = %+v", m)
	}
	if again := shown[1]; again.Reblog == nil || again.Reblog.ID != got.ID || again.Reblog.Account.ID != entity.ID(alice.ID) ||
		again.Account.ID != entity.ID(carol.ID) || again.Content != "" || !again.Favourited || len(again.Reblog.MediaAttachments) != 1 ||
		again.Reblog.Application.Name != "Tusky" {
		t.Errorf("boost = %+v of %+v", again, again.Reblog)
	}
	if other := b.show(t, 0, post)[0]; other.Favourited || other.Bookmarked || other.Reblogged {
		t.Error("a stranger has the marks of somebody else")
	}
}

func TestABoostOfWhatTheViewerMayNotSeeIsLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	carol := b.A.AddAccount(t, "carol")
	open := b.post(t, b.A.Account, status.Draft{Text: "open"})
	boost := b.boost(t, carol, open)
	dave := b.A.AddAccount(t, "dave")
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		_, err := store.AddBlock(ctx, scope, b.A.Account.ID, dave.ID, "")
		return err
	})
	if shown := b.show(t, dave.ID, boost); len(shown) != 0 {
		t.Errorf("the blocked see %+v", shown[0])
	}
	if shown := b.show(t, carol.ID, boost); len(shown) != 1 {
		t.Error("the booster does not see the boost")
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Date(2026, 11, 20, 13, 14, 15, 0, time.UTC)
	remote := b.stranger(t, "zoe")
	remote.CreatedAt, remote.SilencedAt = now, &now
	got := b.render.Account(b.A.Tenant, remote)
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"acct":"zoe@else.test"`, `"created_at":"2026-11-20T00:00:00.000Z"`, `"bot":true`, `"limited":true`, `"roles":[]`,
		`"avatar":"https://else.test/a.png"`, `"header":"https://files.test/missing/header.png"`, `"shortcode":"cat"`,
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %s", raw, want)
		}
	}
	remote.SuspendedAt, remote.Note = &now, "spam"
	if got := b.render.Account(b.A.Tenant, remote); !got.Suspended || got.Note != "" || got.DisplayName != "" || strings.Contains(got.Avatar, "else") {
		t.Errorf("suspended account shows %+v", got)
	}
}

func TestNotificationsAreGroupedAndHideWhatMayNotBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, carol, dave := b.A.Account, b.A.AddAccount(t, "carol"), b.A.AddAccount(t, "dave")
	post := b.post(t, alice, status.Draft{Text: "mine"})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := b.statuses.Favourite(ctx, scope, b.A.Tenant, carol, post, ""); err != nil {
			return err
		}
		return b.statuses.Favourite(ctx, scope, b.A.Tenant, dave, post, "")
	})
	b.post(t, carol, status.Draft{Text: "@alice hello", Visibility: social.Direct})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		told, err := store.Notifications(ctx, scope, alice.ID, store.NotificationFilter{}, store.Page{})
		if err != nil {
			return err
		}
		list, err := b.render.Notifications(ctx, scope, b.A.Tenant, alice.ID, told)
		if err != nil {
			return err
		}
		if len(list) != 3 || list[0].Type != "mention" || list[0].Status.Visibility != "direct" || list[1].Account.Username != "dave" ||
			list[1].Status.ID != entity.ID(post.ID) || list[1].GroupKey == "" {
			t.Errorf("notifications = %+v", list)
		}
		groups, err := store.NotificationGroups(ctx, scope, alice.ID, store.NotificationFilter{}, []string{"favourite"}, store.Page{})
		if err != nil {
			return err
		}
		for partial, want := range map[bool][2]int{false: {2, 0}, true: {2, 0}} {
			got, err := b.render.Grouped(ctx, scope, b.A.Tenant, alice.ID, groups, partial)
			if err != nil {
				return err
			}
			if len(got.NotificationGroups) != 2 || got.NotificationGroups[1].NotificationsCount != 2 || len(got.Statuses) != 2 ||
				len(got.Accounts) != want[0] || len(got.PartialAccounts) != want[1] {
				t.Errorf("partial %t: %+v", partial, got)
			}
		}
		only, err := b.render.Grouped(ctx, scope, b.A.Tenant, alice.ID, groups[1:], true)
		if err != nil {
			return err
		}
		if len(only.Accounts) != 1 || len(only.PartialAccounts) != 1 || only.PartialAccounts[0].Acct != "carol" {
			t.Errorf("partial accounts: %+v", only)
		}
		if _, err := store.AddBlock(ctx, scope, carol.ID, alice.ID, ""); err != nil {
			return err
		}
		list, err = b.render.Notifications(ctx, scope, b.A.Tenant, alice.ID, told)
		if len(list) != 2 {
			t.Errorf("after the block %d notifications are shown, want 2", len(list))
		}
		return err
	})
}

func TestThreadsAndHistories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, carol := b.A.Account, b.A.AddAccount(t, "carol")
	first := b.post(t, alice, status.Draft{Text: "first"})
	second := b.post(t, carol, status.Draft{Text: "@alice second", InReplyToID: first.ID})
	b.post(t, alice, status.Draft{Text: "@carol third", InReplyToID: second.ID})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		thread, err := status.Context(ctx, scope, carol.ID, second)
		if err != nil {
			return err
		}
		got, err := b.render.Context(ctx, scope, b.A.Tenant, carol.ID, thread)
		if err != nil {
			return err
		}
		if len(got.Ancestors) != 1 || got.Ancestors[0].ID != entity.ID(first.ID) || len(got.Descendants) != 1 ||
			*got.Descendants[0].InReplyToID != entity.ID(second.ID) || *got.Descendants[0].InReplyToAccountID != entity.ID(carol.ID) {
			t.Errorf("thread = %+v", got)
		}
		empty, err := b.render.Context(ctx, scope, b.A.Tenant, 0, &status.Thread{})
		if raw, _ := json.Marshal(empty); string(raw) != `{"ancestors":[],"descendants":[]}` {
			t.Errorf("no thread is %s", raw)
		}
		return err
	})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		edited, err := b.statuses.Edit(ctx, scope, b.A.Tenant, alice, first, status.Draft{Text: "better", SpoilerText: "cw"})
		if err != nil {
			return err
		}
		earlier, err := store.StatusEdits(ctx, scope, first.ID, 10)
		if err != nil {
			return err
		}
		got, err := b.render.StatusEdits(ctx, scope, b.A.Tenant, edited, earlier)
		if len(got) != 2 || !strings.Contains(got[0].Content, "first") || !strings.Contains(got[1].Content, "better") ||
			got[1].SpoilerText != "cw" || got[0].SpoilerText != "" || got[0].Account.Acct != "alice" ||
			!time.Time(got[1].CreatedAt).After(time.Time(got[0].CreatedAt)) {
			t.Errorf("history = %+v", got)
		}
		return err
	})
}

func TestATagHasSevenDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(t, b.A.Account, status.Draft{Text: "#Bikes"})
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		history, err := store.TagHistory(ctx, scope, "bikes", time.Now().AddDate(0, 0, -render.HistoryDays))
		got := b.render.Tag(b.A.Tenant, "Bikes", true, history)
		if len(got.History) != 7 || got.History[0].Uses != "1" || got.History[6].Uses != "0" || got.URL != "https://a.test/tags/bikes" || got.ID <= 0 {
			t.Errorf("tag = %+v", got)
		}
		return err
	})
}

// What is asked as another tenant must find nothing of the first one's.
func TestOutlinesStayWithTheirTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.post(t, b.A.Account, status.Draft{Text: "mine"})
	boost := b.boost(t, b.A.Account, post)
	ids := []social.StatusID{post.ID, boost.ID}
	for _, list := range []store.List{store.GivenList(ids), store.SeenList(b.A.Account.ID, ids), store.HomeList(b.A.Account.ID, store.Page{})} {
		for home, want := range map[*fixture.Home]int{b.A: 2, b.B: 0} {
			home.Do(t, func(ctx context.Context, scope *pg.Scope) error {
				o, err := store.OutlineOf(ctx, scope, b.A.Account.ID, list, []social.AccountID{b.A.Account.ID})
				if err != nil {
					return err
				}
				if len(o.Page) != want || len(o.Accounts) != want/2 || len(o.Originals) != want/2 {
					t.Errorf("tenant %s sees %+v of %+v", home.Tenant.Name, o, list)
				}
				d, err := store.LoadUnseen(ctx, scope, b.A.Account.ID, store.Unseen{Statuses: ids, Accounts: []social.AccountID{b.A.Account.ID}, Originals: ids})
				if len(d.Statuses) != want || len(d.Accounts) != want/2 || len(d.Visible) != want {
					t.Errorf("tenant %s loads %+v", home.Tenant.Name, d)
				}
				return err
			})
		}
	}
}

// BenchmarkHome renders a page of a home timeline: twenty posts of ten authors,
// every fourth a boost.
func BenchmarkHome(b *testing.B) {
	w := setup(b)
	viewer := w.A.AddAccount(b, "viewer")
	var authors []*social.Account
	for i := range 10 {
		authors = append(authors, w.A.AddAccount(b, "author"+ids.Format(int64(i))))
	}
	var list []*social.Status
	for i := range 20 {
		s := w.post(b, authors[i%10], status.Draft{Text: "A post of ordinary length with a #tag and a mention of @viewer, as they are written all day."})
		if i%4 == 0 {
			s = w.boost(b, authors[(i+1)%10], s)
		}
		list = append(list, s)
	}
	b.ResetTimer()
	for b.Loop() {
		shown := w.show(b, viewer.ID, list...)
		if raw, err := json.Marshal(shown); err != nil || len(shown) != 20 {
			b.Fatal(err, len(raw))
		}
	}
}
