package pg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"rookery/tenant"
)

// Read runs fn with a Scope that reads one tenant's data. There is no BEGIN and no
// COMMIT: each query or batch travels with the tenant's id in one pipeline, which
// Postgres runs as a read-only transaction of its own. It saves two round trips, and
// two queries of one fn may see different moments. Use it where a page is shown, and
// Tenant where what is read decides what is written.
func (db *DB) Read(ctx context.Context, id tenant.ID, fn func(*Scope) error) error {
	if id <= 0 {
		return errors.New("a scope needs a tenant")
	}
	conn, err := db.acquire(ctx, db.app)
	if err != nil {
		return mapError(err)
	}
	defer conn.Release()
	return mapError(fn(&Scope{tenant: id, run: &reader{conn: conn, tenant: id}}))
}

// ByKey says that the scope's further queries find their rows by key whatever their
// arguments are. A reading scope then has Postgres keep one plan for each of them:
// planning a page's queries anew each time costs more than running them. It changes
// nothing for a scope that writes.
func (s *Scope) ByKey() {
	if r, ok := s.run.(*reader); ok {
		r.byKey = true
	}
}

// OnlyReads reports whether the scope sees nothing but what is committed: it cannot
// write, so that its own changes are not among what it reads.
func (s *Scope) OnlyReads() bool { return s.tx == nil }

// runner is what a Scope's queries run on: a transaction, or a reader.
type runner interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// reader sends each query in a pipeline that first says whose data it is.
type reader struct {
	conn   *pgxpool.Conn
	tenant tenant.ID
	byKey  bool
}

const (
	setReader      = `SELECT set_config('app.tenant_id', $1, true), set_config('transaction_read_only', 'on', true)`
	setReaderByKey = `SELECT set_config('app.tenant_id', $1, true), set_config('transaction_read_only', 'on', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)`
)

// first is what goes in front of every pipeline.
func (r *reader) first() string {
	if r.byKey {
		return setReaderByKey
	}
	return setReader
}

var errReadOnly = errors.New("this scope only reads: use DB.Tenant to write")

// Query implements runner.
func (r *reader) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	b := &pgx.Batch{}
	b.Queue(r.first(), r.tenant.String())
	b.Queue(sql, args...)
	results := r.conn.SendBatch(ctx, b)
	if _, err := results.Exec(); err != nil {
		return nil, errors.Join(err, results.Close())
	}
	rows, err := results.Query()
	if err != nil {
		return nil, errors.Join(err, results.Close())
	}
	return pipelined{rows, results}, nil
}

// Exec implements runner.
func (r *reader) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errReadOnly
}

// SendBatch implements runner.
func (r *reader) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	with := &pgx.Batch{}
	with.Queue(r.first(), r.tenant.String())
	with.QueuedQueries = append(with.QueuedQueries, b.QueuedQueries...)
	return r.conn.SendBatch(ctx, with)
}

// pipelined ends its pipeline with its rows: the connection is free for the next query.
type pipelined struct {
	pgx.Rows
	results pgx.BatchResults
}

// Close implements pgx.Rows.
func (p pipelined) Close() {
	p.Rows.Close()
	_ = p.results.Close() // an error of the query is the rows' too
}
