package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/sso"
)

const (
	sessionLifetime = 30 * 24 * time.Hour // after the last visit
	extendAfter     = time.Hour           // a write an hour, not one a page
	maxUserAgent    = 300
)

// Session is a browser that a person signed in with.
type Session struct {
	Person    social.PersonID
	Token     string // the secret the browser holds; empty in lists
	Hash      []byte // names the session without giving it away
	UserAgent string
	CreatedAt time.Time
	LastSeen  time.Time
	ExpiresAt time.Time
	Address   string // of the client, when it signed in
	Factors   int    // how many proofs there were: 1 or 2
	ViaSSO    bool   // the company's own provider said who it is
	// IsBound: the tenant asks for a second factor and this session has none, so that it
	// lets its person set one up and nothing else.
	IsBound bool
	// Staff is the role of a session on the staff's pages, "" on all others, ProvedAt when its
	// browser last showed a second factor.
	Staff    StaffRole
	ProvedAt time.Time
}

// Arrival is somebody who has proved who it is.
type Arrival struct {
	Person    social.PersonID
	UserAgent string
	Address   string // of the client, as hostroute gives it
	Factors   int    // how many proofs there were; 0 counts as 1
	// ViaSSO: the company's own provider said who it is, in the ways that AMR names (RFC 8176).
	ViaSSO bool
	AMR    string
}

// ErrSession says that nobody is signed in.
var ErrSession = fault.New(fault.Unauthorized, "Sign in first.")

// StartSession signs a member in on the tenant's host by one proof. Somebody who is no
// member is fault.NotFound.
func (j *Judge) StartSession(ctx context.Context, id tenant.ID, person social.PersonID, userAgent string) (*Session, error) {
	return j.Admit(ctx, id, Arrival{Person: person, UserAgent: userAgent})
}

// StartConsoleSession signs a person in on the platform's own host by one proof.
func (j *Judge) StartConsoleSession(ctx context.Context, person social.PersonID, userAgent string) (*Session, error) {
	return j.AdmitToConsole(ctx, Arrival{Person: person, UserAgent: userAgent})
}

// Admit signs a member in on the tenant's host. Somebody who is no member is fault.NotFound,
// who is to come in by the company's own provider and did not is sso.ErrRequired.
func (j *Judge) Admit(ctx context.Context, id tenant.ID, a Arrival) (*Session, error) {
	s, row := j.newSession(a)
	s.ViaSSO = a.ViaSSO
	if !a.ViaSSO {
		if err := sso.Knock(ctx, j.db, id, a.Person, a.Address); err != nil {
			return nil, err
		}
	}
	err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error {
		if a.ViaSSO {
			if err := store.AddSession(ctx, scope, row); err != nil {
				return err
			}
			return store.MarkSSOSession(ctx, scope, row.IDHash, a.AMR)
		}
		if err := sso.Hold(ctx, scope, a.Person); err != nil {
			return err
		}
		return store.AddSession(ctx, scope, row)
	})
	if err != nil {
		return nil, fmt.Errorf("start a session of person %d: %w", a.Person, err)
	}
	return s, nil
}

// AdmitToConsole signs a person in on the platform's own host.
func (j *Judge) AdmitToConsole(ctx context.Context, a Arrival) (*Session, error) {
	s, row := j.newSession(a)
	err := j.db.Platform(ctx, "start a console session", func(tx *pg.PlatformTx) error { return store.AddConsoleSession(ctx, tx, row) })
	if err != nil {
		return nil, fmt.Errorf("start a console session of person %d: %w", a.Person, err)
	}
	return s, nil
}

func (j *Judge) newSession(a Arrival) (*Session, *store.Session) {
	token, hash := newSecret()
	now := j.now()
	row := &store.Session{
		IDHash: hash, PersonID: a.Person, UserAgent: cleanUserAgent(a.UserAgent), CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(sessionLifetime),
		Factors: max(a.Factors, 1), Address: a.Address,
	}
	return toSession(row, token), row
}

// Session returns who holds a session token of the tenant's host, or ErrSession. A
// visit moves the session's end.
func (j *Judge) Session(ctx context.Context, id tenant.ID, token string) (*Session, error) {
	if token == "" || len(token) > longestToken {
		return nil, ErrSession
	}
	row, err := store.ReadSession(ctx, j.db, id, hashOf(token))
	if fault.IsNotFound(err) {
		return nil, ErrSession
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	if until, due := j.extension(row); due {
		err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error { return store.ExtendSession(ctx, scope, row.IDHash, until) })
		j.noteExtension(ctx, err)
	}
	return toSession(row, token), nil
}

