package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is where any process tells that tenants or hosts changed.
const channel = "tenant_changed"

const (
	// The pause before connecting again grows to this.
	longestPause = 10 * time.Second
	loadTimeout  = 15 * time.Second
	// After a change the table is read at once; the next reading comes so many times later
	// than this one took, so that a flood of changes costs no more than a third of a core.
	restFactor  = 2
	longestRest = time.Second
)

// Run keeps the table current until ctx ends: at once on a change, each minute in any
// case. It outlives every outage of the database; the last table stays meanwhile.
func (r *Registry) Run(ctx context.Context) error {
	pause := 100 * time.Millisecond
	for {
		began := time.Now()
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ended as asked; err only says how
		}
		if time.Since(began) > r.every {
			pause = 100 * time.Millisecond
		}
		r.log.WarnContext(ctx, "the table of tenants is not followed; serving the last one", "error", err, "again_in", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// follow listens on a connection of its own until something breaks.
func (r *Registry) follow(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, r.db.Pool().Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		// First of all, and after each reconnect: what changed while nobody listened.
		began := time.Now()
		if err := r.loadSoon(ctx); err != nil {
			return err
		}
		rest := min(restFactor*time.Since(began), longestRest)
		loaded := time.Now()
		if err := r.waitForChange(ctx, conn); err != nil {
			return err
		}
		if err := gather(ctx, conn, loaded.Add(rest)); err != nil {
			return err
		}
	}
}

// gather takes the notices that come until a time: one reading serves them all.
func gather(ctx context.Context, conn *pgx.Conn, until time.Time) error {
	gathering, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for gathering.Err() == nil {
		if _, err := conn.WaitForNotification(gathering); err != nil && (gathering.Err() == nil || conn.IsClosed()) {
			return fmt.Errorf("gather changes: %w", err)
		}
	}
	return nil
}

// waitForChange returns nil on a change, or when it is time to reload anyway.
func (r *Registry) waitForChange(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, r.every)
	defer cancel()
	_, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(waiting.Err(), context.DeadlineExceeded) && !conn.IsClosed():
		return nil
	}
	return fmt.Errorf("wait for a change: %w", err)
}

func (r *Registry) loadSoon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return r.Load(ctx)
}
