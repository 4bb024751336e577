package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/api/entity"
	"rookery/api/render"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

// read shows a list as a request does: in a scope that only reads, through the cache.
func (b *bundle) read(t testing.TB, r *render.Renderer, home *fixture.Home, viewer social.AccountID, list store.List) (out any) {
	t.Helper()
	err := b.PG.Read(t.Context(), home.Tenant.ID, func(scope *pg.Scope) error {
		shown, _, err := r.List(t.Context(), scope, home.Tenant, viewer, list)
		if err != nil {
			return err
		}
		var raw bytes.Buffer
		if err := entity.Write(&raw, shown); err != nil {
			return err
		}
		return json.Unmarshal(raw.Bytes(), &out)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Each way to change what is shown of a post or its author is seen by the next reader,
// who has the earlier rendering in the cache. What is right is what somebody without a
// cache sees.
func TestNoChangeIsMissed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, carol, zoe := b.A.Account, b.A.AddAccount(t, "carol"), b.stranger(t, "zoe")
	file := &social.Media{ID: social.MediaID(ids.New()), AccountID: alice.ID, Kind: social.MediaImage, MIME: "image/png", Key: "k"}
	b.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.InsertMedia(ctx, scope, file) })
	post := b.post(t, alice, status.Draft{Text: "Hello @zoe@else.test", MediaIDs: []social.MediaID{file.ID}})
	parent := b.post(t, carol, status.Draft{Text: "parent"})
	answer := b.post(t, alice, status.Draft{Text: "answer", InReplyToID: parent.ID})
	boost := b.boost(t, carol, post)
	all := []social.StatusID{post.ID, boost.ID, parent.ID, answer.ID}

	sql := func(query string, args pgx.NamedArgs) func(context.Context, *pg.Scope) error {
		return func(ctx context.Context, scope *pg.Scope) error {
			n, err := pg.Exec(ctx, scope, query, args)
			if err == nil && n == 0 {
				t.Errorf("%s changed nothing", query)
			}
			return err
		}
	}
	changes := []struct {
		name string
		do   func(context.Context, *pg.Scope) error
	}{
		{"edit", func(ctx context.Context, scope *pg.Scope) error {
			_, err := b.statuses.Edit(ctx, scope, b.A.Tenant, alice, post, status.Draft{Text: "better @zoe@else.test", MediaIDs: []social.MediaID{file.ID}})
			return err
		}},
		{"alt text", func(ctx context.Context, scope *pg.Scope) error {
			file.Description = "A bike"
			return store.DescribeMedia(ctx, scope, file)
		}},
		{"file taken off", func(ctx context.Context, scope *pg.Scope) error { return store.KeepMedia(ctx, scope, post.ID, nil) }},
		{"file put on", func(ctx context.Context, scope *pg.Scope) error {
			_, err := store.AttachMedia(ctx, scope, post.ID, alice.ID, []social.MediaID{file.ID})
			return err
		}},
		{"mention resolved", func(ctx context.Context, scope *pg.Scope) error {
			batch := pg.NewBatch(scope)
			store.QueueMentions(batch, []social.StatusID{post.ID}, []social.AccountID{carol.ID})
			return batch.Send(ctx)
		}},
		{"mention removed", func(ctx context.Context, scope *pg.Scope) error {
			return store.KeepMentions(ctx, scope, post.ID, []social.AccountID{zoe.ID})
		}},
		{"mentioned account moves its page", func(ctx context.Context, scope *pg.Scope) error {
			zoe.URL = "https://else.test/elsewhere"
			return store.UpsertRemoteAccount(ctx, scope, zoe)
		}},
		{"profile", func(ctx context.Context, scope *pg.Scope) error {
			alice.DisplayName, alice.Note = "Alice B.", "new"
			return store.UpdateLocalAccount(ctx, scope, alice)
		}},
		{"author renamed", sql(`UPDATE accounts SET username = 'carola' WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": carol.ID})},
		{"author's counters", sql(`UPDATE account_stats SET followers_count = followers_count + 5, last_status_at = @at WHERE tenant_id = @tenant_id AND account_id = @id`,
			pgx.NamedArgs{"id": alice.ID, "at": time.Now().AddDate(0, 0, -3)})},
		{"favourite", func(ctx context.Context, scope *pg.Scope) error {
			return b.statuses.Favourite(ctx, scope, b.A.Tenant, carol, post, "")
		}},
		{"unfavourite", func(ctx context.Context, scope *pg.Scope) error {
			return b.statuses.Unfavourite(ctx, scope, carol, post)
		}},
		{"bookmark", func(ctx context.Context, scope *pg.Scope) error { return b.statuses.Bookmark(ctx, scope, carol, post) }},
		{"conversation muted", sql(`INSERT INTO conversation_mutes (tenant_id, account_id, conversation_id) VALUES (@tenant_id, @account, @id)`,
			pgx.NamedArgs{"account": carol.ID, "id": post.ConversationID})},
		{"block by the boosted author", func(ctx context.Context, scope *pg.Scope) error {
			_, err := store.AddBlock(ctx, scope, alice.ID, carol.ID, "")
			return err
		}},
		{"author silenced", sql(`UPDATE accounts SET silenced_at = now() WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": zoe.ID})},
		{"parent deleted", func(ctx context.Context, scope *pg.Scope) error { return store.DeleteStatus(ctx, scope, parent.ID) }},
		{"author suspended", sql(`UPDATE accounts SET suspended_at = now() WHERE tenant_id = @tenant_id AND id = @id`, pgx.NamedArgs{"id": alice.ID})},
	}
	addresses := media.Addresses{Scheme: "https", Host: "files.test"}
	same := []string{"author silenced"} // zoe is mentioned and wrote nothing
	for _, change := range changes {
		before := b.read(t, b.render, b.A, carol.ID, store.GivenList(all))
		b.A.Do(t, change.do)
		after := b.read(t, b.render, b.A, carol.ID, store.GivenList(all))
		if right := b.read(t, render.New(addresses), b.A, carol.ID, store.GivenList(all)); !cmp.Equal(right, after) {
			t.Errorf("%s: the cache served what is old (-right +served):\n%s", change.name, cmp.Diff(right, after))
		}
		if cmp.Equal(before, after) && !slices.Contains(same, change.name) {
			t.Errorf("%s: nothing shown has changed, so that the case proves nothing", change.name)
		}
	}
}

// What a transaction has not committed, and may never, must not get into the cache.
func TestATransactionKeepsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.post(t, b.A.Account, status.Draft{Text: "as it was"})
	given := store.GivenList([]social.StatusID{post.ID})
	want := b.read(t, b.render, b.A, 0, given)
	err := b.PG.Tenant(t.Context(), b.A.Tenant.ID, func(scope *pg.Scope) error {
		if _, err := b.statuses.Edit(t.Context(), scope, b.A.Tenant, b.A.Account, post, status.Draft{Text: "undone"}); err != nil {
			return err
		}
		if _, _, err := b.render.List(t.Context(), scope, b.A.Tenant, 0, given); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("the transaction committed")
	}
	if got := b.read(t, b.render, b.A, 0, given); !cmp.Equal(want, got) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
}

// Two tenants whose rows have the same ids share one cache and see their own alone.
func TestTheCacheKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const id = 4711
	for name, home := range map[string]*fixture.Home{"a": b.A, "b": b.B} {
		home.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			_, err := store.InsertStatuses(ctx, scope, []*social.Status{{
				ID: id, AccountID: home.Account.ID, URI: "https://" + name + ".test/p", Body: "of " + name, Visibility: social.Public,
				ConversationID: id, CreatedAt: time.Now(),
			}})
			return err
		})
	}
	for range 2 { // the second time from the cache
		for name, home := range map[string]*fixture.Home{"a": b.A, "b": b.B} {
			list, _ := b.read(t, b.render, home, 0, store.GivenList([]social.StatusID{id})).([]any)
			if len(list) != 1 || list[0].(map[string]any)["content"] != "of "+name {
				t.Errorf("tenant %s sees %v", name, list)
			}
		}
	}
	if s := b.render.CacheStats(); s.Hits != 4 || s.Misses != 4 || s.Bytes == 0 {
		t.Errorf("cache stats = %+v, want 4 hits and 4 misses: two posts and two authors", s)
	}
}

// A cache of any size answers the same; a small one forgets.
func TestTheCacheIsBoundByBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const limit = 20_000
	small := render.NewSized(media.Addresses{Scheme: "https", Host: "files.test"}, limit)
	var all []social.StatusID
	for range 30 {
		all = append(all, b.post(t, b.A.Account, status.Draft{Text: "some words"}).ID)
	}
	for range 3 {
		if got, _ := b.read(t, small, b.A, 0, store.GivenList(all)).([]any); len(got) != len(all) {
			t.Errorf("%d posts shown", len(got))
		}
	}
	if s := small.CacheStats(); s.Bytes > limit+limit/2 {
		t.Errorf("%d bytes kept, the limit is %d", s.Bytes, limit)
	}
}
