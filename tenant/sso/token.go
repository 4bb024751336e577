package sso

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"rookery/internal/store"
	"rookery/tenant"
)

// claims are what a provider says of somebody.
type claims struct {
	Subject  string
	Mail     string
	Verified bool // it says so, as a boolean: some say it of everybody as a text
	Name     string
	Locale   string
	Username string
	AMR      string
}

type rawClaims struct {
	AuthorisedParty string          `json:"azp"`
	IssuedAt        json.Number     `json:"iat"`
	Mail            string          `json:"email"`
	Verified        json.RawMessage `json:"email_verified"`
	Name            string          `json:"name"`
	Locale          string          `json:"locale"`
	AMR             []string        `json:"amr"`
}

func (s *Service) oauth(t *tenant.Tenant, p *provider) (*oauth2.Config, error) {
	secret, err := s.Seal.Open(p.ClientSecret, sealedFor(t.ID))
	if err != nil {
		return nil, err
	}
	// RFC 6749 section 2.3.1: the header unless the provider says that it takes the form alone.
	// Trying both would use the code up.
	style := oauth2.AuthStyleInHeader
	if logins := p.about.ClientLogins; len(logins) > 0 && !slices.Contains(logins, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(secret), RedirectURL: RedirectURI(t), Scopes: p.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: p.about.Authorization, TokenURL: p.about.Token, AuthStyle: style},
	}, nil
}

var errorCode = regexp.MustCompile(`^[a-z_]{1,60}$`)

// said is a provider's error code, if it is one and not a text of somebody's.
func said(code string) string {
	if errorCode.MatchString(code) {
		return code
	}
	return "an unknown error"
}

// redeem turns a code into what the provider says of somebody.
func (s *Service) redeem(ctx context.Context, t *tenant.Tenant, p *provider, r *store.SSORequest, code string) (*claims, error) {
	verifier, err := s.Seal.Open(r.Verifier, sealedFor(t.ID))
	if err != nil {
		return nil, err
	}
	config, err := s.oauth(t, p)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, s.client)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(string(verifier)))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError:
		return nil, refuse(Down, "the token endpoint answers "+refused.Response.Status)
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_client":
		return nil, refuse(Setup, "the provider does not accept the client ID with this secret")
	case errors.As(err, &refused):
		return nil, refuse(Refused, said(refused.ErrorCode))
	case err != nil:
		s.Log.WarnContext(ctx, "single sign-on: redeem a code", "tenant", int64(t.ID), "error", err)
		return nil, refuse(Down, "the token endpoint does not answer")
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, refuse(Untrusted, "the provider sent no ID token")
	}
	c, missing, err := s.verify(ctx, p, raw, r.Nonce)
	if err != nil {
		return nil, err
	}
	if missing && p.about.UserInfo != "" {
		if err := s.ask(ctx, p, token.AccessToken, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// verify checks an ID token as OpenID Connect Core section 3.1.3.7 says. Missing: it does not
// say everything that we would like to know.
func (s *Service) verify(ctx context.Context, p *provider, raw, nonce string) (c *claims, missing bool, err error) {
	taken := algorithms
	if len(p.about.Algorithms) > 0 {
		taken = common(p.about.Algorithms)
	}
	now := s.Now()
	token, err := oidc.NewVerifier(p.Issuer, s.keys.at(p.about.Keys), &oidc.Config{
		ClientID: p.ClientID, SupportedSigningAlgs: taken, Now: func() time.Time { return now.Add(-Skew) },
	}).Verify(ctx, raw)
	if err != nil {
		s.Log.WarnContext(ctx, "single sign-on: an ID token was refused", "issuer", p.Issuer, "error", err)
		return nil, false, refuse(Untrusted, "the ID token is not valid: "+short(err.Error()))
	}
	var in rawClaims
	var all map[string]json.RawMessage
	if err := errors.Join(token.Claims(&in), token.Claims(&all)); err != nil {
		return nil, false, refuse(Untrusted, "the ID token cannot be read")
	}
	switch {
	case nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return nil, false, refuse(Untrusted, "the ID token was made for another sign-in")
	case in.AuthorisedParty != "" && in.AuthorisedParty != p.ClientID, len(token.Audience) > 1 && in.AuthorisedParty == "":
		return nil, false, refuse(Untrusted, "the ID token was made for another client")
	case token.IssuedAt.After(now.Add(Skew)):
		return nil, false, refuse(Untrusted, "the ID token was made in the future: the clocks differ")
	case token.Subject == "" || len(token.Subject) > 255 || strings.ContainsRune(token.Subject, 0):
		return nil, false, refuse(Untrusted, "the ID token does not say whom it is about")
	}
	c = &claims{Subject: token.Subject, AMR: short(strings.Join(in.AMR, " "))}
	c.add(in, all, p.UsernameClaim)
	return c, c.Mail == "" || p.MakeAccount && c.Username == "", nil
}

// add takes what is not known yet.
func (c *claims) add(in rawClaims, all map[string]json.RawMessage, usernameClaim string) {
	if c.Mail == "" && in.Mail != "" {
		// A mail address and what is said of it belong together.
		c.Mail, c.Verified = in.Mail, string(in.Verified) == "true"
	}
	if c.Name == "" {
		c.Name = in.Name
	}
	if c.Locale == "" {
		c.Locale = in.Locale
	}
	if c.Username == "" {
		var name string
		if json.Unmarshal(all[usernameClaim], &name) == nil {
			c.Username = name
		}
	}
}

// ask reads what the ID token leaves out from the provider's UserInfo endpoint (OpenID
// Connect Core section 5.3). One that does not answer adds nothing.
func (s *Service) ask(ctx context.Context, p *provider, token string, c *claims) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.about.UserInfo, nil)
	if err != nil {
		return refuse(Setup, "the provider's UserInfo endpoint is no address")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	// Redirected, the token would go to somebody else.
	client := *s.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(request)
	if err != nil {
		s.Log.WarnContext(ctx, "single sign-on: ask for a person", "issuer", p.Issuer, "error", err)
		return refuse(Down, "the UserInfo endpoint does not answer")
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil //nolint:nilerr // what is missing is found missing by whoever needs it
	}
	var in rawClaims
	var all map[string]json.RawMessage
	var subject string
	if errors.Join(json.Unmarshal(body, &in), json.Unmarshal(body, &all)) != nil || json.Unmarshal(all["sub"], &subject) != nil {
		return nil
	}
	if subject != c.Subject {
		return refuse(Untrusted, "the UserInfo endpoint speaks of somebody else")
	}
	c.add(in, all, p.UsernameClaim)
	return nil
}
