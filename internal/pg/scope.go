package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"rookery/tenant"
)

// Scope is a transaction of one tenant: the only door to tenant data. Its queries
// must name @tenant_id, which it fills in itself.
type Scope struct {
	tx          pgx.Tx // nil where the scope only reads
	run         runner
	tenant      tenant.ID
	inserter    *river.Client[pgx.Tx]
	last        []func(*Batch)
	afterCommit []func()
}

// Tenant says whose data the scope reaches.
func (s *Scope) Tenant() tenant.ID { return s.tenant }

// AfterCommit registers what happens once the transaction is durable, such as
// publishing to open streams. It is dropped when the transaction fails.
func (s *Scope) AfterCommit(fn func()) { s.afterCommit = append(s.afterCommit, fn) }

// Last queues statements for the very end of the transaction: all that was registered
// goes in one batch right before COMMIT. It is for rows that everybody writes, such as
// an author's counters: their locks are then held for one round trip and not while the
// rest of the work is done. It is dropped when the transaction fails.
func (s *Scope) Last(queue func(*Batch)) { s.last = append(s.last, queue) }

// Enqueue inserts jobs in the scope's own transaction: they run only if it commits.
// Unique jobs that are waiting already are skipped.
func (s *Scope) Enqueue(ctx context.Context, args ...river.JobArgs) error {
	if len(args) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(args))
	for i, a := range args {
		params[i] = river.InsertManyParams{Args: a}
	}
	return s.EnqueueWith(ctx, params)
}

// EnqueueWith is Enqueue with options for each job: a time, a priority.
func (s *Scope) EnqueueWith(ctx context.Context, params []river.InsertManyParams) error {
	if s.tx == nil {
		return errReadOnly
	}
	if _, err := s.inserter.InsertManyTx(ctx, s.tx, params); err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(params), mapError(err))
	}
	return nil
}

// Tenant runs fn in a transaction of one tenant and commits if it returns nil.
// BEGIN and the tenant's id travel in one round trip. fn runs once more after a
// deadlock, so it must not change anything but the database and its own variables.
func (db *DB) Tenant(ctx context.Context, id tenant.ID, fn func(*Scope) error) error {
	return db.tenantTries(ctx, id, fmt.Sprintf(beginTenant, int64(id)), fn)
}

// TenantByKey is Tenant for transactions whose statements find their rows by key
// whatever their arguments are: Postgres keeps one plan for each of them. Planning the
// statements of a post anew each time took more than running them.
func (db *DB) TenantByKey(ctx context.Context, id tenant.ID, fn func(*Scope) error) error {
	return db.tenantTries(ctx, id, fmt.Sprintf(beginTenant+keepPlans, int64(id)), fn)
}

const (
	beginTenant = "BEGIN; SET LOCAL app.tenant_id = '%d'"
	keepPlans   = "; SET LOCAL plan_cache_mode = force_generic_plan"
)

func (db *DB) tenantTries(ctx context.Context, id tenant.ID, begin string, fn func(*Scope) error) error {
	if id <= 0 {
		return errors.New("a scope needs a tenant")
	}
	for try := 0; ; try++ {
		err := db.tenantOnce(ctx, id, begin, fn)
		if err == nil || try == 2 || !isRetryable(err) {
			return err
		}
	}
}

func (db *DB) tenantOnce(ctx context.Context, id tenant.ID, begin string, fn func(*Scope) error) error {
	scope := &Scope{tenant: id, inserter: db.inserter}
	err := db.begin(ctx, db.app, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error {
		scope.tx, scope.run = tx, tx
		if err := fn(scope); err != nil {
			return err
		}
		return scope.finish(ctx)
	})
	if err != nil {
		return mapError(err)
	}
	for _, fn := range scope.afterCommit {
		fn()
	}
	return nil
}

// finish sends what was kept for the end.
func (s *Scope) finish(ctx context.Context) error {
	b := NewBatch(s)
	for _, queue := range s.last {
		queue(b)
	}
	return b.Send(ctx)
}

// Nested runs fn under a savepoint: if it fails, only its own changes are undone.
// What a failed fn kept for the end or for after the commit is dropped.
func (s *Scope) Nested(ctx context.Context, fn func(*Scope) error) error {
	if s.tx == nil {
		return errReadOnly
	}
	inner := &Scope{tenant: s.tenant, inserter: s.inserter}
	err := pgx.BeginFunc(ctx, s.tx, func(tx pgx.Tx) error {
		inner.tx, inner.run = tx, tx
		return fn(inner)
	})
	if err != nil {
		return mapError(err)
	}
	s.last = append(s.last, inner.last...)
	s.afterCommit = append(s.afterCommit, inner.afterCommit...)
	return nil
}

func (s *Scope) query(ctx context.Context, sql string, args pgx.NamedArgs) (pgx.Rows, error) {
	return s.run.Query(ctx, sql, tenantArgs{s.tenant, args})
}

func (s *Scope) exec(ctx context.Context, sql string, args pgx.NamedArgs) (pgconn.CommandTag, error) {
	return s.run.Exec(ctx, sql, tenantArgs{s.tenant, args})
}

func (s *Scope) sendBatch(ctx context.Context, b *pgx.Batch) error {
	return s.run.SendBatch(ctx, b).Close()
}

func (s *Scope) rewriter(args pgx.NamedArgs) pgx.QueryRewriter { return tenantArgs{s.tenant, args} }
