package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// The cast's single sign-on: a provider, somebody who is known there, who is on the way in
// once, waits for a password once, and has shown themselves in a room of the console.
const (
	ssoIssuer                 = "https://login.a.test"
	ssoPerson social.PersonID = 820
)

var (
	ssoState, ssoLink, ssoBrowser = []byte("state"), []byte("link"), []byte("browser")
	ssoSession, ssoCame           = []byte("a session of the console"), []byte("a session of the company's host")
	ssoBegin                      = []byte("begin")
)

func ssoKey(state []byte) store.SSOKey {
	return store.SSOKey{StateHash: state, BrowserHash: ssoBrowser, Now: time.Now()}
}

func ssoRoomKey(session []byte) store.SSORoomKey {
	return store.SSORoomKey{SessionHash: session, PersonID: ssoPerson, Now: time.Now()}
}

func ssoSettings() *store.SSOProvider {
	return &store.SSOProvider{
		Issuer: ssoIssuer, ClientID: "rookery", ClientSecret: []byte("sealed"), Scopes: []string{"openid"}, MailDomains: []string{"a.test"}, DefaultRole: "member",
		UsernameClaim: "email", State: "on", Metadata: []byte("{}"),
	}
}

// signOn makes the rows.
func (c *cast) signOn() {
	c.T.Helper()
	ctx := c.T.Context()
	err := c.DB.Platform(ctx, "set up a test", func(tx *pg.PlatformTx) error {
		return store.AddPerson(ctx, tx, &store.Person{ID: ssoPerson, Email: "sso@a.test", CreatedAt: time.Now()})
	})
	if err != nil {
		c.T.Fatal(err)
	}
	now, person := time.Now(), ssoPerson
	later := now.Add(time.Hour)
	c.Do(func(s *pg.Scope) error {
		for _, step := range []func() error{
			func() error { return store.EnsureMember(ctx, s, ssoPerson, "owner") },
			func() error { return store.AddHandle(ctx, s, c.bob.ID, "ssoname", c.Tenant.HandleDomain) },
			func() error { return store.PutSSOProvider(ctx, s, ssoSettings()) },
			func() error { return store.SetBreakGlass(ctx, s, []social.PersonID{ssoPerson}) },
			func() error {
				return store.LinkSSOIdentity(ctx, s, &store.SSOIdentity{Issuer: ssoIssuer, Subject: "s", PersonID: ssoPerson})
			},
			func() error {
				return store.AddSSORequest(ctx, s, &store.SSORequest{StateHash: ssoState, BrowserHash: ssoBrowser, Issuer: ssoIssuer, ClientID: "rookery", ExpiresAt: later}, now)
			},
			func() error {
				return store.AddSSORequest(ctx, s, &store.SSORequest{StateHash: ssoLink, BrowserHash: ssoBrowser, Issuer: ssoIssuer, ClientID: "rookery", PersonID: &person, Subject: "s2", ExpiresAt: later}, now)
			},
			func() error { return store.GlassSSORoom(ctx, s, ssoRoomKey(ssoSession), later) },
			func() error { return store.BeginSSORoom(ctx, s, ssoRoomKey([]byte("another")), ssoBegin, later) },
			func() error {
				return store.AddSession(ctx, s, &store.Session{IDHash: ssoCame, PersonID: ssoPerson, CreatedAt: now, LastSeenAt: now, ExpiresAt: later})
			},
			func() error { return store.MarkSSOSession(ctx, s, ssoCame, "pwd") },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cast) ssoReads() sweep {
	return sweep{
		"SSOProviderOf": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.SSOProviderOf(ctx, s)) },
		"LockSSOProvider": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.LockSSOProvider(ctx, s))
		},
		"SSODoorOf": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.SSODoorOf(ctx, s, ssoPerson)) },
		"HoldSSODoor": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.HoldSSODoor(ctx, s, ssoPerson))
		},
		"SSOOwners": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.SSOOwners(ctx, s)) },
		"SSOIdentityOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.SSOIdentityOf(ctx, s, ssoIssuer, "s"))
		},
		"SSOLinkOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.SSOLinkOf(ctx, s, ssoKey(ssoLink)))
		},
		"ProvenSSORoom": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.ProvenSSORoom(ctx, s, ssoRoomKey(ssoSession)))
		},
		"BegunSSORoom": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.BegunSSORoom(ctx, s, ssoBegin, time.Now()))
		},
		"TakenHandles": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.TakenHandles(ctx, s, c.Tenant.HandleDomain, []string{"ssoname", "nobody"}))
		},
	}
}

