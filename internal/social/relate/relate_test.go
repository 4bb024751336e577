package relate_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

type bundle struct {
	*socialtest.World
	relate   *relate.Service
	statuses *status.Service
}

func setup(t testing.TB) *bundle {
	t.Helper()
	w := socialtest.New(t)
	return &bundle{World: w, relate: relate.New(w.Streams), statuses: status.New(status.Options{Streams: w.Streams})}
}

func (b *bundle) tryFollow(actor, target *social.Account, uri string) (f *social.Follow, err error) {
	err = b.Try(func(scope *pg.Scope) (err error) {
		f, err = b.relate.Follow(b.T.Context(), scope, b.Tenant, actor, target, relate.FollowOptions{ShowBoosts: true, URI: uri})
		return err
	})
	return f, err
}

func (b *bundle) follow(actor, target *social.Account) *social.Follow {
	b.T.Helper()
	f, err := b.tryFollow(actor, target, "https://"+actor.Domain+"/follows/"+actor.Username+"/"+target.Username)
	if err != nil {
		b.T.Fatalf("follow: %v", err)
	}
	return f
}

func (b *bundle) relationship(viewer, target *social.Account) social.Relationship {
	b.T.Helper()
	var out []social.Relationship
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = relate.Relationships(b.T.Context(), scope, viewer.ID, []social.AccountID{target.ID})
		return err
	})
	if len(out) != 1 {
		b.T.Fatalf("%d relationships", len(out))
	}
	return out[0]
}

// counts are an account's following and followers.
func (b *bundle) counts(a *social.Account) [2]int {
	b.T.Helper()
	var got *social.Account
	b.Do(func(scope *pg.Scope) (err error) {
		got, err = store.AccountByID(b.T.Context(), scope, a.ID)
		return err
	})
	return [2]int{got.FollowingCount, got.FollowersCount}
}

func (b *bundle) post(author *social.Account, text string) *social.Status {
	b.T.Helper()
	var st *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		st, err = b.statuses.Create(b.T.Context(), scope, b.Tenant, author, status.Draft{Text: text})
		return err
	})
	return st
}

func (b *bundle) homeSize(owner *social.Account) int {
	b.T.Helper()
	return b.Count(`SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`, pgx.NamedArgs{"id": owner.ID})
}

func TestFollowStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open, locked, far := b.Local("open"), b.Local("locked", socialtest.Locked), b.Remote("far", "far.test")
	tests := map[string]struct {
		actor, target *social.Account
		state         social.FollowState
		told          social.NotificationType
		event         social.EventKind
	}{
		"here":                  {b.Local("a"), open, social.FollowAccepted, social.NotifyFollow, ""},
		"here, locked":          {b.Local("b"), locked, social.FollowPending, social.NotifyFollowRequest, ""},
		"from here to afar":     {b.Local("c"), far, social.FollowPending, "", social.EventFollowed},
		"from afar":             {b.Remote("d", "far.test"), open, social.FollowAccepted, social.NotifyFollow, social.EventFollowAccepted},
		"from afar to a locked": {b.Remote("e", "far.test"), locked, social.FollowPending, social.NotifyFollowRequest, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := b.tryFollow(tt.actor, tt.target, "https://far.test/follow/"+tt.actor.Username)
			if err != nil || f.State != tt.state {
				t.Fatalf("follow = %+v, %v; want state %s", f, err, tt.state)
			}
			var told []social.NotificationType
			var events []social.EventKind
			b.Do(func(scope *pg.Scope) (err error) {
				told, err = pg.Values[social.NotificationType](t.Context(), scope,
					`SELECT type FROM notifications WHERE tenant_id = @tenant_id AND from_id = @id`, pgx.NamedArgs{"id": tt.actor.ID})
				if err != nil {
					return err
				}
				events, err = pg.Values[social.EventKind](t.Context(), scope,
					`SELECT kind FROM events WHERE tenant_id = @tenant_id AND object_uri = @uri`, pgx.NamedArgs{"uri": f.URI})
				return err
			})
			if (tt.told == "") != (len(told) == 0) || (tt.told != "" && !cmp.Equal(told, []social.NotificationType{tt.told})) {
				t.Errorf("told %v, want %q", told, tt.told)
			}
			if (tt.event == "") != (len(events) == 0) || (tt.event != "" && !cmp.Equal(events, []social.EventKind{tt.event})) {
				t.Errorf("events %v, want %q", events, tt.event)
			}
			want := [2]int{0, 0}
			if tt.state == social.FollowAccepted {
				want[0] = 1
			}
			if got := b.counts(tt.actor); got != want {
				t.Errorf("counts %v, want %v", got, want)
			}
		})
	}
}

func TestFollowIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, far := b.Local("alice"), b.Local("bob"), b.Remote("far", "far.test")
	b.Do(func(scope *pg.Scope) error {
		if err := b.relate.Block(t.Context(), scope, b.Tenant, alice, bob, ""); err != nil {
			return err
		}
		return b.relate.Block(t.Context(), scope, b.Tenant, alice, far, "")
	})
	for name, pair := range map[string][2]*social.Account{"blocked": {bob, alice}, "blocking": {alice, bob}, "oneself": {bob, bob}} {
		if _, err := b.tryFollow(pair[0], pair[1], ""); err == nil {
			t.Errorf("%s: follow worked", name)
		}
	}
	f, err := b.tryFollow(far, alice, "https://far.test/f")
	if err != nil || f != nil {
		t.Errorf("blocked from afar: %v, %v", f, err)
	}
	if got := b.Events(); !cmp.Equal(got, []social.EventKind{social.EventBlocked, social.EventFollowRejected}) {
		t.Errorf("events %v", got)
	}
}

// OWN-08, OWN-09: only the target's own answer to our own open request counts.
func TestConfirmFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, v, q := b.Local("alice"), b.Remote("v", "v.test"), b.Remote("q", "q.test")
	f := b.follow(alice, v)
	confirm := func(who *social.Account, uri string) error {
		return b.Try(func(scope *pg.Scope) error { return b.relate.ConfirmFollow(t.Context(), scope, who, uri) })
	}
	for name, err := range map[string]error{
		"by somebody else":       confirm(q, f.URI),
		"by naming our actor":    confirm(q, alice.URI),
		"of nothing":             confirm(v, "https://a.test/ap/activities/1"),
		"by a local account":     confirm(b.Local("mallory"), f.URI),
		"without naming a thing": confirm(v, ""),
	} {
		if !fault.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r := b.relationship(alice, v); !r.Requested || r.Following {
		t.Errorf("relationship %+v", r)
	}
	if err := confirm(v, f.URI); err != nil {
		t.Errorf("confirm: %v", err)
	}
	if r := b.relationship(alice, v); r.Requested || !r.Following {
		t.Errorf("relationship %+v", r)
	}
	if err := confirm(v, f.URI); !fault.IsNotFound(err) {
		t.Errorf("second confirm: %v", err)
	}
	if got := b.counts(v); got != [2]int{0, 1} {
		t.Errorf("counts %v", got)
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.RefuseFollow(t.Context(), scope, v, f.URI) })
	if r := b.relationship(alice, v); r.Following || r.Requested {
		t.Errorf("after a rejection: %+v", r)
	}
	if got := b.counts(v); got != [2]int{0, 0} {
		t.Errorf("counts %v", got)
	}
}

func TestRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, far, near := b.Local("owner", socialtest.Locked), b.Remote("far", "far.test"), b.Local("near")
	post := b.post(owner, "before")
	b.follow(far, owner)
	b.follow(near, owner)
	b.Do(func(scope *pg.Scope) error {
		if n, err := store.CountFollowRequests(t.Context(), scope, owner.ID); n != 2 || err != nil {
			t.Errorf("%d requests, %v", n, err)
		}
		if err := b.relate.Reject(t.Context(), scope, owner, far.ID); err != nil {
			return err
		}
		return b.relate.Accept(t.Context(), scope, owner, near.ID)
	})
	if got := b.counts(owner); got != [2]int{0, 1} {
		t.Errorf("counts %v", got)
	}
	if b.homeSize(near) != 1 {
		t.Errorf("post %d did not come into the new follower's home", post.ID)
	}
	if err := b.Try(func(scope *pg.Scope) error { return b.relate.Accept(t.Context(), scope, owner, far.ID) }); !fault.IsNotFound(err) {
		t.Errorf("accept of somebody rejected: %v", err)
	}
	if err := b.Try(func(scope *pg.Scope) error { return b.relate.Reject(t.Context(), scope, owner, near.ID) }); !fault.IsNotFound(err) {
		t.Errorf("reject of somebody accepted: %v", err)
	}
	if got := b.Events(); got[len(got)-1] != social.EventFollowRejected {
		t.Errorf("events %v", got)
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.RemoveFollower(t.Context(), scope, owner, near.ID) })
	if b.homeSize(near) != 0 || b.counts(owner) != [2]int{0, 0} {
		t.Error("a removed follower keeps the posts or the count")
	}
}

