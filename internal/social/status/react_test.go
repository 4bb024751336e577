package status_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/socialtest"
)

// REL-21: fifty accounts like, boost and take back, all at once; the counters
// equal what is there and were never negative (the schema would have refused).
func TestCountersEqualTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	st := b.post(alice, status.Draft{Text: "like me"})
	var wg sync.WaitGroup
	for i := range 50 {
		actor := b.Remote(fmt.Sprintf("actor%d", i), "far.test")
		wg.Go(func() {
			for round := range 4 {
				err := b.Try(func(scope *pg.Scope) error {
					uri := fmt.Sprintf("https://far.test/%d/%d", i, round)
					if err := b.statuses.Favourite(t.Context(), scope, b.Tenant, actor, st, uri+"/like"); err != nil {
						return err
					}
					_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, actor, st, social.Public, uri+"/boost")
					return err
				})
				if err == nil && (i%2 == 0 || round < 3) {
					err = b.Try(func(scope *pg.Scope) error {
						if err := b.statuses.Unfavourite(t.Context(), scope, actor, st); err != nil {
							return err
						}
						return b.statuses.Unboost(t.Context(), scope, actor, st)
					})
				}
				if err != nil {
					t.Errorf("actor %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	got := b.reload(st)
	if got.FavouritesCount != 25 || got.BoostsCount != 25 {
		t.Errorf("counters say %d likes and %d boosts, want 25 each", got.FavouritesCount, got.BoostsCount)
	}
	if n := b.Count(`SELECT count(*) FROM favourites WHERE tenant_id = @tenant_id AND status_id = @id`, pgx.NamedArgs{"id": st.ID}); n != 25 {
		t.Errorf("%d likes are stored", n)
	}
	if n := len(b.told(alice)); n != 50 {
		t.Errorf("alice has %d notifications, want those of what still stands", n)
	}
}

// The same actor's like, sent many times at once, counts once.
func TestOneActorCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora := b.Local("alice"), b.Remote("dora", "far.test")
	st := b.post(alice, status.Draft{Text: "like me"})
	both := func(fn func(scope *pg.Scope) error) {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := b.Try(fn); err != nil {
					t.Errorf("react: %v", err)
				}
			})
		}
		wg.Wait()
	}
	both(func(scope *pg.Scope) error {
		if err := b.statuses.Favourite(t.Context(), scope, b.Tenant, dora, st, "https://far.test/like"); err != nil {
			return err
		}
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, dora, st, social.Public, "https://far.test/boost")
		return err
	})
	if got := b.reload(st); got.FavouritesCount != 1 || got.BoostsCount != 1 {
		t.Errorf("%d likes, %d boosts", got.FavouritesCount, got.BoostsCount)
	}
	both(func(scope *pg.Scope) error {
		if err := b.statuses.Unfavourite(t.Context(), scope, dora, st); err != nil {
			return err
		}
		return b.statuses.Unboost(t.Context(), scope, dora, st)
	})
	if got := b.reload(st); got.FavouritesCount != 0 || got.BoostsCount != 0 {
		t.Errorf("after taking back: %d likes, %d boosts", got.FavouritesCount, got.BoostsCount)
	}
}

// REL-18: an Undo that overtook its Like leaves nothing behind.
func TestUndoBeforeLike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora, mallory := b.Local("alice"), b.Remote("dora", "far.test"), b.Remote("mallory", "bad.test")
	st := b.post(alice, status.Draft{Text: "x"})
	b.Do(func(scope *pg.Scope) error {
		for uri, account := range map[string]social.AccountID{"https://far.test/l": dora.ID, "https://far.test/b": dora.ID, "https://far.test/ok": mallory.ID} {
			if err := store.AddTombstone(t.Context(), scope, uri, "Like", account); err != nil {
				return err
			}
		}
		return nil
	})
	b.Do(func(scope *pg.Scope) error {
		return b.statuses.Favourite(t.Context(), scope, b.Tenant, dora, st, "https://far.test/l")
	})
	if err := b.Try(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, dora, st, social.Public, "https://far.test/b")
		return err
	}); fault.CodeOf(err) != fault.Gone {
		t.Errorf("boost that was undone: %v", err)
	}
	if got := b.reload(st); got.FavouritesCount+got.BoostsCount != 0 {
		t.Errorf("counted %+v", got)
	}
	b.Do(func(scope *pg.Scope) error {
		return b.statuses.Favourite(t.Context(), scope, b.Tenant, dora, st, "https://far.test/ok")
	})
	if got := b.reload(st); got.FavouritesCount != 1 {
		t.Error("somebody else's Undo kept a like out")
	}
}

