package sso

import (
	"context"
	"errors"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/people"
)

// Return is a browser that comes back from the provider.
type Return struct {
	Browser  string
	State    string
	Code     string
	Issuer   string // iss of RFC 9207; "" if there was none
	Error    string // the provider's code
	SignedIn social.PersonID
	Address  string // of the client
}

// Outcome is how a sign-in ended.
type Outcome struct {
	Person social.PersonID // 0: Link is to be followed first
	AMR    string          // how the provider was sure
	Next   string
	Room   []byte // names a session of the console to go back to; nil: none
	Link   string // the secret of a sign-in that waits for a password
	// NoAccount says why the account that comes with the first sign-in was not made; "": it
	// was, or none was to be made. The person is in all the same.
	NoAccount NoAccount
}

// Finish finds out who came back. The network is used once, outside transactions and
// within Patience.
func (s *Service) Finish(ctx context.Context, t *tenant.Tenant, in Return) (*Outcome, error) {
	r, err := s.take(ctx, t.ID, in)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	p, err := s.provider(asking, t.ID)
	if err != nil {
		return nil, err
	}
	if p.Issuer != r.Issuer || p.ClientID != r.ClientID {
		return nil, refuse(Stale, "")
	}
	switch {
	// RFC 9207 section 2.4: an answer that names somebody else came from somebody else.
	case in.Issuer != "" && in.Issuer != p.Issuer:
		return nil, refuse(Untrusted, "the answer names another provider")
	case in.Issuer == "" && p.about.NamesItself:
		return nil, refuse(Untrusted, "the answer does not name the provider")
	case in.Error != "":
		return nil, refuse(Refused, said(in.Error))
	case in.Code == "":
		return nil, refuse(Untrusted, "the answer has no code")
	}
	s.refresh(asking, t.ID, p)
	c, err := s.redeem(asking, t, p, r, in.Code)
	if err != nil {
		return nil, err
	}
	out, err := s.recognise(ctx, t, p, r, c, in)
	if err != nil || out.Person == 0 {
		return out, err
	}
	out.NoAccount = s.addAccount(ctx, t, p, c, out.Person, in.Address)
	return out, nil
}

// take ends the request, whatever becomes of it: a state is used once.
func (s *Service) take(ctx context.Context, id tenant.ID, in Return) (r *store.SSORequest, err error) {
	if in.State == "" || in.Browser == "" || len(in.State) > 200 {
		return nil, refuse(Stale, "")
	}
	err = s.DB.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		r, err = store.TakeSSORequest(ctx, scope, s.key(in.State, in.Browser))
		return err
	})
	if fault.IsNotFound(err) {
		return nil, refuse(Stale, "")
	}
	if err != nil {
		return nil, fmt.Errorf("finish a sign-in on tenant %d: %w", id, err)
	}
	return r, nil
}

func (s *Service) key(state, browser string) store.SSOKey {
	return store.SSOKey{StateHash: hashOf(state), BrowserHash: hashOf(browser), Now: s.Now()}
}

// recognise finds out whom a subject is.
func (s *Service) recognise(ctx context.Context, t *tenant.Tenant, p *provider, r *store.SSORequest, c *claims, in Return) (*Outcome, error) {
	out := &Outcome{AMR: c.AMR, Next: r.Next, Room: nilIfEmpty(r.RoomHash)}
	var known *store.SSOIdentity
	err := s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		known, err = store.SSOIdentityOf(ctx, scope, p.Issuer, c.Subject)
		if err != nil {
			return err
		}
		if _, err := people.MembershipOf(ctx, scope, known.PersonID); err != nil {
			if fault.IsNotFound(err) {
				return refuse(SentAway, "")
			}
			return err
		}
		return store.SeeSSOIdentity(ctx, scope, p.Issuer, c.Subject)
	})
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return nil, refusal
	case fault.IsNotFound(err):
		return s.meet(ctx, t, p, r, c, in, out)
	case err != nil:
		return nil, fmt.Errorf("recognise somebody on tenant %d: %w", t.ID, err)
	}
	person, err := s.People.ByID(ctx, known.PersonID)
	if err != nil {
		return nil, err
	}
	if person.Disabled {
		return nil, refuse(Disabled, "")
	}
	out.Person = person.ID
	return out, nil
}

func nilIfEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// meet is for a subject that nobody here is yet.
func (s *Service) meet(ctx context.Context, t *tenant.Tenant, p *provider, r *store.SSORequest, c *claims, in Return, out *Outcome) (*Outcome, error) {
	mail, err := people.NormaliseEmail(c.Mail)
	if err != nil {
		return nil, refuse(NoMail, "")
	}
	person, err := s.People.ByEmail(ctx, mail)
	if fault.IsNotFound(err) {
		if !c.Verified && !fromRow(p.SSOProvider).Leads(mail) {
			return nil, &Refusal{Kind: Unverified, Mail: mail}
		}
		out.Person, err = s.welcome(ctx, t, p, c, mail, in.Address)
		return out, err
	}
	if err != nil {
		return nil, err
	}
	if err := s.mayLink(ctx, t.ID, person, c); err != nil {
		return nil, err
	}
	if in.SignedIn == person.ID {
		out.Person = person.ID
		return out, s.link(ctx, t.ID, person, p.Issuer, c.Subject, in.Address)
	}
	if !person.HasPassword {
		return nil, &Refusal{Kind: NoPassword, Mail: mail}
	}
	out.Link, err = s.wait(ctx, t.ID, r, person, c)
	return out, err
}

