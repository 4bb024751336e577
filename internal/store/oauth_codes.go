package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Code is a person's consent on its way to an app, good for one token.
type Code struct {
	CodeHash      []byte
	AppID         social.AppID
	PersonID      social.PersonID
	AccountID     social.AccountID
	RedirectURI   string
	Scopes        []string
	CodeChallenge string
	ExpiresAt     time.Time
	TokenID       int64 // what it was redeemed for; 0: not yet
}

const insertCode = `
INSERT INTO oauth_codes (tenant_id, code_hash, app_id, person_id, account_id, redirect_uri, scopes, code_challenge, expires_at)
VALUES (@tenant_id, @code_hash, @app_id, @person_id, @account_id, @redirect_uri, @scopes, @code_challenge, @expires_at)`

// AddCode stores a code. A person who is no operator of the account is fault.NotFound.
func AddCode(ctx context.Context, scope *pg.Scope, c *Code) error {
	_, err := pg.Exec(ctx, scope, insertCode, pgx.NamedArgs{
		"code_hash": c.CodeHash, "app_id": c.AppID, "person_id": c.PersonID, "account_id": c.AccountID,
		"redirect_uri": c.RedirectURI, "scopes": textList(c.Scopes), "code_challenge": c.CodeChallenge, "expires_at": c.ExpiresAt,
	})
	return err
}

// The lock makes two redemptions of one code wait for each other.
const lockCode = `
SELECT code_hash, app_id, person_id, account_id, redirect_uri, scopes, code_challenge, expires_at, COALESCE(token_id, 0) AS token_id
FROM   oauth_codes
WHERE  tenant_id = @tenant_id AND code_hash = @code_hash
FOR    UPDATE`

// LockCode returns a code, used and expired ones too, or fault.NotFound, and holds
// it until the transaction ends.
func LockCode(ctx context.Context, scope *pg.Scope, hash []byte) (*Code, error) {
	return pg.One[Code](ctx, scope, lockCode, pgx.NamedArgs{"code_hash": hash})
}

const redeemCode = `
UPDATE oauth_codes SET token_id = @token_id
WHERE  tenant_id = @tenant_id AND code_hash = @code_hash AND token_id IS NULL`

// RedeemCode writes which token a code became; a used code is fault.NotFound.
func RedeemCode(ctx context.Context, scope *pg.Scope, hash []byte, token int64) error {
	n, err := pg.Exec(ctx, scope, redeemCode, pgx.NamedArgs{"code_hash": hash, "token_id": token})
	return mustTouch(n, err)
}

const deleteCodesOfApp = `DELETE FROM oauth_codes WHERE tenant_id = @tenant_id AND app_id = @app_id AND person_id = @person_id`

// DeleteCodesOfApp forgets the consents of a person to an app, redeemed or not, and
// returns how many those were. It waits for one that is being redeemed: the token is
// there afterwards.
func DeleteCodesOfApp(ctx context.Context, scope *pg.Scope, app social.AppID, person social.PersonID) (int64, error) {
	return pg.Exec(ctx, scope, deleteCodesOfApp, pgx.NamedArgs{"app_id": app, "person_id": person})
}
