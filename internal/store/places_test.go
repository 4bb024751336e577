package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

func TestPlacesAreCountedOfOneTenant(t *testing.T) {
	t.Parallel()
	w, ctx, now := fixture.New(t), t.Context(), time.Now()
	w.A.AddAccount(t, "second")
	invite := func(id int64, email string, expires time.Time) {
		inv := &store.Invitation{TenantID: w.A.Tenant.ID, ID: id, TokenHash: []byte{byte(id)}, Email: email, Role: "member", Grants: []byte("[]"), Locale: "en", InvitedBy: w.A.Person, CreatedAt: now.Add(-time.Hour), ExpiresAt: expires}
		if err := w.PG.Platform(ctx, "test", func(tx *pg.PlatformTx) error { return store.AddInvitation(ctx, tx, inv) }); err != nil {
			t.Fatal(err)
		}
	}
	invite(5, "new@x.test", now.Add(time.Hour))
	invite(6, "late@x.test", now.Add(-time.Minute))
	for home, want := range map[*fixture.Home][2]int{w.A: {2, 2}, w.B: {1, 1}} {
		home.Do(t, func(ctx context.Context, s *pg.Scope) error {
			accounts, err := store.HoldAccounts(ctx, s)
			if err != nil || accounts != want[0] {
				t.Errorf("%s: %d accounts, %v", home.Tenant.Host, accounts, err)
			}
			if n, err := store.CountOwnAccounts(ctx, s); err != nil || n != want[0] {
				t.Errorf("%s: %d accounts without a lock, %v", home.Tenant.Host, n, err)
			}
			seats, err := store.HoldSeats(ctx, s, now)
			if err != nil || seats != want[1] {
				t.Errorf("%s: %d seats, %v", home.Tenant.Host, seats, err)
			}
			return err
		})
	}
	err := w.PG.Platform(ctx, "test", func(tx *pg.PlatformTx) error {
		n, err := store.HoldSeatsOf(ctx, tx, w.A.Tenant.ID, "new@x.test", now)
		if n != 1 {
			t.Errorf("%d seats but for who is invited", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
