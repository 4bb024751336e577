package access

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// codeLifetime is Mastodon's; RFC 6749 section 4.1.2 asks for ten minutes at most.
const codeLifetime = 10 * time.Minute

const maxState = 4096

// AuthorizeParams are the parameters of GET /oauth/authorize as they came.
type AuthorizeParams struct {
	ResponseType        string
	ClientID            string
	RedirectURI         string
	Scope               string
	State               string
	CodeChallenge       string
	CodeChallengeMethod string
}

// ParamsFrom reads them from a query or a form.
func ParamsFrom(values url.Values) AuthorizeParams {
	return AuthorizeParams{
		ResponseType: values.Get("response_type"), ClientID: values.Get("client_id"), RedirectURI: values.Get("redirect_uri"),
		Scope: values.Get("scope"), State: values.Get("state"),
		CodeChallenge: values.Get("code_challenge"), CodeChallengeMethod: values.Get("code_challenge_method"),
	}
}

// Values gives the parameters back: the hidden fields of the consent form.
func (p AuthorizeParams) Values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"response_type": p.ResponseType, "client_id": p.ClientID, "redirect_uri": p.RedirectURI, "scope": p.Scope,
		"state": p.State, "code_challenge": p.CodeChallenge, "code_challenge_method": p.CodeChallengeMethod,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// AuthRequest is an authorize request that may be put before a person. Only
// CheckAuthorize makes one.
type AuthRequest struct {
	App           *App
	RedirectURI   string
	Scopes        Scopes
	State         string
	CodeChallenge string // S256, or "" without PKCE
}

// CheckAuthorize judges an authorize request of the scope's tenant. It must be called
// again when the consent form comes back: hidden fields are no proof. A refusal is an
// *OAuthError; with a RedirectURL the app is told, else the person sees a page.
func CheckAuthorize(ctx context.Context, scope *pg.Scope, p AuthorizeParams) (*AuthRequest, error) {
	if !isPlain(p.ClientID) {
		return nil, ErrClient
	}
	app, err := store.AppByClientID(ctx, scope, p.ClientID)
	if fault.IsNotFound(err) {
		return nil, ErrClient
	}
	if err != nil {
		return nil, fmt.Errorf("check an authorize request: %w", err)
	}
	// Exact: prefixes, sub-paths and added queries are how codes get stolen (RFC 9700 section 2.1).
	if !slices.Contains(app.RedirectURIs, p.RedirectURI) {
		return nil, ErrRedirect
	}
	r := &AuthRequest{App: app, RedirectURI: p.RedirectURI, State: p.State, CodeChallenge: p.CodeChallenge}
	if len(p.State) > maxState {
		r.State = ""
		return nil, r.refuse(BadRequest("The state is too long."))
	}
	if p.ResponseType != "code" {
		return nil, r.refuse(errResponseType)
	}
	if r.Scopes, err = requestedScopes(app, p.Scope); err != nil {
		return nil, r.refuse(errScope)
	}
	if err := checkChallenge(p); err != nil {
		return nil, r.refuse(err)
	}
	return r, nil
}

// requestedScopes returns the scopes asked for, which the app's own must cover.
// Without any, Mastodon gives read.
func requestedScopes(app *App, text string) (Scopes, error) {
	wanted, err := ParseScopes(text)
	if err != nil {
		return nil, err
	}
	if len(wanted) == 0 {
		wanted = slices.Clone(DefaultScopes)
		if !Scopes(app.Scopes).Cover(wanted) {
			wanted = app.Scopes
		}
	}
	if !Scopes(app.Scopes).Cover(wanted) {
		return nil, errScope
	}
	return wanted, nil
}

// checkChallenge allows S256 or no PKCE at all. A challenge without a method means
// plain (RFC 7636 section 4.3), which protects nothing.
func checkChallenge(p AuthorizeParams) *OAuthError {
	if p.CodeChallenge == "" && p.CodeChallengeMethod == "" {
		return nil
	}
	if p.CodeChallengeMethod != "S256" {
		return errChallenge
	}
	if len(p.CodeChallenge) != s256Length || !isBase64URL(p.CodeChallenge) {
		return BadRequest("The code challenge is not the SHA-256 of a verifier.")
	}
	return nil
}

// Answer is how the browser half of OAuth ends: a redirect to the app, or a code for
// the person to copy.
type Answer struct {
	RedirectURL string
	Code        string
}

// Approve writes down that a person lets the app act as an account. A person who is
// no operator of it, or an account that is suspended, is refused.
func Approve(ctx context.Context, scope *pg.Scope, r *AuthRequest, person social.PersonID, account social.AccountID) (Answer, error) {
	if err := mayActAs(ctx, scope, person, account); err != nil {
		return Answer{}, err
	}
	code, hash := newSecret()
	err := store.AddCode(ctx, scope, &store.Code{
		CodeHash: hash, AppID: r.App.ID, PersonID: person, AccountID: account, RedirectURI: r.RedirectURI,
		Scopes: r.Scopes, CodeChallenge: r.CodeChallenge, ExpiresAt: time.Now().Add(codeLifetime),
	})
	if err != nil {
		return Answer{}, fmt.Errorf("approve app %d: %w", r.App.ID, err)
	}
	if r.RedirectURI == OOB {
		return Answer{Code: code}, nil
	}
	return Answer{RedirectURL: r.redirect("code", code)}, nil
}

// Deny returns where the browser goes when the person says no; for OOB nowhere: the
// page says that nothing happened.
func Deny(r *AuthRequest) Answer { return Answer{RedirectURL: r.refuse(errDenied).RedirectURL} }

// mayActAs is the one question behind codes and tokens: an operator, and an account
// that is not suspended.
func mayActAs(ctx context.Context, scope *pg.Scope, person social.PersonID, account social.AccountID) error {
	if _, err := store.OperatorOf(ctx, scope, account, person); err != nil {
		return fmt.Errorf("ask whether person %d may act as account %d: %w", person, account, err)
	}
	a, err := store.AccountByID(ctx, scope, account)
	if err != nil {
		return fmt.Errorf("read account %d: %w", account, err)
	}
	if a.SuspendedAt != nil {
		return errSuspended
	}
	return nil
}

// refuse copies a refusal and adds where the app hears of it.
func (r *AuthRequest) refuse(e *OAuthError) *OAuthError {
	out := *e
	if r.RedirectURI != OOB {
		out.RedirectURL = r.redirect("error", e.Name, "error_description", e.Description())
	}
	return &out
}

// redirect appends parameters to the registered URI, which stays as it is to the
// byte. State goes back unchanged (RFC 6749 section 4.1.2).
func (r *AuthRequest) redirect(pairs ...string) string {
	var b strings.Builder
	b.WriteString(r.RedirectURI)
	separator := byte('?')
	if strings.Contains(r.RedirectURI, "?") {
		separator = '&'
	}
	if r.State != "" {
		pairs = append(pairs, "state", r.State)
	}
	for i := 0; i < len(pairs); i += 2 {
		b.WriteByte(separator)
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
		separator = '&'
	}
	return b.String()
}
