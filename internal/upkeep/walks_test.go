package upkeep_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/upkeep"
)

// Each reason alone keeps an old post of another server; without one it goes.
func TestWhichRemotePostsGo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reason func(w *world, st *social.Status)
		goes   bool
	}{
		"nobody has to do with it": {func(*world, *social.Status) {}, true},
		"a stranger likes it":      {func(w *world, st *social.Status) { w.favourite(w.dora, st) }, true},
		"a stranger repeats it":    {func(w *world, st *social.Status) { w.post(w.dora, boostOf(st)) }, true},
		"a stranger answers it":    {func(w *world, st *social.Status) { w.post(w.dora, answerTo(st)) }, true},
		"it has media, tags and an edit": {func(w *world, st *social.Status) {
			w.exec(`WITH m AS (INSERT INTO media (tenant_id, id, account_id, status_id, kind, remote_url) VALUES (@tenant_id, 1, @author, @id, 'image', 'https://far.test/i')),
				t AS (INSERT INTO status_tags (tenant_id, tag, status_id) VALUES (@tenant_id, 'owl', @id)),
				x AS (INSERT INTO search_texts (tenant_id, kind, ref_id) VALUES (@tenant_id, 'status', @id))
				INSERT INTO status_edits (tenant_id, id, status_id, body, created_at) VALUES (@tenant_id, 1, @id, 'x', now())`,
				pgx.NamedArgs{"id": st.ID, "author": st.AccountID})
		}, true},
		"its author is followed":  {func(w *world, _ *social.Status) { w.follow(w.alice, w.dora) }, false},
		"liked here":              {func(w *world, st *social.Status) { w.favourite(w.alice, st) }, false},
		"somebody here is named":  {func(w *world, st *social.Status) { w.mention(st, w.alice) }, false},
		"somebody there is named": {func(w *world, st *social.Status) { w.mention(st, w.dora) }, true},
		"repeated here":           {func(w *world, st *social.Status) { w.post(w.alice, boostOf(st)) }, false},
		"answered here":           {func(w *world, st *social.Status) { w.post(w.alice, answerTo(st)) }, false},
		"in a thread with us": {func(w *world, st *social.Status) {
			w.post(w.alice, func(s *social.Status) { s.ConversationID = st.ConversationID })
		}, false},
		"somebody here was told of": {func(w *world, st *social.Status) { w.tell(st) }, false},
		"kept here": {func(w *world, st *social.Status) {
			w.Do(func(s *pg.Scope) error { return store.AddBookmark(w.T.Context(), s, w.alice.ID, st.ID) })
		}, false},
		"repeated by somebody who is followed": {func(w *world, st *social.Status) {
			fred := w.Remote("fred", "near.test")
			w.follow(w.alice, fred)
			w.post(fred, boostOf(st))
		}, false},
		"young": {func(w *world, st *social.Status) {
			w.exec(`UPDATE statuses SET id = @young WHERE tenant_id = @tenant_id AND id = @id`,
				pgx.NamedArgs{"id": st.ID, "young": ids.New()})
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			st := w.post(w.dora)
			tt.reason(w, st)
			before := w.round(upkeep.Mode{Dry: true})
			after := w.round(upkeep.Mode{})
			want := 1
			if tt.goes {
				want = 0
			}
			w.wants("posts", want, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": st.URI})
			if before["remote posts"] == 0 == tt.goes {
				t.Errorf("the dry run says that %d posts go", before["remote posts"])
			}
			if tt.goes && after["remote posts"] == 0 {
				t.Error("the round does not say that the post went")
			}
			w.wants("search texts", 0, `SELECT count(*) FROM search_texts WHERE tenant_id = @tenant_id AND kind = 'status'`, nil)
			w.wants("tombstones", 0, `SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id`, nil) // it may come again
		})
	}
}

// What goes is taken off the counters of what stays; a boost of ours stays.
func TestCountersOfWhatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ours := w.post(w.alice)
	kept := w.post(w.dora)
	w.favourite(w.alice, kept)
	w.post(w.dora, boostOf(ours))
	w.post(w.dora, answerTo(ours))
	w.post(w.dora, boostOf(kept))
	w.post(w.dora, answerTo(kept))
	w.round(upkeep.Mode{})
	w.Do(func(s *pg.Scope) error {
		for want, st := range map[[2]int]*social.Status{{1, 1}: ours, {0, 0}: kept} {
			got, err := store.StatusByID(t.Context(), s, st.ID)
			if err != nil {
				return err
			}
			if want != [2]int{got.BoostsCount, got.RepliesCount} {
				t.Errorf("%s has %d boosts and %d answers, want %v", st.URI, got.BoostsCount, got.RepliesCount, want)
			}
		}
		dora, err := store.AccountByID(t.Context(), s, w.dora.ID)
		if err == nil && dora.StatusesCount != 3 {
			t.Errorf("dora has %d posts, want the one we like, the boost and the answer to ours", dora.StatusesCount)
		}
		return err
	})
}

