package people

import (
	"context"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// ErrInvitationMail is for somebody who is signed in with another address than the invited
// one: a link that was passed on lets nobody in.
var ErrInvitationMail = fault.New(fault.Forbidden, "This invitation went to another address than the one you are signed in with.")

// errInvitation is for answers that come too late; the page says which it is.
var errInvitation = fault.New(fault.Gone, "This invitation does not work any more. Ask whoever invited you for a new one.")

// InvitationOf returns the invitation of a link, in whatever state, and whether its address
// has a login. A link that never was, or that a later mail replaced, is ErrLink.
func (p *People) InvitationOf(ctx context.Context, secret string) (inv *Invitation, isKnown bool, err error) {
	err = p.db.Platform(ctx, "look at an invitation", func(tx *pg.PlatformTx) error {
		row, err := store.InvitationByHash(ctx, tx, hashOf(secret))
		if err != nil {
			return err
		}
		if inv, err = fromInvitation(row, p.now()); err != nil {
			return err
		}
		_, err = store.PersonByEmail(ctx, tx, inv.Email)
		isKnown = err == nil
		if fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	if fault.IsNotFound(err) {
		return nil, false, ErrLink
	}
	return inv, isKnown, err
}

// Accept makes somebody who is signed in a member. Their address must be the invited one.
func (p *People) Accept(ctx context.Context, secret string, person social.PersonID, who audit.Actor) (*Invitation, error) {
	inv, _, err := p.answer(ctx, secret, who, func(tx *pg.PlatformTx, row *store.Invitation) (*store.Person, error) {
		found, err := store.PersonByID(ctx, tx, person)
		if err == nil && found.Email != row.Email {
			err = ErrInvitationMail
		}
		return found, err
	})
	return inv, err
}

// AcceptNew makes a login for the invited address and a member of it: whoever has the link
// reads the mail of that address. It speaks the language that the mail was in.
func (p *People) AcceptNew(ctx context.Context, secret string, n NewPerson, who audit.Actor) (*Person, *Invitation, error) {
	name, err := cleanName(n.Name)
	if err != nil {
		return nil, nil, err
	}
	hash, err := p.hashNew(ctx, n.Password)
	if err != nil {
		return nil, nil, err
	}
	inv, made, err := p.answer(ctx, secret, who, func(tx *pg.PlatformTx, row *store.Invitation) (*store.Person, error) {
		made := &store.Person{
			ID: social.PersonID(ids.New()), Email: row.Email, Name: name, PasswordHash: hash, Locale: row.Locale, CreatedAt: p.now(),
		}
		if err := store.AddPerson(ctx, tx, made); err != nil {
			if fault.CodeOf(err) == fault.Conflict {
				return nil, errEmailTaken
			}
			return nil, err
		}
		if err := store.EndSignUps(ctx, tx, made.Email); err != nil {
			return nil, err
		}
		return made, act{"person.sign_up", actor(made, who.Address)}.record(ctx, tx, made.ID, map[string]string{"by": "invitation"})
	})
	if err != nil {
		return nil, nil, err
	}
	return fromRow(made), inv, nil
}

// answer joins the person that find returns. The invitation is locked: it works once.
func (p *People) answer(ctx context.Context, secret string, who audit.Actor, find func(*pg.PlatformTx, *store.Invitation) (*store.Person, error)) (inv *Invitation, person *store.Person, err error) {
	err = p.db.Platform(ctx, "accept an invitation", func(tx *pg.PlatformTx) error {
		row, err := store.LockInvitation(ctx, tx, hashOf(secret))
		if err != nil {
			return err
		}
		if inv, err = fromInvitation(row, p.now()); err != nil {
			return err
		}
		if inv.State != InvitationOpen {
			return errInvitation
		}
		if person, err = find(tx, row); err != nil {
			return err
		}
		grants := make([]store.Operator, len(inv.Grants))
		for i, g := range inv.Grants {
			grants[i] = store.Operator{AccountID: g.Account, Role: string(g.Role)}
		}
		if err := store.JoinTenant(ctx, tx, inv.Tenant, person.ID, row.Role, grants); err != nil {
			return err
		}
		if err := store.AcceptInvitation(ctx, tx, row, person.ID, p.now()); err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, inv.Tenant, audit.Entry{
			Actor: actor(person, who.Address), Action: "invitation.accept", Target: invitationTarget(row.ID), Detail: map[string]string{"mail": row.Email, "role": row.Role},
		})
	})
	if fault.IsNotFound(err) {
		return nil, nil, ErrLink
	}
	if err != nil {
		return nil, nil, fmt.Errorf("accept an invitation: %w", err)
	}
	return inv, person, nil
}
