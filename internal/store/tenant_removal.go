package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// What goes with a tenant that is deleted, and what stays. A table with a tenant_id that
// is in neither list fails TestEveryTableHasAnEnd.

// tenantTable is a table that is emptied when its tenant goes. The key is one that an
// index has, so that each part is found without reading what others own.
type tenantTable struct {
	name, key string
	where     string // "": every row
	most      int    // rows of one statement; 0: as many as are asked for
}

// TenantTables are emptied in this order: what refers to rows of another table comes
// before it, so that no foreign key has anything to cascade to. TestTheOrderOfAnEnd holds
// it to the catalog. Posts go from the newest to the oldest, because boosts and answers
// are younger than what they refer to.
var tenantTables = []tenantTable{
	{name: "oauth_codes", key: "code_hash"}, {name: "tokens", key: "id"}, {name: "sessions", key: "id_hash"},
	{name: "sso_rooms", key: "session_hash"}, {name: "sso_requests", key: "state_hash"}, {name: "sso_identities", key: "issuer, subject"}, {name: "sso_providers", key: "tenant_id"}, {name: "apps", key: "id"},
	{name: "inbox_activities", key: "id"}, {name: "deliveries", key: "activity_id, id"}, {name: "activities", key: "id"}, {name: "events", key: "id"},
	{name: "export_parts", key: "export_id, area, start", most: 20}, {name: "tenant_exports", key: "id"}, {name: "tenant_clocks", key: "class"}, // parts have a megabyte
	{name: "billing_checkouts", key: "session_id"}, {name: "billing_intents", key: "idempotency_key"}, {name: "billing_usage", key: "day"}, {name: "billing_notices", key: "key"}, {name: "entitlement_overrides", key: "id"},
	{name: "entitlement_changes", key: "id"}, {name: "tenant_entitlements", key: "tenant_id"}, {name: "billing_disputes", key: "dispute_id"}, {name: "billing_invoices", key: "invoice_id"},
	{name: "billing_subscriptions", key: "subscription_id"},
	{name: "mails", key: "id"}, {name: "search_texts", key: "kind, ref_id, name"},
	{name: "desk_notes", key: "id"}, {name: "desk_threads", key: "account_id, conversation_id"}, {name: "saved_replies", key: "id"},
	{name: "timeline_entries", key: "owner_id, status_id"}, {name: "notifications", key: "id"}, {name: "markers", key: "account_id, timeline"},
	{name: "bookmarks", key: "id"}, {name: "pins", key: "id"}, {name: "favourites", key: "id"}, {name: "conversation_mutes", key: "account_id, conversation_id"},
	{name: "idempotency_keys", key: "account_id, key"}, {name: "status_mentions", key: "status_id, account_id"},
	{name: "pending_mentions", key: "status_id, handle"}, {name: "status_tags", key: "tag, status_id"}, {name: "status_edits", key: "id"},
	{name: "status_stats", key: "status_id"}, {name: "status_reach", key: "status_id"}, {name: "scheduled_media", key: "media_id"}, {name: "scheduled_statuses", key: "id"}, {name: "media", key: "id"}, {name: "files", key: "key, rendition"},
	{name: "blobs", key: "sha256", most: 20}, // each may be many megabytes
	{name: "statuses", key: "id DESC"},
	{name: "follows", key: "id"}, {name: "blocks", key: "id"}, {name: "mutes", key: "id"}, {name: "domain_blocks", key: "id"}, {name: "account_notes", key: "account_id, target_id"},
	{name: "followed_tags", key: "id"}, {name: "operators", key: "account_id, person_id"}, {name: "handles", key: "domain, username_lower"},
	{name: "account_keys", key: "account_id, kind"}, {name: "account_stats", key: "account_id"}, {name: "account_days", key: "account_id, day"},
	{name: "accounts", key: "id", most: 500}, // each is looked for in twenty tables
	{name: "invitations", key: "id"}, {name: "tenant_keys", key: "kind"}, {name: "tenant_security", key: "tenant_id"}, {name: "tenant_rules", key: "id"}, {name: "tenant_brand", key: "tenant_id"}, {name: "tenant_setups", key: "tenant_id"}, {name: "server_rules", key: "domain"}, {name: "server_allows", key: "domain"}, {name: "server_policies", key: "tenant_id"}, {name: "upkeep_walks", key: "kind"},
	// The tenant's own actors answer 410 as long as its names do.
	{name: "tombstones", key: "uri", where: "(@keep::text = '' OR NOT starts_with(x.uri, @keep))"},
}