// ConsoleSession returns who holds a session token of the platform's host, or ErrSession. A
// visit moves the session's end.
func (j *Judge) ConsoleSession(ctx context.Context, token string) (*Session, error) {
	return j.consoleSession(ctx, token, true)
}

// PeekConsoleSession is ConsoleSession for what nobody does: a page that is left open and
// asks by itself would keep its session for ever.
func (j *Judge) PeekConsoleSession(ctx context.Context, token string) (*Session, error) {
	return j.consoleSession(ctx, token, false)
}

func (j *Judge) consoleSession(ctx context.Context, token string, isVisit bool) (*Session, error) {
	if token == "" || len(token) > longestToken {
		return nil, ErrSession
	}
	var row *store.Session
	err := j.db.Platform(ctx, "read a console session", func(tx *pg.PlatformTx) (err error) {
		if row, err = store.ConsoleSessionByHash(ctx, tx, hashOf(token)); err != nil {
			return err
		}
		if until, due := j.extension(row); due && isVisit {
			return store.ExtendConsoleSession(ctx, tx, row.IDHash, until)
		}
		return nil
	})
	if fault.IsNotFound(err) {
		return nil, ErrSession
	}
	if err != nil {
		return nil, fmt.Errorf("read a console session: %w", err)
	}
	return toSession(row, token), nil
}

// EndSession signs a browser out of the tenant's host. It may have been signed out already.
func (j *Judge) EndSession(ctx context.Context, id tenant.ID, hash []byte) error {
	err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error { return store.DeleteSession(ctx, scope, hash) })
	if err != nil && !fault.IsNotFound(err) {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// EndConsoleSession signs a browser out of the platform's host.
func (j *Judge) EndConsoleSession(ctx context.Context, hash []byte) error {
	err := j.db.Platform(ctx, "end a console session", func(tx *pg.PlatformTx) error { return store.DeleteConsoleSession(ctx, tx, hash) })
	if err != nil && !fault.IsNotFound(err) {
		return fmt.Errorf("end a console session: %w", err)
	}
	return nil
}

// SessionsOf lists where a person is signed in on the scope's tenant, the latest first.
func SessionsOf(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]*Session, error) {
	rows, err := store.SessionsOfPerson(ctx, scope, person)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of person %d: %w", person, err)
	}
	out := make([]*Session, len(rows))
	for i, row := range rows {
		out[i] = toSession(row, "")
	}
	return out, nil
}

// EndOtherSessions signs a person out of every other browser on the scope's tenant.
func EndOtherSessions(ctx context.Context, scope *pg.Scope, s *Session) error {
	if _, err := store.DeleteSessionsOfPerson(ctx, scope, s.Person, s.Hash); err != nil {
		return fmt.Errorf("end the other sessions of person %d: %w", s.Person, err)
	}
	return nil
}

func (j *Judge) extension(row *store.Session) (until time.Time, due bool) {
	now := j.now()
	return now.Add(sessionLifetime), now.Sub(row.LastSeenAt) > extendAfter
}

// noteExtension logs what went wrong: the page is shown all the same.
func (j *Judge) noteExtension(ctx context.Context, err error) {
	if err != nil && !fault.IsNotFound(err) {
		j.log.WarnContext(ctx, "extend a session", "error", err)
	}
}

// CSRF returns the token that forms of a session carry: only a page that was rendered
// for this session can know it. It is derived, so nothing needs to be stored.
func CSRF(s *Session) string {
	mac := hmac.New(sha256.New, []byte(s.Token))
	mac.Write([]byte("rookery csrf v1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

var errCSRF = fault.New(fault.Forbidden, "This form has expired. Go back, reload the page and send it again.")

// CheckCSRF refuses a form that was not rendered for this session.
func CheckCSRF(s *Session, token string) error {
	if s == nil || s.Token == "" || !hmac.Equal([]byte(CSRF(s)), []byte(token)) {
		return errCSRF
	}
	return nil
}

func toSession(row *store.Session, token string) *Session {
	return &Session{
		Person: row.PersonID, Token: token, Hash: row.IDHash, UserAgent: row.UserAgent,
		CreatedAt: row.CreatedAt, LastSeen: row.LastSeenAt, ExpiresAt: row.ExpiresAt,
		Address: row.Address, Factors: row.Factors, ViaSSO: row.ViaSSO, IsBound: row.IsBound,
	}
}

// cleanUserAgent keeps a shown header short and storable.
func cleanUserAgent(text string) string {
	text = text[:min(len(text), maxUserAgent)]
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}
