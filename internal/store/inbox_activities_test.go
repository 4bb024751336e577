package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

func TestInboxActivitiesStayInTheirTenant(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	rows := []store.NewInboxActivity{
		{InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: "https://p.test/u", Raw: []byte("{}")}, Dedup: []byte("one")},
		{InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: "https://p.test/u", Raw: []byte("{}")}, Dedup: []byte("two"), Need: store.NeedKnown},
		{InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: w.A.Account.URI, Raw: []byte("{}")}, Dedup: []byte("three"), Need: store.NeedKnown},
		{InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: w.A.Account.URI, Raw: []byte("{}")}, Dedup: []byte("four"), Need: store.NeedFollowed},
	}
	var stored []int64
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		stored, err = store.AddInboxActivities(ctx, scope, rows)
		return err
	})
	if len(stored) != 2 || stored[0] != rows[0].ID || stored[1] != rows[2].ID {
		t.Fatalf("stored %v; want what needs nothing and what is known: %d and %d", stored, rows[0].ID, rows[2].ID)
	}
	w.B.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if again, err := store.AddInboxActivities(ctx, scope, rows[:1]); err != nil || len(again) != 1 {
			t.Errorf("the same activity in another tenant: %v, %v; want it stored there too", again, err)
		}
		if known, err := store.SenderConcerns(ctx, scope, w.A.Account.URI, store.NeedKnown); err != nil || known {
			t.Errorf("another tenant knows the sender: %t, %v", known, err)
		}
		return store.SettleInboxActivities(ctx, scope, []store.Settled{{ID: stored[1], State: store.InboxFailed}})
	})
	w.B.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		pending, err := store.PendingInboxActivities(ctx, scope, stored[1:])
		locked, err2 := store.LockInboxActivities(ctx, scope, stored[1:])
		if len(pending)+len(locked) != 0 {
			t.Errorf("another tenant's activities were found: %v, %v", pending, locked)
		}
		if err == nil {
			err = err2
		}
		return err
	})
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		again, err := store.AddInboxActivities(ctx, scope, rows[:1])
		if err != nil || len(again) != 0 {
			t.Errorf("a second time: %v, %v; want nothing new", again, err)
		}
		pending, err := store.PendingInboxActivities(ctx, scope, stored)
		if len(pending) != 2 {
			t.Errorf("%d activities wait, want 2: another tenant settles none", len(pending))
		}
		return err
	})
}

// What ended may come again under its id, in its own tenant alone.
func TestForgottenInboxActivityComesAgain(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	const actor, id = "https://p.test/u", "https://p.test/u#follow/7"
	add := func(home *fixture.Home) (stored []int64) {
		home.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
			stored, err = store.AddInboxActivities(ctx, scope, []store.NewInboxActivity{{
				InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: actor, Raw: []byte("{}")}, Dedup: store.InboxKey(actor, id),
			}})
			return err
		})
		return stored
	}
	add(w.A)
	add(w.B)
	for _, other := range [][2]string{{"https://p.test/v", id}, {actor, id + "0"}, {actor, ""}} {
		w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			return store.ForgetInboxActivity(ctx, scope, other[0], other[1])
		})
	}
	if stored := add(w.A); len(stored) != 0 {
		t.Error("somebody else's id was enough to have it forgotten")
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return store.ForgetInboxActivity(ctx, scope, actor, id)
	})
	if stored := add(w.A); len(stored) != 1 {
		t.Error("it does not come again")
	}
	if stored := add(w.B); len(stored) != 0 {
		t.Error("another tenant has forgotten it")
	}
}

// Two processes may make the same id. That is no reason to take one activity for the other.
func TestInboxActivityWithATakenID(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	row := store.NewInboxActivity{InboxActivity: store.InboxActivity{ID: ids.New(), ActorURI: "https://p.test/u", Raw: []byte("{}")}, Dedup: []byte("one")}
	add := func() (stored []int64, err error) {
		err = w.PG.Tenant(t.Context(), w.A.Tenant.ID, func(scope *pg.Scope) error {
			stored, err = store.AddInboxActivities(t.Context(), scope, []store.NewInboxActivity{row})
			return err
		})
		return stored, err
	}
	if stored, err := add(); err != nil || len(stored) != 1 {
		t.Fatalf("the first: %v, %v", stored, err)
	}
	row.Dedup = []byte("two")
	if stored, err := add(); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("another with its id: %v, %v; want a conflict", stored, err)
	}
}

func TestRemoteKeys(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	err := w.PG.Platform(ctx, "test keys", func(tx *pg.PlatformTx) error {
		first := store.RemoteKey{KeyID: "https://p.test/u#1", OwnerURI: "https://p.test/u", PublicPEM: "x", FetchedAt: time.Now()}
		second := first
		second.KeyID = "https://p.test/u#2"
		changed, err := store.PutRemoteKeys(ctx, tx, []store.RemoteKey{first, second})
		if err != nil || len(changed) != 0 {
			t.Errorf("new keys: %v changed, %v", changed, err)
		}
		second.PublicPEM = "y"
		if changed, err = store.PutRemoteKeys(ctx, tx, []store.RemoteKey{second, first}); err != nil || !slices.Equal(changed, []string{second.KeyID}) {
			t.Errorf("one of two is another: %v changed, %v", changed, err)
		}
		dropped, err := store.DropRemoteKeys(ctx, tx, "https://p.test/u", []string{"https://p.test/u#2"})
		if err != nil || len(dropped) != 1 || dropped[0] != "https://p.test/u#1" {
			t.Errorf("dropped %v, %v", dropped, err)
		}
		if _, err := store.RemoteKeyByID(ctx, tx, "https://p.test/u#1"); !fault.IsNotFound(err) {
			t.Errorf("a dropped key: %v", err)
		}
		if n, err := store.AgedKeys.Prune(ctx, tx, time.Now().Add(time.Minute), 10); err != nil || n != 1 {
			t.Errorf("pruned %d, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
