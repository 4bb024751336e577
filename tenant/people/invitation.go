package people

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

const (
	invitationLifetime = 7 * 24 * time.Hour
	// invitationsADay bounds the mails that one company makes the platform send.
	invitationsADay = 50

	actInvite     = "invitation.create"
	actInviteMore = "invitation.resend"
)

var (
	// ErrInvited is for an address that has an invitation already.
	ErrInvited       = fault.New(fault.Conflict, "This address is invited already. Send the invitation again, or take it back.")
	errMemberAlready = fault.New(fault.Conflict, "Somebody with this address belongs to the company already.")
	errInviteOften   = fault.Newf(fault.TooMany, "The company has sent %d invitations within a day. Send the next ones tomorrow.", invitationsADay)
	errAnswered      = fault.New(fault.Conflict, "This invitation was accepted or taken back already.")
)

// By is somebody who changes who belongs to a company.
type By struct {
	Person social.PersonID
	Actor  audit.Actor
	// May says whether a membership may change the places of such members. The place of
	// whoever acts is read anew in the transaction of the act.
	May func(own Membership, of ...Membership) error
}

// Invited is an account that an invitation lets somebody act as.
type Invited struct {
	Account social.AccountID
	Role    Role
}

// NewInvitation says who is to be invited.
type NewInvitation struct {
	Email  string
	Role   Membership
	Grants []Invited
	Locale string // of the mail; the invited person's own, if the address is known
}

// InvitationState is what became of an invitation.
type InvitationState string

// The states.
const (
	InvitationOpen     InvitationState = "open"
	InvitationExpired  InvitationState = "expired"
	InvitationAccepted InvitationState = "accepted"
	InvitationRevoked  InvitationState = "revoked"
)

// Invitation asks somebody by mail to join a company.
type Invitation struct {
	ID        int64
	Tenant    tenant.ID
	Email     string
	Role      Membership
	Grants    []Invited
	InvitedBy social.PersonID
	SentAt    time.Time
	ExpiresAt time.Time
	State     InvitationState
}

// grantRow is an account as an invitation's row keeps it.
type grantRow struct {
	Account int64 `json:"account,string"`
	Role    Role  `json:"role"`
}

func fromInvitation(row *store.Invitation, now time.Time) (*Invitation, error) {
	i := &Invitation{
		ID: row.ID, Tenant: row.TenantID, Email: row.Email, Role: Membership(row.Role), InvitedBy: row.InvitedBy,
		SentAt: row.SentAt, ExpiresAt: row.ExpiresAt, State: InvitationOpen,
	}
	switch {
	case row.AcceptedAt != nil:
		i.State = InvitationAccepted
	case row.RevokedAt != nil:
		i.State = InvitationRevoked
	case !now.Before(row.ExpiresAt):
		i.State = InvitationExpired
	}
	var grants []grantRow
	if err := json.Unmarshal(row.Grants, &grants); err != nil {
		return nil, fmt.Errorf("read the accounts of invitation %d: %w", row.ID, err)
	}
	for _, g := range grants {
		i.Grants = append(i.Grants, Invited{Account: social.AccountID(g.Account), Role: g.Role})
	}
	return i, nil
}

// Invite mails somebody a link into a company; prefix is where it leads, less the secret.
func (p *People) Invite(ctx context.Context, t *tenant.Tenant, by By, n NewInvitation, prefix string) (*Invitation, error) {
	email, err := NormaliseEmail(n.Email)
	if err != nil {
		return nil, err
	}
	if !n.Role.Valid() {
		return nil, errMembership
	}
	grants := []grantRow{}
	for _, g := range n.Grants {
		if !g.Role.Valid() {
			return nil, errRole
		}
		if g.Role == Drafter {
			if err := entitled.ToUse(t, tenant.Approvals); err != nil {
				return nil, err
			}
		}
		grants = append(grants, grantRow{int64(g.Account), g.Role})
	}
	body, err := json.Marshal(grants)
	if err != nil {
		return nil, fmt.Errorf("write the accounts of an invitation: %w", err)
	}
	secret, now := ids.Secret(secretBytes), p.now()
	row := &store.Invitation{
		TenantID: t.ID, ID: ids.New(), TokenHash: hashOf(secret), Email: email, Role: string(n.Role), Grants: body, Locale: localeOr(n.Locale),
		InvitedBy: by.Person, CreatedAt: now, SentAt: now, ExpiresAt: now.Add(invitationLifetime),
	}
	err = p.db.Platform(ctx, "invite somebody into a company", func(tx *pg.PlatformTx) error {
		if err := by.check(ctx, tx, t.ID, n.Role); err != nil {
			return err
		}
		if err := p.makeRoom(ctx, tx, t, email); err != nil {
			return err
		}
		known, err := store.IsMemberAddress(ctx, tx, t.ID, email)
		if err == nil && known {
			err = errMemberAlready
		}
		if err != nil {
			return err
		}
		if err := store.AddInvitation(ctx, tx, row); err != nil {
			if fault.CodeOf(err) == fault.Conflict {
				return ErrInvited
			}
			return err
		}
		return p.sendInvitation(ctx, tx, t, by, row, actInvite, prefix+secret)
	})
	if err != nil {
		return nil, fmt.Errorf("invite into tenant %d: %w", t.ID, err)
	}
	return fromInvitation(row, now)
}

