// Package access is the only judge of who may do what as which account.
//
// It registers apps, turns a person's consent into codes and tokens, keeps browser
// sessions, and says on each request whose token this is. The API, the sign-in and
// consent pages and the operator's commands call it; none of them decides on its
// own. It must not know HTTP routes or render anything, and it stores no secret:
// codes, tokens and session ids are kept as SHA-256 of 256 random bits.
package access

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/people"
)

// Judge answers whose token or session this is.
type Judge struct {
	db     *pg.DB
	log    *slog.Logger
	now    func() time.Time
	memory *memory // nil: every token is looked up
}

// New makes a Judge on a database.
func New(db *pg.DB, log *slog.Logger) *Judge {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Judge{db: db, log: log, now: time.Now}
}

// App is an OAuth client of one tenant.
type App = store.App

// Viewer is who asks: a person acting as an account through an app, or, with no
// account, the app itself.
type Viewer struct {
	Tenant  tenant.ID
	Person  social.PersonID  // 0: the app itself
	Account social.AccountID // 0: the app itself
	Role    people.Role      // "" for the app itself
	App     social.AppID     // 0: a browser session
	TokenID int64            // 0: a browser session
	Scopes  Scopes
}

// IsApp reports whether nobody but the app itself asks.
func (v *Viewer) IsApp() bool { return v.Account == 0 }

// Can reports whether the viewer's role allows an action.
func (v *Viewer) Can(a Action) error { return Allow(v.Role, a) }

type contextKey struct{}

// NewContext returns a context that carries the viewer.
func NewContext(ctx context.Context, v *Viewer) context.Context {
	return context.WithValue(ctx, contextKey{}, v)
}

// FromContext returns who asks, or nil for a stranger.
func FromContext(ctx context.Context) *Viewer {
	v, _ := ctx.Value(contextKey{}).(*Viewer)
	return v
}

const secretBytes = 32 // 256 random bits: cannot be guessed, so a plain hash protects them

func newSecret() (secret string, hash []byte) {
	secret = ids.Secret(secretBytes)
	return secret, hashOf(secret)
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

var (
	// ErrToken is Mastodon's text, which apps know.
	ErrToken     = fault.New(fault.Unauthorized, "The access token is invalid")
	errSuspended = fault.New(fault.Forbidden, "Your login is currently disabled")
)
