package pg

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"rookery/tenant"
)

// tenantArgs adds @tenant_id to a query's arguments. SQL that does not use every
// argument is refused: a query that forgets @tenant_id cannot be sent.
type tenantArgs struct {
	tenant tenant.ID
	named  pgx.NamedArgs
}

var errTenantArg = errors.New("tenant_id comes from the scope, never from the caller")

// RewriteQuery implements pgx.QueryRewriter.
func (a tenantArgs) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, _ []any) (string, []any, error) {
	if _, dup := a.named["tenant_id"]; dup {
		return "", nil, errTenantArg
	}
	if known, ok := rewritten.Load(sql); ok {
		if args, ok := known.(*positional).arrange(a); ok {
			return known.(*positional).sql, args, nil
		}
	}
	return a.rewrite(ctx, conn, sql)
}

// rewrite reads the SQL, which for a long query costs as much as sending it, and keeps
// what it found.
func (a tenantArgs) rewrite(ctx context.Context, conn *pgx.Conn, sql string) (string, []any, error) {
	// The names stand in for their values, so that their order comes out.
	names := make(pgx.StrictNamedArgs, len(a.named)+1)
	for name := range a.named {
		names[name] = name
	}
	names["tenant_id"] = "tenant_id"
	out, order, err := names.RewriteQuery(ctx, conn, sql, nil)
	if err != nil {
		return "", nil, err
	}
	p := &positional{sql: out, names: make([]string, len(order))}
	for i, name := range order {
		p.names[i], _ = name.(string)
	}
	if rewrittenCount.Add(1) <= maxRewritten {
		rewritten.Store(sql, p)
	}
	args, _ := p.arrange(a)
	return out, args, nil
}

// maxRewritten is far above the number of queries in the program.
const maxRewritten = 4096

var (
	rewritten      sync.Map // SQL with named arguments: *positional
	rewrittenCount atomic.Int64
)

// positional is a query with numbered arguments and the order of their names.
type positional struct {
	sql   string
	names []string
}

// arrange puts the values into order; it fails unless they are exactly those named.
func (p *positional) arrange(a tenantArgs) ([]any, bool) {
	if len(p.names) != len(a.named)+1 {
		return nil, false
	}
	out := make([]any, len(p.names))
	for i, name := range p.names {
		if name == "tenant_id" {
			out[i] = int64(a.tenant)
			continue
		}
		value, ok := a.named[name]
		if !ok {
			return nil, false
		}
		out[i] = value
	}
	return out, true
}
