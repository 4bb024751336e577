package upkeep_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/upkeep"
)

// remove works the job that removes an account, a few rows at a time.
func (w *world) remove(ctx context.Context, a *social.Account, r upkeep.Remover) error {
	r.DB, r.Log, r.Batch = w.DB, slog.New(slog.DiscardHandler), 5
	args := jobs.RemoveAccount{AccountID: int64(a.ID)}
	args.TenantID = w.Tenant.ID
	return r.Work(ctx, &river.Job[jobs.RemoveAccount]{JobRow: &rivertype.JobRow{}, Args: args})
}

func (w *world) removeRemote(a *social.Account) {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error {
		_, err := store.RemoveRemoteAccount(w.T.Context(), s, a)
		return err
	})
}

// busy gives an account a life among others: everything that has a counter elsewhere.
// It returns a post of bob's, to which all of it was done.
func (w *world) busy(a, bob *social.Account) *social.Status {
	w.T.Helper()
	theirs := w.post(bob)
	own := w.post(a)
	for range 12 {
		w.post(a)
		w.post(a, answerTo(theirs))
		follower, followed := w.Remote("f"+ids.Format(ids.New()), "x.test"), w.Remote("g"+ids.Format(ids.New()), "x.test")
		w.follow(follower, a)
		w.follow(a, followed)
		w.favourite(follower, own)
		w.post(follower, boostOf(own))
	}
	w.post(a, boostOf(theirs))
	w.favourite(a, theirs)
	w.follow(a, bob)
	w.follow(bob, a)
	w.post(bob, boostOf(own))
	w.post(bob, answerTo(own))
	w.exec(`INSERT INTO notifications (tenant_id, id, account_id, from_id, type) VALUES (@tenant_id, 1, @bob, @id, 'follow'), (@tenant_id, 2, @id, @bob, 'follow')`,
		pgx.NamedArgs{"bob": bob.ID, "id": a.ID})
	w.exec(`INSERT INTO search_texts (tenant_id, kind, ref_id, name) VALUES (@tenant_id, 'account', @id, 'x'), (@tenant_id, 'status', @post, '')`,
		pgx.NamedArgs{"id": a.ID, "post": own.ID})
	return theirs
}

// wantNothingLeft checks what others keep and what is gone when an account went.
func (w *world) wantNothingLeft(a, bob *social.Account, theirs *social.Status) {
	w.T.Helper()
	id := pgx.NamedArgs{"id": a.ID}
	for table, column := range map[string]string{
		"statuses": "account_id", "favourites": "account_id", "notifications": "from_id", "media": "account_id", "timeline_entries": "owner_id",
	} {
		w.wants(table, 0, `SELECT count(*) FROM `+table+` WHERE tenant_id = @tenant_id AND `+column+` = @id`, id)
	}
	w.wants("follows", 0, `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id`, nil)
	w.wants("search texts", 0, `SELECT count(*) FROM search_texts WHERE tenant_id = @tenant_id`, nil)
	w.wants("counted follows", 0, `SELECT sum(followers_count + following_count)::int FROM account_stats WHERE tenant_id = @tenant_id AND account_id <> @id`, id)
	w.Do(func(s *pg.Scope) error {
		st, err := store.StatusByID(w.T.Context(), s, theirs.ID)
		if err != nil {
			return err
		}
		if st.RepliesCount != 0 || st.BoostsCount != 0 || st.FavouritesCount != 0 {
			w.T.Errorf("bob's post has %d answers, %d boosts, %d favourites", st.RepliesCount, st.BoostsCount, st.FavouritesCount)
		}
		b, err := store.AccountByID(w.T.Context(), s, bob.ID)
		if err == nil && b.StatusesCount != 2 {
			w.T.Errorf("bob has %d posts, want the first one and the answer", b.StatusesCount)
		}
		return err
	})
}

func TestALocalAccountGoesInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.Local("bob")
	theirs := w.busy(w.alice, bob)
	w.exec(`INSERT INTO timeline_entries (tenant_id, owner_id, status_id) SELECT @tenant_id, @bob, id FROM statuses WHERE tenant_id = @tenant_id AND account_id = @id`,
		pgx.NamedArgs{"bob": bob.ID, "id": w.alice.ID})
	w.Do(func(s *pg.Scope) error {
		_, err := account.Delete(t.Context(), s, w.Tenant, w.alice.ID)
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	if err := w.remove(ctx, w.alice, upkeep.Remover{Streams: &interrupter{cancel: cancel}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the removal was not interrupted: %v", err)
	}
	if n := w.Count(`SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id`, nil); n == 0 || n == 26 {
		t.Errorf("%d entries are left after an interruption: nothing was done, or everything at once", n)
	}
	if err := w.remove(t.Context(), w.alice, upkeep.Remover{Streams: w.Streams}); err != nil {
		t.Fatal(err)
	}
	if len(w.Streams.Take()) == 0 {
		t.Error("open streams did not hear of posts that went")
	}
	w.wantNothingLeft(w.alice, bob, theirs)
	w.wants("tombstones of posts", 26, `SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id AND account_id = @id AND former_type <> 'Person'`, pgx.NamedArgs{"id": w.alice.ID})
	rows := `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND id = @id`
	w.wants("rows before the farewell is delivered", 1, rows, pgx.NamedArgs{"id": w.alice.ID})

	// A week later nothing is signed with its keys any more.
	w.round(upkeep.Mode{})
	w.wants("jobs", 1, `SELECT count(*) FROM river.river_job WHERE kind = 'remove_account' AND @tenant_id::bigint > 0`, nil)
	w.exec(`UPDATE accounts SET deleted_at = now() - interval '8 days' WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.alice.ID})
	w.exec(`DELETE FROM river.river_job WHERE kind = 'remove_account' AND @tenant_id::bigint > 0`, nil)
	w.round(upkeep.Mode{})
	w.wants("jobs", 1, `SELECT count(*) FROM river.river_job WHERE kind = 'remove_account' AND @tenant_id::bigint > 0`, nil)
	for range 2 { // safe to run twice
		if err := w.remove(t.Context(), w.alice, upkeep.Remover{}); err != nil {
			t.Fatal(err)
		}
	}
	w.wants("rows in the end", 0, rows, pgx.NamedArgs{"id": w.alice.ID})
}

// What its own server says is gone goes too: at once where it is little, else by a job.
func TestARemoteAccountGoesInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.Local("bob")
	theirs := w.busy(w.dora, bob)
	for range 250 { // more than goes at once
		w.post(w.dora)
	}
	w.removeRemote(w.dora)
	w.Do(func(s *pg.Scope) error {
		if _, err := store.AccountByURI(t.Context(), s, w.dora.URI); !fault.IsNotFound(err) {
			t.Errorf("the account is still found: %v", err)
		}
		again := *w.dora
		again.ID = social.AccountID(ids.New())
		if err := store.UpsertRemoteAccount(t.Context(), s, &again); !fault.IsNotFound(err) {
			t.Errorf("it came back while it went: %v", err)
		}
		_, err := store.TombstoneByURI(t.Context(), s, w.dora.URI)
		return err
	})
	w.wants("jobs", 1, `SELECT count(*) FROM river.river_job WHERE kind = 'remove_account' AND @tenant_id::bigint > 0`, nil)
	if err := w.remove(t.Context(), w.dora, upkeep.Remover{}); err != nil {
		t.Fatal(err)
	}
	w.wantNothingLeft(w.dora, bob, theirs)
	w.wants("rows", 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.dora.ID})
}

// Streams that everybody hears show posts to people in whose home they never stood.
func TestPublicStreamsHearThatAnAccountWent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := func(s *social.Status) {
		s.CreatedAt = time.Now()
		s.ID = social.StatusID(ids.New())
		s.ConversationID = s.ID
	}
	tagged := func(s *social.Status) { s.Tags = []string{"Bikes"} }
	shown := w.post(w.alice, now, tagged)
	thread := w.post(w.alice, now, answerTo(shown))
	answer := w.post(w.alice, now, tagged, answerTo(w.post(w.dora)))
	w.post(w.alice, now, func(s *social.Status) { s.Visibility = social.Unlisted })
	w.post(w.alice, now, boostOf(shown))
	w.post(w.alice) // a hundred days ago: on nobody's screen
	w.Do(func(s *pg.Scope) error {
		_, err := account.Delete(t.Context(), s, w.Tenant, w.alice.ID)
		return err
	})
	if err := w.remove(t.Context(), w.alice, upkeep.Remover{Streams: w.Streams}); err != nil {
		t.Fatal(err)
	}
	gone := func(st *social.Status, public bool, tags ...string) stream.Event {
		return stream.Event{Tenant: w.Tenant.ID, Kind: stream.Delete, StatusID: st.ID, Public: public, Local: true, Tags: tags}
	}
	want := []stream.Event{gone(answer, false, "bikes"), gone(thread, true), gone(shown, true, "bikes")}
	if diff := cmp.Diff(want, w.Streams.Take()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Two tenants know an account of the same name: the other one keeps its own.
func TestRemovalStaysInsideTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := &world{World: w.Other()}
	theirs := other.Remote("dora", "far.test")
	other.post(theirs)
	w.removeRemote(w.dora)
	if err := other.remove(t.Context(), w.dora, upkeep.Remover{}); err != nil {
		t.Fatal(err)
	}
	other.wants("accounts", 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id`, nil)
	other.wants("posts", 1, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
}
