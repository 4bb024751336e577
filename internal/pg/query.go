package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"rookery/tenant"
)

// Querier is what queries run on: a *Scope or a *PlatformTx.
type Querier interface {
	query(ctx context.Context, sql string, args pgx.NamedArgs) (pgx.Rows, error)
	exec(ctx context.Context, sql string, args pgx.NamedArgs) (pgconn.CommandTag, error)
	sendBatch(ctx context.Context, b *pgx.Batch) error
	rewriter(args pgx.NamedArgs) pgx.QueryRewriter
}

// Exec runs a statement and returns how many rows it touched.
func Exec(ctx context.Context, q Querier, sql string, args pgx.NamedArgs) (int64, error) {
	tag, err := q.exec(ctx, sql, args)
	return tag.RowsAffected(), mapError(err)
}

// One returns the first row as a struct (columns match fields by name, underscores
// and case aside), or fault.NotFound.
func One[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs) (*T, error) {
	return collectOne(ctx, q, sql, args, pgx.RowToAddrOfStructByName[T])
}

// Many returns all rows as structs.
func Many[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs) ([]*T, error) {
	return collect(ctx, q, sql, args, pgx.RowToAddrOfStructByName[T])
}

// Value returns the single column of the first row, or fault.NotFound.
func Value[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs) (T, error) {
	return collectOne(ctx, q, sql, args, pgx.RowTo[T])
}

// Values returns the single column of all rows.
func Values[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs) ([]T, error) {
	return collect(ctx, q, sql, args, pgx.RowTo[T])
}

// Rows returns all rows through a function of the caller's, for shapes that are no struct.
func Rows[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs, scan pgx.RowToFunc[T]) ([]T, error) {
	return collect(ctx, q, sql, args, scan)
}

func collect[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs, fn pgx.RowToFunc[T]) ([]T, error) {
	rows, err := q.query(ctx, sql, args)
	if err != nil {
		return nil, mapError(err)
	}
	out, err := pgx.CollectRows(rows, fn)
	return out, mapError(err)
}

func collectOne[T any](ctx context.Context, q Querier, sql string, args pgx.NamedArgs, fn pgx.RowToFunc[T]) (T, error) {
	rows, err := q.query(ctx, sql, args)
	if err != nil {
		var zero T
		return zero, mapError(err)
	}
	out, err := pgx.CollectOneRow(rows, fn)
	return out, mapError(err)
}

// Batch collects statements that travel in one round trip.
type Batch struct {
	q     Querier
	batch pgx.Batch
}

// NewBatch returns an empty batch for a scope or a platform transaction.
func NewBatch(q Querier) *Batch { return &Batch{q: q} }

// Exec queues a statement whose result nobody reads.
func (b *Batch) Exec(sql string, args pgx.NamedArgs) { b.batch.Queue(sql, b.q.rewriter(args)) }

// QueueMany queues a query whose rows land in dest when the batch is sent.
func QueueMany[T any](b *Batch, sql string, args pgx.NamedArgs, dest *[]*T) {
	b.batch.Queue(sql, b.q.rewriter(args)).Query(func(rows pgx.Rows) error {
		out, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
		*dest = out
		return err
	})
}

// QueueValues queues a query of one column whose values land in dest.
func QueueValues[T any](b *Batch, sql string, args pgx.NamedArgs, dest *[]T) {
	b.batch.Queue(sql, b.q.rewriter(args)).Query(func(rows pgx.Rows) error {
		out, err := pgx.CollectRows(rows, pgx.RowTo[T])
		*dest = out
		return err
	})
}

// Len is how many statements wait.
func (b *Batch) Len() int { return b.batch.Len() }

// Send runs the batch; the first error ends it.
func (b *Batch) Send(ctx context.Context) error {
	if b.batch.Len() == 0 {
		return nil
	}
	return mapError(b.q.sendBatch(ctx, &b.batch))
}

const setTenant = `SELECT set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)`

// ReadOne reads one row of one tenant in a single round trip: the tenant's id and
// the query travel in one pipeline, which Postgres runs as one transaction. For hot
// single reads by key, such as a token or an actor document: Postgres keeps one plan for
// all arguments. It must not write.
func ReadOne[T any](ctx context.Context, db *DB, id tenant.ID, sql string, args pgx.NamedArgs) (*T, error) {
	var out []*T
	b := &pgx.Batch{}
	b.Queue(setTenant, id.String())
	b.Queue(sql, tenantArgs{id, args}).Query(func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
		return err
	})
	conn, err := db.acquire(ctx, db.app)
	if err != nil {
		return nil, mapError(err)
	}
	defer conn.Release()
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return nil, mapError(err)
	}
	if len(out) == 0 {
		return nil, errNoRow
	}
	return out[0], nil
}

// NullTime is the argument for a column that may be NULL: the zero time is NULL.
func NullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
