package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
)

func TestResolvePendingMentions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	st := b.post(alice, status.Draft{Text: "hi @bob, @late@far.test and @never@far.test", Visibility: social.Direct})
	if got := b.Events(); !cmp.Equal(got, []social.EventKind{social.EventStatusCreated}) {
		t.Errorf("events of a direct post with pending mentions: %v", got)
	}
	late := b.Remote("late", "far.test")
	b.Do(func(scope *pg.Scope) error {
		got, err := b.statuses.ResolvePending(t.Context(), scope, b.Tenant, st, []*social.Account{late})
		if err != nil {
			return err
		}
		if !strings.Contains(got.Body, `href="`+late.URL+`"`) || !strings.Contains(got.Body, bob.URL) || strings.Contains(got.Body, "never</span>") {
			t.Errorf("body: %s", got.Body)
		}
		mentions, err := store.MentionsByStatuses(t.Context(), scope, []social.StatusID{st.ID})
		if err != nil {
			return err
		}
		if len(mentions[st.ID]) != 2 {
			t.Errorf("mentions: %v", mentions[st.ID])
		}
		pending, err := store.PendingMentions(t.Context(), scope, []social.StatusID{st.ID})
		if len(pending) != 0 {
			t.Errorf("still pending: %v", pending)
		}
		return err
	})
	if got := b.reload(st); got.EditedAt != nil {
		t.Error("resolving a mention looks like an edit")
	}
}

// A post and its answer that were stored at the same moment find each other later.
func TestAdopt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dora := b.Remote("dora", "far.test")
	child, _, err := b.receive(note(dora, 2, answering("https://far.test/other-id")))
	if err != nil {
		t.Fatal(err)
	}
	parent, _, err := b.receive(note(dora, 1))
	if err != nil {
		t.Fatal(err)
	}
	parent.URI = "https://far.test/other-id"
	for range 2 { // the second time changes nothing
		b.Do(func(scope *pg.Scope) error { return b.statuses.Adopt(t.Context(), scope, parent) })
	}
	got := b.reload(child)
	if got.InReplyToID != parent.ID || got.ConversationID != parent.ConversationID || b.reload(parent).RepliesCount != 1 {
		t.Errorf("child %+v, parent has %d replies", got, b.reload(parent).RepliesCount)
	}
}

func TestARemovedAccountLeavesNoCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, dora := b.Local("alice"), b.Local("bob"), b.Remote("dora", "far.test")
	both, liked, boosted := b.post(alice, status.Draft{Text: "1"}), b.post(alice, status.Draft{Text: "2"}), b.post(alice, status.Draft{Text: "3"})
	b.follow(dora, alice)
	b.follow(bob, alice)
	react := func(actor *social.Account, likes, boosts []*social.Status) {
		b.Do(func(scope *pg.Scope) error {
			for _, st := range likes {
				if err := b.statuses.Favourite(t.Context(), scope, b.Tenant, actor, st, ""); err != nil {
					return err
				}
			}
			for _, st := range boosts {
				if _, err := b.statuses.Boost(t.Context(), scope, b.Tenant, actor, st, "", "https://x.test/"+st.Source+actor.Username); err != nil {
					return err
				}
			}
			return nil
		})
	}
	react(dora, []*social.Status{both, liked}, []*social.Status{both, boosted})
	react(bob, []*social.Status{both}, []*social.Status{both})
	theirs, _, err := b.receive(note(dora, 1, answering(both.URI)))
	if err != nil {
		t.Fatal(err)
	}
	react(bob, nil, []*social.Status{theirs})
	b.Do(func(scope *pg.Scope) error {
		_, err := store.RemoveRemoteAccount(t.Context(), scope, dora)
		return err
	})
	type counts struct{ Likes, Boosts, Replies int }
	for name, tt := range map[string]struct {
		st   *social.Status
		want counts
	}{"both": {both, counts{1, 1, 0}}, "liked": {liked, counts{}}, "boosted": {boosted, counts{}}} {
		st := b.reload(tt.st)
		if got := (counts{st.FavouritesCount, st.BoostsCount, st.RepliesCount}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
	b.Do(func(scope *pg.Scope) error {
		a, err := store.AccountByID(t.Context(), scope, alice.ID)
		if err == nil && a.FollowersCount != 1 {
			t.Errorf("alice has %d followers", a.FollowersCount)
		}
		booster, err := store.AccountByID(t.Context(), scope, bob.ID)
		if err == nil && booster.StatusesCount != 1 {
			t.Errorf("bob has %d posts, want the one boost that is left", booster.StatusesCount)
		}
		return err
	})
}

// What a server elsewhere says is gone is taken off the screens of those who read the
// public streams, as well as out of homes.
func TestStreamsHearThatARemoteAuthorWent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora := b.Local("alice"), b.Remote("dora", "far.test")
	b.Do(func(scope *pg.Scope) error {
		_, err := store.AddFollow(t.Context(), scope, social.Follow{ID: ids.New(), AccountID: alice.ID, TargetID: dora.ID, State: social.FollowAccepted}, false)
		return err
	})
	st, _, err := b.receive(note(dora, 1, func(in *status.Incoming) { in.Published, in.Tags = time.Now(), []string{"Bikes"} }))
	if err != nil {
		t.Fatal(err)
	}
	want := []stream.Event{{Tenant: b.Tenant.ID, Kind: stream.Delete, StatusID: st.ID, Owners: []social.AccountID{alice.ID}, Public: true, Tags: []string{"bikes"}}}
	b.Streams.Take()
	b.Do(func(scope *pg.Scope) error { return b.statuses.RemoveAuthor(t.Context(), scope, dora) })
	if diff := cmp.Diff(want, b.Streams.Take()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A name that an account had before still means it, in new posts and where an earlier one is
// rendered again; who is named twice is mentioned once.
func TestAnOldNameIsMentioned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bobby")
	b.Do(func(scope *pg.Scope) error {
		for _, name := range []string{"bob", "bobby"} {
			if _, err := store.TakeHandle(t.Context(), scope, bob.ID, name, b.Tenant.HandleDomain); err != nil {
				return err
			}
		}
		return nil
	})
	st := b.post(alice, status.Draft{Text: "hi @Bob, or @bobby@a.test, and @late@far.test", Visibility: social.Public})
	late := b.Remote("late", "far.test")
	b.Do(func(scope *pg.Scope) error {
		again, err := b.statuses.ResolvePending(t.Context(), scope, b.Tenant, st, []*social.Account{late})
		if err != nil {
			return err
		}
		for name, body := range map[string]string{"posted": st.Body, "rendered again": again.Body} {
			if strings.Count(body, `href="`+bob.URL+`"`) != 2 {
				t.Errorf("%s: %s", name, body)
			}
		}
		mentions, err := store.MentionsByStatuses(t.Context(), scope, []social.StatusID{st.ID})
		if len(mentions[st.ID]) != 2 {
			t.Errorf("mentions: %v", mentions[st.ID])
		}
		return err
	})
}
