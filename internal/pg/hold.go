package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const freeHold = `SELECT pg_advisory_unlock(hashtextextended('rookery hold ' || $1, 0))`

const tryHold = `SELECT pg_try_advisory_lock(hashtextextended('rookery hold ' || $1, 0))`

// Hold takes a lock in a name for as long as work outside the database lasts, unless
// somebody alive holds it: then held is false. It needs a connection of its own, whose end,
// however the process comes to it, frees the name at once. Call release in any case.
func (db *DB) Hold(ctx context.Context, name string) (release func(), held bool, err error) {
	config := db.platform.Config().ConnConfig.Copy()
	// The server asks by itself whether this machine is still there: one that lost its power
	// must not hold a lock for the two hours that TCP would take to notice.
	config.RuntimeParams["tcp_keepalives_idle"] = "20"
	config.RuntimeParams["tcp_keepalives_interval"] = "10"
	config.RuntimeParams["tcp_keepalives_count"] = "3"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return func() {}, false, fmt.Errorf("connect to hold %q: %w", name, mapError(err))
	}
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if held {
			// The end of the connection frees the name too, but some time after Close: whoever
			// asks right away would find it held. If this fails, that end is what is left.
			_, _ = conn.Exec(ctx, freeHold, name)
		}
		_ = conn.Close(ctx)
	}
	if err := conn.QueryRow(ctx, tryHold, name).Scan(&held); err != nil {
		release()
		return func() {}, false, fmt.Errorf("hold %q: %w", name, mapError(err))
	}
	return release, held, nil
}
