package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

// TestFederationRowsAreInvisibleToOtherTenants asks for A's activities and
// deliveries from B, then from A.
func TestFederationRowsAreInvisibleToOtherTenants(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	const id = 4711
	a := &store.Activity{ID: id, URI: "https://a.test/ap/activities/1", AccountID: w.A.Account.ID, EventID: 9, Body: []byte("{}")}
	var bea *social.Account
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		bea = &social.Account{
			ID: social.AccountID(ids.New()), URI: "https://masto.test/bea", Username: "bea", Domain: "masto.test",
			InboxURL: "https://masto.test/bea/inbox", CreatedAt: time.Now(),
		}
		if err := store.UpsertRemoteAccount(ctx, scope, bea); err != nil {
			return err
		}
		f := social.Follow{ID: ids.New(), AccountID: bea.ID, TargetID: w.A.Account.ID, URI: "https://masto.test/f", State: social.FollowAccepted}
		if _, err := store.AddFollow(ctx, scope, f, true); err != nil {
			return err
		}
		if added, err := store.AddActivities(ctx, scope, a); err != nil || !added[id] {
			t.Errorf("added %v, %v", added, err)
		}
		if added, err := store.AddActivities(ctx, scope, a); err != nil || len(added) != 0 {
			t.Errorf("added once more: %v, %v", added, err)
		}
		to := store.Recipients{ActivityID: id, FollowersOf: w.A.Account.ID, Personal: []social.AccountID{bea.ID}, Everybody: true}
		reached, err := store.AddDeliveries(ctx, scope, to)
		if len(reached) != 1 || *reached[0] != (store.Reached{ActivityID: id, Inboxes: 1}) {
			t.Errorf("deliveries %v, want one for an inbox that is meant thrice", reached)
		}
		return err
	})
	every := store.WhichDeliveries{Activities: []int64{id}, First: 1, Last: 10, Limit: 10}
	one := func(err error) (int64, error) { return 1, err }
	queries := map[string]func(context.Context, *pg.Scope) (int64, error){
		"ActivityByID": func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.ActivityByID(ctx, s, id)
			return one(err)
		},
		"ActivityByURI": func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.ActivityByURI(ctx, s, a.URI)
			return one(err)
		},
		"PublishedEvents": func(ctx context.Context, s *pg.Scope) (int64, error) {
			done, err := store.PublishedEvents(ctx, s, []int64{9})
			return int64(len(done)), err
		},
		"WaitingDeliveries, activities": func(ctx context.Context, s *pg.Scope) (int64, error) {
			out, _, err := store.WaitingDeliveries(ctx, s, every)
			return int64(len(out)), err
		},
		"WaitingDeliveries": func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, rows, err := store.WaitingDeliveries(ctx, s, every)
			return int64(len(rows)), err
		},
		"DeliveryCounts": func(ctx context.Context, s *pg.Scope) (int64, error) {
			counts, err := store.DeliveryCounts(ctx, s, id)
			return counts[store.DeliveryWaiting], err
		},
	}
	for name, query := range queries {
		for who, home := range map[string]*fixture.Home{"B": w.B, "A": w.A} {
			err := home.Try(t, func(ctx context.Context, scope *pg.Scope) error {
				rows, err := query(ctx, scope)
				if fault.IsNotFound(err) {
					rows, err = 0, nil
				}
				if want := who == "A"; (rows == 1) != want {
					t.Errorf("%s for %s finds %d rows", name, who, rows)
				}
				return err
			})
			if err != nil {
				t.Errorf("%s for %s: %v", name, who, err)
			}
		}
	}
	// What changes or removes rows must not reach A's from B.
	writes := map[string]func(context.Context, *pg.Scope) (int64, error){
		"QueueDropDeliveries": func(ctx context.Context, s *pg.Scope) (int64, error) {
			b := pg.NewBatch(s)
			store.QueueDropDeliveries(b, id, 1, 10, "x")
			return 0, b.Send(ctx) // what waits is settled below
		},
		"RenewActivity": func(ctx context.Context, s *pg.Scope) (int64, error) {
			return 0, store.RenewActivity(ctx, s, w.A.Account.ID, a.URI, []byte("stolen"))
		},
		"SettleDeliveries": func(ctx context.Context, s *pg.Scope) (int64, error) {
			ids, err := store.SettleDeliveries(ctx, s, []store.Outcome{{Before: &store.Delivery{ActivityID: id, ID: 1}, State: store.DeliveryDone, Attempts: 1}})
			return int64(len(ids)), err
		},
		"UnfollowGone": func(ctx context.Context, s *pg.Scope) (int64, error) {
			ids, err := store.UnfollowGone(ctx, s, []string{bea.InboxURL})
			return int64(len(ids)), err
		},
	}
	for name, write := range writes {
		w.B.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			n, err := write(ctx, scope)
			if n != 0 {
				t.Errorf("%s by B touches %d rows of A", name, n)
			}
			return err
		})
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		stale := store.Outcome{Before: &store.Delivery{ActivityID: id, ID: 1, Attempts: 3}, State: store.DeliveryDone, Attempts: 4}
		if settled, err := store.SettleDeliveries(ctx, scope, []store.Outcome{stale}); len(settled) != 0 || err != nil {
			t.Errorf("an outcome of an older state was written: %v, %v", settled, err)
		}
		if kept, err := store.ActivityByID(ctx, scope, id); err != nil || string(kept.Body) != "{}" {
			t.Errorf("B has renewed A's activity: %v, %v", kept, err)
		}
		if n, err := writes["SettleDeliveries"](ctx, scope); n != 1 {
			t.Errorf("settled %d, %v", n, err)
		}
		if gone, err := store.UnfollowGone(ctx, scope, []string{bea.InboxURL}); len(gone) != 1 || err != nil {
			t.Errorf("unfollowed %v, %v", gone, err)
		}
		return nil
	})
}

