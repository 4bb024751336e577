package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// PendingSignIn is somebody whose password was right and whose second factor is awaited.
type PendingSignIn struct {
	TokenHash []byte
	PersonID  social.PersonID
	Realm     int64 // the tenant whose host it is on; 0: the platform's
	Next      string
	Tries     int
	ExpiresAt time.Time
}

const (
	insertPending = `
INSERT INTO pending_sign_ins (token_hash, person_id, realm, next, expires_at)
VALUES (@token_hash, @person_id, @realm, @next, @expires_at)`
	pendingByHash = `
SELECT token_hash, person_id, realm, next, tries, expires_at FROM pending_sign_ins
WHERE  token_hash = @token_hash AND realm = @realm AND expires_at > @now`
	countPending = `
UPDATE pending_sign_ins SET tries = tries + 1
WHERE  token_hash = @token_hash AND realm = @realm AND expires_at > @now
RETURNING token_hash, person_id, realm, next, tries, expires_at`
	deletePending = `DELETE FROM pending_sign_ins WHERE token_hash = @token_hash`
)

// AddPending stores a sign-in that waits for its second step.
func AddPending(ctx context.Context, p *pg.PlatformTx, s *PendingSignIn) error {
	_, err := pg.Exec(ctx, p, insertPending, pgx.NamedArgs{
		"token_hash": s.TokenHash, "person_id": s.PersonID, "realm": s.Realm, "next": s.Next, "expires_at": s.ExpiresAt,
	})
	return err
}

// PendingByHash returns a sign-in that waits on a host, or fault.NotFound.
func PendingByHash(ctx context.Context, p *pg.PlatformTx, realm int64, hash []byte, now time.Time) (*PendingSignIn, error) {
	return pg.One[PendingSignIn](ctx, p, pendingByHash, pgx.NamedArgs{"token_hash": hash, "realm": realm, "now": now})
}

// CountPending counts a try before it is looked at, so that tries side by side count too.
func CountPending(ctx context.Context, p *pg.PlatformTx, realm int64, hash []byte, now time.Time) (*PendingSignIn, error) {
	return pg.One[PendingSignIn](ctx, p, countPending, pgx.NamedArgs{"token_hash": hash, "realm": realm, "now": now})
}

// DeletePending ends a sign-in that waited; of two at once, one gets no error.
func DeletePending(ctx context.Context, p *pg.PlatformTx, hash []byte) error {
	n, err := pg.Exec(ctx, p, deletePending, pgx.NamedArgs{"token_hash": hash})
	return mustTouch(n, err)
}

// TOTPSecret is what a person's authenticator app knows as well.
type TOTPSecret struct {
	PersonID    social.PersonID
	Sealed      []byte
	ConfirmedAt *time.Time // nil: being set up
	LastStep    int64
	CreatedAt   time.Time
}

const (
	// A secret that is confirmed is never overwritten: it is removed first.
	insertTOTP = `
INSERT INTO totp_secrets (person_id, sealed) VALUES (@person_id, @sealed)
ON CONFLICT (person_id) DO UPDATE SET sealed = excluded.sealed, created_at = now() WHERE totp_secrets.confirmed_at IS NULL`
	totpOf      = `SELECT person_id, sealed, confirmed_at, last_step, created_at FROM totp_secrets WHERE person_id = @person_id`
	useStep     = `UPDATE totp_secrets SET last_step = @step WHERE person_id = @person_id AND last_step < @step`
	confirmTOTP = `UPDATE totp_secrets SET confirmed_at = now(), sealed = @kept WHERE person_id = @person_id AND sealed = @sealed AND confirmed_at IS NULL`
	removeTOTP  = `DELETE FROM totp_secrets WHERE person_id = @person_id`

	addCodes  = `INSERT INTO recovery_codes (person_id, code_hash) SELECT @person_id, unnest(@hashes::bytea[])`
	useCode   = `UPDATE recovery_codes SET used_at = now() WHERE person_id = @person_id AND code_hash = @code_hash AND used_at IS NULL`
	dropCodes = `DELETE FROM recovery_codes WHERE person_id = @person_id`
	codesLeft = `SELECT count(*) FROM recovery_codes WHERE person_id = @person_id AND used_at IS NULL`
)

