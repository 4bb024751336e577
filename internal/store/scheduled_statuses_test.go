package store_test

import (
	"context"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// The cast's plans: one with a file and a time, one that became the post.
const (
	planned   social.PlanID   = 700
	became    social.PlanID   = 701
	planFile  social.MediaID  = 702
	looseFile social.MediaID  = 703
	planner   social.PersonID = 704
)

var planTime = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)

func (c *cast) plan(ctx context.Context, s *pg.Scope) error {
	row := &social.Plan{ID: planned, AccountID: c.alice.ID, AuthorID: planner, State: social.PlanScheduled, Visibility: social.Public,
		Text: "soon", ScheduledAt: &planTime, Zone: "Europe/Berlin", CreatedAt: time.Now()}
	done := &social.Plan{ID: became, AccountID: c.alice.ID, AuthorID: planner, State: social.PlanDraft, Visibility: social.Public, CreatedAt: time.Now()}
	for _, p := range []*social.Plan{row, done} {
		if err := store.AddPlan(ctx, s, p); err != nil {
			return err
		}
	}
	done.State, done.StatusID, done.DecidedBy = social.PlanPublished, c.st.ID, 9
	if err := store.UpdatePlan(ctx, s, done); err != nil {
		return err
	}
	for _, id := range []social.MediaID{planFile, looseFile} {
		if err := store.InsertMedia(ctx, s, &social.Media{ID: id, AccountID: c.alice.ID, Kind: social.MediaImage, Key: "k"}); err != nil {
			return err
		}
	}
	_, err := store.HoldPlanMedia(ctx, s, planned, c.alice.ID, []social.MediaID{planFile})
	return err
}

func (c *cast) planReads() sweep {
	mine := []social.AccountID{c.alice.ID}
	return sweep{
		"PlanByID": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.PlanByID(ctx, s, planned)) },
		"LockPlan": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.LockPlan(ctx, s, planned)) },
		"PlansOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.PlansOf(ctx, s, store.PlanFilter{Accounts: mine, State: social.PlanScheduled}, store.Page{}))
		},
		"PlansBetween": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.PlansBetween(ctx, s, mine, []social.PlanState{social.PlanScheduled}, planTime, planTime.Add(time.Minute), 9))
		},
		"CountPlans": func(ctx context.Context, s *pg.Scope) (int, error) { return mapped(store.CountPlans(ctx, s, mine)) },
		"CountPlansBetween": func(ctx context.Context, s *pg.Scope) (int, error) {
			return store.CountPlansBetween(ctx, s, c.alice.ID, 0, planTime, planTime.Add(time.Minute))
		},
		"LockPlanner": func(ctx context.Context, s *pg.Scope) (int, error) {
			err := store.LockPlanner(ctx, s, c.alice.ID)
			return found(err == nil), err
		},
		"ZoneOfPerson": func(ctx context.Context, s *pg.Scope) (int, error) {
			zone, err := store.ZoneOfPerson(ctx, s, mine, planner)
			return len(zone), err
		},
		"MediaOfPlans": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.MediaOfPlans(ctx, s, []social.PlanID{planned}))
		},
		"PlanOfMedia": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.PlanOfMedia(ctx, s, planFile))
		},
		"LooseMediaByIDs": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.LooseMediaByIDs(ctx, s, c.alice.ID, []social.MediaID{looseFile}))
		},
		"SentPosts": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.SentPosts(ctx, s, mine, store.Page{}))
		},
	}
}

func (c *cast) planWrites() changes {
	return changes{
		"UpdatePlan": func(ctx context.Context, s *pg.Scope) error {
			return store.UpdatePlan(ctx, s, &social.Plan{ID: planned, State: social.PlanDraft, Visibility: social.Direct, Text: "stolen"})
		},
		"DeletePlan":       func(ctx context.Context, s *pg.Scope) error { return store.DeletePlan(ctx, s, planned) },
		"ReleasePlanMedia": func(ctx context.Context, s *pg.Scope) error { return store.ReleasePlanMedia(ctx, s, planned) },
		"HoldPlanMedia": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.HoldPlanMedia(ctx, s, planned, c.alice.ID, []social.MediaID{looseFile})
			return err
		},
		"AddPlan": func(ctx context.Context, s *pg.Scope) error {
			return store.AddPlan(ctx, s, &social.Plan{ID: 705, AccountID: c.alice.ID, AuthorID: planner, State: social.PlanDraft, Visibility: social.Public, CreatedAt: time.Now()})
		},
	}
}
