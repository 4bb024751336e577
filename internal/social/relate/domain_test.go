package relate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/social/relate"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

func (b *bundle) blockDomain(a *social.Account, domain string) {
	b.T.Helper()
	b.Do(func(scope *pg.Scope) error {
		_, err := b.relate.BlockDomain(b.T.Context(), scope, b.Tenant, a.ID, domain)
		return err
	})
}

// receive stores a remote author's public post as the inbox does.
func (b *bundle) receive(author *social.Account, text string, change ...func(*social.Status)) *social.Status {
	b.T.Helper()
	id := social.StatusID(ids.New())
	st := &social.Status{
		ID: id, AccountID: author.ID, URI: author.URI + "/" + fmt.Sprint(id), Body: text, Visibility: social.Public, ConversationID: id, Tags: []string{"owl"},
	}
	for _, c := range change {
		c(st)
	}
	b.Do(func(scope *pg.Scope) error {
		if _, err := store.InsertStatuses(b.T.Context(), scope, []*social.Status{st}); err != nil {
			return err
		}
		batch := pg.NewBatch(scope)
		var entries []*store.TimelineEntry
		store.QueueStatusTags(batch, []social.StatusID{id}, []string{"owl"})
		store.QueueIndexStatuses(batch, []social.StatusID{id}, []string{text})
		store.QueueFanOut(batch, []social.StatusID{id}, &entries)
		return batch.Send(b.T.Context())
	})
	return st
}

func (b *bundle) confirmed(actor, target *social.Account) *social.Follow {
	b.T.Helper()
	f := b.follow(actor, target)
	b.Do(func(scope *pg.Scope) error { return b.relate.ConfirmFollow(b.T.Context(), scope, target, f.URI) })
	return f
}

// A blocked domain's accounts lose their follows both ways and hear of it, and nothing of
// theirs is shown to who blocked it, by whatever way it would come.
func TestBlockDomain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, carol := b.Local("alice"), b.Local("carol")
	followed, follower, other := b.Remote("followed", "bad.test"), b.Remote("follower", "bad.test"), b.Remote("other", "sub.bad.test")
	asking := b.Local("locked", socialtest.Locked)
	b.confirmed(alice, followed)
	b.confirmed(alice, other)
	b.confirmed(carol, followed)
	b.follow(follower, alice)
	b.follow(follower, asking)
	b.follow(alice, carol)
	before := b.receive(followed, "before")
	if b.homeSize(alice) != 1 {
		t.Fatalf("%d posts at home", b.homeSize(alice))
	}
	events := len(b.Events())
	b.blockDomain(alice, " https://BAD.test/ ")
	b.blockDomain(alice, "bad.test")
	b.blockDomain(asking, "bad.test")

	got := b.Events()[events:]
	want := []social.EventKind{social.EventUnfollowed, social.EventFollowRejected, social.EventFollowRejected}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(x, y social.EventKind) bool { return x > y })); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for who, want := range map[*social.Account][2]int{alice: {2, 0}, follower: {0, 0}, followed: {0, 1}, carol: {1, 1}} {
		if got := b.counts(who); got != want {
			t.Errorf("counts of %s: %v, want %v", who.Username, got, want)
		}
	}
	if r := b.relationship(alice, followed); !r.DomainBlocking || r.Following || r.Blocking {
		t.Errorf("relationship %+v", r)
	}
	if r := b.relationship(alice, other); r.DomainBlocking || !r.Following {
		t.Errorf("relationship to a server below the domain: %+v", r)
	}
	if b.homeSize(alice) != 0 {
		t.Error("a post is left at home")
	}
	b.hides(alice, carol, followed, before)

	b.Do(func(scope *pg.Scope) error {
		_, _, err := b.relate.UnblockDomain(t.Context(), scope, b.Tenant, alice.ID, "bad.test")
		return err
	})
	if r := b.relationship(alice, followed); r.DomainBlocking || r.Following {
		t.Errorf("after unblocking: %+v", r)
	}
	if f := b.follow(follower, alice); f == nil || f.State != social.FollowAccepted {
		t.Errorf("the follow with its old id, after unblocking: %+v", f)
	}
}

