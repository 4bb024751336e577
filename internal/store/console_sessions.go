package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertConsoleSession = `
INSERT INTO console_sessions (id_hash, person_id, user_agent, expires_at, factors, address)
VALUES (@id_hash, @person_id, @user_agent, @expires_at, @factors, @address)`

// AddConsoleSession stores a session on the platform's own host.
func AddConsoleSession(ctx context.Context, p *pg.PlatformTx, s *Session) error {
	_, err := pg.Exec(ctx, p, insertConsoleSession, s.args())
	return err
}

const consoleSessionColumns = `
SELECT s.id_hash, s.person_id, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.factors, s.address, false AS via_sso, false AS is_bound
FROM   console_sessions s
JOIN   persons p ON p.id = s.person_id AND p.disabled_at IS NULL
WHERE  s.expires_at > now() AND `

const (
	consoleSessionByHash    = consoleSessionColumns + `s.id_hash = @id_hash`
	consoleSessionsOfPerson = consoleSessionColumns + `s.person_id = @person_id ORDER BY s.last_seen_at DESC`
)

// ConsoleSessionByHash returns a session that has not expired, or fault.NotFound.
func ConsoleSessionByHash(ctx context.Context, p *pg.PlatformTx, hash []byte) (*Session, error) {
	return pg.One[Session](ctx, p, consoleSessionByHash, pgx.NamedArgs{"id_hash": hash})
}

const (
	extendConsoleSession = `UPDATE console_sessions SET last_seen_at = now(), expires_at = @expires_at WHERE id_hash = @id_hash`
	proveConsoleSession  = `UPDATE console_sessions SET factors = 2 WHERE id_hash = @id_hash`
	// Not that of another person: the hash comes from a form.
	endConsoleSession = `DELETE FROM console_sessions WHERE person_id = @person_id AND id_hash = @id_hash`
)

// ConsoleSessionsOfPerson returns where a person is signed in to the console, the latest first.
func ConsoleSessionsOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID) ([]*Session, error) {
	return pg.Many[Session](ctx, p, consoleSessionsOfPerson, pgx.NamedArgs{"person_id": person})
}

// ProveConsoleSession notes that a browser has shown a second factor after it signed in.
func ProveConsoleSession(ctx context.Context, p *pg.PlatformTx, hash []byte) error {
	n, err := pg.Exec(ctx, p, proveConsoleSession, pgx.NamedArgs{"id_hash": hash})
	return mustTouch(n, err)
}

// DeleteConsoleSessionOf signs a person out of one browser.
func DeleteConsoleSessionOf(ctx context.Context, p *pg.PlatformTx, person social.PersonID, hash []byte) error {
	n, err := pg.Exec(ctx, p, endConsoleSession, pgx.NamedArgs{"person_id": person, "id_hash": hash})
	return mustTouch(n, err)
}

// ExtendConsoleSession moves a session's end.
func ExtendConsoleSession(ctx context.Context, p *pg.PlatformTx, hash []byte, until time.Time) error {
	n, err := pg.Exec(ctx, p, extendConsoleSession, pgx.NamedArgs{"id_hash": hash, "expires_at": until})
	return mustTouch(n, err)
}

const deleteConsoleSession = `DELETE FROM console_sessions WHERE id_hash = @id_hash`

// DeleteConsoleSession signs a browser out of the platform's host.
func DeleteConsoleSession(ctx context.Context, p *pg.PlatformTx, hash []byte) error {
	n, err := pg.Exec(ctx, p, deleteConsoleSession, pgx.NamedArgs{"id_hash": hash})
	return mustTouch(n, err)
}

const (
	endConsoleSessions = `DELETE FROM console_sessions WHERE person_id = @person_id`
	endStaffSessions   = `DELETE FROM staff_sessions WHERE person_id = @person_id`
	endSessions        = `DELETE FROM sessions WHERE person_id = @person_id`
	endPendings        = `DELETE FROM pending_sign_ins WHERE person_id = @person_id`
	endCodes           = `DELETE FROM oauth_codes WHERE person_id = @person_id AND token_id IS NULL`
	endTokens          = `
WITH gone AS (DELETE FROM tokens WHERE person_id = @person_id RETURNING tenant_id, id)
SELECT pg_notify('` + RevocationChannel + `', tenant_id || '/' || id) FROM gone`
)

// EndSessionsOfPerson signs a person out of every browser, in all tenants, and ends sign-ins
// that wait for a second factor: they began with the old password.
func EndSessionsOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	b := pg.NewBatch(p)
	b.Exec(endConsoleSessions, pgx.NamedArgs{"person_id": person})
	b.Exec(endStaffSessions, pgx.NamedArgs{"person_id": person})
	b.Exec(endSessions, pgx.NamedArgs{"person_id": person})
	b.Exec(endPendings, pgx.NamedArgs{"person_id": person})
	return b.Send(ctx)
}

// EndAccessOfPerson ends a person's sessions, codes and tokens, in all tenants.
func EndAccessOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	b := pg.NewBatch(p)
	for _, sql := range []string{endConsoleSessions, endStaffSessions, endSessions, endPendings, endCodes, endTokens} {
		b.Exec(sql, pgx.NamedArgs{"person_id": person})
	}
	return b.Send(ctx)
}

const (
	endOtherOnConsole = `DELETE FROM console_sessions WHERE person_id = @person_id AND id_hash <> @except`
	endOtherOfStaff   = `DELETE FROM staff_sessions WHERE person_id = @person_id AND id_hash <> @except`
	endOtherOnTenants = `DELETE FROM sessions WHERE person_id = @person_id AND id_hash <> @except`
)

// EndOtherSessionsOfPerson signs a person out of every browser but one, in all tenants.
func EndOtherSessionsOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID, except []byte) error {
	b := pg.NewBatch(p)
	b.Exec(endOtherOnConsole, pgx.NamedArgs{"person_id": person, "except": except})
	b.Exec(endOtherOfStaff, pgx.NamedArgs{"person_id": person, "except": except})
	b.Exec(endOtherOnTenants, pgx.NamedArgs{"person_id": person, "except": except})
	return b.Send(ctx)
}
