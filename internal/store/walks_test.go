package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/socialtest"
)

// walked are all walks, each with a statement that makes one row that goes. @id is an
// account of the tenant, @owner a remote one with a post @post.
var walked = map[*store.Walk]string{
	store.WalkAccounts: `INSERT INTO accounts (tenant_id, id, uri, username, domain, updated_at)
		VALUES (@tenant_id, 5, 'https://lone.test/u', 'lone', 'lone.test', now() - interval '1 year')`,
	store.WalkNotifications: `INSERT INTO notifications (tenant_id, id, account_id, from_id, type, created_at)
		VALUES (@tenant_id, 5, @id, @owner, 'follow', now() - interval '1 year')`,
	store.WalkTombstones: `INSERT INTO tombstones (tenant_id, uri, created_at) VALUES (@tenant_id, 'https://far.test/1', now() - interval '1 year')`,
	store.WalkEdits: `INSERT INTO status_edits (tenant_id, id, status_id, body, created_at)
		SELECT @tenant_id, n, @post, 'x', now() FROM generate_series(1, 3) n`,
	store.WalkApps: `INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, redirect_uris, scopes, created_at)
		VALUES (@tenant_id, 5, 'c', '', 'App', '{}', '{}', now() - interval '1 year')`,
	store.WalkFiles: `WITH b AS (INSERT INTO blobs (tenant_id, sha256, mime, bytes) VALUES (@tenant_id, '\x01', 'image/png', ''))
		INSERT INTO files (tenant_id, key, rendition, sha256, created_at) VALUES (@tenant_id, 'k', 'original', '\x01', now() - interval '1 year')`,
	store.WalkBlobs:        `INSERT INTO blobs (tenant_id, sha256, mime, bytes, created_at) VALUES (@tenant_id, '\x02', 'image/png', '', now() - interval '1 year')`,
	store.WalkStatusTexts:  `INSERT INTO search_texts (tenant_id, kind, ref_id) VALUES (@tenant_id, 'status', 5)`,
	store.WalkAccountTexts: `INSERT INTO search_texts (tenant_id, kind, ref_id, name) VALUES (@tenant_id, 'account', 77, 'x')`,
	store.WalkTags:         `INSERT INTO search_texts (tenant_id, kind, ref_id, name) VALUES (@tenant_id, 'tag', 0, 'unused')`,
}

func TestWalksFindWhatGoesInTheirTenantAlone(t *testing.T) {
	t.Parallel()
	for walk, setUp := range walked {
		t.Run(walk.Kind, func(t *testing.T) {
			t.Parallel()
			w := socialtest.New(t)
			other := w.Other()
			alice, dora := w.Local("alice"), w.Remote("dora", "far.test")
			post := remotePost(w, dora, "https://far.test/n/1")
			w.Do(func(s *pg.Scope) error {
				args := pgx.NamedArgs{}
				for name, id := range map[string]int64{"id": int64(alice.ID), "owner": int64(dora.ID), "post": int64(post.ID)} {
					if strings.Contains(setUp, "@"+name) {
						args[name] = id
					}
				}
				_, err := pg.Exec(t.Context(), s, setUp, args)
				return err
			})
			args := store.WalkArgs{Before: time.Now().Add(-time.Hour), Hosts: []string{"a.test"}, Keep: 1}
			var going []string
			w.Do(func(s *pg.Scope) error {
				after := ""
				for { // a page of one row each: a walk comes to all of them
					rows, err := walk.Find(t.Context(), s, after, 1, args)
					if err != nil || len(rows) == 0 {
						return err
					}
					if after = rows[0].Key; rows[0].Goes {
						going = append(going, after)
					}
				}
			})
			if len(going) != 1 {
				t.Fatalf("rows %q go, want one", going)
			}
			other.Do(func(s *pg.Scope) error {
				rows, err := walk.Find(t.Context(), s, "", 10, args)
				if len(rows) != 0 || err != nil {
					t.Errorf("another tenant finds %d rows, %v", len(rows), err)
				}
				n, err := walk.Remove(t.Context(), s, going, args)
				if n != 0 {
					t.Errorf("another tenant removes %d rows", n)
				}
				return err
			})
			w.Do(func(s *pg.Scope) error {
				n, err := walk.Remove(t.Context(), s, going, args)
				if n != 1 {
					t.Errorf("removed %d rows, want 1", n)
				}
				return err
			})
		})
	}
}

// What a page found may be needed by the time it is removed.
func TestAWalkAsksAgainBeforeItRemoves(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	alice, dora := w.Local("alice"), w.Remote("dora", "far.test")
	soon := store.WalkArgs{Before: time.Now().Add(time.Hour)}
	w.Do(func(s *pg.Scope) error {
		f := social.Follow{ID: 1, AccountID: alice.ID, TargetID: dora.ID, State: social.FollowAccepted}
		if _, err := store.AddFollow(t.Context(), s, f, false); err != nil {
			return err
		}
		n, err := store.WalkAccounts.Remove(t.Context(), s, []string{ids.Format(int64(dora.ID))}, soon)
		if n != 0 {
			t.Error("somebody who is followed by now was removed")
		}
		return err
	})
}

func TestLockForgottenStaysInsideTheTenant(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	post := remotePost(w, w.Remote("dora", "far.test"), "https://far.test/n/1")
	for want, in := range []*socialtest.World{w.Other(), w} {
		in.Do(func(s *pg.Scope) error {
			got, err := store.LockForgotten(t.Context(), s, []social.StatusID{post.ID})
			if len(got) != want {
				t.Errorf("tenant %s locks %d posts, want %d", in.Tenant.Host, len(got), want)
			}
			return err
		})
	}
}

func TestDeparturesStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	other, alice := w.Other(), w.Local("alice")
	w.Do(func(s *pg.Scope) error { return store.MarkAccountDeleted(t.Context(), s, alice) })
	if err := other.Try(func(s *pg.Scope) error {
		_, err := store.DepartureByID(t.Context(), s, alice.ID)
		return err
	}); !fault.IsNotFound(err) {
		t.Errorf("another tenant finds the account: %v", err)
	}
	w.Do(func(s *pg.Scope) error {
		d, err := store.DepartureByID(t.Context(), s, alice.ID)
		if err == nil && !d.IsLocal {
			t.Errorf("departure %+v", d)
		}
		if _, err := store.AccountByID(t.Context(), s, alice.ID); !fault.IsNotFound(err) {
			t.Errorf("a deleted account is found: %v", err)
		}
		if err := store.MarkAccountDeleted(t.Context(), s, alice); !fault.IsNotFound(err) {
			t.Errorf("deleted twice: %v", err)
		}
		return err
	})
}

// Deliveries go before their activity, a batch at a time.
func TestPruneActivitiesInBoundedParts(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		b := pg.NewBatch(s)
		b.Exec(`INSERT INTO activities (tenant_id, id, uri, account_id, body, created_at)
			SELECT @tenant_id, n, 'https://a.test/' || n, 1, '', now() - interval '30 days' FROM generate_series(1, 2) n`, nil)
		b.Exec(`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host)
			SELECT @tenant_id, 1, n, 'https://far.test/' || n, 'far.test' FROM generate_series(1, 25) n`, nil)
		return b.Send(ctx)
	})
	var got []int64
	for range 4 {
		err := w.DB.PG.Platform(t.Context(), "test", func(p *pg.PlatformTx) error {
			n, err := store.PruneActivities(t.Context(), p, time.Now().Add(-24*time.Hour), 10)
			got = append(got, n)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int64{10, 10, 7, 0}, got); diff != "" {
		t.Errorf("rows that went, -want +got:\n%s", diff)
	}
}

const references = `
SELECT DISTINCT c.conrelid::regclass::text || '.' || a.attname
FROM   pg_constraint c
JOIN   pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
WHERE  c.contype = 'f' AND c.confrelid = @table::regclass AND cardinality(c.conkey) >= 2
ORDER  BY 1`

// Whoever adds a table that refers to posts decides whether its rows keep a remote post
// from being forgotten (store.AgedStatuses), and whether there can be so many of them
// that RemoveStatuses must remove them first.
func TestWhatRefersToPosts(t *testing.T) {
	t.Parallel()
	checkReferences(t, "statuses", []string{
		"bookmarks.status_id", "favourites.status_id", "media.status_id", "notifications.status_id", "pending_mentions.status_id",
		"pins.status_id", "status_edits.status_id", "status_mentions.status_id", "status_reach.status_id", "status_stats.status_id", "status_tags.status_id",
		"statuses.boost_of_id", "statuses.in_reply_to_id", "timeline_entries.status_id",
	})
}

// Whoever adds a table that refers to accounts decides whether its rows keep a remote
// account (store.WalkAccounts), and adds it to what RemoveAccountPart removes.
func TestWhatRefersToAccounts(t *testing.T) {
	t.Parallel()
	checkReferences(t, "accounts", []string{
		"account_days.account_id", "account_keys.account_id", "account_notes.account_id", "account_notes.target_id", "account_stats.account_id", "blocks.account_id",
		"blocks.target_id", "bookmarks.account_id", "conversation_mutes.account_id", "desk_threads.account_id", "desk_threads.from_id", "domain_blocks.account_id", "favourites.account_id", "followed_tags.account_id",
		"follows.account_id", "follows.target_id", "idempotency_keys.account_id", "markers.account_id", "media.account_id",
		"mutes.account_id", "mutes.target_id", "notifications.account_id", "notifications.from_id", "operators.account_id",
		"pins.account_id", "scheduled_statuses.account_id", "status_mentions.account_id", "statuses.account_id", "timeline_entries.owner_id",
	})
}

func checkReferences(t *testing.T, table string, decided []string) {
	t.Helper()
	err := testkit.DB(t).PG.Platform(t.Context(), "test", func(p *pg.PlatformTx) error {
		got, err := pg.Values[string](t.Context(), p, references, pgx.NamedArgs{"table": table})
		for _, column := range got {
			if !slices.Contains(decided, column) {
				t.Errorf("%s refers to %s: say in walk_kinds.go and account_removal.go what that means, then here", column, table)
			}
		}
		for _, column := range decided {
			if !slices.Contains(got, column) {
				t.Errorf("%s does not refer to %s any more", column, table)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func remotePost(w *socialtest.World, author *social.Account, uri string) *social.Status {
	w.T.Helper()
	at := time.Now().Add(-365 * 24 * time.Hour)
	id := social.StatusID(ids.At(at))
	st := &social.Status{ID: id, AccountID: author.ID, URI: uri, Body: "<p>x</p>", Visibility: social.Public, ConversationID: id, CreatedAt: at}
	w.Do(func(s *pg.Scope) error {
		_, err := store.InsertStatuses(w.T.Context(), s, []*social.Status{st})
		return err
	})
	return st
}
