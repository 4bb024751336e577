package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rookery/internal/fault"
)

// errFull says that all connections were busy for as long as anybody should wait.
var errFull = fault.New(fault.Unavailable, "The server is busy. Try again in a minute.")

// acquire takes a connection out of a pool. Whoever waits longer than Options.Wait for
// one is turned away: while slow queries hold all of them, an answer of 503 within
// seconds is worth more than one that comes after the caller has given up, and a line
// that only grows would go on holding memory after the cause is gone.
func (db *DB) acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	if db.wait == 0 {
		conn, err := pool.Acquire(ctx)
		return conn, wrap(err)
	}
	waiting, cancel := context.WithTimeout(ctx, db.wait)
	defer cancel()
	conn, err := pool.Acquire(waiting)
	if err != nil && ctx.Err() == nil && errors.Is(waiting.Err(), context.DeadlineExceeded) {
		return nil, fault.Wrap(err, fault.Unavailable, errFull.Text)
	}
	return conn, wrap(err)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("acquire a connection: %w", err)
}

// begin runs fn in a transaction on a connection of a pool.
func (db *DB) begin(ctx context.Context, pool *pgxpool.Pool, options pgx.TxOptions, fn func(pgx.Tx) error) error {
	conn, err := db.acquire(ctx, pool)
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgx.BeginTxFunc(ctx, conn, options, fn)
}

// WaitForPublic is what a request waits at most for a connection.
const WaitForPublic = 3 * time.Second
