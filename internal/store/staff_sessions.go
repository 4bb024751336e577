package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// StaffSession is a browser that one of the staff signed in with.
type StaffSession struct {
	IDHash     []byte `db:"id_hash"`
	PersonID   social.PersonID
	Role       string
	UserAgent  string
	Address    string
	Factors    int
	ProvedAt   *time.Time
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
}

const (
	insertStaffSession = `
INSERT INTO staff_sessions (id_hash, person_id, user_agent, address, factors, proved_at, created_at, last_seen_at, expires_at)
SELECT @id_hash, s.person_id, @user_agent, @address, @factors, @proved_at, @created_at, @created_at, @expires_at
FROM   staff s WHERE s.person_id = @person_id AND s.ended_at IS NULL`
	staffSessionColumns = `
SELECT s.id_hash, s.person_id, st.role, s.user_agent, s.address, s.factors, s.proved_at, s.created_at, s.last_seen_at, s.expires_at
FROM   staff_sessions s
JOIN   staff st ON st.person_id = s.person_id AND st.ended_at IS NULL
JOIN   persons p ON p.id = s.person_id AND p.disabled_at IS NULL
WHERE  s.expires_at > @now AND s.last_seen_at > @idle AND `
	staffSessionByHash    = staffSessionColumns + `s.id_hash = @id_hash`
	staffSessionsOfPerson = staffSessionColumns + `s.person_id = @person_id ORDER BY s.last_seen_at DESC`
	visitStaffSession     = `UPDATE staff_sessions SET last_seen_at = @now WHERE id_hash = @id_hash`
	proveStaffSession     = `UPDATE staff_sessions SET factors = 2, proved_at = @now WHERE id_hash = @id_hash`
	deleteStaffSession    = `DELETE FROM staff_sessions WHERE id_hash = @id_hash`
)

// AddStaffSession stores a session of one of the staff; of anybody else it is fault.NotFound.
func AddStaffSession(ctx context.Context, p *pg.PlatformTx, s *StaffSession) error {
	n, err := pg.Exec(ctx, p, insertStaffSession, pgx.NamedArgs{
		"id_hash": s.IDHash, "person_id": s.PersonID, "user_agent": s.UserAgent, "address": s.Address, "factors": s.Factors, "proved_at": s.ProvedAt,
		"created_at": s.CreatedAt, "expires_at": s.ExpiresAt,
	})
	return mustTouch(n, err)
}

// StaffSessionByHash returns a session that has not ended and was used since idle, or
// fault.NotFound.
func StaffSessionByHash(ctx context.Context, p *pg.PlatformTx, hash []byte, now, idle time.Time) (*StaffSession, error) {
	return pg.One[StaffSession](ctx, p, staffSessionByHash, pgx.NamedArgs{"id_hash": hash, "now": now, "idle": idle})
}

// StaffSessionsOfPerson returns where one of the staff is signed in, the latest first.
func StaffSessionsOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID, now, idle time.Time) ([]*StaffSession, error) {
	return pg.Many[StaffSession](ctx, p, staffSessionsOfPerson, pgx.NamedArgs{"person_id": person, "now": now, "idle": idle})
}

// VisitStaffSession notes that a session is in use.
func VisitStaffSession(ctx context.Context, p *pg.PlatformTx, hash []byte, now time.Time) error {
	_, err := pg.Exec(ctx, p, visitStaffSession, pgx.NamedArgs{"id_hash": hash, "now": now})
	return err
}

// ProveStaffSession notes that a browser has just shown a second factor.
func ProveStaffSession(ctx context.Context, p *pg.PlatformTx, hash []byte, now time.Time) error {
	n, err := pg.Exec(ctx, p, proveStaffSession, pgx.NamedArgs{"id_hash": hash, "now": now})
	return mustTouch(n, err)
}

// DeleteStaffSession signs a browser out of the staff's pages.
func DeleteStaffSession(ctx context.Context, p *pg.PlatformTx, hash []byte) error {
	n, err := pg.Exec(ctx, p, deleteStaffSession, pgx.NamedArgs{"id_hash": hash})
	return mustTouch(n, err)
}

// EndStaffSessions signs a person out of the staff's pages in every browser.
func EndStaffSessions(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	_, err := pg.Exec(ctx, p, endStaffSessions, pgx.NamedArgs{"person_id": person})
	return err
}
