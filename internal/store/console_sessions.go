package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertConsoleSession = `
INSERT INTO console_sessions (id_hash, person_id, user_agent, expires_at)
VALUES (@id_hash, @person_id, @user_agent, @expires_at)`

// AddConsoleSession stores a session on the platform's own host.
func AddConsoleSession(ctx context.Context, p *pg.PlatformTx, s *Session) error {
	_, err := pg.Exec(ctx, p, insertConsoleSession, s.args())
	return err
}

const consoleSessionByHash = `
SELECT s.id_hash, s.person_id, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
FROM   console_sessions s
JOIN   persons p ON p.id = s.person_id AND p.disabled_at IS NULL
WHERE  s.id_hash = @id_hash AND s.expires_at > now()`

// ConsoleSessionByHash returns a session that has not expired, or fault.NotFound.
func ConsoleSessionByHash(ctx context.Context, p *pg.PlatformTx, hash []byte) (*Session, error) {
	return pg.One[Session](ctx, p, consoleSessionByHash, pgx.NamedArgs{"id_hash": hash})
}

const extendConsoleSession = `UPDATE console_sessions SET last_seen_at = now(), expires_at = @expires_at WHERE id_hash = @id_hash`

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
	endSessions        = `DELETE FROM sessions WHERE person_id = @person_id`
	endCodes           = `DELETE FROM oauth_codes WHERE person_id = @person_id AND token_id IS NULL`
	endTokens          = `
WITH gone AS (DELETE FROM tokens WHERE person_id = @person_id RETURNING tenant_id, id)
SELECT pg_notify('` + RevocationChannel + `', tenant_id || '/' || id) FROM gone`
)

// EndSessionsOfPerson signs a person out of every browser, in all tenants.
func EndSessionsOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	b := pg.NewBatch(p)
	b.Exec(endConsoleSessions, pgx.NamedArgs{"person_id": person})
	b.Exec(endSessions, pgx.NamedArgs{"person_id": person})
	return b.Send(ctx)
}

// EndAccessOfPerson ends a person's sessions, codes and tokens, in all tenants.
func EndAccessOfPerson(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	b := pg.NewBatch(p)
	for _, sql := range []string{endConsoleSessions, endSessions, endCodes, endTokens} {
		b.Exec(sql, pgx.NamedArgs{"person_id": person})
	}
	return b.Send(ctx)
}