// MembershipsTable is emptied by RemoveMembers, since people may go with it.
const MembershipsTable = "memberships"

// KeptOfTenants are the tables that keep rows of a tenant that is gone, and why.
var KeptOfTenants = map[string]string{
	"domains":           "nobody inherits a name: quarantine and 410 outlive the tenant",
	"audit_entries":     "who deleted what must be provable; no role may delete them",
	"audit_heads":       "the ends of the audit log's chains",
	"billing_customers": "who was charged must be provable, and money that still comes must be seen",
	"billing_tasks":     "a live subscription of a tenant that is gone is the loudest of them",
	"tombstones":        "the tenant's own actors, until its names answer 410 no more",
}

// TablesOfTenants names the tables that are emptied when a tenant goes, in their order.
func TablesOfTenants() []string {
	out := make([]string, 0, len(tenantTables)+1)
	for _, t := range tenantTables {
		if t.name == "accounts" {
			out = append(out, MembershipsTable) // operators are gone by then
		}
		out = append(out, t.name)
	}
	return out
}

// RemoveTenantPart removes rows of a deleted tenant from one table, limit at most, and
// says whether any may be left. Tombstones of addresses that start with keep stay.
func RemoveTenantPart(ctx context.Context, scope *pg.Scope, table, keep string, limit int) (n int64, more bool, err error) {
	i := slices.IndexFunc(tenantTables, func(t tenantTable) bool { return t.name == table })
	if i < 0 {
		return 0, false, errNotFound
	}
	t := tenantTables[i]
	if t.most > 0 {
		limit = min(limit, t.most)
	}
	args := pgx.NamedArgs{"limit": limit}
	if t.where != "" {
		args["keep"] = keep
	}
	n, err = pg.Exec(ctx, scope, t.remove(), args)
	return n, n >= int64(limit), err
}

// remove is the statement that removes a part of a tenant's rows. They are taken in the
// order of a key, or the planner would read the whole table for the last few of a tenant
// that its statistics believe to be large.
func (t tenantTable) remove() string {
	where := ""
	if t.where != "" {
		where = " AND " + t.where
	}
	return `
DELETE FROM ` + t.name + ` t
USING  (SELECT x.ctid AS place FROM ` + t.name + ` x WHERE x.tenant_id = @tenant_id` + where + ` ORDER BY ` + t.key + ` LIMIT @limit) AS old
WHERE  t.tenant_id = @tenant_id AND t.ctid = old.place`
}

const (
	membersToRemove = `SELECT person_id FROM memberships WHERE tenant_id = @id ORDER BY person_id LIMIT @limit`
	lockPersons     = `SELECT id FROM persons WHERE id = ANY(@ids) ORDER BY id FOR UPDATE`
	removeMembers   = `DELETE FROM memberships WHERE tenant_id = @id AND person_id = ANY(@ids)`
	removePersons   = `
DELETE FROM persons p WHERE p.id = ANY(@ids) AND NOT EXISTS (SELECT FROM memberships m WHERE m.person_id = p.id)
       AND NOT EXISTS (SELECT FROM staff s WHERE s.person_id = p.id AND s.ended_at IS NULL)`
)

// RemoveMembers ends memberships of a deleted tenant, limit at most, and removes the
// people who belong to no other tenant, with their sessions on the platform's host. The
// rows of people are locked first, in a statement of its own: a membership elsewhere that
// comes about meanwhile is either seen here or finds the person gone.
func RemoveMembers(ctx context.Context, p *pg.PlatformTx, id tenant.ID, limit int) (members, persons int64, err error) {
	list, err := pg.Values[social.PersonID](ctx, p, membersToRemove, pgx.NamedArgs{"id": id, "limit": limit})
	if err != nil || len(list) == 0 {
		return 0, 0, err
	}
	if _, err := pg.Values[social.PersonID](ctx, p, lockPersons, pgx.NamedArgs{"ids": list}); err != nil {
		return 0, 0, err
	}
	if members, err = pg.Exec(ctx, p, removeMembers, pgx.NamedArgs{"id": id, "ids": list}); err != nil {
		return 0, 0, err
	}
	persons, err = pg.Exec(ctx, p, removePersons, pgx.NamedArgs{"ids": list})
	return members, persons, err
}

