package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Standing is a tenant that somebody has to be told about, or whose end has come.
type Standing struct {
	TenantID    tenant.ID
	Name        string
	Host        string
	Entitlement tenant.Entitlement
	SaysGoodbye bool // at its end other servers are told: its owner chose so
}

const (
	standings = `
SELECT e.tenant_id, t.name, t.host, e.entitlement, e.says_goodbye
FROM   tenant_entitlements e JOIN tenants t ON t.id = e.tenant_id
WHERE  e.standing IN ('trial', 'active_ending', 'grace', 'restricted', 'suspended', 'closing', 'deleted') AND t.state IN ('active', 'suspended') AND e.tenant_id > @after
ORDER  BY e.tenant_id LIMIT @limit`
	setGoodbye = `UPDATE tenant_entitlements SET says_goodbye = @says WHERE tenant_id = @tenant_id AND says_goodbye <> @says`
	getGoodbye = `SELECT says_goodbye FROM tenant_entitlements WHERE tenant_id = @tenant_id`
)

// Standings returns tenants whose standing is not simply paid for, in the order of their ids.
func Standings(ctx context.Context, tx *pg.PlatformTx, after tenant.ID, limit int) ([]*Standing, error) {
	return pg.Many[Standing](ctx, tx, standings, pgx.NamedArgs{"after": after, "limit": limit})
}

// SaysGoodbye reports what an owner chose: whether other servers are told when an account
// that is not paid for comes to its end.
func SaysGoodbye(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (bool, error) {
	return pg.Value[bool](ctx, tx, getGoodbye, pgx.NamedArgs{"tenant_id": id})
}

// ChooseGoodbye stores that choice; changed is false where it was so before.
func ChooseGoodbye(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, says bool) (changed bool, err error) {
	n, err := pg.Exec(ctx, tx, setGoodbye, pgx.NamedArgs{"tenant_id": id, "says": says})
	return n > 0, err
}
