package relate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/testkit/socialtest"
)

// TestFollowRacingABlock: whichever comes first, no follow is left beside a block.
func TestFollowRacingABlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	blocker, follower := b.Local("blocker"), b.Local("follower")
	held, followed := make(chan struct{}), make(chan error, 1)
	go func() {
		followed <- b.Try(func(scope *pg.Scope) error {
			_, err := b.relate.Follow(t.Context(), scope, b.Tenant, follower, blocker, relate.FollowOptions{})
			close(held)
			if err != nil {
				return err
			}
			b.UntilBlocked(10 * time.Second) // the block waits for this very transaction
			return nil
		})
	}()
	<-held
	b.Do(func(scope *pg.Scope) error {
		return b.relate.Block(t.Context(), scope, b.Tenant, blocker, follower, "")
	})
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	if r := b.relationship(blocker, follower); !r.Blocking || r.FollowedBy {
		t.Errorf("after both: %+v", r)
	}
	if got := b.counts(blocker); got != [2]int{} {
		t.Errorf("counters of the blocker: %v", got)
	}
}

// TestUnlockAcceptsRequests: everybody who waits is accepted, as if one by one, but
// those whom a moderator has silenced.
func TestUnlockAcceptsRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.Local("owner", socialtest.Locked)
	here, far := b.Local("here"), b.Remote("far", "far.test")
	silenced := b.Remote("silenced", "bad.test")
	post := b.post(owner, "hello")
	for _, a := range []*social.Account{here, far, silenced} {
		if f := b.follow(a, owner); f.State != social.FollowPending {
			t.Fatalf("follow of a locked account: %+v", f)
		}
	}
	b.Do(func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE accounts SET silenced_at = now() WHERE tenant_id = @tenant_id AND username = 'silenced'`, nil)
		if err != nil {
			return err
		}
		return b.relate.AcceptAll(t.Context(), scope, owner.ID)
	})
	for a, want := range map[*social.Account]bool{here: true, far: true, silenced: false} {
		if r := b.relationship(a, owner); r.Following != want || r.Requested == want {
			t.Errorf("%s: %+v", a.Username, r)
		}
	}
	if got := b.counts(owner); got != [2]int{0, 2} {
		t.Errorf("counters of the owner: %v", got)
	}
	if got := b.counts(here); got != [2]int{1, 0} {
		t.Errorf("counters of a follower: %v", got)
	}
	if n := b.homeSize(here); n != 1 {
		t.Errorf("%d posts in the home timeline of who was accepted, want %d's", n, post.ID)
	}
	events := b.Events()
	if diff := cmp.Diff([]social.EventKind{social.EventStatusCreated, social.EventFollowAccepted}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
