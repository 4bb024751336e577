package status_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
)

func note(author *social.Account, n int, change ...func(*status.Incoming)) status.Incoming {
	uri := fmt.Sprintf("https://%s/notes/%d", author.Domain, n)
	in := status.Incoming{
		Author: author, URI: uri, URL: uri, Body: fmt.Sprintf("<p>note %d</p>", n), Visibility: social.Public,
		Published: time.Now().Add(-time.Hour).Truncate(time.Second),
	}
	for _, c := range change {
		c(&in)
	}
	return in
}

func answering(uri string) func(*status.Incoming) {
	return func(in *status.Incoming) { in.InReplyToURI = uri }
}

// REL-20: the same Create ten times at once has the effect of one.
func TestReceiveOnceInParallel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, dora := b.Local("alice"), b.Remote("dora", "far.test")
	b.follow(alice, dora)
	b.Do(func(scope *pg.Scope) error { return b.relate.ConfirmFollow(t.Context(), scope, dora, alice.URI) })
	parent := b.post(alice, status.Draft{Text: "ask me"})
	in := note(dora, 1, answering(parent.URI), func(in *status.Incoming) { in.MentionAccountIDs = []social.AccountID{alice.ID} })
	var wg sync.WaitGroup
	var mu sync.Mutex
	news := 0
	for range 10 {
		wg.Go(func() {
			st, created, err := b.receive(in)
			if err != nil || st == nil {
				t.Errorf("receive: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if created {
				news++
			}
		})
	}
	wg.Wait()
	if news != 1 {
		t.Errorf("created %d times", news)
	}
	if n := b.Count(`SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": in.URI}); n != 1 {
		t.Errorf("%d rows", n)
	}
	if got := b.told(alice); !cmp.Equal(got, []social.NotificationType{social.NotifyMention}) {
		t.Errorf("alice was told %v", got)
	}
	if got := b.reload(parent).RepliesCount; got != 1 {
		t.Errorf("replies: %d", got)
	}
	if n := b.Count(`SELECT statuses_count FROM account_stats WHERE tenant_id = @tenant_id AND account_id = @id`, pgx.NamedArgs{"id": dora.ID}); n != 1 {
		t.Errorf("author's statuses: %d", n)
	}
	if got := b.home(alice); len(got) != 2 {
		t.Errorf("home of the asker, whom the answer is to: %v", got)
	}
}

// REL-18, second half: what its author deleted does not come again, whether the
// Delete came before or after.
func TestDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dora, mallory := b.Remote("dora", "far.test"), b.Remote("mallory", "bad.test")
	st, _, err := b.receive(note(dora, 1))
	if err != nil {
		t.Fatal(err)
	}
	b.Do(func(scope *pg.Scope) error { return b.statuses.Delete(t.Context(), scope, st) })
	if _, _, err := b.receive(note(dora, 1)); fault.CodeOf(err) != fault.Gone {
		t.Errorf("create after delete: %v", err)
	}
	b.Do(func(scope *pg.Scope) error {
		if err := store.AddTombstone(t.Context(), scope, note(dora, 2).URI, "Note", dora.ID); err != nil {
			return err
		}
		return store.AddTombstone(t.Context(), scope, note(dora, 3).URI, "Note", mallory.ID)
	})
	if _, _, err := b.receive(note(dora, 2)); fault.CodeOf(err) != fault.Gone {
		t.Errorf("delete before create: %v", err)
	}
	if _, created, err := b.receive(note(dora, 3)); err != nil || !created {
		t.Errorf("somebody else's Delete kept a post out: %v", err)
	}
	if len(b.Events()) != 0 {
		t.Errorf("events of remote posts: %v", b.Events())
	}
}

func TestThreadsAreLinkedInAnyOrder(t *testing.T) {
	t.Parallel()
	uri := func(n int) string { return fmt.Sprintf("https://far.test/notes/%d", n) }
	for name, order := range map[string][][]int{
		"one by one":      {{1}, {2}, {3}, {4}},
		"backwards":       {{4}, {3}, {2}, {1}},
		"middle last":     {{4}, {1}, {3}, {2}},
		"together":        {{1, 2, 3, 4}},
		"together, mixed": {{3, 1, 4, 2}},
		"two halves":      {{4, 1}, {2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			dora := b.Remote("dora", "far.test")
			all := map[int]status.Incoming{
				1: note(dora, 1), 2: note(dora, 2, answering(uri(1))), 3: note(dora, 3, answering(uri(2))), 4: note(dora, 4, answering(uri(3))),
			}
			for _, group := range order {
				var list []status.Incoming
				for _, n := range group {
					list = append(list, all[n])
				}
				b.Do(func(scope *pg.Scope) error {
					_, err := b.statuses.ReceiveMany(t.Context(), scope, list)
					return err
				})
			}
			b.Do(func(scope *pg.Scope) error {
				got, err := store.StatusesByURIs(t.Context(), scope, []string{uri(1), uri(2), uri(3), uri(4)})
				if err != nil {
					return err
				}
				for n := 2; n <= 4; n++ {
					child, parent := got[uri(n)], got[uri(n-1)]
					if child.InReplyToID != parent.ID || child.ConversationID != got[uri(1)].ID || parent.RepliesCount != 1 {
						t.Errorf("post %d: parent %d (want %d), conversation %d (want %d), parent's replies %d", n,
							child.InReplyToID, parent.ID, child.ConversationID, got[uri(1)].ID, parent.RepliesCount)
					}
				}
				thread, err := status.Context(t.Context(), scope, 0, got[uri(2)])
				if err != nil {
					return err
				}
				if len(thread.Ancestors) != 1 || len(thread.Descendants) != 2 || thread.Descendants[0].URI != uri(3) {
					t.Errorf("context has %d above, %d below", len(thread.Ancestors), len(thread.Descendants))
				}
				return nil
			})
		})
	}
}

// Two servers can claim that their posts answer each other.
func TestCirclesAreNotLinked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dora := b.Remote("dora", "far.test")
	one, two := note(dora, 1, answering("https://far.test/notes/2")), note(dora, 2, answering("https://far.test/notes/1"))
	three := note(dora, 3, answering("https://far.test/notes/3"))
	for _, in := range []status.Incoming{one, two, three} {
		st, _, err := b.receive(in)
		if err != nil {
			t.Fatal(err)
		}
		b.Do(func(scope *pg.Scope) error {
			thread, err := status.Context(t.Context(), scope, dora.ID, st)
			if err == nil && len(thread.Ancestors)+len(thread.Descendants) > 1 {
				t.Errorf("context of %s: %+v", st.URI, thread)
			}
			return err
		})
	}
}

// A circle in the rows themselves must not hang a reader.
func TestContextEndsInACircle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	one := b.post(alice, status.Draft{Text: "1"})
	two := b.post(alice, status.Draft{Text: "2", InReplyToID: one.ID})
	b.Do(func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE statuses SET in_reply_to_id = @two WHERE tenant_id = @tenant_id AND id = @one`,
			pgx.NamedArgs{"one": one.ID, "two": two.ID})
		if err != nil {
			return err
		}
		thread, err := status.Context(t.Context(), scope, alice.ID, one)
		if err == nil && (len(thread.Ancestors) != 1 || len(thread.Descendants) != 1) {
			t.Errorf("context: %d above, %d below", len(thread.Ancestors), len(thread.Descendants))
		}
		return err
	})
}

