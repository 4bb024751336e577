package pg_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/testkit"
)

type ranWorker struct {
	river.WorkerDefaults[jobs.Upkeep]
	ran chan int64
}

func (w *ranWorker) Work(_ context.Context, job *river.Job[jobs.Upkeep]) error {
	w.ran <- job.ID
	return nil
}

func TestJobsOfADeadProcessRunAgainAtOnce(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	// As a process leaves them that was killed, and one whose process lives on.
	conn, err := pgx.Connect(t.Context(), db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	const insert = `INSERT INTO river.river_job (state, attempt, attempted_at, attempted_by, args, kind, max_attempts, queue)
		VALUES ('running', 1, now(), ARRAY['older', $1], '{}', 'upkeep', 3, 'upkeep') RETURNING id`
	var orphan, busy int64
	if err := conn.QueryRow(t.Context(), insert, "killed").Scan(&orphan); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), insert, "living").Scan(&busy); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(hashtextextended('rookery client living', 0))`); err != nil {
		t.Fatal(err)
	}
	worker := &ranWorker{ran: make(chan int64, 4)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- db.PG.Run(ctx, pg.Work{Workers: workers, Queues: map[string]int{jobs.QueueUpkeep: 2}, Log: slog.New(slog.DiscardHandler), Grace: time.Second})
	}()
	select {
	case id := <-worker.ran:
		if id != orphan {
			t.Errorf("job %d ran, want %d", id, orphan)
		}
	case <-time.After(time.Minute):
		t.Fatal("the orphan did not run")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	var state string
	if err := conn.QueryRow(t.Context(), `SELECT state FROM river.river_job WHERE id = $1`, busy).Scan(&state); err != nil || state != "running" {
		t.Errorf("the living process's job is %s, %v", state, err)
	}
}
