package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// PageTotals counts what a tenant shows of itself.
type PageTotals struct {
	Accounts int
	Posts    int
}

const pageTotals = `
SELECT count(*) AS accounts, COALESCE(sum(st.statuses_count), 0)::bigint AS posts
FROM   accounts a
LEFT   JOIN account_stats st ON st.tenant_id = a.tenant_id AND st.account_id = a.id
WHERE  a.tenant_id = @tenant_id AND a.domain = '' AND a.suspended_at IS NULL`

// ReadPageTotals counts the tenant's accounts and their posts.
func ReadPageTotals(ctx context.Context, scope *pg.Scope) (*PageTotals, error) {
	return pg.One[PageTotals](ctx, scope, pageTotals, nil)
}

const isHandleUsed = `SELECT EXISTS (SELECT FROM handles WHERE tenant_id = @tenant_id AND username_lower = lower(@username))`

// IsHandleUsed reports whether a name is or ever was an account's of the tenant.
func IsHandleUsed(ctx context.Context, scope *pg.Scope, username string) (bool, error) {
	return pg.Value[bool](ctx, scope, isHandleUsed, pgx.NamedArgs{"username": username})
}

const accountsOfTenants = `
SELECT tenant_id, count(*) AS accounts
FROM   accounts
WHERE  tenant_id = ANY(@ids) AND domain = '' AND suspended_at IS NULL
GROUP  BY tenant_id`

// CountAccounts counts the own accounts of several tenants, for somebody who belongs
// to all of them.
func CountAccounts(ctx context.Context, p *pg.PlatformTx, tenants []tenant.ID) (map[tenant.ID]int, error) {
	type row struct {
		TenantID tenant.ID
		Accounts int
	}
	rows, err := pg.Many[row](ctx, p, accountsOfTenants, pgx.NamedArgs{"ids": numbers(tenants)})
	out := make(map[tenant.ID]int, len(rows))
	for _, r := range rows {
		out[r.TenantID] = r.Accounts
	}
	return out, err
}