func TestWhichRemoteAccountsGo(t *testing.T) {
	t.Parallel()
	relation := func(table, columns, values string) func(*world) {
		return func(w *world) {
			w.exec(`INSERT INTO `+table+` (tenant_id, `+columns+`) SELECT @tenant_id, `+values+` WHERE @a::bigint <> @d::bigint`, pgx.NamedArgs{"a": w.alice.ID, "d": w.dora.ID})
		}
	}
	tests := map[string]struct {
		reason func(w *world)
		goes   bool
	}{
		"nothing is known of it":     {func(*world) {}, true},
		"its post is forgotten":      {func(w *world) { w.post(w.dora) }, true},
		"its post stays":             {func(w *world) { w.favourite(w.alice, w.post(w.dora)) }, false},
		"followed":                   {func(w *world) { w.follow(w.alice, w.dora) }, false},
		"follows":                    {func(w *world) { w.follow(w.dora, w.alice) }, false},
		"blocked":                    {relation("blocks", "id, account_id, target_id", "1, @a, @d"), false},
		"blocks":                     {relation("blocks", "id, account_id, target_id", "1, @d, @a"), false},
		"muted":                      {relation("mutes", "id, account_id, target_id", "1, @a, @d"), false},
		"has a note":                 {relation("account_notes", "account_id, target_id, note", "@a, @d, 'x'"), false},
		"did what somebody is told":  {relation("notifications", "id, account_id, from_id, type", "1, @a, @d, 'follow'"), false},
		"likes a post":               {func(w *world) { w.favourite(w.dora, w.post(w.alice)) }, false},
		"is named in a post of ours": {func(w *world) { w.mention(w.post(w.alice), w.dora) }, false},
		"a moderator has judged it": {func(w *world) {
			w.exec(`UPDATE accounts SET silenced_at = now() WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.dora.ID})
		}, false},
		"heard of lately": {func(w *world) {
			w.exec(`UPDATE accounts SET updated_at = now() WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.dora.ID})
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(`UPDATE accounts SET updated_at = now() - interval '100 days', fetched_at = now() - interval '100 days' WHERE tenant_id = @tenant_id`, nil)
			tt.reason(w)
			w.round(upkeep.Mode{})
			want := 1
			if tt.goes {
				want = 0
			}
			w.wants("accounts", want, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.dora.ID})
			w.wants("own accounts", 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.alice.ID})
		})
	}
}

// What stays is old too: it stays for its own reason.
func TestOtherWalks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := pgx.NamedArgs{"a": w.alice.ID, "d": w.dora.ID}
	w.exec(`INSERT INTO notifications (tenant_id, id, account_id, from_id, type, created_at) VALUES
		(@tenant_id, 1, @a, @d, 'follow', now() - interval '181 days'), (@tenant_id, 2, @a, @d, 'follow_request', now() - interval '181 days'),
		(@tenant_id, 3, @a, @d, 'mention', now() - interval '179 days')`, gone)
	w.exec(`INSERT INTO follows (tenant_id, id, account_id, target_id, state) VALUES (@tenant_id, 1, @d, @a, 'pending')`, gone)
	w.exec(`INSERT INTO tombstones (tenant_id, uri, created_at) VALUES (@tenant_id, 'https://a.test/ap/objects/9', now() - interval '1 year'),
		(@tenant_id, 'https://far.test/1', now() - interval '31 days'), (@tenant_id, 'https://far.test/2', now() - interval '29 days')`, nil)
	w.exec(`INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, redirect_uris, scopes, created_at)
		SELECT @tenant_id, n, CASE n WHEN 6 THEN 'rookery' ELSE 'c' || n END, '', 'App', '{}', '{}', now() - CASE n WHEN 5 THEN interval '1 hour' ELSE interval '8 days' END
		FROM generate_series(1, 6) n`, nil)
	w.exec(`INSERT INTO tokens (tenant_id, id, token_hash, app_id, scopes, created_at) VALUES (@tenant_id, 1, 'x', 1, '{}', now() - interval '8 days'),
		(@tenant_id, 2, 'y', 2, '{}', now())`, nil) // of the apps themselves: one long unused, one young
	w.post(w.alice, func(s *social.Status) { s.AppID = 3 })
	post := w.post(w.dora)
	w.favourite(w.alice, post)
	w.exec(`INSERT INTO status_edits (tenant_id, id, status_id, body, created_at) SELECT @tenant_id, n, @id, 'x', now() FROM generate_series(1, 60) n`, pgx.NamedArgs{"id": post.ID})
	w.exec(`INSERT INTO blobs (tenant_id, sha256, mime, bytes, created_at) SELECT @tenant_id, decode(lpad(n::text, 2, '0'), 'hex'), 'image/png', '', now() - interval '2 days' FROM generate_series(1, 4) n`, nil)
	w.exec(`INSERT INTO files (tenant_id, key, rendition, sha256, created_at) VALUES (@tenant_id, 'unused', 'original', '\x01', now() - interval '2 days'),
		(@tenant_id, 'avatar', 'original', '\x02', now() - interval '2 days'), (@tenant_id, 'young', 'original', '\x03', now())`, nil)
	w.exec(`UPDATE accounts SET avatar_key = 'avatar' WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": w.alice.ID})
	w.exec(`INSERT INTO search_texts (tenant_id, kind, ref_id, name) VALUES (@tenant_id, 'tag', 0, 'unused'), (@tenant_id, 'tag', 0, 'owl'), (@tenant_id, 'account', @id, 'alice')`, pgx.NamedArgs{"id": w.alice.ID})
	w.exec(`INSERT INTO status_tags (tenant_id, tag, status_id) VALUES (@tenant_id, 'owl', @id)`, pgx.NamedArgs{"id": post.ID})
	want := map[string]int64{"notifications": 1, "tombstones": 1, "apps": 2, "edits": 9, "files": 1, "blobs": 2, "tags": 1}
	dry := w.round(upkeep.Mode{Dry: true})
	for kind, n := range dry { // a blob goes with its file: before that it is still named
		if kind == "blobs" {
			n++
		}
		if n != want[kind] {
			t.Errorf("the dry run counts %d %s, want %d", n, kind, want[kind])
		}
	}
	if diff := cmp.Diff(want, w.round(upkeep.Mode{})); diff != "" {
		t.Errorf("rows that went, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{}, w.round(upkeep.Mode{All: true})); diff != "" {
		t.Errorf("rows that went the second time:\n%s", diff)
	}
	w.wants("first and last edit", 2, `SELECT count(*) FROM status_edits WHERE tenant_id = @tenant_id AND id IN (1, 60)`, nil)
	w.wants("apps that are needed", 4, `SELECT count(*) FROM apps WHERE tenant_id = @tenant_id AND id IN (2, 3, 5, 6)`, nil)
	w.wants("our tombstone", 1, `SELECT count(*) FROM tombstones WHERE tenant_id = @tenant_id AND uri LIKE 'https://a.test/%'`, nil)
	w.wants("requests", 1, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND type = 'follow_request'`, nil)
}

