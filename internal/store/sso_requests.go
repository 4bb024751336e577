package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// SSORequest is a sign-in with the provider that is under way.
type SSORequest struct {
	StateHash   []byte
	BrowserHash []byte
	Issuer      string
	ClientID    string
	Nonce       string
	Verifier    []byte // sealed
	Next        string
	RoomHash    []byte
	PersonID    *social.PersonID // back from the provider: whose password is asked for
	Subject     string
	AMR         string
	Tries       int
	ExpiresAt   time.Time
}

const (
	addSSORequest = `
INSERT INTO sso_requests (tenant_id, state_hash, browser_hash, issuer, client_id, nonce, verifier, next, room_hash, person_id, subject, amr, expires_at)
VALUES (@tenant_id, @state_hash, @browser_hash, @issuer, @client_id, @nonce, @verifier, @next, @room_hash, @person_id, @subject, @amr, @expires_at)`
	dropSSORequests = `
DELETE FROM sso_requests WHERE tenant_id = @tenant_id AND state_hash IN
    (SELECT state_hash FROM sso_requests WHERE tenant_id = @tenant_id AND expires_at <= @now ORDER BY expires_at LIMIT 100)`
	ssoRequestColumns = `state_hash, browser_hash, issuer, client_id, nonce, verifier, next, room_hash, person_id, subject, amr, tries, expires_at`
	ofBrowser         = ` WHERE tenant_id = @tenant_id AND state_hash = @state_hash AND browser_hash = @browser_hash AND expires_at > @now`
	takeSSORequest    = `DELETE FROM sso_requests` + ofBrowser + ` AND person_id IS NULL RETURNING ` + ssoRequestColumns
	ssoLink           = `SELECT ` + ssoRequestColumns + ` FROM sso_requests` + ofBrowser + ` AND person_id IS NOT NULL`
	trySSOLink        = `UPDATE sso_requests SET tries = tries + 1` + ofBrowser + ` AND person_id IS NOT NULL RETURNING ` + ssoRequestColumns
	takeSSOLink       = `DELETE FROM sso_requests` + ofBrowser + ` AND person_id IS NOT NULL RETURNING ` + ssoRequestColumns
)

// AddSSORequest stores a sign-in that begins, or waits for a password, and drops some of
// those that took too long.
func AddSSORequest(ctx context.Context, scope *pg.Scope, r *SSORequest, now time.Time) error {
	b := pg.NewBatch(scope)
	b.Exec(dropSSORequests, pgx.NamedArgs{"now": now})
	b.Exec(addSSORequest, pgx.NamedArgs{
		"state_hash": r.StateHash, "browser_hash": r.BrowserHash, "issuer": r.Issuer, "client_id": r.ClientID, "nonce": r.Nonce,
		"verifier": bytesOf(r.Verifier), "next": r.Next, "room_hash": bytesOf(r.RoomHash), "person_id": r.PersonID, "subject": r.Subject,
		"amr": r.AMR, "expires_at": r.ExpiresAt,
	})
	return b.Send(ctx)
}

func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// SSOKey names a sign-in that is under way: by what came back, and the browser with it.
type SSOKey struct {
	StateHash   []byte
	BrowserHash []byte
	Now         time.Time
}

func (k SSOKey) args() pgx.NamedArgs {
	return pgx.NamedArgs{"state_hash": k.StateHash, "browser_hash": k.BrowserHash, "now": k.Now}
}

// TakeSSORequest ends a sign-in that comes back from the provider, and returns it. Each is
// used once and by its own browser; otherwise it is fault.NotFound.
func TakeSSORequest(ctx context.Context, scope *pg.Scope, k SSOKey) (*SSORequest, error) {
	return pg.One[SSORequest](ctx, scope, takeSSORequest, k.args())
}

// SSOLinkOf returns a sign-in that waits for a password, or fault.NotFound.
func SSOLinkOf(ctx context.Context, scope *pg.Scope, k SSOKey) (*SSORequest, error) {
	return pg.One[SSORequest](ctx, scope, ssoLink, k.args())
}

// TrySSOLink counts a password before it is looked at.
func TrySSOLink(ctx context.Context, scope *pg.Scope, k SSOKey) (*SSORequest, error) {
	return pg.One[SSORequest](ctx, scope, trySSOLink, k.args())
}

// TakeSSOLink ends a sign-in that waited, and returns it, or fault.NotFound.
func TakeSSOLink(ctx context.Context, scope *pg.Scope, k SSOKey) (*SSORequest, error) {
	return pg.One[SSORequest](ctx, scope, takeSSOLink, k.args())
}

// SSORoom is a session of the console and what it has shown to the scope's tenant.
type SSORoom struct {
	SessionHash []byte
	PersonID    social.PersonID
	IsGlass     bool
	ProvenAt    *time.Time
}

