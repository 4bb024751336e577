package sso

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Start is a browser that wants to sign in with the provider.
type Start struct {
	Browser string // a secret of the browser, the same when it comes back
	Next    string // where it goes then; checked by the caller
	Mail    string // what was typed, for the provider's own form
	Room    string // the secret that the console sent it with; "" if nobody did
}

// Begin returns where to send the browser. It is one use of one browser, for ten minutes.
func (s *Service) Begin(ctx context.Context, t *tenant.Tenant, in Start) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	p, err := s.provider(ctx, t.ID)
	if err != nil {
		return "", err
	}
	config, err := s.oauth(t, p)
	if err != nil {
		return "", fmt.Errorf("open the client secret of tenant %d: %w", t.ID, err)
	}
	state, hash := newSecret()
	nonce, _ := newSecret()
	verifier := oauth2.GenerateVerifier()
	now := s.Now()
	r := &store.SSORequest{
		StateHash: hash, BrowserHash: hashOf(in.Browser), Issuer: p.Issuer, ClientID: p.ClientID, Nonce: nonce,
		Verifier: s.Seal.Seal([]byte(verifier), sealedFor(t.ID)), Next: in.Next, ExpiresAt: now.Add(requestLifetime),
	}
	err = s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if in.Room != "" {
			r.RoomHash = hashOf(in.Room)
			if _, err := store.BegunSSORoom(ctx, scope, r.RoomHash, now); err != nil {
				return err
			}
		}
		return store.AddSSORequest(ctx, scope, r, now)
	})
	if fault.IsNotFound(err) {
		return "", refuse(Stale, "")
	}
	if err != nil {
		return "", fmt.Errorf("begin a sign-in on tenant %d: %w", t.ID, err)
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", nonce)}
	if in.Mail != "" && strings.Contains(in.Mail, "@") && len(in.Mail) <= 254 {
		options = append(options, oauth2.SetAuthURLParam("login_hint", in.Mail))
	}
	return config.AuthCodeURL(state, options...), nil
}

// ProviderHost names the provider to people; "" if it has no readable address.
func (set *Settings) ProviderHost() string {
	u, err := url.Parse(set.Issuer)
	if err != nil {
		return ""
	}
	return u.Host
}