// mayLink: the mail address of a member, for which the provider vouches. It is only half of
// the proof: the other is that person's own.
func (s *Service) mayLink(ctx context.Context, id tenant.ID, person *people.Person, c *claims) error {
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) error {
		_, err := people.MembershipOf(ctx, scope, person.ID)
		return err
	})
	switch {
	case fault.IsNotFound(err):
		return &Refusal{Kind: Taken, Mail: person.Email}
	case err != nil:
		return err
	case !c.Verified:
		return &Refusal{Kind: Unlinked, Mail: person.Email}
	case person.Disabled:
		return refuse(Disabled, "")
	}
	return nil
}

func (s *Service) link(ctx context.Context, id tenant.ID, person *people.Person, issuer, subject, address string) error {
	err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
		if err := store.LinkSSOIdentity(ctx, scope, &store.SSOIdentity{Issuer: issuer, Subject: subject, PersonID: person.ID}); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{
			Actor: person.Actor(address), Action: "sso.link", Target: people.Target(person.ID), Detail: map[string]string{"issuer": issuer},
		})
	})
	switch fault.CodeOf(err) {
	case "":
		return nil
	case fault.Conflict, fault.NotFound: // somebody was faster
		return refuse(Stale, "")
	}
	return fmt.Errorf("link person %d on tenant %d: %w", person.ID, id, err)
}

// wait keeps what the provider said until the person with the mail address has typed their
// password.
func (s *Service) wait(ctx context.Context, id tenant.ID, r *store.SSORequest, person *people.Person, c *claims) (string, error) {
	secret, hash := newSecret()
	now := s.Now()
	err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
		return store.AddSSORequest(ctx, scope, &store.SSORequest{
			StateHash: hash, BrowserHash: r.BrowserHash, Issuer: r.Issuer, ClientID: r.ClientID, Next: r.Next, RoomHash: r.RoomHash,
			PersonID: &person.ID, Subject: c.Subject, AMR: c.AMR, ExpiresAt: now.Add(requestLifetime),
		}, now)
	})
	if err != nil {
		return "", fmt.Errorf("wait for the password of person %d: %w", person.ID, err)
	}
	return secret, nil
}

// Linking is a sign-in that waits for a password.
type Linking struct{ Person *people.Person }

// LinkOf returns whose password a sign-in waits for.
func (s *Service) LinkOf(ctx context.Context, id tenant.ID, secret, browser string) (*Linking, error) {
	return s.linking(ctx, id, func(scope *pg.Scope) (*store.SSORequest, error) {
		return store.SSOLinkOf(ctx, scope, s.key(secret, browser))
	})
}

// TryLink is LinkOf that counts a password before it is looked at.
func (s *Service) TryLink(ctx context.Context, id tenant.ID, secret, browser string) (*Linking, error) {
	return s.linking(ctx, id, func(scope *pg.Scope) (*store.SSORequest, error) {
		return store.TrySSOLink(ctx, scope, s.key(secret, browser))
	})
}

func (s *Service) linking(ctx context.Context, id tenant.ID, read func(*pg.Scope) (*store.SSORequest, error)) (*Linking, error) {
	var r *store.SSORequest
	err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		r, err = read(scope)
		return err
	})
	if fault.IsNotFound(err) || err == nil && r.Tries > linkTries {
		return nil, refuse(Stale, "")
	}
	if err != nil {
		return nil, fmt.Errorf("read a sign-in that waits on tenant %d: %w", id, err)
	}
	person, err := s.People.ByID(ctx, *r.PersonID)
	if err != nil {
		return nil, err
	}
	return &Linking{Person: person}, nil
}

// Link makes the subject that waits the person whose password was right.
func (s *Service) Link(ctx context.Context, t *tenant.Tenant, secret, browser string, person *people.Person, address string) (*Outcome, error) {
	var r *store.SSORequest
	err := s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		r, err = store.TakeSSOLink(ctx, scope, s.key(secret, browser))
		return err
	})
	if fault.IsNotFound(err) || err == nil && *r.PersonID != person.ID {
		return nil, refuse(Stale, "")
	}
	if err != nil {
		return nil, fmt.Errorf("end a sign-in that waited on tenant %d: %w", t.ID, err)
	}
	p, _, err := s.before(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	if p == nil || p.State != "on" || p.Issuer != r.Issuer || p.ClientID != r.ClientID {
		return nil, refuse(Stale, "")
	}
	if err := s.link(ctx, t.ID, person, r.Issuer, r.Subject, address); err != nil {
		return nil, err
	}
	return &Outcome{Person: person.ID, AMR: r.AMR, Next: r.Next, Room: nilIfEmpty(r.RoomHash)}, nil
}
