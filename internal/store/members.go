package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Member is a person's place in the scope's tenant.
type Member struct {
	PersonID  social.PersonID
	Role      string
	CreatedAt time.Time
}

// Operator is a person's right to act as an account of the scope's tenant.
type Operator struct {
	AccountID social.AccountID
	PersonID  social.PersonID
	Role      string
	CreatedAt time.Time
}

const upsertMember = `
INSERT INTO memberships (tenant_id, person_id, role)
VALUES (@tenant_id, @person_id, @role)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET role = EXCLUDED.role`

// SetMember makes a person a member, or changes the role of one. A person that
// does not exist is fault.NotFound.
func SetMember(ctx context.Context, scope *pg.Scope, person social.PersonID, role string) error {
	_, err := pg.Exec(ctx, scope, upsertMember, pgx.NamedArgs{"person_id": person, "role": role})
	return err
}

const ensureMember = `
INSERT INTO memberships (tenant_id, person_id, role)
VALUES (@tenant_id, @person_id, @role)
ON CONFLICT DO NOTHING`

// EnsureMember makes a person a member and leaves the role of one who is already.
func EnsureMember(ctx context.Context, scope *pg.Scope, person social.PersonID, role string) error {
	_, err := pg.Exec(ctx, scope, ensureMember, pgx.NamedArgs{"person_id": person, "role": role})
	return err
}

const memberByPerson = `
SELECT person_id, role, created_at
FROM   memberships
WHERE  tenant_id = @tenant_id AND person_id = @person_id`

// MemberByPerson returns a membership, or fault.NotFound.
func MemberByPerson(ctx context.Context, scope *pg.Scope, person social.PersonID) (*Member, error) {
	return pg.One[Member](ctx, scope, memberByPerson, pgx.NamedArgs{"person_id": person})
}

const members = `
SELECT person_id, role, created_at
FROM   memberships
WHERE  tenant_id = @tenant_id AND person_id > @after
ORDER  BY person_id
LIMIT  @limit`

// Members returns a page of the tenant's members in the order of their ids.
func Members(ctx context.Context, scope *pg.Scope, after social.PersonID, limit int) ([]*Member, error) {
	return pg.Many[Member](ctx, scope, members, pgx.NamedArgs{"after": after, "limit": limit})
}

const deleteMember = `DELETE FROM memberships WHERE tenant_id = @tenant_id AND person_id = @person_id`

// DeleteMember ends a membership and, by the foreign keys, the person's grants,
// tokens, codes and sessions in this tenant.
func DeleteMember(ctx context.Context, scope *pg.Scope, person social.PersonID) error {
	n, err := pg.Exec(ctx, scope, deleteMember, pgx.NamedArgs{"person_id": person})
	return mustTouch(n, err)
}

// Only local accounts can be operated; the SELECT is what says so.
const upsertOperator = `
INSERT INTO operators (tenant_id, account_id, person_id, role)
SELECT tenant_id, id, @person_id, @role
FROM   accounts
WHERE  tenant_id = @tenant_id AND id = @account_id AND domain = '' AND deleted_at IS NULL
ON CONFLICT (tenant_id, account_id, person_id) DO UPDATE SET role = EXCLUDED.role`

// SetOperator lets a member act as a local account, or changes in which role.
// An account or a member that is not there is fault.NotFound.
func SetOperator(ctx context.Context, scope *pg.Scope, o Operator) error {
	n, err := pg.Exec(ctx, scope, upsertOperator, pgx.NamedArgs{"account_id": o.AccountID, "person_id": o.PersonID, "role": o.Role})
	return mustTouch(n, err)
}

const deleteOperator = `
DELETE FROM operators
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND person_id = @person_id`

// DeleteOperator takes the right back; tokens and codes go with it.
func DeleteOperator(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID) error {
	n, err := pg.Exec(ctx, scope, deleteOperator, pgx.NamedArgs{"account_id": account, "person_id": person})
	return mustTouch(n, err)
}

const operatorOf = `
SELECT account_id, person_id, role, created_at
FROM   operators
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND person_id = @person_id`

// OperatorOf returns a person's grant on an account, or fault.NotFound.
func OperatorOf(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID) (*Operator, error) {
	return pg.One[Operator](ctx, scope, operatorOf, pgx.NamedArgs{"account_id": account, "person_id": person})
}

const operatorsOfAccount = `
SELECT account_id, person_id, role, created_at
FROM   operators
WHERE  tenant_id = @tenant_id AND account_id = @account_id
ORDER  BY person_id`

// OperatorsOfAccount returns everybody who may act as an account.
func OperatorsOfAccount(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]*Operator, error) {
	return pg.Many[Operator](ctx, scope, operatorsOfAccount, pgx.NamedArgs{"account_id": account})
}

const operatorsOfPerson = `
SELECT account_id, person_id, role, created_at
FROM   operators
WHERE  tenant_id = @tenant_id AND person_id = @person_id
ORDER  BY account_id`

// OperatorsOfPerson returns every account of the tenant that a person may act as.
func OperatorsOfPerson(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]*Operator, error) {
	return pg.Many[Operator](ctx, scope, operatorsOfPerson, pgx.NamedArgs{"person_id": person})
}
