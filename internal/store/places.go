package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// What a plan counts is counted under a lock of the tenant that only those take who add
// something: of two who want the last place at once, the second counts what the first has
// added. The lock is a statement of its own, because a statement sees what was there when
// it began. It is asked for where a plan has limits, and nowhere else.
const (
	holdPlaces    = `SELECT pg_advisory_xact_lock(hashtextextended('rookery places ' || @tenant_id::bigint, 0))`
	countAccounts = `SELECT count(*)::int FROM accounts WHERE tenant_id = @tenant_id AND domain = '' AND deleted_at IS NULL`
	// Whoever is invited has a seat already; a link that has expired lets nobody in.
	countSeats = `
SELECT ((SELECT count(*) FROM memberships WHERE tenant_id = @tenant_id)
      + (SELECT count(*) FROM invitations WHERE tenant_id = @tenant_id AND ` + isOpenInvitation + ` AND expires_at > @now AND email <> @but))::int`
)

// CountOwnAccounts counts the tenant's own accounts.
func CountOwnAccounts(ctx context.Context, scope *pg.Scope) (int, error) {
	return pg.Value[int](ctx, scope, countAccounts, nil)
}

// HoldAccounts counts the tenant's own accounts; nobody else adds one until the transaction ends.
func HoldAccounts(ctx context.Context, scope *pg.Scope) (int, error) {
	b := pg.NewBatch(scope)
	b.Exec(holdPlaces, nil)
	return sendCount(ctx, b, countAccounts, nil)
}

// HoldSeats counts the tenant's people and those who are invited; nobody else is added until
// the transaction ends.
func HoldSeats(ctx context.Context, scope *pg.Scope, now time.Time) (int, error) {
	b := pg.NewBatch(scope)
	b.Exec(holdPlaces, nil)
	return sendCount(ctx, b, countSeats, pgx.NamedArgs{"now": now, "but": ""})
}

// HoldSeatsOf is HoldSeats for an act of the platform. An invitation to one mail address does
// not count: that of whoever comes now.
func HoldSeatsOf(ctx context.Context, p *pg.PlatformTx, of tenant.ID, but string, now time.Time) (int, error) {
	b := pg.NewBatch(p)
	b.Exec(holdPlaces, pgx.NamedArgs{"tenant_id": of})
	return sendCount(ctx, b, countSeats, pgx.NamedArgs{"tenant_id": of, "now": now, "but": but})
}

func sendCount(ctx context.Context, b *pg.Batch, sql string, args pgx.NamedArgs) (int, error) {
	var n []int
	pg.QueueValues(b, sql, args, &n)
	if err := b.Send(ctx); err != nil {
		return 0, err
	}
	return n[0], nil
}
