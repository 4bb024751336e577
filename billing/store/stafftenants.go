package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// TenantLine is a tenant as the staff's list shows it. Standing and plan are "" of one that
// nobody has looked at, and of all where nothing is charged.
type TenantLine struct {
	ID           tenant.ID
	Name         string
	Host         string
	HandleDomain string
	State        tenant.State
	CreatedAt    time.Time
	Accounts     int
	Standing     tenant.Standing
	Plan         string
	NextAt       *time.Time // when the standing changes if nobody does anything
}

// TenantSearch narrows the list. Empty fields match everything.
type TenantSearch struct {
	Text     string // in a name, a host, an owner's mail address, or a customer's id or the tenant's
	Standing tenant.Standing
	State    tenant.State
	Before   tenant.ID // tenants with a smaller id; 0: the newest
	Limit    int
}

// TenantOwner is a person who owns a tenant.
type TenantOwner struct {
	PersonID social.PersonID
	Email    string
	Name     string
}

// A time that is not known is written as year 1 in the entitlement.
const nextOf = `COALESCE(e.next_change_at, NULLIF((e.entitlement->>'EndsAt')::timestamptz, '0001-01-01T00:00:00Z'))`

const (
	tenantLines = `
WITH page AS (
    SELECT t.id, t.name, t.host, t.handle_domain, t.state, t.created_at, COALESCE(e.standing, '') AS standing, COALESCE(e.plan, '') AS plan, ` + nextOf + ` AS next_at
    FROM   tenants t LEFT JOIN tenant_entitlements e ON e.tenant_id = t.id
    WHERE  (@before::bigint = 0 OR t.id < @before) AND (@standing = '' OR e.standing = @standing) AND (@state = '' OR t.state = @state)
    AND    (@text = '' OR t.name ILIKE @like OR t.host ILIKE @like OR t.handle_domain ILIKE @like OR t.id = @number
            OR EXISTS (SELECT FROM domains d WHERE d.tenant_id = t.id AND d.name ILIKE @like)
            OR EXISTS (SELECT FROM memberships m JOIN persons p ON p.id = m.person_id WHERE m.tenant_id = t.id AND m.role = 'owner' AND p.email ILIKE @like)
            OR EXISTS (SELECT FROM billing_customers c WHERE c.tenant_id = t.id AND (c.customer_id = @text OR c.email ILIKE @like)))
    ORDER  BY t.id DESC LIMIT @limit)
SELECT page.*, (SELECT count(*) FROM accounts a WHERE a.tenant_id = page.id AND a.domain = '' AND a.deleted_at IS NULL)::int AS accounts
FROM   page ORDER BY page.id DESC`
	tenantOwners = `
SELECT p.id AS person_id, p.email, p.name FROM memberships m JOIN persons p ON p.id = m.person_id
WHERE  m.tenant_id = @tenant_id AND m.role = 'owner' ORDER BY p.email LIMIT 50`
)

// like is a text as a pattern that finds it anywhere.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// TenantLines returns a page of the tenants, the newest first.
func TenantLines(ctx context.Context, tx *pg.PlatformTx, s TenantSearch) ([]*TenantLine, error) {
	text := strings.TrimSpace(s.Text)
	number, _ := ids.Parse(text)
	return pg.Many[TenantLine](ctx, tx, tenantLines, pgx.NamedArgs{
		"text": text, "like": like(text), "number": number, "standing": string(s.Standing), "state": string(s.State), "before": s.Before, "limit": s.Limit,
	})
}

// TenantOwners returns who owns a tenant.
func TenantOwners(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) ([]*TenantOwner, error) {
	return pg.Many[TenantOwner](ctx, tx, tenantOwners, pgx.NamedArgs{"tenant_id": id})
}

// FoundEntitlement returns what was last found of a tenant. Of one that nobody has looked at
// it is that of a trial which begins now.
func FoundEntitlement(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, now time.Time) (*Entitlement, error) {
	e, err := pg.One[Entitlement](ctx, tx, foundEntitlement, pgx.NamedArgs{"tenant_id": id})
	if fault.IsNotFound(err) {
		return &Entitlement{TenantID: id, TrialFrom: now}, nil
	}
	return e, err
}
