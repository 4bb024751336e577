package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// A tenant whose activities fail round after round does not keep those of another from
// their next try.
func TestLostActivitiesComeInTurns(t *testing.T) {
	t.Parallel()
	busy := socialtest.New(t)
	quiet := busy.Other()
	for w, many := range map[*socialtest.World]int{busy: 5, quiet: 1} {
		w.Do(func(s *pg.Scope) error {
			_, err := pg.Exec(t.Context(), s, `INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, received_at)
				SELECT @tenant_id, n, n::text::bytea, 'u', 'x'::bytea, now() - interval '2 days' FROM generate_series(1, @many) n`, pgx.NamedArgs{"many": many})
			return err
		})
	}
	err := busy.DB.Platform(t.Context(), "a test", func(p *pg.PlatformTx) error {
		n, err := store.RequeueLost(t.Context(), p, time.Now().Add(-time.Hour), 3)
		if err != nil || n != 3 {
			t.Errorf("%d of 3, %v", n, err)
		}
		given, err := pg.Values[string](t.Context(), p, `SELECT (args->>'tenant_id') || ' ' || (args->>'ids') FROM river.river_job ORDER BY 1`, nil)
		if err != nil {
			return err
		}
		want := map[string]bool{fmt.Sprintf("%d [1, 2]", busy.Tenant.ID): true, fmt.Sprintf("%d [1]", quiet.Tenant.ID): true}
		if len(given) != 2 || !want[given[0]] || !want[given[1]] {
			t.Errorf("jobs %v, want %v", given, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
