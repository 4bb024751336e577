package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// PersonToken is a link in a mail to somebody. The row knows the SHA-256 of its secret alone.
type PersonToken struct {
	TokenHash []byte
	PersonID  social.PersonID
	Kind      string
	Email     string // of a change: the new address
	ExpiresAt time.Time
}

const (
	insertPersonToken = `
INSERT INTO person_tokens (token_hash, person_id, kind, email, expires_at)
VALUES (@token_hash, @person_id, @kind, @email, @expires_at)`
	personTokenColumns = `SELECT token_hash, person_id, kind, email, expires_at FROM person_tokens
WHERE  token_hash = @token_hash AND kind = @kind AND used_at IS NULL AND expires_at > @now`
	usePersonToken = `
UPDATE person_tokens SET used_at = @now
WHERE  token_hash = @token_hash AND kind = @kind AND used_at IS NULL AND expires_at > @now
RETURNING token_hash, person_id, kind, email, expires_at`
	endPersonTokens = `UPDATE person_tokens SET used_at = @now WHERE person_id = @person_id AND used_at IS NULL`
)

// AddPersonToken stores a link that was mailed.
func AddPersonToken(ctx context.Context, p *pg.PlatformTx, t *PersonToken) error {
	_, err := pg.Exec(ctx, p, insertPersonToken, pgx.NamedArgs{
		"token_hash": t.TokenHash, "person_id": t.PersonID, "kind": t.Kind, "email": t.Email, "expires_at": t.ExpiresAt,
	})
	return err
}

// PersonTokenByHash returns a link that still works, or fault.NotFound.
func PersonTokenByHash(ctx context.Context, p *pg.PlatformTx, kind string, hash []byte, now time.Time) (*PersonToken, error) {
	return pg.One[PersonToken](ctx, p, personTokenColumns, pgx.NamedArgs{"kind": kind, "token_hash": hash, "now": now})
}

// UsePersonToken returns a link that works and ends it, or fault.NotFound: of two that come
// at once, one.
func UsePersonToken(ctx context.Context, p *pg.PlatformTx, kind string, hash []byte, now time.Time) (*PersonToken, error) {
	return pg.One[PersonToken](ctx, p, usePersonToken, pgx.NamedArgs{"kind": kind, "token_hash": hash, "now": now})
}

// EndPersonTokens makes all links that were mailed to a person worthless.
func EndPersonTokens(ctx context.Context, p *pg.PlatformTx, person social.PersonID, now time.Time) error {
	_, err := pg.Exec(ctx, p, endPersonTokens, pgx.NamedArgs{"person_id": person, "now": now})
	return err
}

const (
	setEmail  = `UPDATE persons SET email = @email WHERE id = @id`
	setLocale = `UPDATE persons SET locale = @locale WHERE id = @id`
	setName   = `UPDATE persons SET name = @name WHERE id = @id`
)

// SetEmail gives a person another address; one that is taken is fault.Conflict.
func SetEmail(ctx context.Context, p *pg.PlatformTx, id social.PersonID, email string) error {
	n, err := pg.Exec(ctx, p, setEmail, pgx.NamedArgs{"id": id, "email": email})
	return mustTouch(n, err)
}

// SetLocale chooses the language that a person reads.
func SetLocale(ctx context.Context, p *pg.PlatformTx, id social.PersonID, locale string) error {
	n, err := pg.Exec(ctx, p, setLocale, pgx.NamedArgs{"id": id, "locale": locale})
	return mustTouch(n, err)
}

// SetPersonName renames a person.
func SetPersonName(ctx context.Context, p *pg.PlatformTx, id social.PersonID, name string) error {
	n, err := pg.Exec(ctx, p, setName, pgx.NamedArgs{"id": id, "name": name})
	return mustTouch(n, err)
}
