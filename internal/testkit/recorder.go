package testkit

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Statement is one statement as Postgres got it: arguments have numbers, not names.
type Statement struct {
	SQL  string
	Args []any
}

// Recorder hears of every statement that a test's pools send. It is off until Record.
type Recorder struct {
	mu   sync.Mutex
	on   bool
	list []Statement
}

// Record runs fn and returns the statements that were sent meanwhile, by whomever.
func (r *Recorder) Record(fn func()) []Statement {
	r.set(true)
	defer r.set(false)
	fn()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

func (r *Recorder) set(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on = on; on {
		r.list = nil
	}
}

func (r *Recorder) add(ctx context.Context, conn *pgx.Conn, sql string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return
	}
	if len(args) > 0 {
		if named, ok := args[0].(pgx.QueryRewriter); ok {
			if text, numbered, err := named.RewriteQuery(ctx, conn, sql, nil); err == nil {
				sql, args = text, numbered
			}
		}
	}
	r.list = append(r.list, Statement{SQL: sql, Args: args})
}

// TraceQueryStart implements pgx.QueryTracer.
func (r *Recorder) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.add(ctx, conn, data.SQL, data.Args)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (r *Recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (r *Recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (r *Recorder) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	r.add(ctx, conn, data.SQL, data.Args)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (r *Recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