// OWN-13: people who cannot see a post have no effect on it.
func TestHiddenPostsIgnoreStrangers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, stranger := b.Local("alice"), b.Remote("stranger", "far.test")
	for _, v := range []social.Visibility{social.Followers, social.Direct} {
		st := b.post(alice, status.Draft{Text: "hidden", Visibility: v})
		_, _, err := b.receive(note(stranger, 1, answering(st.URI), func(in *status.Incoming) {
			in.MentionAccountIDs = []social.AccountID{alice.ID}
		}))
		if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("answer to a %s post: %v", v, err)
		}
		if err := b.Try(func(scope *pg.Scope) error {
			return b.statuses.Favourite(t.Context(), scope, b.Tenant, stranger, st, "https://far.test/like")
		}); !fault.IsNotFound(err) {
			t.Errorf("like of a %s post: %v", v, err)
		}
		if err := b.Try(func(scope *pg.Scope) error {
			_, err := b.statuses.Boost(t.Context(), scope, b.Tenant, stranger, st, social.Public, "https://far.test/boost")
			return err
		}); !fault.IsNotFound(err) {
			t.Errorf("boost of a %s post: %v", v, err)
		}
		if got := b.reload(st); got.RepliesCount+got.FavouritesCount+got.BoostsCount != 0 {
			t.Errorf("counters of a %s post: %+v", v, got)
		}
	}
	if got := b.told(alice); len(got) != 0 {
		t.Errorf("alice was told %v", got)
	}
}

