package store

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// way is how an address of the tenant stands in a column: what replaces it, and which rows
// have one. Both name the arguments @old_… and @new_… of their kind.
type way struct {
	kind, value, where string
}

var (
	// The column is such an address.
	asAddress = way{"start", "CASE WHEN starts_with(%[1]s, @old_start) THEN @new_start || substr(%[1]s, length(@old_start) + 1) ELSE %[1]s END", "starts_with(%s, @old_start)"}
	// People wrote such addresses, or links were made of what they wrote.
	inText  = way{"start", "replace(%s, @old_start, @new_start)", "position(@old_start in %s) > 0"}
	inJSON  = way{"start", "replace(%s::text, @old_start, @new_start)::jsonb", "position(@old_start in %s::text) > 0"}
	inBytes = way{"start", "convert_to(replace(convert_from(%s, 'UTF8'), @old_start, @new_start), 'UTF8')", "position(convert_to(@old_start, 'UTF8') in %s) > 0"}
	// Links show their address without the scheme.
	inLinks = way{"link", "replace(%s, @old_link, @new_link)", "position(@old_link in %s) > 0"}
	// People wrote handles: an edit reads the source again.
	inHandles = way{"handle", "regexp_replace(%s, @old_handle, @new_handle, 'gi')", "%s ~* @old_handle"}
)

type movedTable struct {
	name string
	ways []movedColumns
}

type movedColumns struct {
	way
	columns []string
}

// movedTables are all that hold an address of the tenant itself. They are always gone through
// in the same order, accounts first as foreign keys' checks do, so that writers wait for a
// move and do not lock each other out.
var movedTables = []movedTable{
	{"accounts", []movedColumns{
		{asAddress, []string{
			"uri", "url", "inbox_url", "shared_inbox_url", "outbox_url", "followers_url", "following_url", "featured_url", "moved_to_uri",
			"avatar_url", "header_url",
		}},
		{inText, []string{"note", "display_name"}},
		{inLinks, []string{"note"}},
		{inJSON, []string{"fields"}},
	}},
	{"statuses", []movedColumns{
		{asAddress, []string{"uri", "url", "in_reply_to_uri", "quote_uri"}},
		{inText, []string{"body", "source", "spoiler_text"}},
		{inLinks, []string{"body"}},
		{inHandles, []string{"body", "source"}},
	}},
	{"status_edits", []movedColumns{
		{inText, []string{"body", "source", "spoiler_text"}},
		{inLinks, []string{"body"}},
		{inHandles, []string{"body", "source"}},
	}},
	{"favourites", []movedColumns{{asAddress, []string{"uri"}}}},
	{"follows", []movedColumns{{asAddress, []string{"uri"}}}},
	{"blocks", []movedColumns{{asAddress, []string{"uri"}}}},
	{"tombstones", []movedColumns{{asAddress, []string{"uri"}}}},
	{"events", []movedColumns{{asAddress, []string{"object_uri"}}}},
	{"activities", []movedColumns{{asAddress, []string{"uri"}}, {inBytes, []string{"body"}}}},
	{"media", []movedColumns{{inText, []string{"description"}}}},
	{"account_notes", []movedColumns{{inText, []string{"note"}}}},
}

const (
	moveHandles = `UPDATE handles SET domain = @new WHERE tenant_id = @tenant_id AND domain = @old`
	moveWishes  = `
UPDATE pending_mentions SET handle = regexp_replace(handle, @old, @new, 'i') WHERE tenant_id = @tenant_id AND handle ~* @old`
	// A table of hundreds of thousands of rows is rewritten in one statement.
	allowTime = `SELECT set_config('statement_timeout', @most, true)`
)

// MoveTimeout is what rewriting one table may take.
const MoveTimeout = 5 * time.Minute

// MoveAddresses rewrites what a tenant's addresses start with, and what its handles end in.
// Only before anything federated: afterwards others hold the old ones (docs/domains.md). It
// may run any number of times; the audit log and sent mails keep what was true then. It
// belongs to the transaction that lets the tenant live under the new addresses: nobody sees
// some of them moved and others not.
func MoveAddresses(ctx context.Context, tx *pg.PlatformTx, from, to *tenant.Tenant) error {
	before, after := from.URL("/"), to.URL("/")
	if before == after && from.HandleDomain == to.HandleDomain {
		return nil
	}
	args := pgx.NamedArgs{
		"old_start": before, "new_start": after, "old_link": ">" + from.Host + "/", "new_link": ">" + to.Host + "/",
		// A handle's end: a name that only begins so is another one.
		"old_handle": `(@[[:alnum:]_.-]+@)` + regexp.QuoteMeta(from.HandleDomain) + `(?![[:alnum:].:-])`, "new_handle": `\1` + to.HandleDomain,
	}
	b := pg.NewBatch(tx)
	b.Exec(allowTime, pgx.NamedArgs{"most": fmt.Sprint(MoveTimeout.Milliseconds())})
	for _, table := range movedTables {
		table.queue(b, from.ID, args)
	}
	b.Exec(moveWishes, pgx.NamedArgs{"tenant_id": from.ID, "old": `@` + regexp.QuoteMeta(from.HandleDomain) + `$`, "new": "@" + to.HandleDomain})
	b.Exec(moveHandles, pgx.NamedArgs{"tenant_id": from.ID, "old": from.HandleDomain, "new": to.HandleDomain})
	if err := b.Send(ctx); err != nil {
		return fmt.Errorf("rewrite %s to %s: %w", before, after, err)
	}
	return nil
}

// queue queues the one statement for a table: each row is written once. Names come from the
// list above alone.
func (t movedTable) queue(b *pg.Batch, of tenant.ID, all pgx.NamedArgs) {
	values, args := map[string]string{}, pgx.NamedArgs{"tenant_id": of}
	var conditions []string
	for _, w := range t.ways {
		args["old_"+w.kind], args["new_"+w.kind] = all["old_"+w.kind], all["new_"+w.kind]
		for _, column := range w.columns {
			before, ok := values[column]
			if !ok {
				before = column
			}
			values[column] = fmt.Sprintf(w.value, before)
			conditions = append(conditions, fmt.Sprintf(w.where, column))
		}
	}
	sets := make([]string, 0, len(values))
	for _, column := range slices.Sorted(maps.Keys(values)) {
		sets = append(sets, column+" = "+values[column])
	}
	b.Exec("UPDATE "+t.name+" SET "+strings.Join(sets, ", ")+" WHERE tenant_id = @tenant_id AND ("+strings.Join(conditions, " OR ")+")", args)
}