// A batch of the inbox can hold a boost or an answer together with its end: the counters
// must come out as if they had come one by one.
func TestComingAndGoingInOneTransactionCountsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora := b.Local("alice"), b.Remote("dora", "far.test")
	st := b.post(alice, status.Draft{Text: "x"})
	before := b.stats(dora).StatusesCount
	b.Do(func(scope *pg.Scope) error {
		boost, err := b.statuses.Boost(t.Context(), scope, b.Tenant, dora, st, social.Public, "https://far.test/boost")
		if err != nil {
			return err
		}
		return b.statuses.Delete(t.Context(), scope, boost)
	})
	b.Do(func(scope *pg.Scope) error {
		made, err := b.statuses.Create(t.Context(), scope, b.Tenant, alice, status.Draft{Text: "an answer", InReplyToID: st.ID})
		if err != nil {
			return err
		}
		return b.statuses.Delete(t.Context(), scope, made)
	})
	if got := b.reload(st); got.BoostsCount != 0 || got.RepliesCount != 0 {
		t.Errorf("%d boosts and %d answers are left", got.BoostsCount, got.RepliesCount)
	}
	if got := b.stats(dora).StatusesCount; got != before {
		t.Errorf("the booster has %d posts, had %d", got, before)
	}
}

func TestReactionsOfLocalPeopleFederate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, dora := b.Local("alice"), b.Local("bob"), b.Remote("dora", "far.test")
	far, _, err := b.receive(note(dora, 1))
	if err != nil {
		t.Fatal(err)
	}
	near := b.post(bob, status.Draft{Text: "near", Visibility: social.Direct})
	open := b.post(bob, status.Draft{Text: "open"})
	steps := []struct {
		name string
		do   func(scope *pg.Scope) error
		want []social.EventKind
	}{
		{"like here", func(s *pg.Scope) error { return b.statuses.Favourite(t.Context(), s, b.Tenant, alice, open, "") }, nil},
		{"like there", func(s *pg.Scope) error { return b.statuses.Favourite(t.Context(), s, b.Tenant, alice, far, "") }, []social.EventKind{social.EventFavourited}},
		{"like there again", func(s *pg.Scope) error { return b.statuses.Favourite(t.Context(), s, b.Tenant, alice, far, "") }, nil},
		{"unlike there", func(s *pg.Scope) error { return b.statuses.Unfavourite(t.Context(), s, alice, far) }, []social.EventKind{social.EventUnfavourited}},
		{"boost", func(s *pg.Scope) error {
			_, err := b.statuses.Boost(t.Context(), s, b.Tenant, alice, far, "", "")
			return err
		}, []social.EventKind{social.EventStatusCreated}},
		{"unboost", func(s *pg.Scope) error { return b.statuses.Unboost(t.Context(), s, alice, far) }, []social.EventKind{social.EventStatusDeleted}},
		{"pin", func(s *pg.Scope) error { return b.statuses.Pin(t.Context(), s, b.Tenant, bob, open) }, []social.EventKind{social.EventPinned}},
		{"pin again", func(s *pg.Scope) error { return b.statuses.Pin(t.Context(), s, b.Tenant, bob, open) }, nil},
		{"unpin", func(s *pg.Scope) error { return b.statuses.Unpin(t.Context(), s, bob, open) }, []social.EventKind{social.EventUnpinned}},
		{"delete a direct post that stayed here", func(s *pg.Scope) error { return b.statuses.Delete(t.Context(), s, near) }, nil},
		{"delete", func(s *pg.Scope) error { return b.statuses.Delete(t.Context(), s, open) }, []social.EventKind{social.EventStatusDeleted}},
	}
	for _, step := range steps {
		before := len(b.Events())
		b.Do(step.do)
		if got := b.Events()[before:]; !cmp.Equal(got, step.want) && len(got)+len(step.want) > 0 {
			t.Errorf("%s: events %v, want %v", step.name, got, step.want)
		}
	}
}

func TestPinLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	pin := func(actor *social.Account, st *social.Status) error {
		return b.Try(func(scope *pg.Scope) error { return b.statuses.Pin(t.Context(), scope, b.Tenant, actor, st) })
	}
	var last *social.Status
	for range status.MaxPins {
		last = b.post(alice, status.Draft{Text: "x"})
		if err := pin(alice, last); err != nil {
			t.Fatal(err)
		}
	}
	if err := pin(alice, last); err != nil {
		t.Errorf("pin of a pinned post: %v", err)
	}
	for name, err := range map[string]error{
		"one too many":    pin(alice, b.post(alice, status.Draft{Text: "x"})),
		"somebody else's": pin(bob, last),
		"direct":          pin(bob, b.post(bob, status.Draft{Text: "x", Visibility: social.Direct})),
	} {
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeleteUndoesItsTraces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, dora := b.Local("alice"), b.Local("bob"), b.Remote("dora", "far.test")
	b.follow(bob, alice)
	parent := b.post(bob, status.Draft{Text: "q"})
	st := b.post(alice, status.Draft{Text: "@bob @dora@far.test answer", InReplyToID: parent.ID})
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, bob, st, "", "")
		return err
	})
	b.Streams.Take()
	b.Do(func(scope *pg.Scope) error { return b.statuses.Delete(t.Context(), scope, st) })

	if got := b.reload(parent).RepliesCount; got != 0 {
		t.Errorf("parent has %d replies", got)
	}
	for _, a := range []*social.Account{alice, bob} {
		n := b.Count(`SELECT statuses_count FROM account_stats WHERE tenant_id = @tenant_id AND account_id = @id`, pgx.NamedArgs{"id": a.ID})
		if want := map[*social.Account]int{alice: 0, bob: 1}[a]; n != want {
			t.Errorf("%s has %d statuses, want %d", a.Username, n, want)
		}
	}
	if got := b.told(bob); len(got) != 0 {
		t.Errorf("notifications left: %v", got)
	}
	b.Do(func(scope *pg.Scope) error {
		if _, err := store.TombstoneByURI(t.Context(), scope, st.URI); err != nil {
			t.Errorf("tombstone: %v", err)
		}
		ids, err := pg.Values[int64](t.Context(), scope, `SELECT id FROM events WHERE tenant_id = @tenant_id ORDER BY id DESC LIMIT 1`, nil)
		if err != nil {
			return err
		}
		events, err := store.EventsByIDs(t.Context(), scope, ids)
		if err != nil {
			return err
		}
		if e := events[0]; e.Kind != social.EventStatusDeleted || e.ObjectURI != st.URI || !cmp.Equal(e.RecipientIDs, []social.AccountID{dora.ID}) {
			t.Errorf("event is %+v", e)
		}
		return nil
	})
	deleted := map[social.StatusID]bool{}
	for _, e := range b.Streams.Take() {
		deleted[e.StatusID] = true
	}
	if len(deleted) != 2 || !deleted[st.ID] {
		t.Errorf("streams heard of %v", deleted)
	}
}

func TestEditKeepsTheOldVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, carol := b.Local("alice"), b.Local("bob"), b.Local("carol")
	st := b.post(alice, status.Draft{Text: "frist #typo"})
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, bob, st, "", "")
		return err
	})
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Edit(t.Context(), scope, b.Tenant, alice, st, status.Draft{Text: "first @carol #fine"})
		return err
	})
	got := b.reload(st)
	if got.Source != "first @carol #fine" || got.EditedAt == nil || !cmp.Equal(got.Tags, []string{"fine"}) {
		t.Errorf("edited: %+v", got)
	}
	if told := b.told(carol); !cmp.Equal(told, []social.NotificationType{social.NotifyMention}) {
		t.Errorf("carol was told %v", told)
	}
	if told := b.told(bob); !cmp.Equal(told, []social.NotificationType{social.NotifyUpdate}) {
		t.Errorf("bob was told %v", told)
	}
	if n := b.Count(`SELECT count(*) FROM status_tags WHERE tenant_id = @tenant_id AND tag = 'typo'`, nil); n != 0 {
		t.Error("the old tag is left")
	}
	if err := b.Try(func(scope *pg.Scope) error {
		_, err := b.statuses.Edit(t.Context(), scope, b.Tenant, bob, st, status.Draft{Text: "mine"})
		return err
	}); !fault.IsNotFound(err) {
		t.Errorf("edit by another: %v", err)
	}
}

