package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/people"
)

const (
	// touchAfter is how stale last_used_at may be: a write a day, not one a request.
	touchAfter = 24 * time.Hour
	// tokensKept of one app, person and account. Tokens never expire, so a program
	// that asks for one at each start would pile them up.
	tokensKept = 30
	// longestToken keeps megabytes from being hashed.
	longestToken = 256
)

// Issued is a new token. Secret is shown once and known to nobody afterwards.
type Issued struct {
	TokenID   int64
	Secret    string
	Scopes    Scopes
	CreatedAt time.Time
}

// Authenticate returns who a bearer token speaks for, from memory or in one round trip.
// A token of another tenant, a revoked one and one whose operator was removed are all
// ErrToken; a suspended account is fault.Forbidden.
func (j *Judge) Authenticate(ctx context.Context, id tenant.ID, token string) (*Viewer, error) {
	if token == "" || len(token) > longestToken {
		return nil, ErrToken
	}
	hash := hashOf(token)
	key := bearerKey{id, [hashOfABearer]byte(hash)}
	now, remembers := j.memory.now()
	if remembers {
		if v := j.memory.recall(key, now); v != nil {
			return v, nil
		}
	}
	b, err := store.ReadBearer(ctx, j.db, id, hash)
	if fault.IsNotFound(err) {
		return nil, ErrToken
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	if b.Suspended {
		return nil, errSuspended
	}
	if b.LastUsedAt == nil || j.now().Sub(*b.LastUsedAt) > touchAfter {
		j.touch(ctx, id, b.TokenID)
	}
	v := &Viewer{
		Tenant: id, Person: b.PersonID, Account: b.AccountID, Role: people.Role(b.Role),
		App: b.AppID, TokenID: b.TokenID, Scopes: Scopes(b.Scopes),
	}
	if remembers {
		j.memory.remember(key, now, v)
	}
	return v, nil
}

// touch writes that a token is in use. If it cannot, the request goes on.
func (j *Judge) touch(ctx context.Context, id tenant.ID, token int64) {
	err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error { return store.TouchToken(ctx, scope, token) })
	if err != nil && !fault.IsNotFound(err) {
		j.log.WarnContext(ctx, "write a token's last use", "tenant", id, "token", token, "error", err)
	}
}

// GrantRequest is a POST /oauth/token.
type GrantRequest struct {
	GrantType    string
	Client       Client
	Code         string
	RedirectURI  string
	CodeVerifier string
	Scope        string
}

