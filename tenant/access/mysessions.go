package access

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// ConsoleSessionsOf lists where a person is signed in to the console, the latest first.
func (j *Judge) ConsoleSessionsOf(ctx context.Context, person social.PersonID) (out []*Session, err error) {
	err = j.db.Platform(ctx, "list the console sessions of a person", func(tx *pg.PlatformTx) error {
		rows, err := store.ConsoleSessionsOfPerson(ctx, tx, person)
		for _, row := range rows {
			out = append(out, toSession(row, ""))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the console sessions of person %d: %w", person, err)
	}
	return out, nil
}

// SessionsOn lists where a person is signed in on a tenant's host, the latest first.
func (j *Judge) SessionsOn(ctx context.Context, id tenant.ID, person social.PersonID) (out []*Session, err error) {
	err = j.db.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		out, err = SessionsOf(ctx, scope, person)
		return err
	})
	return out, err
}

// Prove notes that the browser of a session on a tenant's host has shown a second factor.
func (j *Judge) Prove(ctx context.Context, id tenant.ID, s *Session) error {
	err := j.db.Tenant(ctx, id, func(scope *pg.Scope) error { return store.ProveSession(ctx, scope, s.Hash) })
	if err != nil {
		return fmt.Errorf("prove a session of person %d: %w", s.Person, err)
	}
	return nil
}

// ProveConsole is Prove for the platform's own host.
func (j *Judge) ProveConsole(ctx context.Context, s *Session) error {
	err := j.db.Platform(ctx, "prove a console session", func(tx *pg.PlatformTx) error { return store.ProveConsoleSession(ctx, tx, s.Hash) })
	if err != nil {
		return fmt.Errorf("prove a console session of person %d: %w", s.Person, err)
	}
	return nil
}

// EndOthers signs the person of a session out of every other browser, on all hosts.
func (j *Judge) EndOthers(ctx context.Context, s *Session) error {
	err := j.db.Platform(ctx, "end the other sessions of a person", func(tx *pg.PlatformTx) error {
		return store.EndOtherSessionsOfPerson(ctx, tx, s.Person, s.Hash)
	})
	if err != nil {
		return fmt.Errorf("end the other sessions of person %d: %w", s.Person, err)
	}
	return nil
}

// NeedsSecondFactor reports whether the scope's tenant asks its people for a second factor.
func NeedsSecondFactor(ctx context.Context, scope *pg.Scope) (bool, error) {
	required, err := store.NeedsSecondFactor(ctx, scope)
	if err != nil {
		return false, fmt.Errorf("ask whether a second factor is needed: %w", err)
	}
	return required, nil
}
