package account_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social/account"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
)

// on returns the home's tenant as it would be on a plan.
func on(h *fixture.Home, l tenant.Limits, s tenant.Standing) *tenant.Tenant {
	t := *h.Tenant
	t.Entitlement = tenant.Entitlement{Standing: s, Limits: l}
	return &t
}

func newAccounts(t *testing.T, w *fixture.World) *account.Service {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	return account.NewWith(w.PG, key, testkeys.RSA)
}

func countJobs(t *testing.T, w *fixture.World, kind string) int64 {
	t.Helper()
	var n int64
	err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int64](t.Context(), tx, `SELECT count(*) FROM river.river_job WHERE kind = @kind`, map[string]any{"kind": kind})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Six people want the last two accounts at once: two get one, and nobody else is let in by
// having asked in the same moment. Deleting one makes room.
func TestThePlansLastAccounts(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	accounts, three := newAccounts(t, w), on(w.A, tenant.Limits{Accounts: 3}, tenant.Paid) // alice is there
	var wg sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wg.Go(func() {
			_, results[i] = accounts.Create(t.Context(), three, account.Local{Username: fmt.Sprintf("n%d", i)}, nil)
		})
	}
	wg.Wait()
	made := 0
	for i, err := range results {
		if err == nil {
			made++
		} else if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("account %d: %v", i, err)
		}
	}
	if made != 2 {
		t.Errorf("%d accounts were made, want 2", made)
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Delete(ctx, s, three, w.A.Account.ID)
		return err
	})
	if _, err := accounts.Create(t.Context(), three, account.Local{Username: "after"}, nil); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
	if n := countJobs(t, w, "billing_quantity"); n != 0 {
		t.Errorf("%d jobs count accounts that nobody pays for one by one", n)
	}
	// What another company has does not matter.
	if _, err := accounts.Create(t.Context(), on(w.B, tenant.Limits{Accounts: 2}, tenant.Paid), account.Local{Username: "n0"}, nil); err != nil {
		t.Errorf("another company: %v", err)
	}
}

// Above what a plan includes there may be more where each is paid for; a job in the same
// transaction has them counted, one for several.
func TestAccountsThatArePaidForBesides(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	accounts, more := newAccounts(t, w), on(w.A, tenant.Limits{Accounts: 1, MoreAccounts: true}, tenant.Paid)
	for _, name := range []string{"second", "third"} {
		if _, err := accounts.Create(t.Context(), more, account.Local{Username: name}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := countJobs(t, w, "billing_quantity"); n != 1 {
		t.Errorf("%d jobs, want one for both", n)
	}
	if _, err := accounts.Create(t.Context(), more, account.Local{Username: "third"}, nil); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a name that is taken: %v", err)
	}
}

func TestAccountsOnOtherTerms(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	accounts := newAccounts(t, w)
	for i, tt := range []struct {
		of   *tenant.Tenant
		want fault.Code
	}{
		{w.A.Tenant, ""}, // nothing is charged here
		{on(w.A, tenant.Limits{}, tenant.Paid), ""},
		{on(w.A, tenant.Limits{}, tenant.Grace), fault.Forbidden},
		{on(w.A, tenant.Limits{MoreAccounts: true}, tenant.Restricted), fault.Forbidden},
		{on(w.A, tenant.Limits{}, tenant.Closing), fault.Gone},
	} {
		if _, err := accounts.Create(t.Context(), tt.of, account.Local{Username: fmt.Sprintf("x%d", i)}, nil); fault.CodeOf(err) != tt.want {
			t.Errorf("case %d: %v", i, err)
		}
	}
}
