package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Session is a browser that somebody signed in with. What the browser holds is a
// secret; the row knows its SHA-256 alone.
type Session struct {
	IDHash     []byte
	PersonID   social.PersonID
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	Factors    int    // how many proofs there were: 1 or 2
	Address    string // of the client, when it signed in
	ViaSSO     bool   // made by the tenant's own provider (sso.go)
	// IsBound: its tenant asks for a second factor, and this session has none.
	IsBound bool
}

func (s *Session) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id_hash": s.IDHash, "person_id": s.PersonID, "user_agent": s.UserAgent, "expires_at": s.ExpiresAt,
		"factors": max(s.Factors, 1), "address": s.Address,
	}
}

const insertSession = `
INSERT INTO sessions (tenant_id, id_hash, person_id, user_agent, expires_at, factors, address)
VALUES (@tenant_id, @id_hash, @person_id, @user_agent, @expires_at, @factors, @address)`

// AddSession stores a session of a member; anybody else is fault.NotFound.
func AddSession(ctx context.Context, scope *pg.Scope, s *Session) error {
	_, err := pg.Exec(ctx, scope, insertSession, s.args())
	return err
}

const sessionByHash = `
SELECT s.id_hash, s.person_id, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.factors, s.address, s.via_sso,
       s.factors < 2 AND COALESCE(r.require_second_factor, false) AS is_bound
FROM   sessions s
LEFT   JOIN tenant_security r ON r.tenant_id = s.tenant_id
WHERE  s.tenant_id = @tenant_id AND s.id_hash = @id_hash AND s.expires_at > now()`

// ReadSession returns a session that has not expired, or fault.NotFound, in one
// round trip: every page of a signed-in person asks.
func ReadSession(ctx context.Context, db *pg.DB, id tenant.ID, hash []byte) (*Session, error) {
	return pg.ReadOne[Session](ctx, db, id, sessionByHash, pgx.NamedArgs{"id_hash": hash})
}

const extendSession = `
UPDATE sessions SET last_seen_at = now(), expires_at = LEAST(@expires_at, ends_at)
WHERE  tenant_id = @tenant_id AND id_hash = @id_hash`

// ExtendSession moves a session's end.
func ExtendSession(ctx context.Context, scope *pg.Scope, hash []byte, until time.Time) error {
	n, err := pg.Exec(ctx, scope, extendSession, pgx.NamedArgs{"id_hash": hash, "expires_at": until})
	return mustTouch(n, err)
}

const deleteSession = `DELETE FROM sessions WHERE tenant_id = @tenant_id AND id_hash = @id_hash`

// DeleteSession signs a browser out.
func DeleteSession(ctx context.Context, scope *pg.Scope, hash []byte) error {
	n, err := pg.Exec(ctx, scope, deleteSession, pgx.NamedArgs{"id_hash": hash})
	return mustTouch(n, err)
}

const sessionsOfPerson = `
SELECT id_hash, person_id, user_agent, created_at, last_seen_at, expires_at, factors, address, via_sso, false AS is_bound
FROM   sessions
WHERE  tenant_id = @tenant_id AND person_id = @person_id AND expires_at > now()
ORDER  BY last_seen_at DESC`

// SessionsOfPerson returns where a person is signed in, the latest first.
func SessionsOfPerson(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]*Session, error) {
	return pg.Many[Session](ctx, scope, sessionsOfPerson, pgx.NamedArgs{"person_id": person})
}

const deleteSessionsOfPerson = `
DELETE FROM sessions
WHERE  tenant_id = @tenant_id AND person_id = @person_id AND id_hash <> @except`

// DeleteSessionsOfPerson signs a person out everywhere in this tenant but in one
// browser; an empty hash spares none. It returns how many ended.
func DeleteSessionsOfPerson(ctx context.Context, scope *pg.Scope, person social.PersonID, except []byte) (int64, error) {
	if except == nil {
		except = []byte{}
	}
	return pg.Exec(ctx, scope, deleteSessionsOfPerson, pgx.NamedArgs{"person_id": person, "except": except})
}

const proveSession = `UPDATE sessions SET factors = 2 WHERE tenant_id = @tenant_id AND id_hash = @id_hash`

// ProveSession notes that a browser has shown a second factor after it signed in.
func ProveSession(ctx context.Context, scope *pg.Scope, hash []byte) error {
	n, err := pg.Exec(ctx, scope, proveSession, pgx.NamedArgs{"id_hash": hash})
	return mustTouch(n, err)
}
