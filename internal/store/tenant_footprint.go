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

// footprints count one thing each, so that each has the time of a statement for itself.
// The bytes of files are not read: their length stands in the row.
var footprints = []struct {
	sql  string
	into func(*TenantFootprint) *int64
}{
	{`SELECT count(*) FROM accounts x WHERE x.tenant_id = @tenant_id AND x.domain = '' AND x.deleted_at IS NULL`, func(f *TenantFootprint) *int64 { return &f.Accounts }},
	{`SELECT count(*) FROM statuses x WHERE x.tenant_id = @tenant_id AND x.is_local`, func(f *TenantFootprint) *int64 { return &f.Posts }},
	{`SELECT count(*) FROM files x WHERE x.tenant_id = @tenant_id`, func(f *TenantFootprint) *int64 { return &f.Files }},
	{`SELECT COALESCE(sum(octet_length(x.bytes)), 0)::bigint FROM blobs x WHERE x.tenant_id = @tenant_id`, func(f *TenantFootprint) *int64 { return &f.MediaBytes }},
	{`
SELECT count(*)
FROM   follows f
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = f.account_id AND a.domain <> ''
JOIN   accounts o ON o.tenant_id = @tenant_id AND o.id = f.target_id AND o.domain = ''
WHERE  f.tenant_id = @tenant_id AND f.state = 'accepted'`, func(f *TenantFootprint) *int64 { return &f.Followers }},
	{`
SELECT count(*) FROM (
       SELECT DISTINCT COALESCE(NULLIF(x.shared_inbox_url, ''), x.inbox_url) FROM accounts x
       WHERE  x.tenant_id = @tenant_id AND x.domain <> '' AND x.deleted_at IS NULL) AS inboxes`, func(f *TenantFootprint) *int64 { return &f.Inboxes }},
	{`SELECT count(*) FROM tokens x WHERE x.tenant_id = @tenant_id`, func(f *TenantFootprint) *int64 { return &f.Tokens }},
	{`SELECT count(*) FROM sessions x WHERE x.tenant_id = @tenant_id`, func(f *TenantFootprint) *int64 { return &f.Sessions }},
	{`SELECT count(*) FROM memberships x WHERE x.tenant_id = @tenant_id`, func(f *TenantFootprint) *int64 { return &f.Members }},
}

const personsOnlyHere = `
SELECT count(*) FROM memberships m
WHERE  m.tenant_id = @id AND NOT EXISTS (SELECT FROM memberships o WHERE o.person_id = m.person_id AND o.tenant_id <> m.tenant_id)`

// TenantFootprintOf counts what would go with a tenant. It reads everything that the
// tenant has, so it is for somebody who is about to delete it.
func TenantFootprintOf(ctx context.Context, scope *pg.Scope) (*TenantFootprint, error) {
	b := pg.NewBatch(scope)
	counts := make([][]int64, len(footprints))
	for i, f := range footprints {
		pg.QueueValues(b, f.sql, nil, &counts[i])
	}
	if err := b.Send(ctx); err != nil {
		return nil, err
	}
	var out TenantFootprint
	for i, f := range footprints {
		*f.into(&out) = counts[i][0]
	}
	return &out, nil
}

// CountPersonsOnlyIn counts the people who belong to a tenant and to no other.
func CountPersonsOnlyIn(ctx context.Context, p *pg.PlatformTx, id tenant.ID) (int64, error) {
	return pg.Value[int64](ctx, p, personsOnlyHere, pgx.NamedArgs{"id": id})
}
