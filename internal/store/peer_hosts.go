package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// PeerHost is what is remembered of a server we deliver to. The table is shared by
// all tenants and holds only those with something to remember.
type PeerHost struct {
	Host      string
	Failures  int        // connections that failed one after another
	NextTryAt *time.Time // set: down, and not asked before then
	LastError string
	RFC9421   bool // refuses draft-cavage signatures
}

const peerHosts = `
SELECT host, failures, next_try_at, last_error, rfc9421
FROM   peer_hosts
WHERE  next_try_at IS NOT NULL OR rfc9421
ORDER  BY updated_at DESC
LIMIT  @limit`

// PeerHosts returns what is remembered, the latest first.
func PeerHosts(ctx context.Context, tx *pg.PlatformTx, limit int) ([]*PeerHost, error) {
	return pg.Many[PeerHost](ctx, tx, peerHosts, pgx.NamedArgs{"limit": limit})
}

const failPeerHost = `
INSERT INTO peer_hosts AS p (host, failures, failing_since, next_try_at, last_error, updated_at)
VALUES (@host, @failures, @now, @next_try_at, @error, @now)
ON CONFLICT (host) DO UPDATE SET
       failures = GREATEST(p.failures, EXCLUDED.failures), failing_since = COALESCE(p.failing_since, EXCLUDED.failing_since),
       next_try_at = GREATEST(p.next_try_at, EXCLUDED.next_try_at), last_error = EXCLUDED.last_error, updated_at = EXCLUDED.updated_at`

// FailPeerHost remembers that a host is down and when to ask it next.
func FailPeerHost(ctx context.Context, tx *pg.PlatformTx, h PeerHost, now time.Time) error {
	_, err := pg.Exec(ctx, tx, failPeerHost, pgx.NamedArgs{
		"host": h.Host, "failures": h.Failures, "next_try_at": h.NextTryAt, "error": h.LastError, "now": now,
	})
	return err
}

const claimProbe = `
UPDATE peer_hosts SET next_try_at = @next, updated_at = @now
WHERE  host = @host AND next_try_at IS NOT NULL AND next_try_at <= @now`

// ClaimProbe lets one process ask a host that is down whether it is back, and
// reports whether it is this one.
func ClaimProbe(ctx context.Context, tx *pg.PlatformTx, host string, now, next time.Time) (bool, error) {
	n, err := pg.Exec(ctx, tx, claimProbe, pgx.NamedArgs{"host": host, "now": now, "next": next})
	return n > 0, err
}

const healPeerHost = `
UPDATE peer_hosts SET failures = 0, failing_since = NULL, next_try_at = NULL, last_error = '', last_ok_at = @now, updated_at = @now
WHERE  host = @host`

// HealPeerHost remembers that a host is up.
func HealPeerHost(ctx context.Context, tx *pg.PlatformTx, host string, now time.Time) error {
	_, err := pg.Exec(ctx, tx, healPeerHost, pgx.NamedArgs{"host": host, "now": now})
	return err
}

const preferRFC9421 = `
INSERT INTO peer_hosts (host, rfc9421, last_ok_at, updated_at) VALUES (@host, @rfc9421, @now, @now)
ON CONFLICT (host) DO UPDATE SET rfc9421 = EXCLUDED.rfc9421, updated_at = EXCLUDED.updated_at`

// PreferRFC9421 remembers which signatures a host takes.
func PreferRFC9421(ctx context.Context, tx *pg.PlatformTx, host string, rfc9421 bool, now time.Time) error {
	_, err := pg.Exec(ctx, tx, preferRFC9421, pgx.NamedArgs{"host": host, "rfc9421": rfc9421, "now": now})
	return err
}
