package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// The clocks that a tenant has set for itself, and what goes by them.

// TenantClock is for how many days a tenant keeps a class of data, where it says so itself.
type TenantClock struct {
	TenantID  tenant.ID
	Class     string
	Days      int
	UpdatedAt time.Time
}

const clockColumns = `SELECT tenant_id, class, days, updated_at FROM tenant_clocks`

// ClocksOf returns what a tenant has set.
func ClocksOf(ctx context.Context, scope *pg.Scope) ([]*TenantClock, error) {
	return pg.Many[TenantClock](ctx, scope, clockColumns+` WHERE tenant_id = @tenant_id ORDER BY class`, nil)
}

// AllClocks returns what all tenants have set: six rows of each at most.
func AllClocks(ctx context.Context, p *pg.PlatformTx) ([]*TenantClock, error) {
	return pg.Many[TenantClock](ctx, p, clockColumns+` ORDER BY tenant_id, class`, nil)
}

const setClock = `
INSERT INTO tenant_clocks (tenant_id, class, days) VALUES (@tenant_id, @class, @days)
ON CONFLICT (tenant_id, class) DO UPDATE SET days = EXCLUDED.days, updated_at = now()`

// SetClock sets for how many days a tenant keeps a class of data.
func SetClock(ctx context.Context, scope *pg.Scope, class string, days int) error {
	_, err := pg.Exec(ctx, scope, setClock, pgx.NamedArgs{"class": class, "days": days})
	return err
}

const clearClock = `DELETE FROM tenant_clocks WHERE tenant_id = @tenant_id AND class = @class`

// ClearClock leaves a class of data to the platform's clock again.
func ClearClock(ctx context.Context, scope *pg.Scope, class string) error {
	_, err := pg.Exec(ctx, scope, clearClock, pgx.NamedArgs{"class": class})
	return err
}

// OwnBefore is from before when the rows of a tenant go that has a clock of its own.
type OwnBefore struct {
	Tenant tenant.ID
	Before time.Time
}

// ownArgs are tenants and their times as a statement takes them. An id tells when it was
// made (package ids), so the primary key finds the rows; the row's own time decides.
func ownArgs(list []OwnBefore, limit int) pgx.NamedArgs {
	tenants, befores, floors := make([]int64, len(list)), make([]time.Time, len(list)), make([]int64, len(list))
	for i, o := range list {
		tenants[i], befores[i], floors[i] = int64(o.Tenant), o.Before, ids.Floor(o.Before)
	}
	return pgx.NamedArgs{"tenants": tenants, "befores": befores, "floors": floors, "limit": limit}
}

// fromOwn is one row for each tenant with a clock of its own, called c.
const fromOwn = `unnest(@tenants::bigint[], @befores::timestamptz[], @floors::bigint[]) AS c (tenant_id, before, floor)`

// OwnAgeing is a table with ids that tell the time, whose rows go by their age alone: as
// Ageing, but for tenants with clocks of their own, many in one statement.
type OwnAgeing struct {
	Kind         string
	prune, count string
}

func ownAgeing(kind, table, age, also string) *OwnAgeing {
	return &OwnAgeing{Kind: kind, prune: `
DELETE FROM ` + table + ` t
USING  (SELECT x.tenant_id, x.id
        FROM   ` + fromOwn + `
        CROSS  JOIN LATERAL (SELECT o.tenant_id, o.id FROM ` + table + ` o
                             WHERE o.tenant_id = c.tenant_id AND o.id < c.floor AND o.` + age + ` < c.before` + also + ` ORDER BY o.id LIMIT @limit) AS x
        LIMIT  @limit) AS old
WHERE  t.tenant_id = old.tenant_id AND t.id = old.id`,
		count: `
SELECT count(*)
FROM   (SELECT FROM ` + fromOwn + `
        CROSS  JOIN LATERAL (SELECT FROM ` + table + ` o WHERE o.tenant_id = c.tenant_id AND o.id < c.floor AND o.` + age + ` < c.before
                             AND o.` + age + ` >= @since` + also + ` LIMIT @limit) AS x
        LIMIT  @limit) AS old`}
}

