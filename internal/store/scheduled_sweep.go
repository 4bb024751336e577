package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// DuePlan is a plan whose time has come.
type DuePlan struct {
	TenantID    tenant.ID
	ID          social.PlanID
	ScheduledAt time.Time
}

const duePlans = `
SELECT p.tenant_id, p.id, p.scheduled_at
FROM   scheduled_statuses p
JOIN   tenants t ON t.id = p.tenant_id AND t.state = 'active'
WHERE  p.state = 'scheduled' AND p.scheduled_at <= now()
ORDER  BY p.scheduled_at
LIMIT  @limit`

// DuePlans returns plans of all active tenants that should have been published by now.
func DuePlans(ctx context.Context, p *pg.PlatformTx, limit int) ([]*DuePlan, error) {
	return pg.Many[DuePlan](ctx, p, duePlans, pgx.NamedArgs{"limit": limit})
}

// One letter an hour to the approvers of a tenant: what comes meanwhile waits for the next.
const untoldTenants = `
SELECT DISTINCT p.tenant_id
FROM   scheduled_statuses p
JOIN   tenants t ON t.id = p.tenant_id AND t.state = 'active'
WHERE  p.state = 'waiting' AND p.told_at IS NULL AND p.updated_at < now() - @quiet::interval
       AND NOT EXISTS (SELECT FROM scheduled_statuses o WHERE o.tenant_id = p.tenant_id AND o.told_at > now() - @pause::interval)
LIMIT  @limit`

// UntoldTenants returns tenants whose approvers are to be told of something that has
// waited for a while, and were not written to within the pause.
func UntoldTenants(ctx context.Context, p *pg.PlatformTx, quiet, pause time.Duration, limit int) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, p, untoldTenants, pgx.NamedArgs{"quiet": quiet, "pause": pause, "limit": limit})
}

// Two processes at once: the second waits for the first, and then finds nothing left.
const tellWaiting = `
WITH told AS (
    UPDATE scheduled_statuses SET told_at = now()
    WHERE  tenant_id = @of AND state = 'waiting' AND told_at IS NULL
    RETURNING id, account_id)
SELECT max(t.id) AS latest, t.account_id, a.username,
       (SELECT count(*) FROM scheduled_statuses w WHERE w.tenant_id = @of AND w.account_id = t.account_id AND w.state = 'waiting') AS waiting
FROM   told t
JOIN   accounts a ON a.tenant_id = @of AND a.id = t.account_id
GROUP  BY t.account_id, a.username
ORDER  BY a.username`

// WaitingAccount is an account for which something new waits for approval.
type WaitingAccount struct {
	Latest    social.PlanID
	AccountID social.AccountID
	Username  string
	Waiting   int // new and old
}

// TellWaiting marks what waits in a tenant as told, and returns what there is to tell.
func TellWaiting(ctx context.Context, p *pg.PlatformTx, of tenant.ID) ([]*WaitingAccount, error) {
	return pg.Many[WaitingAccount](ctx, p, tellWaiting, pgx.NamedArgs{"of": of})
}

// Approver is somebody who may decide for an account.
type Approver struct {
	AccountID social.AccountID
	PersonID  social.PersonID
	Email     string
	Locale    string
}

const approversOf = `
SELECT o.account_id, o.person_id, p.email, p.locale
FROM   operators o
JOIN   persons p ON p.id = o.person_id AND p.disabled_at IS NULL
WHERE  o.tenant_id = @of AND o.account_id = ANY(@accounts) AND o.role = ANY(@roles)
ORDER  BY o.person_id, o.account_id`

// ApproversOf returns who may act as accounts of a tenant in one of the roles.
func ApproversOf(ctx context.Context, p *pg.PlatformTx, of tenant.ID, accounts []social.AccountID, roles []string) ([]*Approver, error) {
	return pg.Many[Approver](ctx, p, approversOf, pgx.NamedArgs{"of": of, "accounts": numbers(accounts), "roles": roles})
}
