package sso

import (
	"context"
	"fmt"
	"net/url"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// The console is one host for all companies, so that its sessions begin with a password
// whatever a company wants. What a company wants is shown to it in its own room: the
// browser goes to the company's host with a secret, signs in there, and comes back with
// another, which only the session that began can use. Somebody who has a password and
// sends a link to its owner gets nothing by it.

// Visitor is somebody in the console.
type Visitor struct {
	Session []byte // the hash that names the session
	Person  social.PersonID
	Address string
	// IsBound: the company asks for a second factor, and this session has shown none here.
	IsBound bool
}

// Pass is how somebody comes into a company's room.
type Pass string

// The ways.
const (
	AsEver     Pass = "as ever" // the company leaves it to the console
	ByProvider Pass = "provider"
	ByGlass    Pass = "glass" // without the provider, as an owner may
)

func (s *Service) roomKey(v Visitor) store.SSORoomKey {
	return store.SSORoomKey{SessionHash: v.Session, PersonID: v.Person, Now: s.Now()}
}

// Room is asked before a company's room is shown: how somebody comes in, or ErrRequired
// where this session has not been at the company's provider. For an owner who may do
// without, it is recorded once a session, and all owners are told; but not of one who is
// asked for a second factor first and is not in yet.
func (s *Service) Room(ctx context.Context, id tenant.ID, v Visitor) (Pass, error) {
	var door *store.SSODoor
	pass := AsEver
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) (err error) {
		if door, err = store.SSODoorOf(ctx, scope, v.Person); err != nil || !door.Required {
			return err
		}
		room, err := store.ProvenSSORoom(ctx, scope, s.roomKey(v))
		if fault.IsNotFound(err) {
			return nil
		}
		switch {
		case err != nil:
			return err
		case !room.IsGlass:
			pass = ByProvider
		case door.IsGlass: // what an owner came in by ends when it is taken away
			pass = ByGlass
		}
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("ask whether person %d may enter the room of tenant %d: %w", v.Person, id, err)
	case !door.Required || pass != AsEver:
		return pass, nil
	case !door.IsGlass:
		return "", ErrRequired
	case v.IsBound:
		return ByGlass, nil
	}
	if err := announce(ctx, s.DB, id, v.Person, v.Address, s.Console+"/tenants/"+id.String()+"/security/sso"); err != nil {
		return "", err
	}
	err = s.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
		return store.GlassSSORoom(ctx, scope, s.roomKey(v), s.until(0, roomLifetime))
	})
	if err != nil {
		return "", fmt.Errorf("let person %d into the room of tenant %d: %w", v.Person, id, err)
	}
	return ByGlass, nil
}

// LeaveConsole returns where the browser of a session goes to show who it is.
func (s *Service) LeaveConsole(ctx context.Context, t *tenant.Tenant, v Visitor) (string, error) {
	secret, hash := newSecret()
	err := s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		return store.BeginSSORoom(ctx, scope, s.roomKey(v), hash, s.Now().Add(requestLifetime))
	})
	if err != nil {
		return "", fmt.Errorf("send person %d to the host of tenant %d: %w", v.Person, t.ID, err)
	}
	return t.URL(StartPath + "?room=" + url.QueryEscape(secret)), nil
}

// BackToConsole returns where a browser goes that the console sent and that has signed in.
// Somebody else than the session's person is Stranger.
func (s *Service) BackToConsole(ctx context.Context, t *tenant.Tenant, out *Outcome) (string, error) {
	secret, hash := newSecret()
	err := s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		return store.BackSSORoom(ctx, scope, out.Room, hash, out.Person, s.Now())
	})
	if fault.IsNotFound(err) {
		return "", refuse(Stranger, "")
	}
	if err != nil {
		return "", fmt.Errorf("send person %d back to the console: %w", out.Person, err)
	}
	return s.Console + "/tenants/" + t.ID.String() + "/sso/back?code=" + url.QueryEscape(secret), nil
}

// EnterRoom takes what the browser came back with.
func (s *Service) EnterRoom(ctx context.Context, id tenant.ID, v Visitor, code string) error {
	err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
		p, err := store.SSOProviderOf(ctx, scope)
		if err != nil {
			return err
		}
		return store.ProveSSORoom(ctx, scope, s.roomKey(v), hashOf(code), s.until(p.AgainDays, roomLifetime))
	})
	if fault.IsNotFound(err) {
		return refuse(Stale, "")
	}
	if err != nil {
		return fmt.Errorf("let person %d into the room of tenant %d: %w", v.Person, id, err)
	}
	return nil
}
