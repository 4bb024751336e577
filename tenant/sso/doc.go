// Package sso signs the people of a tenant in with their company's own OpenID Connect
// provider, and keeps those out who are to come in by it and do not.
//
// The sign-in pages of a tenant's host begin and finish sign-ins with it; the console's
// room for it stores what the company says about its provider; package access asks at the
// door whether somebody may come in by password (door.go). Who is who is known by issuer
// and subject, never by a mail address alone.
//
// The provider is a stranger: a tenant's owner chooses its address, and it may be down,
// slow or lying. It is asked through internal/safehttp alone, outside transactions and
// within Patience, and what it says of a mail address counts in its own tenant only. This
// package must not make sessions (package access does) nor render pages.
package sso

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social/account"
	"rookery/tenant"
	"rookery/tenant/people"
)

const (
	// Patience is how long a browser waits for the provider, in all.
	Patience = 5 * time.Second
	// Skew is how far the provider's clock may be from ours.
	Skew = time.Minute

	requestLifetime  = 10 * time.Minute
	roomLifetime     = 30 * 24 * time.Hour // as long as a session of the console lives
	metadataLifetime = time.Hour
	maxAnswer        = 256 << 10
	secretBytes      = 32
	linkTries        = 6
)

// CallbackPath is where a provider sends browsers back to, on every tenant's host.
const CallbackPath = "/auth/sso/callback"

// StartPath is where a sign-in begins.
const StartPath = "/auth/sso"

// Options of a Service.
type Options struct {
	DB       *pg.DB
	Seal     *seal.Key
	HTTP     *safehttp.Client
	People   *people.People
	Accounts *account.Service
	Log      *slog.Logger
	Console  string           // where the console is, as in links
	Now      func() time.Time // nil: the clock
}

// Service is single sign-on of all tenants.
type Service struct {
	Options
	client *http.Client // for the library, through the guard of Options.HTTP
	keys   *keyring
}

// New makes a Service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{Options: o, client: o.HTTP.Standard(Patience, maxAnswer)}
	s.keys = newKeyring(s.client, o.Now)
	return s
}

// RedirectURI is what the company tells its provider.
func RedirectURI(t *tenant.Tenant) string { return t.URL(CallbackPath) }

func newSecret() (text string, hash []byte) {
	text = ids.Secret(secretBytes)
	return text, hashOf(text)
}

// hashOf is what the database knows of a secret of a browser.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte("rookery sso " + secret))
	return sum[:]
}
