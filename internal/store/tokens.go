package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// RevocationChannel is where Postgres tells that tokens ended: "<tenant>/<token>",
// so that their open streams can be closed.
const RevocationChannel = "token_revoked"

// AccessChannel is where Postgres tells, by triggers, that something about access has
// changed: a token ended, a role changed, an account was suspended. The payload is empty.
const AccessChannel = "access_changed"

// ParseRevocation reads a notification of RevocationChannel.
func ParseRevocation(payload string) (id tenant.ID, token int64, ok bool) {
	t, rest, found := strings.Cut(payload, "/")
	tenantID, okTenant := ids.Parse(t)
	token, okToken := ids.Parse(rest)
	return tenant.ID(tenantID), token, found && okTenant && okToken
}

// Token is what an app shows to act as an account, or as itself.
type Token struct {
	ID         int64
	TokenHash  []byte // SHA-256; the token itself is shown once and never stored
	AppID      social.AppID
	PersonID   social.PersonID  // 0: the app itself
	AccountID  social.AccountID // 0: the app itself
	Scopes     []string
	CreatedAt  time.Time
	LastUsedAt *time.Time
}

const insertToken = `
INSERT INTO tokens (tenant_id, id, token_hash, app_id, person_id, account_id, scopes)
VALUES (@tenant_id, @id, @token_hash, @app_id, NULLIF(@person_id::bigint, 0), NULLIF(@account_id::bigint, 0), @scopes)`

// AddToken stores a new token; its id is set already. A person who is no operator
// of the account is fault.NotFound.
func AddToken(ctx context.Context, scope *pg.Scope, t *Token) error {
	_, err := pg.Exec(ctx, scope, insertToken, pgx.NamedArgs{
		"id": t.ID, "token_hash": t.TokenHash, "app_id": t.AppID, "person_id": t.PersonID, "account_id": t.AccountID,
		"scopes": textList(t.Scopes),
	})
	return err
}

// Bearer is a token joined with what decides whether it still counts.
type Bearer struct {
	TokenID    int64
	AppID      social.AppID
	PersonID   social.PersonID
	AccountID  social.AccountID
	Scopes     []string
	Role       string // of the operator; empty for the app itself
	Suspended  bool   // the account is
	LastUsedAt *time.Time
}

// The foreign keys delete a token with its operator and the operator with the
// membership, so that a row that is there speaks for somebody who still may.
const bearerByHash = `
SELECT t.id AS token_id, t.app_id, COALESCE(t.person_id, 0) AS person_id, COALESCE(t.account_id, 0) AS account_id, t.scopes,
       COALESCE(o.role, '') AS role, a.suspended_at IS NOT NULL AS suspended, t.last_used_at
FROM   tokens t
LEFT   JOIN operators o ON o.tenant_id = t.tenant_id AND o.account_id = t.account_id AND o.person_id = t.person_id
LEFT   JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
WHERE  t.tenant_id = @tenant_id AND t.token_hash = @token_hash`

// ReadBearer returns who a token speaks for, or fault.NotFound, in one round trip:
// every API request asks.
func ReadBearer(ctx context.Context, db *pg.DB, id tenant.ID, hash []byte) (*Bearer, error) {
	return pg.ReadOne[Bearer](ctx, db, id, bearerByHash, pgx.NamedArgs{"token_hash": hash})
}

const touchToken = `UPDATE tokens SET last_used_at = now() WHERE tenant_id = @tenant_id AND id = @id`

