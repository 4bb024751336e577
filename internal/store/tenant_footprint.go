package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// TenantFootprint is what would go with a tenant.
type TenantFootprint struct {
	Accounts   int64 `json:"accounts"`
	Posts      int64 `json:"posts"`
	Files      int64 `json:"files"`
	MediaBytes int64 `json:"media_bytes"`
	Followers  int64 `json:"followers_elsewhere"`
	Inboxes    int64 `json:"servers_that_hear"` // shared inboxes count once
	Tokens     int64 `json:"tokens"`
	Sessions   int64 `json:"sessions"`
	Jobs       int64 `json:"jobs"`
	Members    int64 `json:"persons"`
	Persons    int64 `json:"persons_who_go"` // they belong to no other tenant
}

// The bytes themselves are not read: their length stands in the row.
const tenantFootprint = `
SELECT (SELECT count(*) FROM accounts x WHERE x.tenant_id = @tenant_id AND x.domain = '' AND x.deleted_at IS NULL) AS accounts,
       (SELECT count(*) FROM statuses x WHERE x.tenant_id = @tenant_id AND x.is_local) AS posts,
       (SELECT count(*) FROM files x WHERE x.tenant_id = @tenant_id) AS files,
       (SELECT COALESCE(sum(octet_length(x.bytes)), 0)::bigint FROM blobs x WHERE x.tenant_id = @tenant_id) AS media_bytes,
       (SELECT count(*) FROM follows f
        JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = f.account_id AND a.domain <> ''
        JOIN   accounts o ON o.tenant_id = @tenant_id AND o.id = f.target_id AND o.domain = ''
        WHERE  f.tenant_id = @tenant_id AND f.state = 'accepted') AS followers,
       (SELECT count(DISTINCT COALESCE(NULLIF(x.shared_inbox_url, ''), x.inbox_url)) FROM accounts x
        WHERE  x.tenant_id = @tenant_id AND x.domain <> '' AND x.deleted_at IS NULL) AS inboxes,
       (SELECT count(*) FROM tokens x WHERE x.tenant_id = @tenant_id) AS tokens,
       (SELECT count(*) FROM sessions x WHERE x.tenant_id = @tenant_id) AS sessions,
       (SELECT count(*) FROM memberships x WHERE x.tenant_id = @tenant_id) AS members,
       0::bigint AS jobs, 0::bigint AS persons`

const personsOnlyHere = `
SELECT count(*) FROM memberships m
WHERE  m.tenant_id = @id AND NOT EXISTS (SELECT FROM memberships o WHERE o.person_id = m.person_id AND o.tenant_id <> m.tenant_id)`

// TenantFootprintOf counts what would go with a tenant. It reads everything that the
// tenant has, so it is for somebody who is about to delete it.
func TenantFootprintOf(ctx context.Context, scope *pg.Scope) (*TenantFootprint, error) {
	return pg.One[TenantFootprint](ctx, scope, tenantFootprint, nil)
}

// CountPersonsOnlyIn counts the people who belong to a tenant and to no other.
func CountPersonsOnlyIn(ctx context.Context, p *pg.PlatformTx, id tenant.ID) (int64, error) {
	return pg.Value[int64](ctx, p, personsOnlyHere, pgx.NamedArgs{"id": id})
}
