package people

import (
	"context"
	"fmt"
	"maps"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

var (
	// ErrLastOwner: somebody has to answer for a company.
	ErrLastOwner = fault.New(fault.Conflict, "A company needs an owner, and this is the last one. Make somebody else an owner first.")
	errHimself   = fault.New(fault.Conflict, "Nobody sends themselves away. Leave the company instead.")
)

// memberships are all, from most to least.
var memberships = []Membership{MemberOwner, MemberAdmin, MemberBilling, MemberModerator, MemberPlain}

// places are the locked members of an act.
type places map[social.PersonID]Membership

func lockPlaces(ctx context.Context, scope *pg.Scope, persons ...social.PersonID) (places, error) {
	rows, err := store.LockMembers(ctx, scope, persons...)
	if err != nil {
		return nil, err
	}
	out := places{}
	for _, row := range rows {
		out[row.PersonID] = Membership(row.Role)
	}
	for _, p := range persons {
		if _, ok := out[p]; !ok {
			return nil, fault.New(fault.NotFound, "This person does not belong to the company.")
		}
	}
	return out, nil
}

// isLastOwner reports whether without this person nobody would own the company.
func (ps places) isLastOwner(person social.PersonID) bool {
	if ps[person] != MemberOwner {
		return false
	}
	for other, m := range ps {
		if other != person && m == MemberOwner {
			return false
		}
	}
	return true
}

// SetMembership changes a member's place; called is how the audit log names them. What they
// have offered to others and may offer no more is taken back.
func SetMembership(ctx context.Context, scope *pg.Scope, by By, person social.PersonID, role Membership, called string) error {
	if !role.Valid() {
		return errMembership
	}
	ps, err := lockPlaces(ctx, scope, by.Person, person)
	if err != nil {
		return fmt.Errorf("change the place of person %d: %w", person, err)
	}
	before := ps[person]
	if err := by.May(ps[by.Person], before, role); err != nil {
		return err
	}
	if before == role {
		return nil
	}
	if ps.isLastOwner(person) {
		return ErrLastOwner
	}
	if err := store.SetMember(ctx, scope, person, string(role)); err != nil {
		return fmt.Errorf("change the place of person %d: %w", person, err)
	}
	var lost []string
	for _, m := range memberships {
		if by.May(role, m) != nil {
			lost = append(lost, string(m))
		}
	}
	if _, err := store.RevokeInvitationsBy(ctx, scope, person, lost, time.Now()); err != nil {
		return fmt.Errorf("take back the invitations of person %d: %w", person, err)
	}
	return audit.Append(ctx, scope, audit.Entry{
		Actor: by.Actor, Action: "member.change", Target: Target(person), Detail: map[string]string{"who": called, "from": string(before), "to": string(role)},
	})
}

// SendAway ends a membership and everything that stands on it: grants, apps with their open
// streams, sessions on the tenant's host, conversations that the person has, and invitations
// that the person sent. An open page of the console ends at its next look, two seconds later.
func SendAway(ctx context.Context, scope *pg.Scope, by By, person social.PersonID, called string) error {
	if by.Person == person {
		return errHimself
	}
	ps, err := lockPlaces(ctx, scope, by.Person, person)
	if err != nil {
		return fmt.Errorf("send person %d away: %w", person, err)
	}
	if err := by.May(ps[by.Person], ps[person]); err != nil {
		return err
	}
	return part(ctx, scope, ps, person, audit.Entry{Actor: by.Actor, Action: "member.send_away", Detail: map[string]string{"who": called}})
}

// Quit is SendAway of oneself.
func Quit(ctx context.Context, scope *pg.Scope, person social.PersonID, who audit.Actor, called string) error {
	ps, err := lockPlaces(ctx, scope, person)
	if err != nil {
		return fmt.Errorf("leave a company: %w", err)
	}
	return part(ctx, scope, ps, person, audit.Entry{Actor: who, Action: "member.leave", Detail: map[string]string{"who": called}})
}

func part(ctx context.Context, scope *pg.Scope, ps places, person social.PersonID, e audit.Entry) error {
	if ps.isLastOwner(person) {
		return ErrLastOwner
	}
	all := make([]string, len(memberships))
	for i, m := range memberships {
		all[i] = string(m)
	}
	if _, err := store.RevokeInvitationsBy(ctx, scope, person, all, time.Now()); err != nil {
		return fmt.Errorf("take back the invitations of person %d: %w", person, err)
	}
	if err := Leave(ctx, scope, person); err != nil {
		return err
	}
	e.Target = Target(person)
	e.Detail = maps.Clone(e.Detail)
	e.Detail["role"] = string(ps[person])
	return audit.Append(ctx, scope, e)
}

// SetGrant lets a member act as an account in a role, or with "" no more, and records it.
// Nobody becomes a member by it. Who is a drafter stays one where the plan has none any more.
func SetGrant(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, who audit.Actor, account *social.Account, person social.PersonID, role Role, called string) error {
	if _, err := store.MemberByPerson(ctx, scope, person); err != nil {
		return fmt.Errorf("let person %d act as account %d: %w", person, account.ID, err)
	}
	before, err := RoleOf(ctx, scope, account.ID, person)
	if err != nil && !fault.IsNotFound(err) {
		return err
	}
	if role == Drafter && before != role {
		if err := entitled.ToUse(t, tenant.Approvals); err != nil {
			return err
		}
	}
	entry := audit.Entry{
		Actor: who, Action: "operator.change", Target: Target(person),
		Detail: map[string]string{"who": called, "account": "@" + account.Username, "from": string(before), "to": string(role)},
	}
	switch {
	case role == before:
		return nil
	case role == "":
		err, entry.Action = Withdraw(ctx, scope, account.ID, person), "operator.withdraw"
	default:
		err = Grant(ctx, scope, account.ID, person, role)
		if before == "" {
			entry.Action = "operator.grant"
		}
	}
	if err != nil {
		return err
	}
	return audit.Append(ctx, scope, entry)
}
