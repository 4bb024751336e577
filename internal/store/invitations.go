package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Invitation asks somebody by mail to become a member of a tenant.
type Invitation struct {
	TenantID   tenant.ID
	ID         int64
	TokenHash  []byte
	Email      string
	Role       string
	Grants     []byte // JSON, as package people writes it
	Locale     string
	InvitedBy  social.PersonID
	CreatedAt  time.Time
	SentAt     time.Time
	ExpiresAt  time.Time
	AcceptedAt *time.Time
	AcceptedBy social.PersonID
	RevokedAt  *time.Time
}

const (
	isOpenInvitation  = `accepted_at IS NULL AND revoked_at IS NULL`
	invitationColumns = `
SELECT tenant_id, id, token_hash, email, role, grants, locale, invited_by, created_at, sent_at, expires_at, accepted_at, accepted_by, revoked_at
FROM   invitations
WHERE  `
	insertInvitation = `
INSERT INTO invitations (tenant_id, id, token_hash, email, role, grants, locale, invited_by, created_at, sent_at, expires_at)
VALUES (@tenant_id, @id, @token_hash, @email, @role, @grants, @locale, @invited_by, @now, @now, @expires_at)`
	endExpired = `
UPDATE invitations SET revoked_at = @now
WHERE  tenant_id = @tenant_id AND email = @email AND ` + isOpenInvitation + ` AND expires_at <= @now`
	isMember = `
SELECT EXISTS (SELECT FROM memberships m JOIN persons p ON p.id = m.person_id AND p.email = @email WHERE m.tenant_id = @tenant_id)`
)

// AddInvitation stores an invitation. One that is open for the same address is
// fault.Conflict; one that has expired makes room.
func AddInvitation(ctx context.Context, p *pg.PlatformTx, i *Invitation) error {
	if _, err := pg.Exec(ctx, p, endExpired, pgx.NamedArgs{"tenant_id": i.TenantID, "email": i.Email, "now": i.CreatedAt}); err != nil {
		return err
	}
	_, err := pg.Exec(ctx, p, insertInvitation, pgx.NamedArgs{
		"tenant_id": i.TenantID, "id": i.ID, "token_hash": i.TokenHash, "email": i.Email, "role": i.Role, "grants": i.Grants,
		"locale": i.Locale, "invited_by": i.InvitedBy, "now": i.CreatedAt, "expires_at": i.ExpiresAt,
	})
	return err
}

// IsMemberAddress reports whether a member of a tenant has a mail address.
func IsMemberAddress(ctx context.Context, p *pg.PlatformTx, of tenant.ID, email string) (bool, error) {
	return pg.Value[bool](ctx, p, isMember, pgx.NamedArgs{"tenant_id": of, "email": email})
}

const (
	invitationByHash  = invitationColumns + `token_hash = @token_hash`
	lockInvitation    = invitationColumns + `token_hash = @token_hash FOR UPDATE`
	lockInvitationOf  = invitationColumns + `tenant_id = @tenant_id AND id = @id FOR UPDATE`
	openInvitations   = invitationColumns + `tenant_id = @tenant_id AND ` + isOpenInvitation + ` ORDER BY id DESC LIMIT @limit`
	renewInvitation   = `UPDATE invitations SET token_hash = @token_hash, sent_at = @now, expires_at = @expires_at WHERE tenant_id = @tenant_id AND id = @id`
	acceptInvitation  = `UPDATE invitations SET accepted_at = @now, accepted_by = @person_id WHERE tenant_id = @tenant_id AND id = @id`
	revokeInvitation  = `UPDATE invitations SET revoked_at = @now WHERE tenant_id = @tenant_id AND id = @id`
	revokeInvitations = `
UPDATE invitations SET revoked_at = @now
WHERE  tenant_id = @tenant_id AND invited_by = @person_id AND role = ANY(@roles) AND ` + isOpenInvitation
)

// InvitationByHash returns the invitation of a link, in whatever state, or fault.NotFound.
func InvitationByHash(ctx context.Context, p *pg.PlatformTx, hash []byte) (*Invitation, error) {
	return pg.One[Invitation](ctx, p, invitationByHash, pgx.NamedArgs{"token_hash": hash})
}

// LockInvitation is InvitationByHash for somebody who answers it: nobody else does meanwhile.
func LockInvitation(ctx context.Context, p *pg.PlatformTx, hash []byte) (*Invitation, error) {
	return pg.One[Invitation](ctx, p, lockInvitation, pgx.NamedArgs{"token_hash": hash})
}

// LockInvitationOf returns a tenant's invitation for a change, or fault.NotFound.
func LockInvitationOf(ctx context.Context, p *pg.PlatformTx, of tenant.ID, id int64) (*Invitation, error) {
	return pg.One[Invitation](ctx, p, lockInvitationOf, pgx.NamedArgs{"tenant_id": of, "id": id})
}

// OpenInvitations returns what nobody has answered yet, the latest first.
func OpenInvitations(ctx context.Context, scope *pg.Scope, limit int) ([]*Invitation, error) {
	return pg.Many[Invitation](ctx, scope, openInvitations, pgx.NamedArgs{"limit": limit})
}

// RenewInvitation gives an invitation another link: the one before does not work any more.
func RenewInvitation(ctx context.Context, p *pg.PlatformTx, i *Invitation) error {
	n, err := pg.Exec(ctx, p, renewInvitation, pgx.NamedArgs{"tenant_id": i.TenantID, "id": i.ID, "token_hash": i.TokenHash, "now": i.SentAt, "expires_at": i.ExpiresAt})
	return mustTouch(n, err)
}

// AcceptInvitation notes who accepted it.
func AcceptInvitation(ctx context.Context, p *pg.PlatformTx, i *Invitation, person social.PersonID, now time.Time) error {
	n, err := pg.Exec(ctx, p, acceptInvitation, pgx.NamedArgs{"tenant_id": i.TenantID, "id": i.ID, "person_id": person, "now": now})
	return mustTouch(n, err)
}

// RevokeInvitation takes an invitation back.
func RevokeInvitation(ctx context.Context, p *pg.PlatformTx, i *Invitation, now time.Time) error {
	n, err := pg.Exec(ctx, p, revokeInvitation, pgx.NamedArgs{"tenant_id": i.TenantID, "id": i.ID, "now": now})
	return mustTouch(n, err)
}

// RevokeInvitationsBy takes back what a person has offered into some roles, and returns how
// many invitations that were.
func RevokeInvitationsBy(ctx context.Context, scope *pg.Scope, person social.PersonID, roles []string, now time.Time) (int64, error) {
	return pg.Exec(ctx, scope, revokeInvitations, pgx.NamedArgs{"person_id": person, "roles": roles, "now": now})
}
