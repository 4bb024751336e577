package store_test

import (
	"context"
	"math"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// insightReads are what the room of insights asks. A year and the one before it are some
// seven hundred days of each account; of a post with very many inboxes all are counted.
func (l *large) insightReads(m map[string]read) {
	accounts := []social.AccountID{alice, locked, quiet}
	from, until := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	m["DaysOf"] = wide(2*3*730+100, func(ctx context.Context, s *pg.Scope) ([]*store.Day, error) {
		return store.DaysOf(ctx, s, accounts, from, until)
	})
	m["AccountDays"] = wide(2*3*730+100, func(ctx context.Context, s *pg.Scope) ([]*store.AccountDay, error) {
		return store.AccountDays(ctx, s, accounts, from, until)
	})
	// The answers of some days.
	last := ids.Time(l.status(l.posts))
	m["AnswerTimes"] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.AnswerTime, error) {
		return store.AnswerTimes(ctx, s, accounts, last.Add(-30*time.Minute), last.Add(time.Hour), 1)
	})
	page := make([]social.StatusID, 40)
	for i := range page {
		page[i] = social.StatusID(l.status(l.posts - 20*int64(i) + 1 - l.posts%20))
	}
	m["ReachOf"] = reading(func(ctx context.Context, s *pg.Scope) (map[social.StatusID]store.Reach, error) {
		return store.ReachOf(ctx, s, page)
	})
	m["FailingServers"] = wide(60_000, func(ctx context.Context, s *pg.Scope) ([]*store.FailingServer, error) {
		return store.FailingServers(ctx, s, social.StatusID(l.status(21)), 0, 50)
	})
	m["ReactionsOf"] = wide(60_000, func(ctx context.Context, s *pg.Scope) ([]*store.Reactions, error) {
		return store.ReactionsOf(ctx, s, social.StatusID(l.status(100)), math.MaxInt64)
	})
	for name, q := range map[string]store.PostQuery{
		"newest": {Until: math.MaxInt64}, "later": {Until: math.MaxInt64, AfterID: social.StatusID(l.status(l.posts / 2))},
		"by score":        {From: l.status(l.posts - 3000), Until: math.MaxInt64, ByScore: true},
		"by score, later": {From: l.status(l.posts - 3000), Until: math.MaxInt64, ByScore: true, AfterScore: 1, AfterID: social.StatusID(l.status(l.posts - 500))},
	} {
		q.Accounts, q.Limit = accounts, 20
		// Of authors with few posts Postgres may sort all of the time that is asked for.
		m["PostLines, "+name] = wide(3000, func(ctx context.Context, s *pg.Scope) ([]*store.PostLine, error) { return store.PostLines(ctx, s, q) })
	}
}