func (c *cast) ssoWrites() changes {
	later := time.Now().Add(time.Hour)
	return changes{
		"PutSSOProvider": func(ctx context.Context, s *pg.Scope) error {
			p := ssoSettings()
			p.ClientID = "stolen"
			return store.PutSSOProvider(ctx, s, p)
		},
		"KeepSSOMetadata": func(ctx context.Context, s *pg.Scope) error {
			return store.KeepSSOMetadata(ctx, s, ssoIssuer, []byte("stolen"))
		},
		"DeleteSSOProvider": func(ctx context.Context, s *pg.Scope) error { return store.DeleteSSOProvider(ctx, s) },
		"SetBreakGlass":     func(ctx context.Context, s *pg.Scope) error { return store.SetBreakGlass(ctx, s, nil) },
		"MarkSSOSession": func(ctx context.Context, s *pg.Scope) error {
			return store.MarkSSOSession(ctx, s, ssoCame, "stolen")
		},
		"BoundSSOSessions": func(ctx context.Context, s *pg.Scope) error { return store.BoundSSOSessions(ctx, s, 1) },
		"EndSSOSessions": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.EndSSOSessions(ctx, s)
			return err
		},
		"EndSessionsWithoutSSO": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.EndSessionsWithoutSSO(ctx, s)
			return err
		},
		"LinkSSOIdentity": func(ctx context.Context, s *pg.Scope) error {
			return store.LinkSSOIdentity(ctx, s, &store.SSOIdentity{Issuer: ssoIssuer, Subject: "s", PersonID: ssoPerson})
		},
		"SeeSSOIdentity": func(ctx context.Context, s *pg.Scope) error { return store.SeeSSOIdentity(ctx, s, ssoIssuer, "s") },
		"TakeSSOAccount": func(ctx context.Context, s *pg.Scope) error { return store.TakeSSOAccount(ctx, s, ssoIssuer, "s") },
		"AddSSORequest": func(ctx context.Context, s *pg.Scope) error {
			return store.AddSSORequest(ctx, s, &store.SSORequest{StateHash: ssoState, BrowserHash: []byte("mine"), ExpiresAt: later}, later.Add(time.Hour))
		},
		"TakeSSORequest": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.TakeSSORequest(ctx, s, ssoKey(ssoState))
			return err
		},
		"TrySSOLink": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.TrySSOLink(ctx, s, ssoKey(ssoLink))
			return err
		},
		"TakeSSOLink": func(ctx context.Context, s *pg.Scope) error {
			_, err := store.TakeSSOLink(ctx, s, ssoKey(ssoLink))
			return err
		},
		"BeginSSORoom": func(ctx context.Context, s *pg.Scope) error {
			return store.BeginSSORoom(ctx, s, ssoRoomKey(ssoSession), []byte("stolen"), later)
		},
		"BackSSORoom": func(ctx context.Context, s *pg.Scope) error {
			return store.BackSSORoom(ctx, s, ssoBegin, []byte("stolen"), ssoPerson, time.Now())
		},
		"ProveSSORoom": func(ctx context.Context, s *pg.Scope) error {
			return store.ProveSSORoom(ctx, s, ssoRoomKey([]byte("another")), []byte("stolen"), later)
		},
		"GlassSSORoom": func(ctx context.Context, s *pg.Scope) error {
			return store.GlassSSORoom(ctx, s, ssoRoomKey([]byte("another")), later)
		},
		"EndSSORooms": func(ctx context.Context, s *pg.Scope) error { return store.EndSSORooms(ctx, s) },
	}
}

// What takes a sign-in up again finds it once, and only in its own tenant: that the sweep's
// writes found nothing elsewhere would prove little if nobody found anything.
func TestSignInsAreTakenOnce(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	for name, take := range map[string]func(s *pg.Scope) error{
		"TakeSSORequest": func(s *pg.Scope) error { _, err := store.TakeSSORequest(t.Context(), s, ssoKey(ssoState)); return err },
		"TakeSSOLink": func(s *pg.Scope) error {
			if r, err := store.TrySSOLink(t.Context(), s, ssoKey(ssoLink)); err != nil || r.Tries != 1 {
				t.Errorf("a try of it: %+v, %v", r, err)
			}
			_, err := store.TakeSSOLink(t.Context(), s, ssoKey(ssoLink))
			return err
		},
	} {
		if err := c.Try(take); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := c.Try(func(s *pg.Scope) error { _, err := store.TakeSSORequest(t.Context(), s, ssoKey(ssoState)); return err })
	if err == nil {
		t.Error("a sign-in was taken twice")
	}
}
