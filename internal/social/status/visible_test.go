package status_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

func TestCanSee(t *testing.T) {
	t.Parallel()
	b := setup(t)
	author, follower, mentioned := b.Local("author", socialtest.Locked), b.Local("follower"), b.Local("mentioned")
	asker, blocked, stranger := b.Local("asker"), b.Local("blocked"), b.Local("stranger")
	far := b.Remote("far", "far.test")
	b.follow(follower, author)
	b.follow(blocked, author)
	b.follow(asker, author)
	b.follow(far, author)
	b.Do(func(scope *pg.Scope) error {
		for _, a := range []*social.Account{follower, blocked, far} {
			if err := b.relate.Accept(t.Context(), scope, author, a.ID); err != nil {
				return err
			}
		}
		return b.relate.Block(t.Context(), scope, b.Tenant, author, blocked, "")
	})
	posts := make(map[social.Visibility]*social.Status)
	for _, v := range []social.Visibility{social.Public, social.Unlisted, social.Followers, social.Direct} {
		posts[v] = b.post(author, status.Draft{Text: "for @mentioned and @blocked", Visibility: v})
	}
	all := map[social.Visibility]bool{social.Public: true, social.Unlisted: true, social.Followers: true, social.Direct: true}
	open := map[social.Visibility]bool{social.Public: true, social.Unlisted: true}
	friends := map[social.Visibility]bool{social.Public: true, social.Unlisted: true, social.Followers: true}
	tests := map[string]struct {
		viewer social.AccountID
		want   map[social.Visibility]bool
	}{
		"anybody":             {0, open},
		"stranger":            {stranger.ID, open},
		"author":              {author.ID, all},
		"follower":            {follower.ID, friends},
		"follower from afar":  {far.ID, friends},
		"asked, not accepted": {asker.ID, open},
		"mentioned":           {mentioned.ID, all},
		"blocked":             {blocked.ID, map[social.Visibility]bool{}},
		"no such account":     {42, open},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(map[social.Visibility]bool)
			err := b.Try(func(scope *pg.Scope) error {
				list := make([]*social.Status, 0, 4)
				for _, p := range posts {
					list = append(list, p)
				}
				seen, err := status.CanSee(t.Context(), scope, tt.viewer, list)
				if err != nil {
					return err
				}
				for v, p := range posts {
					if seen[p.ID] {
						got[v] = true
					}
					_, err := status.Visible(t.Context(), scope, tt.viewer, p.ID)
					if seen[p.ID] != (err == nil) || (err != nil && !fault.IsNotFound(err)) {
						t.Errorf("Visible(%s) = %v, CanSee = %v", v, err, seen[p.ID])
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("sees (-want +got):\n%s", diff)
			}
		})
	}
}

// A boost shows what it boosts, so it follows the boosted post.
func TestCanSeeBoosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, carol := b.Local("alice"), b.Local("bob"), b.Local("carol")
	friend := b.Local("friend")
	b.follow(friend, alice)
	open := b.post(alice, status.Draft{Text: "open"})
	own := b.post(alice, status.Draft{Text: "friends", Visibility: social.Followers})
	var boosts []*social.Status
	b.Do(func(scope *pg.Scope) error {
		byBob, err := b.statuses.Boost(t.Context(), scope, b.Tenant, bob, open, "", "")
		if err != nil {
			return err
		}
		byAlice, err := b.statuses.Boost(t.Context(), scope, b.Tenant, alice, own, social.Public, "")
		boosts = []*social.Status{byBob, byAlice}
		return err
	})
	b.Do(func(scope *pg.Scope) error {
		return b.relate.Block(t.Context(), scope, b.Tenant, alice, carol, "")
	})
	for name, tt := range map[string]struct {
		viewer social.AccountID
		want   []bool
	}{
		"anybody":               {0, []bool{true, false}},
		"friend of the author":  {friend.ID, []bool{true, true}},
		"blocked by the author": {carol.ID, []bool{false, false}},
	} {
		b.Do(func(scope *pg.Scope) error {
			seen, err := status.CanSee(t.Context(), scope, tt.viewer, boosts)
			if got := []bool{seen[boosts[0].ID], seen[boosts[1].ID]}; !cmp.Equal(got, tt.want) {
				t.Errorf("%s sees %v, want %v", name, got, tt.want)
			}
			return err
		})
	}
}

func TestSuspendedAuthorsAreHidden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	bad := b.Remote("bad", "far.test", socialtest.Suspended)
	st, _, err := b.receive(status.Incoming{Author: bad, URI: "https://far.test/1", Body: "<p>x</p>", Visibility: social.Public})
	if err != nil {
		t.Fatal(err)
	}
	err = b.Try(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, alice, st, "", "")
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("boost of a suspended author's post: %v", err)
	}
	b.Do(func(scope *pg.Scope) error {
		_, err := store.VisibleStatus(t.Context(), scope, 0, st.ID)
		if !fault.IsNotFound(err) {
			t.Errorf("post of a suspended author: %v", err)
		}
		return nil
	})
}