func TestPeerHosts(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	now := time.Now().Truncate(time.Microsecond)
	next := now.Add(time.Minute)
	do := func(fn func(context.Context, *pg.PlatformTx) error) {
		t.Helper()
		if err := w.PG.Platform(t.Context(), "test of peer health", func(tx *pg.PlatformTx) error { return fn(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
	}
	do(func(ctx context.Context, tx *pg.PlatformTx) error {
		if err := store.FailPeerHost(ctx, tx, store.PeerHost{Host: "dead.test", Failures: 5, NextTryAt: &next, LastError: "refused"}, now); err != nil {
			return err
		}
		return store.PreferRFC9421(ctx, tx, "ghost.test", true, now.Add(time.Second))
	})
	do(func(ctx context.Context, tx *pg.PlatformTx) error {
		rows, err := store.PeerHosts(ctx, tx, 10)
		if len(rows) != 2 || !rows[0].RFC9421 || rows[1].Host != "dead.test" || !rows[1].NextTryAt.Equal(next) {
			t.Errorf("remembered %+v", rows)
		}
		return err
	})
	for _, step := range []struct {
		at   time.Time
		want bool
	}{{now, false}, {next.Add(time.Second), true}, {next.Add(2 * time.Second), false}} {
		do(func(ctx context.Context, tx *pg.PlatformTx) error {
			got, err := store.ClaimProbe(ctx, tx, "dead.test", step.at, step.at.Add(time.Minute))
			if got != step.want {
				t.Errorf("a probe at %v is granted: %v", step.at, got)
			}
			return err
		})
	}
	do(func(ctx context.Context, tx *pg.PlatformTx) error {
		return store.HealPeerHost(ctx, tx, "dead.test", now.Add(time.Hour))
	})
	do(func(ctx context.Context, tx *pg.PlatformTx) error {
		rows, err := store.PeerHosts(ctx, tx, 10)
		if len(rows) != 1 {
			t.Errorf("still remembered: %+v", rows)
		}
		if n, err := store.AgedPeers.Prune(ctx, tx, now.Add(time.Minute), 10); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		return err
	})
}