// hides checks that a blocked domain's posts and doings do not come to alice.
func (b *bundle) hides(alice, carol, bad *social.Account, post *social.Status) {
	t := b.T
	t.Helper()
	answer := b.receive(bad, "the owl again")
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, carol, post, "", "")
		return err
	})
	if b.homeSize(alice) != 0 {
		t.Error("a boost by a friend brings the post")
	}
	if b.homeSize(carol) == 0 {
		t.Error("somebody else's home is emptied")
	}
	b.Do(func(scope *pg.Scope) error {
		ctx := t.Context()
		if err := store.FollowTag(ctx, scope, alice.ID, "owl"); err != nil {
			return err
		}
		for name, list := range map[string]store.List{
			"public": store.PublicList(alice.ID, store.Anywhere, false, store.Page{}),
			"remote": store.PublicList(alice.ID, store.OnlyRemote, false, store.Page{}),
			"tag":    store.TagList(alice.ID, store.TagQuery{Any: []string{"owl"}}, store.Page{}),
			"boosts": store.AccountList(alice.ID, carol.ID, store.AccountQuery{}, store.Page{}),
		} {
			rows, err := store.ReadList(ctx, scope, list)
			if err != nil || len(rows) != 0 {
				t.Errorf("%s: %d posts, %v", name, len(rows), err)
			}
		}
		if err := notify.Tell(ctx, scope, b.Streams, notify.New(alice.ID, bad.ID, social.NotifyMention, answer.ID)); err != nil {
			return err
		}
		heard, err := store.Audience(ctx, scope, []store.Sight{{Viewer: alice.ID, StatusID: answer.ID}, {Viewer: carol.ID, StatusID: answer.ID}})
		if err != nil || len(heard) != 1 || heard[0].Viewer != carol.ID {
			t.Errorf("streams: %+v, %v", heard, err)
		}
		if err := store.IndexAccount(ctx, scope, bad); err != nil {
			return err
		}
		for viewer, want := range map[social.AccountID]int{alice.ID: 0, carol.ID: 1} {
			people, err := store.SearchAccounts(ctx, scope, viewer, store.AccountSearch{Text: bad.Username})
			if err != nil || len(people) != want {
				t.Errorf("search: %d people, %v", len(people), err)
			}
		}
		return nil
	})
	last := b.receive(bad, "with a tag that alice follows")
	if b.homeSize(alice) != 0 {
		t.Errorf("post %d comes home by its tag", last.ID)
	}
	if n := b.Count(`SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND account_id = @a AND from_id = @b`,
		pgx.NamedArgs{"a": alice.ID, "b": bad.ID}); n != 0 {
		t.Errorf("%d notifications", n)
	}
	if _, err := b.tryFollow(alice, bad, ""); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("following into a blocked domain: %v", err)
	}
	before := len(b.Events())
	f, err := b.tryFollow(bad, alice, "https://bad.test/new")
	if got := b.Events()[before:]; f != nil || err != nil || !cmp.Equal(got, []social.EventKind{social.EventFollowRejected}) {
		t.Errorf("a request from a blocked domain: %+v, %v, events %v", f, err, got)
	}
}

func TestDomainsThatNobodyCanBlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	for _, typed := range []string{"", "a.test", "A.TEST.", "nonsense", "x y.test", "bad.test/path", "-bad.test"} {
		err := b.Try(func(scope *pg.Scope) error {
			_, err := b.relate.BlockDomain(t.Context(), scope, b.Tenant, alice.ID, typed)
			return err
		})
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

// What one transaction does not end a job does, as long as the domain is blocked.
func TestManyFollowersOfADomain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	for i := range 5 {
		b.follow(b.Remote(fmt.Sprintf("f%d", i), "bad.test"), alice)
	}
	var block int64
	b.Do(func(scope *pg.Scope) (err error) {
		block, err = store.AddDomainBlock(t.Context(), scope, alice.ID, "bad.test")
		return err
	})
	work := func(block int64) {
		t.Helper()
		job := &river.Job[jobs.PartDomain]{Args: jobs.PartDomain{Scoped: jobs.Scoped{TenantID: b.Tenant.ID}, BlockID: block}}
		if err := (&relate.DomainParter{DB: b.DB, Batch: 2}).Work(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	work(block + 1)
	if got := b.counts(alice); got != [2]int{0, 5} {
		t.Errorf("after the job of a block that is gone: %v", got)
	}
	before := len(b.Events())
	work(block)
	if got := b.counts(alice); got != [2]int{} {
		t.Errorf("counts %v", got)
	}
	if n := len(b.Events()) - before; n != 5 {
		t.Errorf("%d of 5 followers heard of it", n)
	}
	if n := b.Count(`SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND account_id = @a`, pgx.NamedArgs{"a": alice.ID}); n != 0 {
		t.Errorf("%d notifications are left", n)
	}
}