// Busy servers publish many posts in one second: none may be lost to an id that is taken.
func TestManyPostsOfOneSecond(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dora := b.Remote("dora", "far.test")
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	list := make([]status.Incoming, 256)
	for i := range list {
		list[i] = note(dora, i, func(in *status.Incoming) { in.Published = at })
	}
	b.Do(func(scope *pg.Scope) error {
		out, err := b.statuses.ReceiveMany(t.Context(), scope, list)
		for _, r := range out {
			if !r.Created || r.Status.CreatedAt != at.UTC() || ids.Time(int64(r.Status.ID)).Truncate(time.Second) != at.UTC() {
				t.Errorf("received %+v", r.Status)
			}
		}
		return err
	})
	if n := b.Count(`SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil); n != len(list) {
		t.Errorf("%d posts stored", n)
	}
}

func TestReceiveEditByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dora, namesake := b.Remote("dora", "far.test"), b.Remote("namesake", "far.test")
	st, _, err := b.receive(note(dora, 1))
	if err != nil {
		t.Fatal(err)
	}
	when := time.Now().Truncate(time.Millisecond).UTC()
	edit := note(dora, 1, func(in *status.Incoming) { in.Body, in.Edited, in.Tags = "<p>new</p>", &when, []string{"New"} })
	stolen := edit
	stolen.Author = namesake
	if err := b.Try(func(scope *pg.Scope) error {
		_, err := b.statuses.ReceiveEdit(t.Context(), scope, st, stolen)
		return err
	}); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("edit by another account of the same host: %v", err)
	}
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.ReceiveEdit(t.Context(), scope, st, edit)
		return err
	})
	got := b.reload(st)
	if got.Body != "<p>new</p>" || got.EditedAt == nil || !cmp.Equal(got.Tags, []string{"New"}) {
		t.Errorf("edited: %+v", got)
	}
	older := when.Add(-time.Hour)
	edit.Body, edit.Edited = "<p>old</p>", &older
	b.Do(func(scope *pg.Scope) error {
		// st is how the post was read before the newer edit came
		_, err := b.statuses.ReceiveEdit(t.Context(), scope, st, edit)
		if err != nil {
			return err
		}
		versions, err := store.StatusEdits(t.Context(), scope, st.ID, 10)
		if len(versions) != 1 || versions[0].Body != st.Body {
			t.Errorf("versions: %v", versions)
		}
		return err
	})
	if b.reload(st).Body != "<p>new</p>" {
		t.Error("an older edit replaced a newer one")
	}
}

func BenchmarkReceiveMany(b *testing.B) {
	w := setup(b)
	alice := w.Local("alice")
	authors := make([]*social.Account, 64)
	for i := range authors {
		authors[i] = w.Remote(fmt.Sprintf("author%d", i), "far.test")
		if i%4 == 0 {
			w.follow(alice, authors[i])
			w.Do(func(scope *pg.Scope) error { return w.relate.ConfirmFollow(b.Context(), scope, authors[i], alice.URI) })
		}
	}
	n := 0
	for b.Loop() {
		list := make([]status.Incoming, 256)
		for i := range list {
			n++
			list[i] = note(authors[n%len(authors)], n, func(in *status.Incoming) {
				in.Tags = []string{"bench"}
				if n%8 == 0 {
					in.MentionAccountIDs = []social.AccountID{alice.ID}
				}
			})
		}
		w.Do(func(scope *pg.Scope) error {
			_, err := w.statuses.ReceiveMany(b.Context(), scope, list)
			return err
		})
	}
	b.ReportMetric(float64(b.N*256)/b.Elapsed().Seconds(), "notes/s")
}