// The tables that go by tenants' own clocks.
var (
	OwnInbox      = ownAgeing("inbox activities", "inbox_activities", "received_at", " AND o.state <> 'pending'")
	OwnEvents     = ownAgeing("events", "events", "created_at", "")
	OwnMails      = ownAgeing("mails", "mails", "created_at", "")
	ownActivities = ownAgeing("activities", "activities", "created_at", "")
)

// Prune removes the oldest rows of the tenants from before their times, limit at most over
// all of them, and returns how many.
func (a *OwnAgeing) Prune(ctx context.Context, p *pg.PlatformTx, list []OwnBefore, limit int) (int64, error) {
	return pg.Exec(ctx, p, a.prune, ownArgs(list, limit))
}

// Count returns how many rows the tenants have from before their times that are no older
// than since, up to a million: older ones go in every tenant, and are counted there.
func (a *OwnAgeing) Count(ctx context.Context, p *pg.PlatformTx, list []OwnBefore, since time.Time) (int64, error) {
	args := ownArgs(list, countedAtMost)
	args["since"] = since
	return pg.Value[int64](ctx, p, a.count, args)
}

// CountOwnActivities is OwnAgeing's Count for activities.
func CountOwnActivities(ctx context.Context, p *pg.PlatformTx, list []OwnBefore, since time.Time) (int64, error) {
	return ownActivities.Count(ctx, p, list, since)
}

const pruneOwnDeliveries = `
DELETE FROM deliveries t
USING  (SELECT d.place
        FROM   ` + fromOwn + `
        CROSS  JOIN LATERAL (SELECT o.id FROM activities o
                             WHERE o.tenant_id = c.tenant_id AND o.id < c.floor AND o.created_at < c.before ORDER BY o.id LIMIT @limit) AS a
        CROSS  JOIN LATERAL (SELECT x.ctid AS place FROM deliveries x WHERE x.tenant_id = c.tenant_id AND x.activity_id = a.id LIMIT @limit) AS d
        LIMIT  @limit) AS old
WHERE  t.ctid = old.place`

// PruneOwnActivities is PruneActivities for tenants with clocks of their own.
func PruneOwnActivities(ctx context.Context, p *pg.PlatformTx, list []OwnBefore, limit int) (int64, error) {
	n, err := pg.Exec(ctx, p, pruneOwnDeliveries, ownArgs(list, limit))
	if err != nil || n >= int64(limit) {
		return n, err
	}
	without, err := ownActivities.Prune(ctx, p, list, limit)
	return n + without, err
}

const (
	saveAges = `
INSERT INTO upkeep_ages (kind, finished_at) SELECT DISTINCT k, now() FROM unnest(@kinds::text[]) AS k
ON CONFLICT (kind) DO UPDATE SET finished_at = EXCLUDED.finished_at`
	readAges = `SELECT kind, finished_at FROM upkeep_ages`
)

// SaveAges writes down that all old rows of the kinds are gone now.
func SaveAges(ctx context.Context, p *pg.PlatformTx, kinds []string) error {
	_, err := pg.Exec(ctx, p, saveAges, pgx.NamedArgs{"kinds": kinds})
	return err
}

// Ages returns when the old rows of each kind last were all gone.
func Ages(ctx context.Context, p *pg.PlatformTx) (map[string]time.Time, error) {
	type row struct {
		Kind       string
		FinishedAt time.Time
	}
	rows, err := pg.Many[row](ctx, p, readAges, nil)
	out := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		out[r.Kind] = r.FinishedAt
	}
	return out, err
}

const walksOf = `SELECT tenant_id, kind, position, finished_at FROM upkeep_walks WHERE tenant_id = @tenant_id`

// WalksOf returns how far the walks of a tenant have come.
func WalksOf(ctx context.Context, scope *pg.Scope) ([]*WalkState, error) {
	return pg.Many[WalkState](ctx, scope, walksOf, nil)
}
