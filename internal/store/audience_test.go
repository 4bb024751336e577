package store_test

import (
	"testing"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

func TestAudience(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	author, stranger, fan := w.Local("author"), w.Local("stranger"), w.Local("fan")
	blocked, muting := w.Local("blocked"), w.Local("muting")
	rules := status.New(status.Options{Streams: w.Streams})
	var open, private, boost *social.Status
	w.Do(func(s *pg.Scope) (err error) {
		ctx := t.Context()
		if _, err = store.AddFollow(ctx, s, social.Follow{ID: ids.New(), AccountID: fan.ID, TargetID: author.ID, URI: "https://a.test/f", State: social.FollowAccepted}, false); err != nil {
			return err
		}
		if _, err = store.AddBlock(ctx, s, author.ID, blocked.ID, "https://a.test/b"); err != nil {
			return err
		}
		if err = store.SetMute(ctx, s, muting.ID, author.ID, true, nil); err != nil {
			return err
		}
		if open, err = rules.Create(ctx, s, w.Tenant, author, status.Draft{Text: "open"}); err != nil {
			return err
		}
		if private, err = rules.Create(ctx, s, w.Tenant, author, status.Draft{Text: "private", Visibility: social.Followers}); err != nil {
			return err
		}
		if boost, err = rules.Boost(ctx, s, w.Tenant, stranger, open, "", ""); err != nil {
			return err
		}
		return rules.Bookmark(ctx, s, fan, open)
	})
	var questions []store.Sight
	for _, who := range []*social.Account{author, stranger, fan, blocked, muting} {
		for _, st := range []*social.Status{open, private, boost} {
			questions = append(questions, store.Sight{Viewer: who.ID, StatusID: st.ID})
		}
	}
	ask := func(w *socialtest.World) map[store.Sight]*store.Listener {
		got := make(map[store.Sight]*store.Listener)
		w.Do(func(s *pg.Scope) error {
			rows, err := store.Audience(t.Context(), s, questions)
			for _, l := range rows {
				got[store.Sight{Viewer: l.Viewer, StatusID: l.StatusID}] = l
			}
			return err
		})
		return got
	}
	want := map[store.Sight]bool{
		{Viewer: author.ID, StatusID: open.ID}: true, {Viewer: author.ID, StatusID: private.ID}: true, {Viewer: author.ID, StatusID: boost.ID}: true,
		{Viewer: stranger.ID, StatusID: open.ID}: true, {Viewer: stranger.ID, StatusID: boost.ID}: true,
		{Viewer: fan.ID, StatusID: open.ID}: true, {Viewer: fan.ID, StatusID: private.ID}: true, {Viewer: fan.ID, StatusID: boost.ID}: true,
	}
	got := ask(w)
	for _, q := range questions {
		if (got[q] != nil) != want[q] {
			t.Errorf("%+v: %+v, want %t", q, got[q], want[q])
		}
	}
	// What was done with the post counts for its boost, too.
	for _, id := range []social.StatusID{open.ID, boost.ID} {
		if l := got[store.Sight{Viewer: fan.ID, StatusID: id}]; !l.Bookmarked || l.Boosted || l.Favourited {
			t.Errorf("fan on %d: %+v", id, l)
		}
		if l := got[store.Sight{Viewer: stranger.ID, StatusID: id}]; !l.Boosted || l.Bookmarked {
			t.Errorf("stranger on %d: %+v", id, l)
		}
	}
	if foreign := ask(w.Other()); len(foreign) != 0 {
		t.Errorf("another tenant: %v", foreign)
	}
}

func TestNotificationsByIDs(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	a, b := w.Local("a"), w.Local("b")
	n := notify.New(a.ID, b.ID, social.NotifyFollow, 0)
	w.Do(func(s *pg.Scope) error { return notify.Tell(t.Context(), s, w.Streams, n) })
	for world, want := range map[*socialtest.World]int{w: 1, w.Other(): 0} {
		world.Do(func(s *pg.Scope) error {
			rows, err := store.NotificationsByIDs(t.Context(), s, []social.NotificationID{n.ID, 1})
			if err == nil && (len(rows) != want || want == 1 && rows[0].AccountID != a.ID) {
				t.Errorf("%s: %+v", world.Tenant.Host, rows)
			}
			return err
		})
	}
}
