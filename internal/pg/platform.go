package pg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
)

// PlatformTx is a transaction over all tenants, for the registry, people's
// sign-in, billing, staff and upkeep. Its queries name tenants themselves.
type PlatformTx struct {
	tx       pgx.Tx
	inserter *river.Client[pgx.Tx]
}

// Platform runs fn in a transaction as the platform role. The reason says in a few
// words why the wall between tenants is crossed; it is logged at debug level.
func (db *DB) Platform(ctx context.Context, reason string, fn func(*PlatformTx) error) error {
	if reason == "" {
		return errors.New("crossing tenants needs a reason")
	}
	db.log.DebugContext(ctx, "platform access", "reason", reason)
	err := db.begin(ctx, db.platform, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return fn(&PlatformTx{tx: tx, inserter: db.inserter})
	})
	return mapError(err)
}

// Enqueue inserts jobs in the transaction.
func (p *PlatformTx) Enqueue(ctx context.Context, args ...river.JobArgs) error {
	s := Scope{tx: p.tx, inserter: p.inserter}
	return s.Enqueue(ctx, args...)
}

// EnqueueWith is Enqueue with options for each job: a time, a priority.
func (p *PlatformTx) EnqueueWith(ctx context.Context, params []river.InsertManyParams) error {
	s := Scope{tx: p.tx, inserter: p.inserter}
	return s.EnqueueWith(ctx, params)
}

func (p *PlatformTx) query(ctx context.Context, sql string, args pgx.NamedArgs) (pgx.Rows, error) {
	return p.tx.Query(ctx, sql, pgx.StrictNamedArgs(args))
}

func (p *PlatformTx) exec(ctx context.Context, sql string, args pgx.NamedArgs) (pgconn.CommandTag, error) {
	return p.tx.Exec(ctx, sql, pgx.StrictNamedArgs(args))
}

func (p *PlatformTx) sendBatch(ctx context.Context, b *pgx.Batch) error {
	return p.tx.SendBatch(ctx, b).Close()
}

func (p *PlatformTx) rewriter(args pgx.NamedArgs) pgx.QueryRewriter { return pgx.StrictNamedArgs(args) }