const (
	ssoRoomColumns = `SELECT session_hash, person_id, is_glass, proven_at FROM sso_rooms WHERE tenant_id = @tenant_id AND `
	ssoRoom        = ssoRoomColumns + `session_hash = @session_hash AND person_id = @person_id AND expires_at > @now AND proven_at IS NOT NULL`
	begunSSORoom   = ssoRoomColumns + `begin_hash = @begin_hash AND begin_hash <> '' AND expires_at > @now`
	beginSSORoom   = `
INSERT INTO sso_rooms (tenant_id, session_hash, person_id, begin_hash, expires_at)
VALUES (@tenant_id, @session_hash, @person_id, @begin_hash, @expires_at)
ON CONFLICT (tenant_id, session_hash) DO UPDATE SET
    person_id = excluded.person_id, begin_hash = excluded.begin_hash, back_hash = '', is_glass = false, proven_at = NULL, expires_at = excluded.expires_at`
	dropSSORooms = `DELETE FROM sso_rooms WHERE tenant_id = @tenant_id AND person_id = @person_id AND expires_at <= @now`
	backSSORoom  = `
UPDATE sso_rooms SET begin_hash = '', back_hash = @back_hash
WHERE  tenant_id = @tenant_id AND begin_hash = @begin_hash AND begin_hash <> '' AND person_id = @person_id AND expires_at > @now`
	proveSSORoom = `
UPDATE sso_rooms SET back_hash = '', proven_at = @now, expires_at = @until
WHERE  tenant_id = @tenant_id AND session_hash = @session_hash AND person_id = @person_id AND back_hash = @back_hash AND back_hash <> ''
  AND  expires_at > @now`
	glassSSORoom = `
INSERT INTO sso_rooms (tenant_id, session_hash, person_id, is_glass, proven_at, expires_at)
VALUES (@tenant_id, @session_hash, @person_id, true, @now, @until)
ON CONFLICT (tenant_id, session_hash) DO UPDATE SET
    person_id = excluded.person_id, begin_hash = '', back_hash = '', is_glass = true, proven_at = excluded.proven_at, expires_at = excluded.expires_at`
	endSSORooms = `DELETE FROM sso_rooms WHERE tenant_id = @tenant_id`
)

// SSORoomKey names a session of the console and whose it is.
type SSORoomKey struct {
	SessionHash []byte
	PersonID    social.PersonID
	Now         time.Time
}

func (k SSORoomKey) args(more pgx.NamedArgs) pgx.NamedArgs {
	out := pgx.NamedArgs{"session_hash": k.SessionHash, "person_id": k.PersonID, "now": k.Now}
	for name, value := range more {
		out[name] = value
	}
	return out
}

// ProvenSSORoom returns what a session has shown, or fault.NotFound.
func ProvenSSORoom(ctx context.Context, scope *pg.Scope, k SSORoomKey) (*SSORoom, error) {
	return pg.One[SSORoom](ctx, scope, ssoRoom, k.args(nil))
}

// BeginSSORoom lets a session of the console go to the tenant's host with a secret.
func BeginSSORoom(ctx context.Context, scope *pg.Scope, k SSORoomKey, begin []byte, until time.Time) error {
	b := pg.NewBatch(scope)
	b.Exec(dropSSORooms, pgx.NamedArgs{"person_id": k.PersonID, "now": k.Now})
	b.Exec(beginSSORoom, pgx.NamedArgs{"session_hash": k.SessionHash, "person_id": k.PersonID, "begin_hash": begin, "expires_at": until})
	return b.Send(ctx)
}

// BegunSSORoom returns whose session sent a browser with a secret, or fault.NotFound.
func BegunSSORoom(ctx context.Context, scope *pg.Scope, begin []byte, now time.Time) (*SSORoom, error) {
	return pg.One[SSORoom](ctx, scope, begunSSORoom, pgx.NamedArgs{"begin_hash": begin, "now": now})
}

// BackSSORoom changes the secret that went out for one that goes back, for the person whose
// session it is. Everybody else is fault.NotFound.
func BackSSORoom(ctx context.Context, scope *pg.Scope, begin, back []byte, person social.PersonID, now time.Time) error {
	n, err := pg.Exec(ctx, scope, backSSORoom, pgx.NamedArgs{"begin_hash": begin, "back_hash": back, "person_id": person, "now": now})
	return mustTouch(n, err)
}

// ProveSSORoom takes the secret that came back in the session that began, or is fault.NotFound.
func ProveSSORoom(ctx context.Context, scope *pg.Scope, k SSORoomKey, back []byte, until time.Time) error {
	n, err := pg.Exec(ctx, scope, proveSSORoom, k.args(pgx.NamedArgs{"back_hash": back, "until": until}))
	return mustTouch(n, err)
}

// GlassSSORoom notes that an owner came in without the provider.
func GlassSSORoom(ctx context.Context, scope *pg.Scope, k SSORoomKey, until time.Time) error {
	_, err := pg.Exec(ctx, scope, glassSSORoom, k.args(pgx.NamedArgs{"until": until}))
	return err
}

// EndSSORooms forgets what sessions of the console have shown.
func EndSSORooms(ctx context.Context, scope *pg.Scope) error {
	_, err := pg.Exec(ctx, scope, endSSORooms, nil)
	return err
}
