package sso

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/notice"
	"rookery/tenant/people"
)

const (
	maxName     = 100
	maxUsername = 30
	mostNames   = 20 // ada, ada2, … ada20
	nameRaces   = 3
)

// welcome makes somebody who came for the first time a person and a member.
func (s *Service) welcome(ctx context.Context, t *tenant.Tenant, p *provider, c *claims, mail, address string) (social.PersonID, error) {
	person := &store.Person{ID: social.PersonID(ids.New()), Email: mail, Name: nameOf(c), Locale: "en", CreatedAt: time.Now()}
	if language, _, _ := strings.Cut(strings.ToLower(c.Locale), "-"); slices.Contains(people.Locales, language) {
		person.Locale = language
	}
	err := s.DB.Platform(ctx, "make a person who came by single sign-on", func(tx *pg.PlatformTx) error {
		if err := s.makeRoom(ctx, tx, t, mail); err != nil {
			return err
		}
		identity := &store.SSOIdentity{Issuer: p.Issuer, Subject: c.Subject}
		if err := store.AddSSOPerson(ctx, tx, t.ID, person, p.DefaultRole, identity); err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, t.ID, audit.Entry{
			Actor: audit.Actor{Kind: audit.Person, ID: int64(person.ID), Name: person.Name, Address: address}, Action: "sso.join",
			Target: people.Target(person.ID), Detail: map[string]string{"issuer": p.Issuer, "role": p.DefaultRole},
		})
	})
	if fault.CodeOf(err) == fault.Conflict { // the same person in two windows
		return 0, refuse(Stale, "")
	}
	if err != nil {
		return 0, fmt.Errorf("make a person on tenant %d: %w", t.ID, err)
	}
	return person.ID, nil
}

// makeRoom says whether a tenant's plan has a seat for somebody who came for the first time.
// An invitation has one already.
func (s *Service) makeRoom(ctx context.Context, tx *pg.PlatformTx, t *tenant.Tenant, mail string) error {
	n := 0
	if t.Entitlement.Limits.Seats > 0 {
		var err error
		if n, err = store.HoldSeatsOf(ctx, tx, t.ID, mail, s.Now()); err != nil {
			return fmt.Errorf("count seats: %w", err)
		}
	}
	if err := entitled.ToAddSeat(t, n); err != nil {
		return &Refusal{Kind: Full, Detail: fault.TextOf(err), Mail: mail}
	}
	return nil
}

func nameOf(c *claims) string {
	clean := func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}
	name := []rune(strings.TrimSpace(strings.Map(clean, c.Name)))
	return string(name[:min(len(name), maxName)])
}

// NoAccount is why somebody has no account of their own.
type NoAccount string

// The reasons.
const (
	NoUsableName NoAccount = "no-name" // the claim is empty, or nothing of it is a name
	NamesTaken   NoAccount = "taken"
	PlanFull     NoAccount = "full"   // the plan has no more accounts, or nothing can be added now
	NotMade      NoAccount = "failed" // the log says why
)

// addAccount makes the account that comes with the first sign-in. Whatever goes wrong keeps
// nobody out; the next sign-in tries again, and the owners are told once.
func (s *Service) addAccount(ctx context.Context, t *tenant.Tenant, p *provider, c *claims, person social.PersonID, address string) NoAccount {
	if !p.MakeAccount {
		return ""
	}
	wanted := usernameOf(c.Username)
	err := s.makeAccount(ctx, t, p, c, person, wanted, address)
	if err == nil || fault.IsNotFound(err) { // or it was made before
		return ""
	}
	why := NotMade
	switch fault.CodeOf(err) {
	case fault.Invalid:
		why = NoUsableName
	case fault.Conflict:
		why = NamesTaken
	case fault.Forbidden:
		why = PlanFull
	}
	if err := s.tellNoAccount(ctx, t, p, c, person, why); err != nil {
		s.Log.ErrorContext(ctx, "single sign-on: tell owners of an account that was not made", "tenant", int64(t.ID), "person", int64(person), "error", err)
	}
	s.Log.WarnContext(ctx, "single sign-on: make an account", "tenant", int64(t.ID), "person", int64(person), "username", wanted, "error", err)
	return why
}

