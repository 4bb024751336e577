package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// addressColumns hold an address of the tenant itself, which starts with its host.
var addressColumns = map[string][]string{
	"accounts": {
		"uri", "url", "inbox_url", "shared_inbox_url", "outbox_url", "followers_url", "following_url", "featured_url", "moved_to_uri",
	},
	"statuses":   {"uri", "url", "in_reply_to_uri", "quote_uri"},
	"favourites": {"uri"},
	"follows":    {"uri"},
	"blocks":     {"uri"},
	"tombstones": {"uri"},
	"events":     {"object_uri"},
	"activities": {"uri"},
}

// htmlColumns hold text in which such addresses stand as links.
var htmlColumns = map[string][]string{
	"accounts":     {"note"},
	"statuses":     {"body"},
	"status_edits": {"body"},
}

const (
	moveFields = `
UPDATE accounts SET fields = replace(fields::text, @old, @new)::jsonb
WHERE  tenant_id = @tenant_id AND fields::text LIKE '%' || @old || '%'`
	moveHandles = `UPDATE handles SET domain = @new WHERE tenant_id = @tenant_id AND domain = @old`
)

// MoveAddresses rewrites what a tenant's addresses start with, and what its handles end in.
// Only before anything federated: afterwards others hold the old ones (docs/domains.md).
func MoveAddresses(ctx context.Context, scope *pg.Scope, from, to *tenant.Tenant) error {
	before, after := from.URL("/"), to.URL("/")
	b := pg.NewBatch(scope)
	for table, columns := range addressColumns {
		b.Exec(moveColumns(table, columns, "CASE WHEN starts_with(%[1]s, @old) THEN @new || substr(%[1]s, length(@old) + 1) ELSE %[1]s END", "starts_with(%s, @old)"),
			pgx.NamedArgs{"old": before, "new": after})
	}
	for table, columns := range htmlColumns {
		b.Exec(moveColumns(table, columns, "replace(%s, @old, @new)", "position(@old in %s) > 0"),
			pgx.NamedArgs{"old": `href="` + before, "new": `href="` + after})
	}
	b.Exec(moveFields, pgx.NamedArgs{"old": before, "new": after})
	b.Exec(moveHandles, pgx.NamedArgs{"old": from.HandleDomain, "new": to.HandleDomain})
	if err := b.Send(ctx); err != nil {
		return fmt.Errorf("rewrite %s to %s: %w", before, after, err)
	}
	return nil
}

// moveColumns writes the statement for one table; names come from the tables above alone.
func moveColumns(table string, columns []string, value, where string) string {
	sets, conditions := make([]string, len(columns)), make([]string, len(columns))
	for i, column := range columns {
		sets[i] = column + " = " + fmt.Sprintf(value, column)
		conditions[i] = fmt.Sprintf(where, column)
	}
	return "UPDATE " + table + " SET " + strings.Join(sets, ", ") + " WHERE tenant_id = @tenant_id AND (" + strings.Join(conditions, " OR ") + ")"
}
