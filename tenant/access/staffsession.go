package access

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// A session of the staff opens every tenant, so it is short, ends when nobody uses it, and
// knows when a second factor was last shown.
const (
	staffLifetime = 8 * time.Hour
	staffIdle     = 30 * time.Minute
	staffVisit    = time.Minute // a write a minute, not one a page
)

// StaffRealm is the way in to the staff's pages, as StartPending tells it from others.
const StaffRealm tenant.ID = -1

// AdmitStaff signs one of the staff in. Anybody else is fault.NotFound.
func (j *Judge) AdmitStaff(ctx context.Context, a Arrival) (*Session, error) {
	token, hash := newSecret()
	now := j.now()
	row := &store.StaffSession{
		IDHash: hash, PersonID: a.Person, UserAgent: cleanUserAgent(a.UserAgent), Address: a.Address, Factors: max(a.Factors, 1),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(staffLifetime),
	}
	if row.Factors > 1 {
		row.ProvedAt = &now
	}
	err := j.db.Platform(ctx, "start a session of the staff", func(tx *pg.PlatformTx) error {
		if err := store.AddStaffSession(ctx, tx, row); err != nil {
			return err
		}
		who := audit.Actor{Kind: audit.Staff, ID: int64(a.Person), Address: a.Address}
		return staffAct(ctx, tx, "staff.sign_in", a.Person, who, map[string]string{"factors": fmt.Sprint(row.Factors)})
	})
	if err != nil {
		return nil, fmt.Errorf("start a session of staff %d: %w", a.Person, err)
	}
	return toStaffSession(row, token), nil
}

// StaffSession returns who holds a session token of the staff's pages, or ErrSession.
func (j *Judge) StaffSession(ctx context.Context, token string) (*Session, error) {
	return j.staffSession(ctx, token, true)
}

// PeekStaffSession is StaffSession for what nobody does: a page that is left open and asks by
// itself would keep its session.
func (j *Judge) PeekStaffSession(ctx context.Context, token string) (*Session, error) {
	return j.staffSession(ctx, token, false)
}

func (j *Judge) staffSession(ctx context.Context, token string, isVisit bool) (*Session, error) {
	if token == "" || len(token) > longestToken {
		return nil, ErrSession
	}
	now := j.now()
	var row *store.StaffSession
	err := j.db.Platform(ctx, "read a session of the staff", func(tx *pg.PlatformTx) (err error) {
		if row, err = store.StaffSessionByHash(ctx, tx, hashOf(token), now, now.Add(-staffIdle)); err != nil {
			return err
		}
		if isVisit && now.Sub(row.LastSeenAt) > staffVisit {
			return store.VisitStaffSession(ctx, tx, row.IDHash, now)
		}
		return nil
	})
	if fault.IsNotFound(err) {
		return nil, ErrSession
	}
	if err != nil {
		return nil, fmt.Errorf("read a session of the staff: %w", err)
	}
	return toStaffSession(row, token), nil
}

// ProveStaff notes that the browser of a session has just shown a second factor.
func (j *Judge) ProveStaff(ctx context.Context, s *Session) error {
	err := j.db.Platform(ctx, "prove a session of the staff", func(tx *pg.PlatformTx) error {
		return store.ProveStaffSession(ctx, tx, s.Hash, j.now())
	})
	if err != nil {
		return fmt.Errorf("prove a session of staff %d: %w", s.Person, err)
	}
	return nil
}

// StaffSessionsOf lists where one of the staff is signed in, the latest first.
func (j *Judge) StaffSessionsOf(ctx context.Context, person social.PersonID) (out []*Session, err error) {
	now := j.now()
	err = j.db.Platform(ctx, "list the sessions of one of the staff", func(tx *pg.PlatformTx) error {
		rows, err := store.StaffSessionsOfPerson(ctx, tx, person, now, now.Add(-staffIdle))
		for _, row := range rows {
			out = append(out, toStaffSession(row, ""))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the sessions of staff %d: %w", person, err)
	}
	return out, nil
}

// EndStaffSession signs a browser out of the staff's pages.
func (j *Judge) EndStaffSession(ctx context.Context, hash []byte) error {
	err := j.db.Platform(ctx, "end a session of the staff", func(tx *pg.PlatformTx) error { return store.DeleteStaffSession(ctx, tx, hash) })
	if err != nil && !fault.IsNotFound(err) {
		return fmt.Errorf("end a session of the staff: %w", err)
	}
	return nil
}

func toStaffSession(row *store.StaffSession, token string) *Session {
	s := &Session{
		Person: row.PersonID, Token: token, Hash: row.IDHash, UserAgent: row.UserAgent, CreatedAt: row.CreatedAt, LastSeen: row.LastSeenAt,
		ExpiresAt: row.ExpiresAt, Address: row.Address, Factors: row.Factors, Staff: StaffRole(row.Role),
	}
	if row.ProvedAt != nil {
		s.ProvedAt = *row.ProvedAt
	}
	return s
}