// TouchToken writes that a token was used.
func TouchToken(ctx context.Context, scope *pg.Scope, id int64) error {
	n, err := pg.Exec(ctx, scope, touchToken, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}

const tokenColumns = `
SELECT id, token_hash, app_id, COALESCE(person_id, 0) AS person_id, COALESCE(account_id, 0) AS account_id, scopes, created_at, last_used_at
FROM   tokens
WHERE  tenant_id = @tenant_id`

const (
	tokenByHash     = tokenColumns + ` AND token_hash = @token_hash`
	tokensOfPerson  = tokenColumns + ` AND person_id = @person_id ORDER BY id DESC`
	tokensOfAccount = tokenColumns + ` AND account_id = @account_id ORDER BY id DESC`
)

// TokenByHash returns a token, or fault.NotFound.
func TokenByHash(ctx context.Context, scope *pg.Scope, hash []byte) (*Token, error) {
	return pg.One[Token](ctx, scope, tokenByHash, pgx.NamedArgs{"token_hash": hash})
}

// TokensOfPerson returns what a person has let apps do in this tenant, the newest first.
func TokensOfPerson(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]*Token, error) {
	return pg.Many[Token](ctx, scope, tokensOfPerson, pgx.NamedArgs{"person_id": person})
}

// TokensOfAccount returns the tokens that speak for an account, the newest first.
func TokensOfAccount(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]*Token, error) {
	return pg.Many[Token](ctx, scope, tokensOfAccount, pgx.NamedArgs{"account_id": account})
}

// Each deletion tells the open streams; NOTIFY is sent when the transaction commits.
const notifyGone = ` RETURNING tenant_id, id)
SELECT pg_notify('` + RevocationChannel + `', tenant_id || '/' || id) IS NULL FROM gone`

const (
	deleteToken        = `WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND id = @id` + notifyGone
	deleteTokensOfApp  = `WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND app_id = @app_id AND person_id = @person_id` + notifyGone
	deleteTokensOfPair = `WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND account_id = @account_id AND person_id = @person_id` + notifyGone
	deleteTokensOfOne  = `WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND person_id = @person_id` + notifyGone
	trimTokens         = `
WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND id IN (
       SELECT id FROM tokens
       WHERE  tenant_id = @tenant_id AND app_id = @app_id
       AND    account_id IS NOT DISTINCT FROM NULLIF(@account_id::bigint, 0)
       AND    person_id IS NOT DISTINCT FROM NULLIF(@person_id::bigint, 0)
       ORDER  BY id DESC OFFSET @keep)` + notifyGone
)

// DeleteToken ends a token at once.
func DeleteToken(ctx context.Context, scope *pg.Scope, id int64) error {
	n, err := deleteTokens(ctx, scope, deleteToken, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}

// DeleteTokensOfApp ends what a person has let an app do, and returns how many
// tokens that were.
func DeleteTokensOfApp(ctx context.Context, scope *pg.Scope, app social.AppID, person social.PersonID) (int64, error) {
	return deleteTokens(ctx, scope, deleteTokensOfApp, pgx.NamedArgs{"app_id": app, "person_id": person})
}

// DeleteTokensOfOperator ends the tokens of a person for an account.
func DeleteTokensOfOperator(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID) (int64, error) {
	return deleteTokens(ctx, scope, deleteTokensOfPair, pgx.NamedArgs{"account_id": account, "person_id": person})
}

// DeleteTokensOfPerson ends everything a person has let apps do in this tenant.
func DeleteTokensOfPerson(ctx context.Context, scope *pg.Scope, person social.PersonID) (int64, error) {
	return deleteTokens(ctx, scope, deleteTokensOfOne, pgx.NamedArgs{"person_id": person})
}

// TrimTokens keeps the newest tokens of the same app, person and account, since
// tokens never expire and a careless app would pile them up.
func TrimTokens(ctx context.Context, scope *pg.Scope, t *Token, keep int) error {
	_, err := deleteTokens(ctx, scope, trimTokens, pgx.NamedArgs{
		"app_id": t.AppID, "account_id": t.AccountID, "person_id": t.PersonID, "keep": keep,
	})
	return err
}

func deleteTokens(ctx context.Context, scope *pg.Scope, sql string, args pgx.NamedArgs) (int64, error) {
	gone, err := pg.Values[bool](ctx, scope, sql, args)
	return int64(len(gone)), err
}
