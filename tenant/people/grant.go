package people

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Join makes a person a member of the scope's tenant, or changes the role of one.
func Join(ctx context.Context, scope *pg.Scope, person social.PersonID, role Membership) error {
	if !role.Valid() {
		return errMembership
	}
	if err := store.SetMember(ctx, scope, person, string(role)); err != nil {
		return fmt.Errorf("make person %d a member: %w", person, err)
	}
	return nil
}

// MakeRoom says whether a tenant's plan has a seat for a person; a member has one. Until the
// transaction ends nobody else takes it. It is for the operator's commands, which ask nobody
// to accept.
func MakeRoom(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, person social.PersonID) error {
	if t.Entitlement.Limits.Seats == 0 && entitled.ToGrow(t) == nil {
		return nil
	}
	if _, err := store.MemberByPerson(ctx, scope, person); err == nil || !fault.IsNotFound(err) {
		return err
	}
	n, err := store.HoldSeats(ctx, scope, time.Now())
	if err != nil {
		return fmt.Errorf("count seats: %w", err)
	}
	return entitled.ToAddSeat(t, n)
}

// Leave ends a membership; grants, tokens and sessions in this tenant go with it.
func Leave(ctx context.Context, scope *pg.Scope, person social.PersonID) error {
	// The foreign keys would delete the tokens too, but tell no open stream.
	if _, err := store.DeleteTokensOfPerson(ctx, scope, person); err != nil {
		return fmt.Errorf("end the tokens of person %d: %w", person, err)
	}
	if err := store.DeleteMember(ctx, scope, person); err != nil {
		return fmt.Errorf("end the membership of person %d: %w", person, err)
	}
	return nil
}

// MembershipOf returns a person's place in the scope's tenant, or fault.NotFound.
func MembershipOf(ctx context.Context, scope *pg.Scope, person social.PersonID) (Membership, error) {
	m, err := store.MemberByPerson(ctx, scope, person)
	if err != nil {
		return "", fmt.Errorf("read the membership of person %d: %w", person, err)
	}
	return Membership(m.Role), nil
}

// Grant lets a person act as a local account, or changes in which role. Whoever is
// not a member yet becomes a plain one.
func Grant(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID, role Role) error {
	if !role.Valid() {
		return errRole
	}
	if err := store.EnsureMember(ctx, scope, person, string(MemberPlain)); err != nil {
		return fmt.Errorf("make person %d a member: %w", person, err)
	}
	err := store.SetOperator(ctx, scope, store.Operator{AccountID: account, PersonID: person, Role: string(role)})
	if err != nil {
		return fmt.Errorf("let person %d act as account %d: %w", person, account, err)
	}
	return nil
}

// Withdraw takes a grant back: tokens for the account end at once.
func Withdraw(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID) error {
	// The foreign keys would delete the tokens too, but tell no open stream.
	if _, err := store.DeleteTokensOfOperator(ctx, scope, account, person); err != nil {
		return fmt.Errorf("end the tokens of person %d for account %d: %w", person, account, err)
	}
	if err := store.DeleteOperator(ctx, scope, account, person); err != nil {
		return fmt.Errorf("withdraw account %d from person %d: %w", account, person, err)
	}
	return nil
}

// Operator is a person who may act as an account.
type Operator struct {
	Person social.PersonID
	Role   Role
}

// OperatorsOf returns who may act as an account; People.ByIDs tells their names.
func OperatorsOf(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]Operator, error) {
	rows, err := store.OperatorsOfAccount(ctx, scope, account)
	if err != nil {
		return nil, fmt.Errorf("list the operators of account %d: %w", account, err)
	}
	out := make([]Operator, len(rows))
	for i, row := range rows {
		out[i] = Operator{Person: row.PersonID, Role: Role(row.Role)}
	}
	return out, nil
}

// RoleOf returns in which role a person may act as an account, or fault.NotFound.
func RoleOf(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID) (Role, error) {
	o, err := store.OperatorOf(ctx, scope, account, person)
	if err != nil {
		return "", fmt.Errorf("read the role of person %d on account %d: %w", person, account, err)
	}
	return Role(o.Role), nil
}

// AccountsOf returns the accounts of the scope's tenant that a person may act as,
// the oldest first: what a consent page offers. Suspended accounts are left out.
func AccountsOf(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]AccountRole, error) {
	grants, err := store.OperatorsOfPerson(ctx, scope, person)
	if err != nil {
		return nil, fmt.Errorf("list the accounts of person %d: %w", person, err)
	}
	accountIDs := make([]social.AccountID, len(grants))
	for i, g := range grants {
		accountIDs[i] = g.AccountID
	}
	accounts, err := store.AccountsByIDs(ctx, scope, accountIDs)
	if err != nil {
		return nil, fmt.Errorf("read the accounts of person %d: %w", person, err)
	}
	out := make([]AccountRole, 0, len(grants))
	for _, g := range grants {
		if a := accounts[g.AccountID]; a != nil && a.SuspendedAt == nil {
			out = append(out, AccountRole{Account: a, Role: Role(g.Role)})
		}
	}
	return out, nil
}
