package store

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Staff is a person's place among those who run the platform.
type Staff struct {
	PersonID  social.PersonID
	Role      string
	CreatedAt time.Time
	EndedAt   *time.Time
}

// StaffMember is one of them by name, as lists show it.
type StaffMember struct {
	PersonID  social.PersonID
	Email     string
	Name      string
	Role      string
	CreatedAt time.Time
	HasFactor bool // an authenticator, or a passkey of any host
	LastSeen  *time.Time
}

const (
	lockStaff = `SELECT person_id, role, created_at, ended_at FROM staff WHERE person_id = @person_id FOR UPDATE`
	putStaff  = `
INSERT INTO staff AS s (person_id, role) VALUES (@person_id, @role)
ON CONFLICT (person_id) DO UPDATE SET role = excluded.role, ended_at = NULL,
       created_at = CASE WHEN s.ended_at IS NULL THEN s.created_at ELSE now() END`
	endStaff  = `UPDATE staff SET ended_at = now() WHERE person_id = @person_id AND ended_at IS NULL`
	isStaff   = `SELECT EXISTS (SELECT FROM staff WHERE person_id = @person_id AND ended_at IS NULL)`
	listStaff = `
SELECT s.person_id, p.email, p.name, s.role, s.created_at,
       EXISTS (SELECT FROM totp_secrets t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL)
         OR EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id AND k.cloned_at IS NULL) AS has_factor,
       (SELECT max(b.last_seen_at) FROM staff_sessions b WHERE b.person_id = p.id) AS last_seen
FROM   staff s JOIN persons p ON p.id = s.person_id
WHERE  s.ended_at IS NULL ORDER BY p.email LIMIT @limit`
	dropFactors = `DELETE FROM passkeys WHERE person_id = @person_id`
)

// LockStaff returns somebody's place among the staff, which may have ended, or fault.NotFound.
func LockStaff(ctx context.Context, p *pg.PlatformTx, person social.PersonID) (*Staff, error) {
	return pg.One[Staff](ctx, p, lockStaff, pgx.NamedArgs{"person_id": person})
}

// PutStaff makes a person one of the staff, or gives one another role.
func PutStaff(ctx context.Context, p *pg.PlatformTx, person social.PersonID, role string) error {
	_, err := pg.Exec(ctx, p, putStaff, pgx.NamedArgs{"person_id": person, "role": role})
	return err
}

// EndStaff takes a person's place and ends the sessions that came with it. Who has none is
// fault.NotFound.
func EndStaff(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	n, err := pg.Exec(ctx, p, endStaff, pgx.NamedArgs{"person_id": person})
	if err := mustTouch(n, err); err != nil {
		return err
	}
	return EndStaffSessions(ctx, p, person)
}

// IsStaff reports whether a person is one of the staff.
func IsStaff(ctx context.Context, p *pg.PlatformTx, person social.PersonID) (bool, error) {
	return pg.Value[bool](ctx, p, isStaff, pgx.NamedArgs{"person_id": person})
}

// StaffMembers lists the staff by mail address.
func StaffMembers(ctx context.Context, p *pg.PlatformTx, limit int) ([]*StaffMember, error) {
	return pg.Many[StaffMember](ctx, p, listStaff, pgx.NamedArgs{"limit": limit})
}

// DropFactors takes all second factors of a person away: authenticator, recovery codes and the
// passkeys of every host.
func DropFactors(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	if err := RemoveTOTP(ctx, p, person); err != nil {
		return err
	}
	_, err := pg.Exec(ctx, p, dropFactors, pgx.NamedArgs{"person_id": person})
	return err
}

const staffActs = `
SELECT seq, at, actor_kind, actor_id, action, target, body, hash FROM audit_entries
WHERE  tenant_id = @tenant_id AND actor_kind = 'staff' AND seq < @before ORDER BY seq DESC LIMIT @limit`

// StaffActsOn returns what the staff did to a tenant, the newest first; before is the last one
// of the page before, or 0.
func StaffActsOn(ctx context.Context, p *pg.PlatformTx, of tenant.ID, before int64, limit int) ([]*AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return pg.Many[AuditEntry](ctx, p, staffActs, pgx.NamedArgs{"tenant_id": of, "before": before, "limit": limit})
}
