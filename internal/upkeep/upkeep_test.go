package upkeep_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/internal/upkeep"
	"rookery/tenant"
)

type tenants []*tenant.Tenant

func (t tenants) All() []*tenant.Tenant { return t }

type noSessions struct{}

func (noSessions) Sweep(context.Context) (int64, error) { return 0, nil }

func TestOldRowsGoAndYoungOnesStay(t *testing.T) {
	t.Parallel()
	db, ctx := testkit.DB(t), t.Context()
	err := db.PG.Platform(ctx, "test set-up", func(p *pg.PlatformTx) error {
		b := pg.NewBatch(p)
		b.Exec(`INSERT INTO tenants (id, name, host, handle_domain, scheme) VALUES (1, 'A', 'a.test', 'a.test', 'https')`, nil)
		b.Exec(`INSERT INTO events (tenant_id, id, kind, account_id, created_at) SELECT 1, n, 'followed', 1, now() - n * interval '1 day' FROM generate_series(1, 1500) n`, nil)
		b.Exec(`INSERT INTO remote_keys (key_id, fetched_at) VALUES ('old', now() - interval '31 days'), ('young', now())`, nil)
		b.Exec(`INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at) VALUES
			(1, 1, 'a', 'https://x.test/u', '', 'applied', now() - interval '30 days'),
			(1, 2, 'b', 'https://x.test/u', '{}', 'pending', now() - interval '1 hour')`, nil)
		return b.Send(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &upkeep.Worker{DB: db.PG, Tenants: tenants{{ID: 1}}, Access: noSessions{}, Log: slog.New(slog.DiscardHandler)}
	for range 2 { // safe to run twice
		if err := w.Work(ctx, &river.Job[jobs.Upkeep]{}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int64{
		`SELECT count(*) FROM events`:           6, // younger than seven days
		`SELECT count(*) FROM remote_keys`:      1,
		`SELECT count(*) FROM inbox_activities`: 1,
		`SELECT count(*) FROM river.river_job WHERE kind = 'inbox_apply' AND args->'ids' = '[2]'`: 2, // the lost one gets a job each time
	} {
		err := db.PG.Platform(ctx, "test", func(p *pg.PlatformTx) error {
			got, err := pg.Value[int64](ctx, p, query, nil)
			if got != want {
				t.Errorf("%s = %d, want %d", query, got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
