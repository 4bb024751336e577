package deliver_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
)

// flaky is a peer that answers 503 until it is told to be well.
func flaky(t *testing.T, ip string) (*fedtest.Peer, *atomic.Bool) {
	well := &atomic.Bool{}
	return fedtest.NewPeer(t, ip, func(w http.ResponseWriter, _ *http.Request) {
		if well.Load() {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}), well
}

func (b *bundle) small(t *testing.T, activities ...int64) error {
	t.Helper()
	return b.worker.DeliverSmall(t.Context(), jobs.DeliverSmall{Scoped: jobs.Scoped{TenantID: b.Tenant.ID}, ActivityIDs: activities})
}

// say gives an activity bytes of its own.
func (b *bundle) say(t *testing.T, activity int64, what string) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE activities SET body = @body WHERE tenant_id = @tenant_id AND id = @id`,
			pgx.NamedArgs{"id": activity, "body": []byte(what)})
		return err
	})
}

// tell stores the activity of an event, for the followers of the author.
func (b *bundle) tell(t *testing.T, e *social.Event, what string) int64 {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) error {
		if err := store.AddEvent(t.Context(), scope, e); err != nil {
			return err
		}
		uri := b.Tenant.URL("/ap/activities/" + ids.Format(int64(e.ID)))
		switch e.Kind {
		case social.EventFollowed, social.EventFavourited, social.EventBlocked:
			uri = e.ObjectURI // they have the id of what they make
		}
		a := &store.Activity{ID: int64(e.ID), URI: uri, AccountID: b.author.ID, EventID: e.ID, Body: []byte(what)}
		if _, err := store.AddActivities(t.Context(), scope, a); err != nil {
			return err
		}
		_, err := store.AddDeliveries(t.Context(), scope, store.Recipients{ActivityID: a.ID, FollowersOf: b.author.ID})
		return err
	})
	return int64(e.ID)
}

// due moves the clock to when a delivery is tried again.
func (b *bundle) due(t *testing.T, activity int64) {
	t.Helper()
	b.clock.advance(b.waiting(t, activity, 1).NextTryAt.Sub(b.clock.now()) + time.Second)
}

// A Create that is tried again after its post was edited must not arrive after the
// Update with the old words: for the receiver that would be what the post says.
func TestAnUpdateDoesNotOvertakeACreate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer, well := flaky(t, "127.77.3.1")
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	post := b.Post(t, b.author, social.Public, "<p>hello</p>")
	create, _ := b.mail(t, post.ID)
	b.say(t, create, "create")
	must(t, b.small(t, create)) // 503
	update, _ := b.mail(t, post.ID)
	b.say(t, update, "update")
	well.Store(true)
	must(t, b.small(t, update))
	if n := len(peer.Received()); n != 1 {
		t.Fatalf("%d requests: the Update has overtaken its Create", n)
	}
	if behind, first := b.waiting(t, update, 1), b.waiting(t, create, 1); behind.Attempts != 0 || !behind.NextTryAt.After(*first.NextTryAt) {
		t.Errorf("the Update is planned as %+v, the Create as %+v", behind, first)
	}
	b.due(t, update)
	if err := b.work(t.Context(), update, 1, 1); !isSnooze(err) {
		t.Errorf("the Update came to its turn before the Create: %v", err)
	}
	b.say(t, create, "create anew") // what is read at each try is what is sent
	must(t, b.work(t.Context(), create, 1, 1))
	must(t, b.work(t.Context(), update, 1, 1))
	var got []string
	for _, r := range peer.Received() {
		got = append(got, string(r.Body))
	}
	if len(got) != 3 || got[1] != "create anew" || got[2] != "update" {
		t.Errorf("the peer received %q", got)
	}
}

// What nothing has been tried for may be under way in another job: what comes after it
// waits a moment, in one job, whatever the number of inboxes.
func TestNothingOvertakesWhatMayBeUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer := fedtest.NewPeer(t, "127.77.3.2", nil)
	other := fedtest.NewPeer(t, "127.77.3.3", nil)
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	post, unrelated := b.Post(t, b.author, social.Public, "<p>hello</p>"), b.Post(t, b.author, social.Public, "<p>else</p>")
	create, _ := b.mail(t, post.ID)
	b.Follow(t, b.Remote(t, other, "newcomer", true), b.author)
	update, n := b.mail(t, post.ID)
	another, _ := b.mail(t, unrelated.ID)
	if err := b.small(t, update, another); !isSnooze(err) {
		t.Errorf("the job ended with %v, want to come back", err)
	}
	if len(peer.Received()) != 1 || len(other.Received()) != 2 {
		t.Errorf("sent %d and %d, want the unrelated post to both and the Update to whom the Create is not for",
			len(peer.Received()), len(other.Received()))
	}
	if got := b.counts(t, update); got[store.DeliveryWaiting] != 1 || len(b.retryJobs(t, update)) != 0 || n != 2 {
		t.Errorf("states %v and %d jobs", got, len(b.retryJobs(t, update)))
	}
	must(t, b.small(t, create))
	must(t, b.small(t, update, another))
	if got := b.counts(t, update); got[store.DeliveryDone] != 2 || len(peer.Received()) != 3 {
		t.Errorf("states %v after the Create, %d requests", got, len(peer.Received()))
	}
}

// The deletion of a post does not wait for a Create that waits itself: that one is not
// sent any more.
func TestADeleteIsNotHeldUpByWhatIsNotSentAnyMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer, well := flaky(t, "127.77.3.4")
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	post := b.Post(t, b.author, social.Public, "<p>hello</p>")
	create, _ := b.mail(t, post.ID)
	untried, _ := b.mail(t, post.ID)
	b.say(t, create, "create")
	must(t, b.small(t, create)) // 503: comes back in a while
	gone := b.tell(t, &social.Event{Kind: social.EventStatusDeleted, AccountID: b.author.ID, StatusID: post.ID, ObjectURI: post.URI}, "delete")
	b.Tx(t, func(scope *pg.Scope) error { return store.DeleteStatus(t.Context(), scope, post.ID) })
	well.Store(true)
	b.clock.advance(-time.Minute) // the Create's time is far off, even if it comes back at once
	if err := b.small(t, gone); !isSnooze(err) {
		t.Errorf("the Delete has overtaken what may be under way: %v", err)
	}
	must(t, b.small(t, untried)) // finds that the post is gone
	must(t, b.small(t, gone))
	b.clock.advance(time.Hour)
	must(t, b.work(t.Context(), create, 1, 1))
	if got := peer.Received(); len(got) != 2 || string(got[1].Body) != "delete" {
		t.Errorf("%d requests, want the first try and the Delete", len(got))
	}
	if got := b.counts(t, create); got[store.DeliveryFailed] != 1 {
		t.Errorf("states of the Create are %v", got)
	}
}

// An account that was deleted says so itself: its key is kept until it has.
func TestADeletedAccountSignsItsFarewell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer, well := flaky(t, "127.77.3.5")
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	post := b.Post(t, b.author, social.Public, "<p>hello</p>")
	create, _ := b.mail(t, post.ID)
	farewell, _ := b.mail(t, 0)
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE accounts SET deleted_at = now() WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": b.author.ID})
		return err
	})
	must(t, b.small(t, create, farewell))
	if got := b.counts(t, create); got[store.DeliveryFailed] != 1 {
		t.Errorf("a post of a deleted account: %v", got)
	}
	b.due(t, farewell)
	well.Store(true)
	must(t, b.work(t.Context(), farewell, 1, 1))
	if got := b.counts(t, farewell); got[store.DeliveryDone] != 1 {
		t.Fatalf("states of the farewell are %v", got)
	}
	for _, r := range peer.Received() {
		peer.Verify(t, b.World, r, b.author)
	}
}

// A server that gets the Undo first and then what it takes back keeps that for ever.
func TestAnUndoDoesNotOvertakeWhatItTakesBack(t *testing.T) {
	t.Parallel()
	for kind, undo := range map[social.EventKind]social.EventKind{
		social.EventFollowed: social.EventUnfollowed, social.EventFavourited: social.EventUnfavourited, social.EventBlocked: social.EventUnblocked,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			peer, well := flaky(t, "127.77.3.6")
			b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
			uri := b.Tenant.URL("/ap/activities/" + ids.Format(ids.New()))
			done := b.tell(t, &social.Event{Kind: kind, AccountID: b.author.ID, ObjectURI: uri}, "done")
			must(t, b.small(t, done)) // 503
			undone := b.tell(t, &social.Event{Kind: undo, AccountID: b.author.ID, ObjectURI: uri}, "undone")
			well.Store(true)
			must(t, b.small(t, undone))
			if n := len(peer.Received()); n != 1 {
				t.Fatalf("%d requests: the Undo has overtaken what it takes back", n)
			}
			b.due(t, undone)
			must(t, b.work(t.Context(), done, 1, 1))
			must(t, b.work(t.Context(), undone, 1, 1))
			if got := peer.Received(); len(got) != 3 || string(got[1].Body) != "done" || string(got[2].Body) != "undone" {
				t.Errorf("%d requests, want first what is undone and then the Undo", len(got))
			}
		})
	}
}

// The Undo of a boost waits for an Announce that may be under way, and not for one that
// is not sent any more.
func TestAnUnboostDoesNotOvertakeItsAnnounce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer := fedtest.NewPeer(t, "127.77.3.7", nil)
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	original, boost := b.Post(t, b.author, social.Public, "<p>mine</p>"), b.Post(t, b.author, social.Public, "<p>stands for a boost</p>")
	announce, _ := b.mail(t, boost.ID)
	undo := b.tell(t, &social.Event{
		Kind: social.EventStatusDeleted, AccountID: b.author.ID, TargetID: b.author.ID, StatusID: original.ID,
		ObjectURI: b.Tenant.URL("/ap/activities/" + ids.Format(announce)),
	}, "undo")
	b.Tx(t, func(scope *pg.Scope) error { return store.DeleteStatus(t.Context(), scope, boost.ID) })
	if err := b.small(t, undo); !isSnooze(err) || len(peer.Received()) != 0 {
		t.Fatalf("the Undo has overtaken an Announce that may be under way: %v", err)
	}
	must(t, b.small(t, announce)) // finds that the boost is gone
	must(t, b.small(t, undo))
	if got := peer.Received(); len(got) != 1 || string(got[0].Body) != "undo" {
		t.Errorf("%d requests, want the Undo alone", len(got))
	}
}

// Nobody speaks after the farewell: a Follow that has waited all the time would come
// from an account that its receivers know to be gone.
func TestADeletedAccountSaysNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer, well := flaky(t, "127.77.3.8")
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	follow := b.tell(t, &social.Event{Kind: social.EventFollowed, AccountID: b.author.ID, ObjectURI: b.author.URI + "#follow"}, "follow")
	must(t, b.small(t, follow)) // 503
	b.Tx(t, func(scope *pg.Scope) error { return store.MarkAccountDeleted(t.Context(), scope, b.author) })
	farewell := b.tell(t, &social.Event{Kind: social.EventAccountDeleted, AccountID: b.author.ID, ObjectURI: b.author.URI}, "farewell")
	well.Store(true)
	b.clock.advance(time.Hour)
	must(t, b.work(t.Context(), follow, 1, 1))
	must(t, b.small(t, farewell))
	if got := peer.Received(); len(got) != 2 || string(got[1].Body) != "farewell" {
		t.Errorf("%d requests, want the first try of the Follow and the farewell", len(got))
	}
	if got := b.counts(t, follow); got[store.DeliveryFailed] != 1 {
		t.Errorf("states of the Follow are %v", got)
	}
}
