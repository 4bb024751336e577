package store_test

import (
	"context"
	"testing"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

// What a tenant's pages count and which names they know ends at the tenant's wall.
func TestPagesOfTwoTenants(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	w.A.AddAccount(t, "second")
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return store.AddHandle(ctx, s, w.A.Account.ID, "Alice", w.A.Tenant.HandleDomain)
	})
	for _, tt := range []struct {
		home     *fixture.Home
		accounts int
		used     bool
	}{{w.A, 2, true}, {w.B, 1, false}} {
		tt.home.Do(t, func(ctx context.Context, s *pg.Scope) error {
			totals, err := store.ReadPageTotals(ctx, s)
			if err != nil {
				return err
			}
			used, err := store.IsHandleUsed(ctx, s, "ALICE")
			if totals.Accounts != tt.accounts || used != tt.used {
				t.Errorf("%s: %d accounts, used %t", tt.home.Tenant.Host, totals.Accounts, used)
			}
			return err
		})
	}
	err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
		counts, err := store.CountAccounts(t.Context(), tx, []tenant.ID{w.A.Tenant.ID})
		if len(counts) != 1 || counts[w.A.Tenant.ID] != 2 {
			t.Errorf("counts %v", counts)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