const endTokensOfTenant = `
WITH gone AS (
    DELETE FROM tokens t
    USING  (SELECT x.ctid AS place FROM tokens x WHERE x.tenant_id = @tenant_id ORDER BY x.id LIMIT @limit) AS old
    WHERE  t.tenant_id = @tenant_id AND t.ctid = old.place` + notifyGone

// EndAccess ends what lets apps and browsers act in a tenant, limit of each kind at most,
// tells the open streams, and says whether any may be left.
func EndAccess(ctx context.Context, scope *pg.Scope, limit int) (more bool, err error) {
	n, err := pg.Exec(ctx, scope, endTokensOfTenant, pgx.NamedArgs{"limit": limit})
	if err != nil {
		return false, err
	}
	more = n >= int64(limit)
	for _, table := range []string{"sessions", "oauth_codes"} {
		_, left, err := RemoveTenantPart(ctx, scope, table, "", limit)
		if err != nil {
			return false, err
		}
		more = more || left
	}
	return more, nil
}

const accountsToPart = `
SELECT id FROM accounts WHERE tenant_id = @tenant_id AND domain = '' AND deleted_at IS NULL ORDER BY lower(username) LIMIT @limit`

// AccountsToPart returns local accounts that have not said goodbye.
func AccountsToPart(ctx context.Context, scope *pg.Scope, limit int) ([]social.AccountID, error) {
	return pg.Values[social.AccountID](ctx, scope, accountsToPart, pgx.NamedArgs{"limit": limit})
}

const farewells = `
SELECT count(*)
FROM   (SELECT FROM events e
        JOIN   activities a ON a.tenant_id = @tenant_id AND a.event_id = e.id AND a.event_id <> 0
        CROSS  JOIN LATERAL (SELECT FROM deliveries d WHERE d.tenant_id = @tenant_id AND d.activity_id = a.id AND d.state = 'waiting' LIMIT 1) AS w
        WHERE  e.tenant_id = @tenant_id AND e.kind = 'account_deleted' LIMIT 1) AS waiting`

// AreFarewellsWaiting reports whether some server has still to be told that an account
// is gone.
func AreFarewellsWaiting(ctx context.Context, scope *pg.Scope) (bool, error) {
	n, err := pg.Value[int64](ctx, scope, farewells, nil)
	return n > 0, err
}

// The kinds of jobs by which others hear that a tenant's accounts are gone. What else they
// would send is dropped when they run, because its author is gone.
var (
	publishing = []string{"outbox_publish_events", "outbox_publish"}
	delivering = []string{"federation_deliver", "federation_deliver_small"}
)

const (
	dropTenantJobs = `
DELETE FROM river.river_job j
USING  (SELECT id FROM river.river_job
        WHERE  args @> jsonb_build_object('tenant_id', @id::bigint) AND state <> 'running' AND NOT kind = ANY(@keep)
        ORDER  BY id LIMIT @limit FOR UPDATE SKIP LOCKED) AS old
WHERE  j.id = old.id`
	countTenantJobs = `
SELECT count(*) FILTER (WHERE state = 'running' AND NOT kind = ANY(@sending)) AS running,
       count(*) FILTER (WHERE kind = ANY(@publishing)) AS publishing,
       count(*) AS all
FROM   (SELECT kind, state FROM river.river_job
        WHERE  args @> jsonb_build_object('tenant_id', @id::bigint) AND finalized_at IS NULL LIMIT @most) AS j`
)

// DropTenantJobs removes jobs of a deleted tenant, limit at most, and returns how many.
// What brings the farewells of its accounts to others stays, unless everything goes.
// A running job is left: it ends by itself.
func DropTenantJobs(ctx context.Context, p *pg.PlatformTx, id tenant.ID, everything bool, limit int) (int64, error) {
	keep := []string{}
	if !everything {
		keep = slices.Concat(publishing, delivering)
	}
	return pg.Exec(ctx, p, dropTenantJobs, pgx.NamedArgs{"id": id, "keep": keep, "limit": limit})
}

// TenantJobs is how much work of a tenant has not ended.
type TenantJobs struct {
	Running    int64 // besides those that tell others
	Publishing int64
	All        int64
}

// TenantJobsOf counts the jobs of a tenant, as far as a few thousand.
func TenantJobsOf(ctx context.Context, p *pg.PlatformTx, id tenant.ID) (*TenantJobs, error) {
	return pg.One[TenantJobs](ctx, p, countTenantJobs, pgx.NamedArgs{
		"id": id, "publishing": publishing, "sending": slices.Concat(publishing, delivering), "most": 10_000,
	})
}
