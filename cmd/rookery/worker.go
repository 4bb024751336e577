package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"rookery/internal/jobs"
	"rookery/internal/pg"
)

// How jobs run. The default hour before a crashed worker's jobs are rescued would look
// like loss; see docs/ARCHITECTURE.md, "Queues".
const (
	jobTimeout    = 45 * time.Second
	rescueAfter   = 90 * time.Second
	fetchCooldown = 10 * time.Millisecond
	keepCompleted = 10 * time.Minute
	keepDiscarded = 7 * 24 * time.Hour
)

// runWorkers works the queues until ctx ends. Jobs in flight then get their grace; what
// is still running is given back with its attempt.
func (s *system) runWorkers(ctx context.Context, p *parts) error {
	workers := river.NewWorkers()
	s.registerWorkers(workers, p)
	queues := map[string]river.QueueConfig{}
	for name, n := range s.cfg.Pairs("queues") {
		queues[name] = river.QueueConfig{MaxWorkers: n, FetchCooldown: fetchCooldown, FetchPollInterval: time.Second}
	}
	client, err := river.NewClient(riverpgxv5.New(s.db.Pool()), &river.Config{
		Schema:                      pg.JobSchema,
		Queues:                      queues,
		Workers:                     workers,
		Logger:                      slog.New(quieter{s.log.Handler()}),
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             s.grace(),
		CompletedJobRetentionPeriod: keepCompleted,
		DiscardedJobRetentionPeriod: keepDiscarded,
		FetchCooldown:               fetchCooldown,
		ErrorHandler:                jobErrors{s.log},
		PeriodicJobs: []*river.PeriodicJob{
			river.NewPeriodicJob(river.PeriodicInterval(10*time.Minute), func() (river.JobArgs, *river.InsertOpts) { return jobs.Upkeep{}, nil }, nil),
		},
	})
	if err != nil {
		return fmt.Errorf("prepare the workers: %w", err)
	}
	// Start must not see ctx end: Stop lets running jobs finish first
	if err := s.startWorkers(ctx, client); err != nil {
		return err
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace()+5*time.Second)
	defer cancel()
	if err := client.Stop(stop); err != nil {
		s.log.Warn("jobs were interrupted at shutdown; they run again", "error", err)
	}
	return nil
}

// startWorkers tries until Postgres is there: it may be away at boot.
func (s *system) startWorkers(ctx context.Context, client *river.Client[pgx.Tx]) error {
	for {
		err := client.Start(context.WithoutCancel(ctx))
		if err == nil {
			return nil
		}
		s.log.Warn("the queues cannot be worked yet", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}