// A walk over many pages that is interrupted goes on where it was; when it has come to
// the end it rests for a day.
func TestAnInterruptedWalkGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(300)
	w.keeper.Batch = 50
	ctx, cancel := context.WithCancel(t.Context())
	w.keeper.Streams = &interrupter{cancel: cancel}
	if _, err := w.keeper.Round(ctx, upkeep.Mode{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the round was not interrupted: %v", err)
	}
	w.wants("posts left", 250, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
	w.wants("places kept", 1, `SELECT count(*) FROM upkeep_walks WHERE tenant_id = @tenant_id AND kind = 'remote posts' AND position <> '' AND finished_at IS NULL`, nil)
	w.keeper.Streams = nil
	if got := w.round(upkeep.Mode{})["remote posts"]; got != 250 {
		t.Errorf("the second round removed %d posts, want 250", got)
	}
	w.fill(10)
	if got := w.round(upkeep.Mode{})["remote posts"]; got != 0 {
		t.Errorf("a walk that came to its end went on the same day: %d posts", got)
	}
	if got := w.round(upkeep.Mode{All: true})["remote posts"]; got != 10 {
		t.Errorf("a round by hand removed %d posts, want 10", got)
	}
}

// fill stores many old posts that stand in alice's home.
func (w *world) fill(n int) {
	w.T.Helper()
	first := ids.Floor(time.Now().Add(-old)) + int64(w.posts)
	w.posts += n
	args := pgx.NamedArgs{"author": w.dora.ID, "first": first, "n": n}
	w.exec(`INSERT INTO statuses (tenant_id, id, account_id, uri, visibility, conversation_id, created_at)
		SELECT @tenant_id, @first::bigint + i, @author, 'https://far.test/many/' || (@first::bigint + i), 'public', @first::bigint + i, now() - interval '100 days' FROM generate_series(1, @n::int) i`, args)
	w.exec(`INSERT INTO timeline_entries (tenant_id, owner_id, status_id) SELECT @tenant_id, @owner, id FROM statuses WHERE tenant_id = @tenant_id AND id > @first AND id % 2 = 0`,
		pgx.NamedArgs{"owner": w.alice.ID, "first": first})
}

func (w *world) mention(st *social.Status, who *social.Account) {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error {
		b := pg.NewBatch(s)
		store.QueueMentions(b, []social.StatusID{st.ID}, []social.AccountID{who.ID})
		return b.Send(w.T.Context())
	})
}

func (w *world) tell(st *social.Status) {
	w.T.Helper()
	n := social.Notification{ID: social.NotificationID(ids.New()), AccountID: w.alice.ID, FromID: st.AccountID, Type: social.NotifyStatus, StatusID: st.ID, CreatedAt: time.Now()}
	w.Do(func(s *pg.Scope) error {
		added, err := store.InsertNotifications(w.T.Context(), s, []social.Notification{n})
		if err == nil && len(added) != 1 {
			err = fmt.Errorf("%d notifications were stored", len(added))
		}
		return err
	})
}