// Exchange gives a token for a code, or one for the app itself. A refusal is an *OAuthError.
func (j *Judge) Exchange(ctx context.Context, id tenant.ID, r GrantRequest) (*Issued, error) {
	var issued *Issued
	var refusal *OAuthError
	err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error {
		issued, refusal = nil, nil
		app, err := AuthenticateApp(ctx, scope, r.Client)
		if err != nil {
			return err
		}
		switch r.GrantType {
		case "authorization_code":
			// A refusal may revoke a token: it must commit, so it is no error here.
			issued, refusal, err = redeem(ctx, scope, app, r, j.now())
			return err
		case "client_credentials":
			issued, err = issueToApp(ctx, scope, app, r.Scope)
			return err
		case "":
			return BadRequest("Missing required parameter: grant_type.")
		}
		return ErrGrantType
	})
	if err != nil {
		return nil, fmt.Errorf("exchange a grant: %w", err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return issued, nil
}

func redeem(ctx context.Context, scope *pg.Scope, app *App, r GrantRequest, now time.Time) (*Issued, *OAuthError, error) {
	if r.Code == "" || len(r.Code) > longestToken {
		return nil, BadRequest("Missing required parameter: code."), nil
	}
	hash := hashOf(r.Code)
	code, err := store.LockCode(ctx, scope, hash)
	if fault.IsNotFound(err) {
		return nil, ErrGrant, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read a code: %w", err)
	}
	if code.AppID != app.ID {
		return nil, ErrGrant, nil
	}
	if code.TokenID != 0 {
		// Used twice: one of the two stole it, so neither keeps the token (RFC 6749 section 4.1.2).
		if err := store.DeleteToken(ctx, scope, code.TokenID); err != nil && !fault.IsNotFound(err) {
			return nil, nil, fmt.Errorf("revoke the token of a code that was used twice: %w", err)
		}
		return nil, ErrGrant, nil
	}
	if !now.Before(code.ExpiresAt) || r.RedirectURI != code.RedirectURI || !provesChallenge(code.CodeChallenge, r.CodeVerifier) {
		return nil, ErrGrant, nil
	}
	issued, err := issue(ctx, scope, &store.Token{AppID: app.ID, PersonID: code.PersonID, AccountID: code.AccountID, Scopes: code.Scopes})
	if err != nil {
		return nil, nil, err
	}
	if err := store.RedeemCode(ctx, scope, hash, issued.TokenID); err != nil {
		return nil, nil, fmt.Errorf("redeem a code: %w", err)
	}
	return issued, nil, nil
}

func issueToApp(ctx context.Context, scope *pg.Scope, app *App, text string) (*Issued, error) {
	scopes, err := requestedScopes(app, text)
	if err != nil {
		return nil, err
	}
	return issue(ctx, scope, &store.Token{AppID: app.ID, Scopes: scopes})
}

func issue(ctx context.Context, scope *pg.Scope, t *store.Token) (*Issued, error) {
	var secret string
	t.ID = ids.New()
	secret, t.TokenHash = newSecret()
	if err := store.AddToken(ctx, scope, t); err != nil {
		return nil, fmt.Errorf("store a token: %w", err)
	}
	if err := store.TrimTokens(ctx, scope, t, tokensKept); err != nil {
		return nil, fmt.Errorf("trim the tokens of app %d: %w", t.AppID, err)
	}
	return &Issued{TokenID: t.ID, Secret: secret, Scopes: Scopes(t.Scopes), CreatedAt: ids.Time(t.ID)}, nil
}

// CreateToken gives a token without a browser: for the operator's commands and for
// tests. The same rules hold: the person operates the account, the app has the scopes.
func CreateToken(ctx context.Context, scope *pg.Scope, account social.AccountID, person social.PersonID, scopes Scopes, app *App) (*Issued, error) {
	if err := mayActAs(ctx, scope, person, account); err != nil {
		return nil, err
	}
	if !Scopes(app.Scopes).Cover(scopes) {
		return nil, errScope
	}
	return issue(ctx, scope, &store.Token{AppID: app.ID, PersonID: person, AccountID: account, Scopes: slices.Clone(scopes)})
}

// Revoke ends a token at the wish of the app it was issued to (RFC 7009). A token
// that is not there is no error; another app's is ErrOtherClient.
func Revoke(ctx context.Context, scope *pg.Scope, c Client, token string) error {
	app, err := AuthenticateApp(ctx, scope, c)
	if err != nil {
		return err
	}
	if token == "" || len(token) > longestToken {
		return nil
	}
	t, err := store.TokenByHash(ctx, scope, hashOf(token))
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find a token to revoke: %w", err)
	}
	if t.AppID != app.ID {
		return ErrOtherClient
	}
	if err := store.DeleteToken(ctx, scope, t.ID); err != nil && !fault.IsNotFound(err) {
		return fmt.Errorf("revoke token %d: %w", t.ID, err)
	}
	return nil
}

// RevokeApp ends everything a person has let an app do in this tenant: its tokens, and
// before them the codes that could become more.
func RevokeApp(ctx context.Context, scope *pg.Scope, app social.AppID, person social.PersonID) error {
	if _, err := store.DeleteCodesOfApp(ctx, scope, app, person); err != nil {
		return fmt.Errorf("end the codes of app %d for person %d: %w", app, person, err)
	}
	if _, err := store.DeleteTokensOfApp(ctx, scope, app, person); err != nil {
		return fmt.Errorf("revoke app %d for person %d: %w", app, person, err)
	}
	return nil
}
