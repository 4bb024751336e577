// Package setup is how somebody makes a company of their own, and how far its set-up is.
//
// The console's three screens call it. What a screen asks for is made by the packages whose
// it is: names by package domains, accounts by internal/social/account, people by package
// people; here stand the first step, which makes the company with its first owner, and the
// marks of which screens were left behind. It must not know HTTP.
package setup

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/people"
	"rookery/tenant/registry"
)

// MostADay is how many companies one person may make within a day. Each takes a name below
// the platform's for good.
const MostADay = 3

const (
	longestName  = 100
	longestNonce = 64
)

var (
	// ErrMany is for somebody who has made as many as a day allows.
	ErrMany = fault.Newf(fault.TooMany, "You have made %d companies within a day, and more are for tomorrow. If you need them now, write to whoever runs this server.", MostADay)
	// ErrTaken says that the name belongs to somebody, or did.
	ErrTaken = fault.New(fault.Conflict, "This name is taken or was used before. Names are never given twice: choose another.")

	errName  = fault.New(fault.Invalid, "Type the name of your company, in up to 100 characters.")
	errNonce = fault.New(fault.Malformed, "This form cannot be read. Open the page again and fill it in there.")

	errMadeAlready = errors.New("this form has made a company already")
)

// Service makes companies. It is safe for concurrent use.
type Service struct {
	DB      *pg.DB
	Tenants *registry.Registry
	Names   *domains.Service
	Scheme  string // of the platform: trials have it
	Host    string // of the platform: trials are one label below it
	Now     func() time.Time
}

// Wish is a company that somebody wants to make.
type Wish struct {
	Name  string
	Slug  string // its name below the platform's
	Nonce string // of the form: sent twice, it makes one company
}

// Founder is who makes it.
type Founder struct {
	Person social.PersonID
	Actor  audit.Actor
}

// CleanName is a company's name as it is kept: without what could deceive whoever reads it.
func CleanName(name string) string { return htmlsafe.Name(name) }

// Check says what is wrong with the parts of a wish, nil for what is well.
func (s *Service) Check(w Wish) (nameErr, slugErr error) {
	if CleanName(w.Name) == "" || utf8.RuneCountInString(w.Name) > longestName {
		nameErr = errName
	}
	_, slugErr = s.Names.TrialName(w.Slug, s.Host)
	return nameErr, slugErr
}

// Found makes a company on a trial, with the founder as its owner. The same form sent again
// returns the company that it made. A name that somebody has or had is ErrTaken.
func (s *Service) Found(ctx context.Context, by Founder, w Wish) (*tenant.Tenant, error) {
	if w.Nonce == "" || len(w.Nonce) > longestNonce {
		return nil, errNonce
	}
	host, err := s.Names.TrialName(w.Slug, s.Host)
	if err != nil {
		return nil, err
	}
	var before tenant.ID
	made, err := s.Tenants.CreateWith(ctx, registry.NewTenant{Name: CleanName(w.Name), Host: host, Scheme: s.Scheme, Trial: true},
		func(tx *pg.PlatformTx, t *tenant.Tenant, insert func() error) (err error) {
			if before, err = s.mayFound(ctx, tx, by, w.Nonce); err != nil {
				return err
			}
			if err := insert(); err != nil {
				return err
			}
			return s.begin(ctx, tx, by, t, w.Nonce)
		})
	switch {
	case errors.Is(err, errMadeAlready):
		return s.found(ctx, before)
	case fault.CodeOf(err) == fault.Conflict:
		return nil, ErrTaken // what the registry says is for operators
	case err != nil:
		return nil, fmt.Errorf("found a company: %w", err)
	}
	return made, nil
}

// mayFound waits for others that make a company for the same person, so that each counts
// those before it.
func (s *Service) mayFound(ctx context.Context, tx *pg.PlatformTx, by Founder, nonce string) (before tenant.ID, err error) {
	if err := store.LockFounder(ctx, tx, by.Person); err != nil {
		return 0, err
	}
	before, err = store.FoundedByForm(ctx, tx, by.Person, nonce)
	if err == nil {
		return before, errMadeAlready
	}
	if !fault.IsNotFound(err) {
		return 0, err
	}
	n, err := store.CountFounded(ctx, tx, by.Person, s.now().Add(-24*time.Hour))
	if err == nil && n >= MostADay {
		err = ErrMany
	}
	return 0, err
}

func (s *Service) begin(ctx context.Context, tx *pg.PlatformTx, by Founder, t *tenant.Tenant, nonce string) error {
	if err := store.JoinTenant(ctx, tx, t.ID, by.Person, string(people.MemberOwner), nil); err != nil {
		return err
	}
	if err := store.AddSetup(ctx, tx, t.ID, by.Person, s.now(), nonce); err != nil {
		return err
	}
	entry := audit.Entry{Actor: by.Actor, Action: "tenant.create", Target: target(t.ID), Detail: map[string]string{"name": t.Name, "host": t.Host}}
	for _, chain := range []tenant.ID{t.ID, audit.Platform} { // the company's own, and who makes companies here
		if err := audit.AppendFor(ctx, tx, chain, entry); err != nil {
			return err
		}
	}
	return nil
}

func target(id tenant.ID) string { return "tenant:" + id.String() }

// found is a company that this process may not have heard of yet.
func (s *Service) found(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	if t, ok := s.Tenants.ByID(id); ok {
		return t, nil
	}
	if err := s.Tenants.Load(ctx); err != nil {
		return nil, err
	}
	if t, ok := s.Tenants.ByID(id); ok {
		return t, nil
	}
	return nil, fault.New(fault.Gone, "The company that this form made has been deleted since.")
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Unfinished returns the companies that a person has made and not finished.
func (s *Service) Unfinished(ctx context.Context, person social.PersonID) (out []*tenant.Tenant, err error) {
	var open []tenant.ID
	err = s.DB.Platform(ctx, "list the companies that a person is setting up", func(tx *pg.PlatformTx) error {
		open, err = store.OpenSetups(ctx, tx, person)
		return err
	})
	for _, id := range open {
		if t, ok := s.Tenants.ByID(id); ok && t.State == tenant.Active {
			out = append(out, t)
		}
	}
	return out, err
}

// Of returns how far the set-up of the scope's tenant is; nil: it was made otherwise.
func Of(ctx context.Context, scope *pg.Scope) (*store.Setup, error) {
	row, err := store.SetupOf(ctx, scope)
	if fault.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// Mark keeps that a screen was left behind, or that the set-up ended, and records it the
// first time.
func Mark(ctx context.Context, scope *pg.Scope, by audit.Actor, mark store.SetupMark) error {
	isNew, err := store.MarkSetup(ctx, scope, mark, time.Now())
	if err != nil || !isNew {
		return err
	}
	return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "setup." + string(mark), Target: target(scope.Tenant())})
}