// Two people edit at once: both read the post before either writes.
func TestEditsAtOnceKeepEachVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	asBothReadIt := b.post(alice, status.Draft{Text: "one"})
	for _, text := range []string{"two", "three"} {
		b.Do(func(scope *pg.Scope) error {
			_, err := b.statuses.Edit(t.Context(), scope, b.Tenant, alice, asBothReadIt, status.Draft{Text: text})
			return err
		})
	}
	b.Do(func(scope *pg.Scope) error {
		versions, err := store.StatusEdits(t.Context(), scope, asBothReadIt.ID, 10)
		var kept []string
		for _, v := range versions {
			kept = append(kept, v.Source)
		}
		if !cmp.Equal(kept, []string{"one", "two"}) {
			t.Errorf("earlier versions: %q", kept)
		}
		return err
	})
}

// A batch that adds posts locks counters of posts before those of accounts. While it
// holds the first kind, somebody who takes a boost back must not hold the second.
func TestUnboostLocksInTheOrderOfBatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora := b.Local("alice"), b.Remote("dora", "far.test")
	st := b.post(alice, status.Draft{Text: "boost me"})
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, dora, st, social.Public, "https://far.test/boost")
		return err
	})
	unboosted := make(chan error, 1)
	b.Do(func(scope *pg.Scope) error {
		_, err := pg.Value[int64](t.Context(), scope, `SELECT status_id FROM status_stats WHERE tenant_id = @tenant_id AND status_id = @id FOR UPDATE`,
			pgx.NamedArgs{"id": st.ID})
		if err != nil {
			return err
		}
		go func() {
			unboosted <- b.Try(func(scope *pg.Scope) error { return b.statuses.Unboost(t.Context(), scope, dora, st) })
		}()
		b.UntilBlocked(10 * time.Second)
		_, err = pg.Value[int64](t.Context(), scope, `SELECT account_id FROM account_stats WHERE tenant_id = @tenant_id AND account_id = @id FOR UPDATE NOWAIT`,
			pgx.NamedArgs{"id": dora.ID})
		return err
	})
	if err := <-unboosted; err != nil {
		t.Error(err)
	}
}

func TestMutedConversationsAreSilent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	st := b.post(alice, status.Draft{Text: "noisy"})
	b.Do(func(scope *pg.Scope) error { return b.statuses.MuteConversation(t.Context(), scope, alice, st) })
	b.post(bob, status.Draft{Text: "@alice hey", InReplyToID: st.ID})
	b.Do(func(scope *pg.Scope) error { return b.statuses.Favourite(t.Context(), scope, b.Tenant, bob, st, "") })
	if got := b.told(alice); len(got) != 0 {
		t.Errorf("told %v in a muted thread", got)
	}
	b.Do(func(scope *pg.Scope) error { return b.statuses.UnmuteConversation(t.Context(), scope, alice, st) })
	b.post(bob, status.Draft{Text: "@alice hey again", InReplyToID: st.ID})
	if got := b.told(alice); len(got) != 1 {
		t.Errorf("told %v after unmuting", got)
	}
}

func TestABoostIsNeverWiderThanAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	for asked, want := range map[social.Visibility]social.Visibility{
		"": social.Public, social.Unlisted: social.Unlisted, social.Followers: social.Followers, social.Direct: social.Followers,
	} {
		st := b.post(alice, status.Draft{Text: "boost me " + string(asked)})
		var boost *social.Status
		b.Do(func(scope *pg.Scope) (err error) {
			boost, err = b.statuses.Boost(t.Context(), scope, b.Tenant, bob, st, asked, "")
			return err
		})
		if boost.Visibility != want {
			t.Errorf("asked for %q: boosted as %q, want %q", asked, boost.Visibility, want)
		}
	}
}

// A boost that finds the place taken each time, and nobody there, ends with an answer.
func TestABoostGivesUp(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), `
CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER taken BEFORE INSERT ON statuses FOR EACH ROW WHEN (NEW.boost_of_id IS NOT NULL) EXECUTE FUNCTION taken()`)
	if err != nil {
		t.Fatal(err)
	}
	w := socialtest.On(t, db.PG)
	b := &bundle{World: w, statuses: status.New(status.Options{Streams: w.Streams})}
	alice, bob := b.Local("alice"), b.Local("bob")
	st := b.post(alice, status.Draft{Text: "x"})
	err = b.Try(func(scope *pg.Scope) error {
		_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, bob, st, social.Public, "")
		return err
	})
	if fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("answered %v, want that it could not be done now", err)
	}
}

// stats reads an account with its counters anew.
func (b *bundle) stats(a *social.Account) *social.Account {
	b.T.Helper()
	var out *social.Account
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = store.AccountByID(b.T.Context(), scope, a.ID)
		return err
	})
	return out
}