// tellNoAccount writes to the owners, once for each person.
func (s *Service) tellNoAccount(ctx context.Context, t *tenant.Tenant, p *provider, c *claims, person social.PersonID, why NoAccount) error {
	return s.DB.Platform(ctx, "tell owners of an account that was not made", func(tx *pg.PlatformTx) error {
		row, err := store.PersonByID(ctx, tx, person)
		if err != nil {
			return err
		}
		name := row.Name
		if name == "" {
			name = row.Email
		}
		said := []rune(c.Username)
		return notice.Queue(ctx, tx, t.ID, notice.Notice{
			Key: fmt.Sprintf("tenant/%d/sso_no_account/%d", t.ID, person), Template: "sso_no_account", To: []string{string(people.MemberOwner)},
			Data: map[string]string{
				"organisation": t.Name, "person": name, "reason": string(why), "name": string(said[:min(len(said), maxName)]), "note": p.UsernameClaim,
				"link": s.Console + "/tenants/" + t.ID.String() + "/accounts/new",
			},
		})
	})
}

func (s *Service) makeAccount(ctx context.Context, t *tenant.Tenant, p *provider, c *claims, person social.PersonID, wanted, address string) error {
	var known *store.SSOIdentity
	err := s.DB.Read(ctx, t.ID, func(scope *pg.Scope) (err error) {
		known, err = store.SSOIdentityOf(ctx, scope, p.Issuer, c.Subject)
		return err
	})
	if err != nil || known.HadAccount {
		return err
	}
	for range nameRaces {
		var name string
		if name, err = s.freeName(ctx, t, wanted); err != nil {
			return err
		}
		in := account.Local{Username: name, DisplayName: nameOf(c)}
		_, err = s.Accounts.Create(ctx, t, in, func(scope *pg.Scope, a *social.Account) error {
			if err := store.TakeSSOAccount(ctx, scope, p.Issuer, c.Subject); err != nil {
				return err
			}
			if err := people.Grant(ctx, scope, a.ID, person, people.Owner); err != nil {
				return err
			}
			return audit.Append(ctx, scope, audit.Entry{
				Actor: audit.Actor{Kind: audit.Person, ID: int64(person), Name: nameOf(c), Address: address}, Action: "account.create",
				Target: "account:" + ids.Format(int64(a.ID)), Detail: map[string]string{"username": name, "by": "sso"},
			})
		})
		if fault.CodeOf(err) != fault.Conflict {
			return err
		}
	}
	return err
}

var errNoName = fault.New(fault.Invalid, "The provider gives no name that an account could have.")

// freeName is the wanted name, or with the next free number behind it.
func (s *Service) freeName(ctx context.Context, t *tenant.Tenant, wanted string) (string, error) {
	var names []string
	for i := range mostNames {
		suffix := ""
		if i > 0 {
			suffix = strconv.Itoa(i + 1)
		}
		name := wanted[:min(len(wanted), maxUsername-len(suffix))] + suffix
		if account.ValidateUsername(name) == nil {
			names = append(names, name)
		}
	}
	if wanted == "" || len(names) == 0 {
		return "", errNoName
	}
	var taken []string
	err := s.DB.Read(ctx, t.ID, func(scope *pg.Scope) (err error) {
		taken, err = store.TakenHandles(ctx, scope, t.HandleDomain, names)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if !slices.Contains(taken, name) {
			return name, nil
		}
	}
	return "", fault.New(fault.Conflict, "All names like that are taken.")
}

// usernameOf makes a name for an account from what a provider calls somebody: a name, or at
// some the mail address.
func usernameOf(claim string) string {
	local, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(claim)), "@")
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		case r == 'ä':
			return 'a'
		case r == 'ö':
			return 'o'
		case r == 'ü':
			return 'u'
		}
		return '_'
	}, local)
	name = strings.Trim(name, "._-")
	return strings.Trim(name[:min(len(name), maxUsername)], "._-")
}
