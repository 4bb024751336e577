package web

import (
	"context"

	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Sessions are those of one host: access.Judge keeps a tenant's, the console's and the staff's
// apart, and whoever holds these cannot name another host's.
type Sessions struct {
	Read func(ctx context.Context, token string) (*access.Session, error)
	// Peek is Read for what is no visit; nil where no page asks by itself.
	Peek  func(ctx context.Context, token string) (*access.Session, error)
	Start func(ctx context.Context, a access.Arrival) (*access.Session, error)
	// Prove notes that the browser has shown a second factor after it signed in.
	Prove func(ctx context.Context, s *access.Session) error
	// Of lists where a person is signed in, the latest first.
	Of  func(ctx context.Context, person social.PersonID) ([]*access.Session, error)
	End func(ctx context.Context, hash []byte) error
}

// TenantSessions are those of a tenant's host.
func TenantSessions(judge *access.Judge, id tenant.ID) Sessions {
	return Sessions{
		Read: func(ctx context.Context, token string) (*access.Session, error) { return judge.Session(ctx, id, token) },
		Start: func(ctx context.Context, a access.Arrival) (*access.Session, error) {
			return judge.Admit(ctx, id, a)
		},
		Prove: func(ctx context.Context, s *access.Session) error { return judge.Prove(ctx, id, s) },
		Of: func(ctx context.Context, person social.PersonID) ([]*access.Session, error) {
			return judge.SessionsOn(ctx, id, person)
		},
		End: func(ctx context.Context, hash []byte) error { return judge.EndSession(ctx, id, hash) },
	}
}

// ConsoleSessions are those of the platform's own host.
func ConsoleSessions(judge *access.Judge) Sessions {
	return Sessions{
		Read: judge.ConsoleSession, Peek: judge.PeekConsoleSession, Start: judge.AdmitToConsole, Prove: judge.ProveConsole,
		Of: judge.ConsoleSessionsOf, End: judge.EndConsoleSession,
	}
}

// StaffSessions are those of the staff's pages.
func StaffSessions(judge *access.Judge) Sessions {
	return Sessions{
		Read: judge.StaffSession, Peek: judge.PeekStaffSession, Start: judge.AdmitStaff, Prove: judge.ProveStaff,
		Of: judge.StaffSessionsOf, End: judge.EndStaffSession,
	}
}
