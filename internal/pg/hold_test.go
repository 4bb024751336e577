package pg_test

import (
	"testing"

	"rookery/internal/pg"
	"rookery/internal/testkit"
)

// A name that was let go of is free at once, not when the server has noticed.
func TestANameIsFreeOnceItWasReleased(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	locks := func() (n int) {
		t.Helper()
		err := db.PG.Platform(t.Context(), "count locks", func(p *pg.PlatformTx) (err error) {
			n, err = pg.Value[int](t.Context(), p, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 30 {
		release, held, err := db.PG.Hold(t.Context(), "the name")
		if err != nil || !held {
			t.Fatalf("held %v, %v", held, err)
		}
		if other, also, err := db.PG.Hold(t.Context(), "the name"); err != nil || also {
			t.Fatalf("somebody else holds it too: %v, %v", also, err)
		} else {
			other()
		}
		release()
		if n := locks(); n != 0 {
			t.Fatalf("%d locks are left right after the release", n)
		}
	}
}
