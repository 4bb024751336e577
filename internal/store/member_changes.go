package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// All owners are locked besides those who are named, in one order: two who demote each other
// at once come one after the other, and the second sees what the first has done.
const lockMembers = `
SELECT person_id, role, created_at
FROM   memberships
WHERE  tenant_id = @tenant_id AND (role = 'owner' OR person_id = ANY(@persons))
ORDER  BY person_id
FOR    NO KEY UPDATE`

// LockMembers returns the owners of the tenant and some other members for a change of their
// places.
func LockMembers(ctx context.Context, scope *pg.Scope, persons ...social.PersonID) ([]*Member, error) {
	return pg.Many[Member](ctx, scope, lockMembers, pgx.NamedArgs{"persons": persons})
}

const (
	memberOf       = `SELECT person_id, role, created_at FROM memberships WHERE tenant_id = @tenant_id AND person_id = @person_id FOR SHARE`
	joinAsMember   = `INSERT INTO memberships (tenant_id, person_id, role) VALUES (@tenant_id, @person_id, @role) ON CONFLICT DO NOTHING`
	joinAsOperator = `
INSERT INTO operators (tenant_id, account_id, person_id, role)
SELECT a.tenant_id, a.id, @person_id, g.role
FROM   unnest(@accounts::bigint[], @roles::text[]) AS g (account_id, role)
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = g.account_id AND a.domain = '' AND a.deleted_at IS NULL
ON CONFLICT DO NOTHING`
)

// MemberOf is MemberByPerson for an act of the platform; the place is kept until its end.
func MemberOf(ctx context.Context, p *pg.PlatformTx, of tenant.ID, person social.PersonID) (*Member, error) {
	return pg.One[Member](ctx, p, memberOf, pgx.NamedArgs{"tenant_id": of, "person_id": person})
}

// JoinTenant makes a person a member and lets them act as accounts that are still there.
// What they are and may already stays as it is.
func JoinTenant(ctx context.Context, p *pg.PlatformTx, of tenant.ID, person social.PersonID, role string, grants []Operator) error {
	if _, err := pg.Exec(ctx, p, joinAsMember, pgx.NamedArgs{"tenant_id": of, "person_id": person, "role": role}); err != nil {
		return err
	}
	accounts, roles := make([]int64, len(grants)), make([]string, len(grants))
	for i, g := range grants {
		accounts[i], roles[i] = int64(g.AccountID), g.Role
	}
	_, err := pg.Exec(ctx, p, joinAsOperator, pgx.NamedArgs{"tenant_id": of, "person_id": person, "accounts": accounts, "roles": roles})
	return err
}

const operatorsOfPeople = `
SELECT account_id, person_id, role, created_at
FROM   operators
WHERE  tenant_id = @tenant_id AND person_id = ANY(@persons)
ORDER  BY person_id, account_id`

// OperatorsOfPeople returns the grants of several members.
func OperatorsOfPeople(ctx context.Context, scope *pg.Scope, persons []social.PersonID) ([]*Operator, error) {
	return pg.Many[Operator](ctx, scope, operatorsOfPeople, pgx.NamedArgs{"persons": persons})
}

// Visit is when a person was here last.
type Visit struct {
	PersonID social.PersonID
	At       time.Time
}

const lastVisits = `
SELECT person_id, max(last_seen_at) AS at
FROM   (SELECT person_id, last_seen_at FROM sessions WHERE tenant_id = @tenant_id AND person_id = ANY(@persons)
        UNION ALL SELECT person_id, last_seen_at FROM console_sessions WHERE person_id = ANY(@persons)) AS s
GROUP  BY person_id`

// LastVisits returns when people were last seen on a tenant's host or in the console, as far
// as their sessions still tell.
func LastVisits(ctx context.Context, p *pg.PlatformTx, of tenant.ID, persons []social.PersonID) ([]*Visit, error) {
	return pg.Many[Visit](ctx, p, lastVisits, pgx.NamedArgs{"tenant_id": of, "persons": persons})
}
