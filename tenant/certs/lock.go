package certs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
)

const (
	leaseTime  = 2 * time.Minute
	leaseRenew = 30 * time.Second
	leasePoll  = time.Second
)

// leases are the locks that this process holds, each with what stops its renewal.
type leases struct {
	mu   sync.Mutex
	held map[string]context.CancelFunc
}

// An expired lease is anybody's: its process died, or lost the database for long enough.
const (
	takeLease = `
INSERT INTO cert_locks AS l (name, owner, expires_at) VALUES (@name, @owner, now() + @lasts::interval)
ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at
WHERE  l.expires_at < now()
RETURNING owner`
	renewLease = `UPDATE cert_locks SET expires_at = now() + @lasts::interval WHERE name = @name AND owner = @owner AND expires_at > now()`
	dropLease  = `DELETE FROM cert_locks WHERE name = @name AND owner = @owner`
	// Whoever died in the middle of an order holds nothing else either: an account's, say.
	dropDead = `DELETE FROM cert_locks WHERE owner <> @owner AND owner = (SELECT owner FROM cert_locks WHERE name = @lock)`
)

// orderLock is what CertMagic locks in the storage while it orders for a name.
func orderLock(name string) string { return "issue_cert_" + name }

// Lock implements certmagic.Locker: it waits until the lease is ours or ctx ends.
func (s *storage) Lock(ctx context.Context, name string) error {
	for {
		taken, err := s.TryLock(ctx, name)
		if err != nil || taken {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the lock %s: %w", name, ctx.Err())
		case <-time.After(leasePoll):
		}
	}
}

// TryLock implements certmagic.TryLocker. A lease is renewed until Unlock, or until the
// process dies: then it is free after two minutes.
func (s *storage) TryLock(ctx context.Context, name string) (bool, error) {
	err := s.db.Platform(ctx, "lock in the certificate storage", func(tx *pg.PlatformTx) error {
		_, err := pg.Value[string](ctx, tx, takeLease, pgx.NamedArgs{"name": name, "owner": s.owner, "lasts": leaseTime})
		return err
	})
	if fault.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.mu.Lock()
	if s.held == nil {
		s.held = map[string]context.CancelFunc{}
	}
	s.held[name] = stop
	s.mu.Unlock()
	go s.keep(renewing, name)
	return true, nil
}

func (s *storage) keep(ctx context.Context, name string) {
	ticker := time.NewTicker(leaseRenew)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// A renewal that fails is tried again in half a minute: three fit into a lease.
			_ = s.RenewLockLease(ctx, name, leaseTime)
		}
	}
}

// RenewLockLease implements certmagic.LockLeaseRenewer.
func (s *storage) RenewLockLease(ctx context.Context, name string, lasts time.Duration) error {
	err := s.db.Platform(ctx, "renew a lock of the certificate storage", func(tx *pg.PlatformTx) error {
		n, err := pg.Exec(ctx, tx, renewLease, pgx.NamedArgs{"name": name, "owner": s.owner, "lasts": lasts})
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "the lease ran out and is another process's now")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("renew the lock %s: %w", name, err)
	}
	return nil
}

// Unlock implements certmagic.Locker. The lock is dropped even where the caller's ctx has
// ended: a cancelled order must not block the next one for two minutes.
func (s *storage) Unlock(ctx context.Context, name string) error {
	s.mu.Lock()
	if stop := s.held[name]; stop != nil {
		stop()
		delete(s.held, name)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.db.Platform(ctx, "unlock in the certificate storage", func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(ctx, tx, dropLease, pgx.NamedArgs{"name": name, "owner": s.owner})
		return err
	})
	if err != nil {
		return fmt.Errorf("unlock %s: %w", name, err)
	}
	return nil
}