// PutTOTP stores a secret that is being set up; one that is in use is fault.NotFound.
func PutTOTP(ctx context.Context, p *pg.PlatformTx, person social.PersonID, sealed []byte) error {
	n, err := pg.Exec(ctx, p, insertTOTP, pgx.NamedArgs{"person_id": person, "sealed": sealed})
	return mustTouch(n, err)
}

// TOTPOf returns a person's secret, or fault.NotFound.
func TOTPOf(ctx context.Context, p *pg.PlatformTx, person social.PersonID) (*TOTPSecret, error) {
	return pg.One[TOTPSecret](ctx, p, totpOf, pgx.NamedArgs{"person_id": person})
}

// UseTOTPStep notes the time step of a code that was right, or returns fault.NotFound where
// it, or a later one, was used already.
func UseTOTPStep(ctx context.Context, p *pg.PlatformTx, person social.PersonID, step int64) error {
	n, err := pg.Exec(ctx, p, useStep, pgx.NamedArgs{"person_id": person, "step": step})
	return mustTouch(n, err)
}

// ConfirmTOTP puts the secret that was set up into use, sealed for its use.
func ConfirmTOTP(ctx context.Context, p *pg.PlatformTx, person social.PersonID, sealed, kept []byte) error {
	n, err := pg.Exec(ctx, p, confirmTOTP, pgx.NamedArgs{"person_id": person, "sealed": sealed, "kept": kept})
	return mustTouch(n, err)
}

// RemoveTOTP takes a person's authenticator and recovery codes away.
func RemoveTOTP(ctx context.Context, p *pg.PlatformTx, person social.PersonID) error {
	b := pg.NewBatch(p)
	b.Exec(removeTOTP, pgx.NamedArgs{"person_id": person})
	b.Exec(dropCodes, pgx.NamedArgs{"person_id": person})
	return b.Send(ctx)
}

// ReplaceRecoveryCodes gives a person new codes; the old ones are worthless.
func ReplaceRecoveryCodes(ctx context.Context, p *pg.PlatformTx, person social.PersonID, hashes [][]byte) error {
	b := pg.NewBatch(p)
	b.Exec(dropCodes, pgx.NamedArgs{"person_id": person})
	b.Exec(addCodes, pgx.NamedArgs{"person_id": person, "hashes": hashes})
	return b.Send(ctx)
}

// UseRecoveryCode ends a code, or returns fault.NotFound for one that is none or was used.
func UseRecoveryCode(ctx context.Context, p *pg.PlatformTx, person social.PersonID, hash []byte) error {
	n, err := pg.Exec(ctx, p, useCode, pgx.NamedArgs{"person_id": person, "code_hash": hash})
	return mustTouch(n, err)
}

// RecoveryCodesLeft counts the codes that still work.
func RecoveryCodesLeft(ctx context.Context, p *pg.PlatformTx, person social.PersonID) (int, error) {
	return pg.Value[int](ctx, p, codesLeft, pgx.NamedArgs{"person_id": person})
}

// Whoever signs in with a second factor: an authenticator in use, or a passkey.
const withFactors = `
SELECT id FROM persons p
WHERE  id = ANY(@ids) AND (EXISTS (SELECT FROM totp_secrets t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL)
       OR EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id AND (@rp_id = '' OR k.rp_id = @rp_id)))`

const factorsAmong = `
SELECT p.id AS person_id,
       EXISTS (SELECT FROM totp_secrets t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL) AS has_totp,
       EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id AND k.cloned_at IS NULL) AS has_passkey
FROM   persons p WHERE p.id = ANY(@ids)`

// PersonFactors is which second factors a person has, on any host.
type PersonFactors struct {
	PersonID   social.PersonID
	HasTOTP    bool `db:"has_totp"`
	HasPasskey bool
}

// FactorsAmong returns which second factors the persons have.
func FactorsAmong(ctx context.Context, p *pg.PlatformTx, ids []social.PersonID) ([]*PersonFactors, error) {
	return pg.Many[PersonFactors](ctx, p, factorsAmong, pgx.NamedArgs{"ids": ids})
}

// PersonsWithFactors returns those of the persons who have a second factor: an authenticator,
// or a passkey of a host ("": of any).
func PersonsWithFactors(ctx context.Context, p *pg.PlatformTx, ids []social.PersonID, rpID string) ([]social.PersonID, error) {
	return pg.Values[social.PersonID](ctx, p, withFactors, pgx.NamedArgs{"ids": ids, "rp_id": rpID})
}
