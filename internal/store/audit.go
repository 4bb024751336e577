package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// AuditEntry is a row of the audit log. Body is what was hashed; the other fields repeat
// parts of it, to filter by.
type AuditEntry struct {
	Seq       int64
	At        time.Time
	ActorKind string
	ActorID   int64
	Action    string
	Target    string
	Body      []byte
	Hash      []byte
}

// The head's new hash is computed where its row is locked: one statement, one order.
const appendAudit = `
WITH head AS (
    INSERT INTO audit_heads AS h (tenant_id, seq, hash) VALUES (@tenant_id, 1, sha256(@body::bytea))
    ON CONFLICT (tenant_id) DO UPDATE SET seq = h.seq + 1, hash = sha256(h.hash || @body::bytea)
    RETURNING seq, hash
)
INSERT INTO audit_entries (tenant_id, seq, at, actor_kind, actor_id, action, target, body, hash)
SELECT @tenant_id, seq, @at, @actor_kind, @actor_id, @action, @target, @body, hash FROM head`

func auditArgs(e *AuditEntry) pgx.NamedArgs {
	return pgx.NamedArgs{
		"at": e.At, "actor_kind": e.ActorKind, "actor_id": e.ActorID, "action": e.Action, "target": e.Target, "body": e.Body,
	}
}

// AppendAudit adds an entry to the chain of the scope's tenant.
func AppendAudit(ctx context.Context, scope *pg.Scope, e *AuditEntry) error {
	_, err := pg.Exec(ctx, scope, appendAudit, auditArgs(e))
	return err
}

// AppendAuditOf adds an entry to the chain of a tenant, or with 0 to the platform's own.
func AppendAuditOf(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, e *AuditEntry) error {
	args := auditArgs(e)
	args["tenant_id"] = of
	_, err := pg.Exec(ctx, tx, appendAudit, args)
	return err
}

// AuditFilter narrows a page of the audit log. Empty fields match everything.
type AuditFilter struct {
	Action string // "domain." matches all of domain.…
	Target string
	Actor  int64
	From   time.Time
	Until  time.Time
	After  int64 // entries with a greater seq, in ascending order
	Before int64 // entries with a smaller seq; both zero: the newest
	Limit  int
}

const (
	auditColumns = `SELECT seq, at, actor_kind, actor_id, action, target, body, hash FROM audit_entries WHERE tenant_id = @tenant_id`
	auditOnwards = auditColumns + ` AND seq > @after ORDER BY seq LIMIT @limit`
	auditHead    = `SELECT seq, hash FROM audit_heads WHERE tenant_id = @tenant_id`
)

// statement has only the conditions that are asked for: with all of them, each off by its value,
// a plan that fits every value sorts a tenant's whole trail for one page.
func (f AuditFilter) statement() (sql string, args pgx.NamedArgs) {
	sql, args = auditColumns, pgx.NamedArgs{"limit": f.Limit}
	for _, condition := range []struct {
		isAsked bool
		sql     string
		name    string
		value   any
	}{
		{f.Action != "", ` AND starts_with(action, @action)`, "action", f.Action},
		{f.Target != "", ` AND target = @target`, "target", f.Target},
		{f.Actor != 0, ` AND actor_id = @actor`, "actor", f.Actor},
		{!f.From.IsZero(), ` AND at >= @from`, "from", f.From},
		{!f.Until.IsZero(), ` AND at < @until`, "until", f.Until},
		{f.After > 0, ` AND seq > @after`, "after", f.After},
		{f.Before > 0, ` AND seq < @before`, "before", f.Before},
	} {
		if condition.isAsked {
			sql += condition.sql
			args[condition.name] = condition.value
		}
	}
	if f.After > 0 && f.Before == 0 {
		return sql + ` ORDER BY seq LIMIT @limit`, args
	}
	return sql + ` ORDER BY seq DESC LIMIT @limit`, args
}

// AuditEntries returns a page of the tenant's log: the newest first, or after f.After the oldest first.
func AuditEntries(ctx context.Context, scope *pg.Scope, f AuditFilter) ([]*AuditEntry, error) {
	sql, args := f.statement()
	return pg.Many[AuditEntry](ctx, scope, sql, args)
}

// AuditEntriesOf is AuditEntries for the platform, of any tenant.
func AuditEntriesOf(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, f AuditFilter) ([]*AuditEntry, error) {
	sql, args := f.statement()
	args["tenant_id"] = of
	return pg.Many[AuditEntry](ctx, tx, sql, args)
}

// AuditChain returns the entries of a chain after a number, the oldest first: for export and proof.
func AuditChain(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, after int64, limit int) ([]*AuditEntry, error) {
	args := pgx.NamedArgs{"tenant_id": of, "after": after, "limit": limit}
	return pg.Many[AuditEntry](ctx, tx, auditOnwards, args)
}

// AuditAfter returns the entries of the tenant's log after a number, the oldest first.
func AuditAfter(ctx context.Context, scope *pg.Scope, after int64, limit int) ([]*AuditEntry, error) {
	return pg.Many[AuditEntry](ctx, scope, auditOnwards, pgx.NamedArgs{"after": after, "limit": limit})
}

const countAudit = `SELECT count(*) FROM audit_entries WHERE tenant_id = @tenant_id AND action = @action AND at >= @since`

// CountAuditOf counts a tenant's entries of one action since a time. After AppendAuditOf in the
// same transaction it counts alone: the head's row is locked until the end.
func CountAuditOf(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, action string, since time.Time) (int, error) {
	n, err := pg.Values[int](ctx, tx, countAudit, pgx.NamedArgs{"tenant_id": of, "action": action, "since": since})
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// AuditHead is the end of a chain.
type AuditHead struct {
	Seq  int64
	Hash []byte
}

// AuditHeadOf returns the end of a chain, or fault.NotFound where nothing was ever recorded.
func AuditHeadOf(ctx context.Context, tx *pg.PlatformTx, of tenant.ID) (*AuditHead, error) {
	return pg.One[AuditHead](ctx, tx, auditHead, pgx.NamedArgs{"tenant_id": of})
}

const auditChains = `SELECT tenant_id FROM audit_heads ORDER BY tenant_id`

// AuditChains returns whose chains there are; 0 is the platform's own.
func AuditChains(ctx context.Context, tx *pg.PlatformTx) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, tx, auditChains, pgx.NamedArgs{})
}
