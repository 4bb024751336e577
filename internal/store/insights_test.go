package store_test

import (
	"context"
	"math"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// insights gives the cast's post a delivery that fails, and alice a day.
func (c *cast) insights(ctx context.Context, s *pg.Scope) error {
	b := pg.NewBatch(s)
	args := map[string]any{"id": c.st.ID, "by": c.alice.ID}
	b.Exec(`INSERT INTO activities (tenant_id, id, uri, account_id, status_id, body) VALUES (@tenant_id, 70, 'https://a.test/ap/activities/' || @id::bigint, @by, @id, '')`, args)
	b.Exec(`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state) VALUES (@tenant_id, 70, 1, 'https://far.test/inbox', 'far.test', 'failed')`, nil)
	b.Exec(`INSERT INTO status_reach (tenant_id, status_id, reached) VALUES (@tenant_id, @id, 3)`, map[string]any{"id": c.st.ID})
	b.Exec(`INSERT INTO account_days (tenant_id, account_id, day, posts) VALUES (@tenant_id, @by, current_date, 1)`, map[string]any{"by": c.alice.ID})
	return b.Send(ctx)
}

func (c *cast) insightReads() sweep {
	mine, from, until := []social.AccountID{c.alice.ID}, time.Now().AddDate(0, 0, -2), time.Now().AddDate(0, 0, 2)
	query := store.PostQuery{Accounts: mine, Until: math.MaxInt64, Limit: 10}
	byScore := query
	byScore.ByScore = true
	return sweep{
		"DaysOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.DaysOf(ctx, s, mine, from, until))
		},
		"AccountDays": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AccountDays(ctx, s, mine, from, until))
		},
		"AnswerTimes": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.AnswerTimes(ctx, s, mine, from, until, 1))
		},
		"ReachOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			m, err := store.ReachOf(ctx, s, []social.StatusID{c.st.ID})
			return len(m), err
		},
		"FailingServers": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.FailingServers(ctx, s, c.st.ID, 0, 10))
		},
		"PostLines":           func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.PostLines(ctx, s, query)) },
		"PostLines, by score": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.PostLines(ctx, s, byScore)) },
		"PostLineByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.PostLineByID(ctx, s, c.st.ID))
		},
		"ReactionsOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ReactionsOf(ctx, s, c.st.ID, math.MaxInt64))
		},
	}
}
