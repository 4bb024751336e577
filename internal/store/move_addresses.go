package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// ownAddresses are the columns that hold an address of the tenant itself. Tables are always
// gone through in the same order, so that two runs wait for one another.
var ownAddresses = []movedTable{
	{"accounts", []string{
		"uri", "url", "inbox_url", "shared_inbox_url", "outbox_url", "followers_url", "following_url", "featured_url", "moved_to_uri",
		"avatar_url", "header_url",
	}},
	{"statuses", []string{"uri", "url", "in_reply_to_uri", "quote_uri"}},
	{"favourites", []string{"uri"}},
	{"follows", []string{"uri"}},
	{"blocks", []string{"uri"}},
	{"tombstones", []string{"uri"}},
	{"events", []string{"object_uri"}},
	{"activities", []string{"uri"}},
}

// writtenTexts are the columns in which people wrote such addresses, or links were made of
// what they wrote.
var writtenTexts = []movedTable{
	{"accounts", []string{"note", "display_name"}},
	{"statuses", []string{"body", "source", "spoiler_text"}},
	{"status_edits", []string{"body", "source", "spoiler_text"}},
	{"media", []string{"description"}},
	{"account_notes", []string{"note"}},
}

// writtenHandles are the columns in which people wrote handles: an edit reads the source again.
var writtenHandles = []movedTable{
	{"statuses", []string{"body", "source"}},
	{"status_edits", []string{"body", "source"}},
}

// shownLinks are the columns in which links show their address, without the scheme.
var shownLinks = []movedTable{
	{"accounts", []string{"note"}},
	{"statuses", []string{"body"}},
	{"status_edits", []string{"body"}},
}

type movedTable struct {
	name    string
	columns []string
}

const (
	moveFields = `
UPDATE accounts SET fields = replace(fields::text, @old, @new)::jsonb
WHERE  tenant_id = @tenant_id AND position(@old in fields::text) > 0`
	moveActivities = `
UPDATE activities SET body = convert_to(replace(convert_from(body, 'UTF8'), @old, @new), 'UTF8')
WHERE  tenant_id = @tenant_id AND position(convert_to(@old, 'UTF8') in body) > 0`
	moveHandles = `UPDATE handles SET domain = @new WHERE tenant_id = @tenant_id AND domain = @old`
	moveWishes  = `
UPDATE pending_mentions SET handle = regexp_replace(handle, @old, @new, 'i') WHERE tenant_id = @tenant_id AND handle ~* @old`

	moveStart = "CASE WHEN starts_with(%[1]s, @old) THEN @new || substr(%[1]s, length(@old) + 1) ELSE %[1]s END"
	moveText  = "replace(%s, @old, @new)"
	moveMatch = "regexp_replace(%s, @old, @new, 'gi')"
)

// MoveAddresses rewrites what a tenant's addresses start with, and what its handles end in.
// Only before anything federated: afterwards others hold the old ones (docs/domains.md). It
// may run any number of times; the audit log and sent mails keep what was true then.
func MoveAddresses(ctx context.Context, scope *pg.Scope, from, to *tenant.Tenant) error {
	before, after := from.URL("/"), to.URL("/")
	if before == after && from.HandleDomain == to.HandleDomain {
		return nil
	}
	b := pg.NewBatch(scope)
	prefix := pgx.NamedArgs{"old": before, "new": after}
	queueMoves(b, ownAddresses, moveStart, "starts_with(%s, @old)", prefix)
	queueMoves(b, writtenTexts, moveText, "position(@old in %s) > 0", prefix)
	queueMoves(b, shownLinks, moveText, "position(@old in %s) > 0", pgx.NamedArgs{"old": ">" + from.Host + "/", "new": ">" + to.Host + "/"})
	b.Exec(moveFields, prefix)
	b.Exec(moveActivities, prefix)
	// A handle's end: a name that only begins so is another one.
	handle := pgx.NamedArgs{"old": `(@[[:alnum:]_.-]+@)` + regexp.QuoteMeta(from.HandleDomain) + `(?![[:alnum:].:-])`, "new": `\1` + to.HandleDomain}
	queueMoves(b, writtenHandles, moveMatch, "%s ~* @old", handle)
	b.Exec(moveWishes, pgx.NamedArgs{"old": `@` + regexp.QuoteMeta(from.HandleDomain) + `$`, "new": "@" + to.HandleDomain})
	b.Exec(moveHandles, pgx.NamedArgs{"old": from.HandleDomain, "new": to.HandleDomain})
	if err := b.Send(ctx); err != nil {
		return fmt.Errorf("rewrite %s to %s: %w", before, after, err)
	}
	return nil
}

// queueMoves queues a statement for each table; names come from the lists above alone.
func queueMoves(b *pg.Batch, tables []movedTable, value, where string, args pgx.NamedArgs) {
	for _, table := range tables {
		sets, conditions := make([]string, len(table.columns)), make([]string, len(table.columns))
		for i, column := range table.columns {
			sets[i] = column + " = " + fmt.Sprintf(value, column)
			conditions[i] = fmt.Sprintf(where, column)
		}
		b.Exec("UPDATE "+table.name+" SET "+strings.Join(sets, ", ")+" WHERE tenant_id = @tenant_id AND ("+strings.Join(conditions, " OR ")+")", args)
	}
}
