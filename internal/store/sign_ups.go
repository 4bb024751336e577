package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// SignUp is somebody who becomes a person when the link in the mail is opened.
type SignUp struct {
	TokenHash    []byte
	Email        string
	Name         string
	PasswordHash string
	Locale       string
	BrowserHash  []byte
	Tries        int
	ExpiresAt    time.Time
}

const (
	insertSignUp = `
INSERT INTO sign_ups (token_hash, email, name, password_hash, locale, browser_hash, expires_at)
VALUES (@token_hash, @email, @name, @password_hash, @locale, @browser_hash, @expires_at)`
	signUpByHash = `
SELECT token_hash, email, name, password_hash, locale, browser_hash, tries, expires_at
FROM   sign_ups WHERE token_hash = @token_hash AND expires_at > @now`
	countSignUp = `UPDATE sign_ups SET tries = tries + 1 WHERE token_hash = @token_hash RETURNING tries`
	// All that wait for the address end with the one that was confirmed.
	endSignUps = `DELETE FROM sign_ups WHERE email = @email`
)

// AddSignUp stores somebody who signed up.
func AddSignUp(ctx context.Context, p *pg.PlatformTx, s *SignUp) error {
	_, err := pg.Exec(ctx, p, insertSignUp, pgx.NamedArgs{
		"token_hash": s.TokenHash, "email": s.Email, "name": s.Name, "password_hash": s.PasswordHash, "locale": s.Locale,
		"browser_hash": s.BrowserHash, "expires_at": s.ExpiresAt,
	})
	return err
}

// SignUpByHash returns a sign-up that can still be confirmed, or fault.NotFound.
func SignUpByHash(ctx context.Context, p *pg.PlatformTx, hash []byte, now time.Time) (*SignUp, error) {
	return pg.One[SignUp](ctx, p, signUpByHash, pgx.NamedArgs{"token_hash": hash, "now": now})
}

// CountSignUpTry counts a password that is typed for a sign-up, before it is looked at.
func CountSignUpTry(ctx context.Context, p *pg.PlatformTx, hash []byte) (int, error) {
	return pg.Value[int](ctx, p, countSignUp, pgx.NamedArgs{"token_hash": hash})
}

// EndSignUps forgets everybody who signed up with an address.
func EndSignUps(ctx context.Context, p *pg.PlatformTx, email string) error {
	_, err := pg.Exec(ctx, p, endSignUps, pgx.NamedArgs{"email": email})
	return err
}
