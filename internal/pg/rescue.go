package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A process that is killed leaves its jobs marked as running. The queue's own rescue can
// only go by time, and must wait longer than the longest job takes. So each process
// holds an advisory lock in the name of its queue client for as long as it lives: a
// running job whose lock can be had belongs to nobody, and runs again at once. Jobs are
// safe to run twice, so a process that merely lost its connection does no harm.

const rescueEvery = 10 * time.Second

const holdName = `SELECT pg_advisory_lock(hashtextextended('rookery client ' || $1, 0))`

const rescueOrphans = `
WITH names AS (
    SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] AS name FROM river.river_job WHERE state = 'running'
), dead AS MATERIALIZED (
    SELECT name FROM names
    WHERE  name IS NOT NULL AND name <> $1 AND pg_try_advisory_xact_lock(hashtextextended('rookery client ' || name, 0))
)
UPDATE river.river_job j
SET    state = 'available', scheduled_at = now(), attempt = GREATEST(j.attempt - 1, 0)
FROM   dead
WHERE  j.state = 'running' AND j.attempted_by[array_upper(j.attempted_by, 1)] = dead.name`

// keepName holds the lock of a queue client and rescues the jobs of dead ones until ctx ends.
func (db *DB) keepName(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if err := db.holdAndRescue(ctx, name); err != nil && ctx.Err() == nil {
			db.log.Warn("jobs of dead processes cannot be looked for", "error", err)
			wait(ctx, startAgain)
		}
	}
}

func (db *DB) holdAndRescue(ctx context.Context, name string) error {
	// a connection of its own: the lock lives as long as it does
	conn, err := pgx.ConnectConfig(ctx, db.app.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect: %w", mapError(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, holdName, name); err != nil {
		return fmt.Errorf("hold the lock of this process: %w", err)
	}
	for {
		tag, err := conn.Exec(ctx, rescueOrphans, name)
		if err != nil {
			return fmt.Errorf("rescue jobs: %w", err)
		}
		if n := tag.RowsAffected(); n > 0 {
			db.log.Info("jobs of a dead process run again", "count", n)
		}
		if !wait(ctx, rescueEvery) {
			return nil
		}
	}
}

// wait reports false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
