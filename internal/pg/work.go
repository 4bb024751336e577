package pg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"rookery/internal/ids"
)

// How jobs run. The queue's default hour before a crashed worker's jobs are rescued
// would look like loss; see docs/ARCHITECTURE.md, "Queues".
const (
	jobTimeout    = 45 * time.Second
	rescueAfter   = 90 * time.Second // above the longest timeout of a job that moves data
	fetchCooldown = 10 * time.Millisecond
	fetchPoll     = time.Second
	keepCompleted = 10 * time.Minute
	keepDiscarded = 7 * 24 * time.Hour
	startAgain    = 2 * time.Second
	stopMargin    = 5 * time.Second
)

// clientName is a name that no other process has or had.
func clientName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "-" + ids.Secret(9)
}

// Work says which jobs a process works.
type Work struct {
	Workers  *river.Workers
	Queues   map[string]int // queue to number of workers
	Periodic []*river.PeriodicJob
	Errors   river.ErrorHandler
	Log      *slog.Logger
	Grace    time.Duration // what running jobs get at the end
}

// Run works the queues until ctx ends. Jobs in flight then get their grace; what still
// runs after that is given back with its attempt. Postgres may be away at the start.
func (db *DB) Run(ctx context.Context, w Work) error {
	queues := make(map[string]river.QueueConfig, len(w.Queues))
	for name, n := range w.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: n, FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll}
	}
	name := clientName()
	client, err := river.NewClient(riverpgxv5.New(db.app), &river.Config{
		ID:                          name,
		Schema:                      JobSchema,
		Queues:                      queues,
		Workers:                     w.Workers,
		PeriodicJobs:                w.Periodic,
		ErrorHandler:                w.Errors,
		Logger:                      w.Log,
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             w.Grace,
		CompletedJobRetentionPeriod: keepCompleted,
		DiscardedJobRetentionPeriod: keepDiscarded,
		FetchCooldown:               fetchCooldown,
	})
	if err != nil {
		return fmt.Errorf("prepare the workers: %w", err)
	}
	// the name is held until the last job has ended
	alive, gone := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		db.keepName(alive, name)
	}()
	defer func() {
		gone()
		<-kept
	}()
	if !db.start(ctx, client) {
		return nil
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Grace+stopMargin)
	defer cancel()
	if err := client.Stop(stop); err != nil {
		db.log.Warn("jobs were interrupted at shutdown; they run again", "error", err)
	}
	return nil
}

// start tries until Postgres is there. Start must not see ctx end: Stop lets running
// jobs finish first.
func (db *DB) start(ctx context.Context, client *river.Client[pgx.Tx]) bool {
	for {
		err := client.Start(context.WithoutCancel(ctx))
		if err == nil {
			return true
		}
		db.log.Warn("the queues cannot be worked yet", "error", err)
		if !wait(ctx, startAgain) {
			return false
		}
	}
}