func TestBlockPartsBothWays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, carol := b.Local("alice"), b.Local("bob"), b.Local("carol")
	b.follow(alice, bob)
	b.follow(bob, alice)
	b.follow(carol, alice)
	b.follow(carol, bob)
	b.post(alice, "a")
	st := b.post(bob, "@alice b")
	b.follow(alice, carol)
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, carol, st, "", "")
		return err
	})
	b.Do(func(scope *pg.Scope) error { return b.relate.Block(t.Context(), scope, b.Tenant, alice, bob, "") })
	if b.homeSize(alice) != 1 || b.homeSize(bob) != 1 || b.counts(alice) != [2]int{1, 1} || b.counts(bob) != [2]int{0, 1} {
		t.Errorf("homes %d, %d; counts %v, %v", b.homeSize(alice), b.homeSize(bob), b.counts(alice), b.counts(bob))
	}
	if n := b.Count(`SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND account_id = @a AND from_id = @b`,
		pgx.NamedArgs{"a": alice.ID, "b": bob.ID}); n != 0 {
		t.Errorf("%d notifications are left", n)
	}
	if r := b.relationship(alice, bob); !r.Blocking || r.BlockedBy || r.Following || r.FollowedBy {
		t.Errorf("relationship %+v", r)
	}
	b.post(bob, "@alice are you there")
	if n := b.Count(`SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND account_id = @a AND from_id = @b`,
		pgx.NamedArgs{"a": alice.ID, "b": bob.ID}); n != 0 {
		t.Error("a blocked person still notifies")
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.Unblock(t.Context(), scope, alice, bob) })
	if r := b.relationship(alice, bob); r.Blocking || r.Following || r.FollowedBy {
		t.Errorf("after unblocking %+v", r)
	}
}

// OWN-24: a block from afar ends our follow, and its undoing does not bring it back.
func TestBlockFromAfar(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, p := b.Local("alice"), b.Remote("p", "p.test")
	f := b.follow(alice, p)
	b.Do(func(scope *pg.Scope) error { return b.relate.ConfirmFollow(t.Context(), scope, p, f.URI) })
	before := len(b.Events())
	b.Do(func(scope *pg.Scope) error {
		return b.relate.Block(t.Context(), scope, b.Tenant, p, alice, "https://p.test/block")
	})
	if r := b.relationship(alice, p); r.Following || !r.BlockedBy || r.Blocking {
		t.Errorf("relationship %+v", r)
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.Unblock(t.Context(), scope, p, alice) })
	if r := b.relationship(alice, p); r.Following || r.BlockedBy {
		t.Errorf("relationship %+v", r)
	}
	if got := b.Events()[before:]; len(got) != 0 {
		t.Errorf("events of a remote account's doing: %v", got)
	}
}

func TestBlockOfARemoteFollowerFederates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, p := b.Local("alice"), b.Remote("p", "p.test")
	b.follow(alice, p)
	b.follow(p, alice)
	before := len(b.Events())
	b.Do(func(scope *pg.Scope) error { return b.relate.Block(t.Context(), scope, b.Tenant, alice, p, "") })
	want := []social.EventKind{social.EventUnfollowed, social.EventFollowRejected, social.EventBlocked}
	if got := b.Events()[before:]; !cmp.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestMute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	b.follow(alice, bob)
	st := b.post(bob, "x")
	b.Do(func(scope *pg.Scope) error { return b.relate.Mute(t.Context(), scope, alice, bob, true, time.Hour) })
	b.post(bob, "@alice y")
	if b.homeSize(alice) != 0 {
		t.Error("a muted person's posts are shown")
	}
	if n := b.Count(`SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND account_id = @a AND type = 'mention'`,
		pgx.NamedArgs{"a": alice.ID}); n != 0 {
		t.Error("a muted person notifies")
	}
	r := b.relationship(alice, bob)
	if !r.Muting || !r.MutingNotifications || r.MutingExpiresAt == nil || !r.Following {
		t.Errorf("relationship %+v", r)
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.Unmute(t.Context(), scope, alice, bob) })
	if b.homeSize(alice) != 2 {
		t.Errorf("after unmuting, home has %d posts (first was %d)", b.homeSize(alice), st.ID)
	}
	b.Do(func(scope *pg.Scope) error { return b.relate.SetNote(t.Context(), scope, alice, bob, "a friend") })
	if r := b.relationship(alice, bob); r.Note != "a friend" || r.Muting {
		t.Errorf("relationship %+v", r)
	}
}

func TestFollowCountsUnderLoad(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	var wg sync.WaitGroup
	for i := range 50 {
		actor := b.Remote(fmt.Sprintf("actor%d", i), "far.test")
		wg.Go(func() {
			for round := range 3 {
				if _, err := b.tryFollow(actor, alice, fmt.Sprintf("https://far.test/f/%d/%d", i, round)); err != nil {
					t.Errorf("follow: %v", err)
				}
				if i%2 == 1 && round == 2 {
					continue
				}
				if err := b.Try(func(scope *pg.Scope) error { return b.relate.Unfollow(t.Context(), scope, actor, alice) }); err != nil {
					t.Errorf("unfollow: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := b.counts(alice); got != [2]int{0, 25} {
		t.Errorf("counts %v, want 25 followers", got)
	}
}