// makeRoom says whether a tenant's plan has a seat for somebody who is to be invited. Until
// the transaction ends nobody else takes it. Accepting takes none: an open invitation has
// one. Where there is no limit nothing is counted.
func (p *People) makeRoom(ctx context.Context, tx *pg.PlatformTx, t *tenant.Tenant, email string) error {
	if t.Entitlement.Limits.Seats == 0 {
		return entitled.ToGrow(t)
	}
	n, err := store.HoldSeatsOf(ctx, tx, t.ID, email, p.now())
	if err != nil {
		return fmt.Errorf("count seats: %w", err)
	}
	return entitled.ToAddSeat(t, n)
}

// check reads the place of whoever acts and asks whether it is enough.
func (by By) check(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, roles ...Membership) error {
	own, err := store.MemberOf(ctx, tx, of, by.Person)
	if err != nil {
		return err
	}
	return by.May(Membership(own.Role), roles...)
}

// sendInvitation records and mails an invitation, within the company's limit of a day. The
// record comes first: it locks the end of the company's chain, so that one counts alone.
func (p *People) sendInvitation(ctx context.Context, tx *pg.PlatformTx, t *tenant.Tenant, by By, row *store.Invitation, action, link string) error {
	entry := audit.Entry{Actor: by.Actor, Action: action, Target: invitationTarget(row.ID), Detail: map[string]string{"mail": row.Email, "role": row.Role}}
	if err := audit.AppendFor(ctx, tx, t.ID, entry); err != nil {
		return err
	}
	sent := 0
	for _, a := range []string{actInvite, actInviteMore} {
		n, err := store.CountAuditOf(ctx, tx, t.ID, a, p.now().Add(-24*time.Hour))
		if err != nil {
			return err
		}
		sent += n
	}
	if sent > invitationsADay {
		return errInviteOften
	}
	inviter, err := store.PersonByID(ctx, tx, by.Person)
	if err != nil {
		return err
	}
	locale := row.Locale
	if known, err := store.PersonByEmail(ctx, tx, row.Email); err == nil {
		locale = known.Locale
	} else if !fault.IsNotFound(err) {
		return err
	}
	return post(ctx, tx, letter{to: row.Email, locale: locale, template: "person_invited", link: link, data: map[string]string{
		"organisation": calledInMail(t.Name, t.Host), "person": calledInMail(inviter.Name, ""), "person_mail": inviter.Email, "role": row.Role, "deadline": until(row.ExpiresAt),
	}})
}

// calledInMail is a name as a mail to a stranger says it: nobody advertises by it.
func calledInMail(name, otherwise string) string {
	if mail.HasLink(name) {
		return otherwise
	}
	return name
}

func invitationTarget(id int64) string { return "invitation:" + ids.Format(id) }

// Reinvite mails an invitation again, with another link and another week.
func (p *People) Reinvite(ctx context.Context, t *tenant.Tenant, by By, id int64, prefix string) error {
	secret := ids.Secret(secretBytes)
	return p.changeInvitation(ctx, t, by, id, "send an invitation again", func(tx *pg.PlatformTx, row *store.Invitation) error {
		if !p.now().Before(row.ExpiresAt) { // it has lost its seat
			if err := p.makeRoom(ctx, tx, t, row.Email); err != nil {
				return err
			}
		}
		row.TokenHash, row.SentAt, row.ExpiresAt = hashOf(secret), p.now(), p.now().Add(invitationLifetime)
		if err := store.RenewInvitation(ctx, tx, row); err != nil {
			return err
		}
		return p.sendInvitation(ctx, tx, t, by, row, actInviteMore, prefix+secret)
	})
}

// Uninvite takes an invitation back: its link does not work any more.
func (p *People) Uninvite(ctx context.Context, t *tenant.Tenant, by By, id int64) error {
	return p.changeInvitation(ctx, t, by, id, "take an invitation back", func(tx *pg.PlatformTx, row *store.Invitation) error {
		if err := store.RevokeInvitation(ctx, tx, row, p.now()); err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, t.ID, audit.Entry{
			Actor: by.Actor, Action: "invitation.revoke", Target: invitationTarget(row.ID), Detail: map[string]string{"mail": row.Email, "role": row.Role},
		})
	})
}

func (p *People) changeInvitation(ctx context.Context, t *tenant.Tenant, by By, id int64, reason string, change func(*pg.PlatformTx, *store.Invitation) error) error {
	err := p.db.Platform(ctx, reason, func(tx *pg.PlatformTx) error {
		row, err := store.LockInvitationOf(ctx, tx, t.ID, id)
		if err != nil {
			return err
		}
		if err := by.check(ctx, tx, t.ID, Membership(row.Role)); err != nil {
			return err
		}
		if row.AcceptedAt != nil || row.RevokedAt != nil {
			return errAnswered
		}
		return change(tx, row)
	})
	if err != nil {
		return fmt.Errorf("%s, %d: %w", reason, id, err)
	}
	return nil
}

const mostInvitations = 200

// Invitations returns what nobody has answered, the latest first, those that have expired
// among them.
func (p *People) Invitations(ctx context.Context, scope *pg.Scope) ([]*Invitation, error) {
	rows, err := store.OpenInvitations(ctx, scope, mostInvitations)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	out := make([]*Invitation, len(rows))
	for i, row := range rows {
		if out[i], err = fromInvitation(row, p.now()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
