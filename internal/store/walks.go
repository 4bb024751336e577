package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Walk is a table of a tenant whose rows go when nobody needs them any more, which their
// age alone does not say. Upkeep walks over it in the order of its key, page by page, and
// asks of each row whether it goes: a statement reads a page of the index and no more.
type Walk struct {
	Kind         string
	find, remove string
	lock         string // "" for rows that nothing refers to
	first        string // stands before every key
}

// Candidate is a row that a walk has come to.
type Candidate struct {
	Key  string
	Goes bool
}

// WalkArgs are what the conditions of walks may ask for.
type WalkArgs struct {
	Before time.Time // the clock of the class
	Hosts  []string  // the tenant's own
	Keep   int       // how many of a kind stay
}

// walk makes the statements for a table, which is called x in the conditions: rows that
// match the first are of the class at all, those of them that match the second go. As
// text a key can be kept in a row between two pages.
func walk(kind, table, key, keyType, belongs, goes string) *Walk {
	cursor, first := "@after::text", ""
	switch keyType {
	case "bigint":
		cursor, first = "@after::text::bigint", "0"
	case "bytea":
		cursor = "decode(@after::text, 'hex')"
	}
	asText, given := "x."+key+"::text", "@keys::text[]::"+keyType+"[]"
	if keyType == "bytea" {
		asText, given = "encode(x."+key+", 'hex')", "ARRAY(SELECT decode(k, 'hex') FROM unnest(@keys::text[]) k)"
	}
	return &Walk{
		Kind: kind, first: first,
		find: `
SELECT ` + asText + ` AS key, ` + belongs + ` AND (` + goes + `) AS goes
FROM   (SELECT * FROM ` + table + ` p WHERE p.tenant_id = @tenant_id AND p.` + key + ` > ` + cursor + ` ORDER BY p.` + key + ` LIMIT @limit) AS x
ORDER  BY x.` + key,
		lock: `
SELECT ` + asText + ` FROM ` + table + ` x
WHERE  x.tenant_id = @tenant_id AND x.` + key + ` = ANY(` + given + `) ORDER BY x.` + key + ` FOR UPDATE SKIP LOCKED`,
		remove: `
DELETE FROM ` + table + ` x
WHERE  x.tenant_id = @tenant_id AND x.` + key + ` = ANY(` + given + `) AND ` + belongs + ` AND (` + goes + `)`,
	}
}

// args gives a statement the arguments that it names.
func (a WalkArgs) args(sql string, more pgx.NamedArgs) pgx.NamedArgs {
	for name, value := range map[string]any{"before": a.Before, "hosts": textList(a.Hosts), "keep": a.Keep} {
		if strings.Contains(sql, "@"+name) {
			more[name] = value
		}
	}
	return more
}

// Find returns the next page of rows after a key; empty is the beginning.
func (w *Walk) Find(ctx context.Context, scope *pg.Scope, after string, limit int, a WalkArgs) ([]*Candidate, error) {
	if after == "" {
		after = w.first
	}
	return pg.Many[Candidate](ctx, scope, w.find, a.args(w.find, pgx.NamedArgs{"after": after, "limit": limit}))
}

// Remove removes those of the rows that still go, and returns how many. They are locked
// first: a row that somebody refers to from now on waits for us, and one that somebody
// is about to refer to is left alone.
func (w *Walk) Remove(ctx context.Context, scope *pg.Scope, keys []string, a WalkArgs) (int64, error) {
	if len(keys) > 0 && w.lock != "" {
		var err error
		if keys, err = pg.Values[string](ctx, scope, w.lock, pgx.NamedArgs{"keys": keys}); err != nil {
			return 0, err
		}
	}
	if len(keys) == 0 {
		return 0, nil
	}
	return pg.Exec(ctx, scope, w.remove, a.args(w.remove, pgx.NamedArgs{"keys": keys}))
}

// WalkState is how far a walk has come in a tenant.
type WalkState struct {
	TenantID   tenant.ID
	Kind       string
	Position   string
	FinishedAt *time.Time
}

const walkStates = `SELECT tenant_id, kind, position, finished_at FROM upkeep_walks`

// WalkStates returns how far all walks of all tenants have come.
func WalkStates(ctx context.Context, p *pg.PlatformTx) ([]*WalkState, error) {
	return pg.Many[WalkState](ctx, p, walkStates, nil)
}

const saveWalk = `
INSERT INTO upkeep_walks (tenant_id, kind, position, finished_at)
VALUES (@tenant_id, @kind, @position, CASE WHEN @finished::boolean THEN now() END)
ON CONFLICT (tenant_id, kind) DO UPDATE SET
       position = EXCLUDED.position, finished_at = COALESCE(EXCLUDED.finished_at, upkeep_walks.finished_at)`

// SaveWalk writes the last key of a page, in the transaction that worked through it. A
// walk that has come to the end begins anew the next time.
func SaveWalk(ctx context.Context, scope *pg.Scope, kind, position string, finished bool) error {
	if finished {
		position = ""
	}
	_, err := pg.Exec(ctx, scope, saveWalk, pgx.NamedArgs{"kind": kind, "position": position, "finished": finished})
	return err
}

const hostsOfTenants = `SELECT tenant_id, name AS host FROM domains WHERE state NOT IN ('needs_review', 'pending_ownership', 'expired') ORDER BY name`

// HostsByTenant returns every name that leads to each tenant.
func HostsByTenant(ctx context.Context, p *pg.PlatformTx) (map[tenant.ID][]string, error) {
	type row struct {
		TenantID tenant.ID
		Host     string
	}
	rows, err := pg.Many[row](ctx, p, hostsOfTenants, nil)
	out := make(map[tenant.ID][]string, len(rows))
	for _, r := range rows {
		out[r.TenantID] = append(out[r.TenantID], r.Host)
	}
	return out, err
}
