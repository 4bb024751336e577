package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Passkey is a person's key for one host.
type Passkey struct {
	RPID         string `db:"rp_id"`
	CredentialID []byte
	PersonID     social.PersonID
	Name         string
	Credential   json.RawMessage
	CreatedAt    time.Time
	LastUsedAt   *time.Time
	ClonedAt     *time.Time
}

const (
	insertPasskey = `
INSERT INTO passkeys (rp_id, credential_id, person_id, name, credential)
VALUES (@rp_id, @credential_id, @person_id, @name, @credential)`
	passkeyColumns = `
SELECT rp_id, credential_id, person_id, name, credential, created_at, last_used_at, cloned_at FROM passkeys WHERE `
	passkeysOf    = passkeyColumns + `person_id = @person_id AND rp_id = @rp_id ORDER BY created_at, credential_id`
	passkeyByID   = passkeyColumns + `rp_id = @rp_id AND credential_id = @credential_id`
	usePasskey    = `UPDATE passkeys SET credential = @credential, last_used_at = now() WHERE rp_id = @rp_id AND credential_id = @credential_id`
	suspect       = `UPDATE passkeys SET cloned_at = now() WHERE rp_id = @rp_id AND credential_id = @credential_id AND cloned_at IS NULL`
	renamePasskey = `UPDATE passkeys SET name = @name WHERE rp_id = @rp_id AND credential_id = @credential_id AND person_id = @person_id`
	removePasskey = `DELETE FROM passkeys WHERE rp_id = @rp_id AND credential_id = @credential_id AND person_id = @person_id`

	insertChallenge = `
INSERT INTO passkey_challenges (token_hash, rp_id, person_id, data, expires_at)
VALUES (@token_hash, @rp_id, @person_id, @data, @expires_at)`
	takeChallenge = `
DELETE FROM passkey_challenges WHERE token_hash = @token_hash AND rp_id = @rp_id AND person_id = @person_id AND expires_at > @now
RETURNING data`

	offerPasskey = `
INSERT INTO passkey_offers (person_id, rp_id)
SELECT @person_id, @rp_id WHERE NOT EXISTS (SELECT FROM passkeys WHERE person_id = @person_id AND rp_id = @rp_id)
ON CONFLICT DO NOTHING`
)

// AddPasskey stores a new key; one that is there already is fault.Conflict.
func AddPasskey(ctx context.Context, p *pg.PlatformTx, k *Passkey) error {
	_, err := pg.Exec(ctx, p, insertPasskey, pgx.NamedArgs{
		"rp_id": k.RPID, "credential_id": k.CredentialID, "person_id": k.PersonID, "name": k.Name, "credential": k.Credential,
	})
	return err
}

// PasskeysOf returns a person's keys for a host, the oldest first.
func PasskeysOf(ctx context.Context, p *pg.PlatformTx, rpID string, person social.PersonID) ([]*Passkey, error) {
	return pg.Many[Passkey](ctx, p, passkeysOf, pgx.NamedArgs{"rp_id": rpID, "person_id": person})
}

// PasskeyByID returns a key of a host, or fault.NotFound.
func PasskeyByID(ctx context.Context, p *pg.PlatformTx, rpID string, id []byte) (*Passkey, error) {
	return pg.One[Passkey](ctx, p, passkeyByID, pgx.NamedArgs{"rp_id": rpID, "credential_id": id})
}

// UsePasskey keeps a key's counter after somebody signed in with it.
func UsePasskey(ctx context.Context, p *pg.PlatformTx, k *Passkey) error {
	n, err := pg.Exec(ctx, p, usePasskey, pgx.NamedArgs{"rp_id": k.RPID, "credential_id": k.CredentialID, "credential": k.Credential})
	return mustTouch(n, err)
}

// SuspectPasskey notes that a key's counter went back.
func SuspectPasskey(ctx context.Context, p *pg.PlatformTx, rpID string, id []byte) error {
	_, err := pg.Exec(ctx, p, suspect, pgx.NamedArgs{"rp_id": rpID, "credential_id": id})
	return err
}

// RenamePasskey gives a key of a person another name, or returns fault.NotFound.
func RenamePasskey(ctx context.Context, p *pg.PlatformTx, rpID string, id []byte, person social.PersonID, name string) error {
	n, err := pg.Exec(ctx, p, renamePasskey, pgx.NamedArgs{"rp_id": rpID, "credential_id": id, "person_id": person, "name": name})
	return mustTouch(n, err)
}

// RemovePasskey ends a key of a person, or returns fault.NotFound.
func RemovePasskey(ctx context.Context, p *pg.PlatformTx, rpID string, id []byte, person social.PersonID) error {
	n, err := pg.Exec(ctx, p, removePasskey, pgx.NamedArgs{"rp_id": rpID, "credential_id": id, "person_id": person})
	return mustTouch(n, err)
}

// PasskeyChallenge is a ceremony that has begun.
type PasskeyChallenge struct {
	TokenHash []byte
	RPID      string
	PersonID  social.PersonID // 0: somebody who is about to sign in
	Data      json.RawMessage
	ExpiresAt time.Time
}

// AddChallenge stores a ceremony.
func AddChallenge(ctx context.Context, p *pg.PlatformTx, c *PasskeyChallenge) error {
	_, err := pg.Exec(ctx, p, insertChallenge, pgx.NamedArgs{
		"token_hash": c.TokenHash, "rp_id": c.RPID, "person_id": c.PersonID, "data": c.Data, "expires_at": c.ExpiresAt,
	})
	return err
}

// TakeChallenge ends a ceremony and returns its data, or fault.NotFound: each is used once.
func TakeChallenge(ctx context.Context, p *pg.PlatformTx, c *PasskeyChallenge, now time.Time) (json.RawMessage, error) {
	return pg.Value[json.RawMessage](ctx, p, takeChallenge, pgx.NamedArgs{
		"token_hash": c.TokenHash, "rp_id": c.RPID, "person_id": c.PersonID, "now": now,
	})
}

// OfferPasskey reports whether somebody should be asked to add a key on a host: who has none
// there, once.
func OfferPasskey(ctx context.Context, p *pg.PlatformTx, rpID string, person social.PersonID) (bool, error) {
	n, err := pg.Exec(ctx, p, offerPasskey, pgx.NamedArgs{"rp_id": rpID, "person_id": person})
	return n > 0, err
}

const (
	dropPasskeys = `DELETE FROM passkeys WHERE rp_id = @rp_id`
	dropOffers   = `DELETE FROM passkey_offers WHERE rp_id = @rp_id`
)

// RemovePasskeysOfHost ends all keys of a host that is gone, and forgets who was asked there
// to add one.
func RemovePasskeysOfHost(ctx context.Context, p *pg.PlatformTx, rpID string) error {
	b := pg.NewBatch(p)
	b.Exec(dropPasskeys, pgx.NamedArgs{"rp_id": rpID})
	b.Exec(dropOffers, pgx.NamedArgs{"rp_id": rpID})
	return b.Send(ctx)
}
