package jobs_test

import (
	"testing"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/tenant"
)

// Word that an account is gone is looked into, although the account was read a moment ago.
func TestAFreshRefreshDoesNotHideNews(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t).PG
	refresh := jobs.RefreshAccount{Scoped: jobs.Scoped{TenantID: tenant.ID(1)}, AccountID: 7}
	err := db.Platform(t.Context(), "a test", func(tx *pg.PlatformTx) error {
		count := func() (n int) {
			n, err := pg.Value[int](t.Context(), tx, `SELECT count(*)::int FROM river.river_job`, nil)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := tx.Enqueue(t.Context(), refresh); err != nil {
			return err
		}
		if _, err := pg.Exec(t.Context(), tx, `UPDATE river.river_job SET state = 'completed', finalized_at = now()`, nil); err != nil {
			return err
		}
		if err := tx.Enqueue(t.Context(), refresh); err != nil || count() != 1 {
			t.Errorf("a stale copy is read %d times an hour, %v", count(), err)
		}
		for range 2 {
			if err := tx.EnqueueWith(t.Context(), []river.InsertManyParams{{Args: refresh, InsertOpts: jobs.RefreshNow()}}); err != nil {
				return err
			}
		}
		if count() != 2 {
			t.Errorf("news is looked into by %d jobs, want one more", count()-1)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
