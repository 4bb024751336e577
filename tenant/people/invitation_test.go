package people_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// company is a fixture whose first person owns tenant A.
func company(t *testing.T) (*fixture.World, people.By) {
	t.Helper()
	w := fixture.New(t)
	join(t, w.A, w.A.Person, people.MemberOwner)
	return w, actingAs(w.A.Person)
}

func actingAs(person social.PersonID) people.By {
	return people.By{Person: person, Actor: audit.Actor{Kind: audit.Person, ID: int64(person)}, May: access.MayPlace}
}

func join(t *testing.T, h *fixture.Home, person social.PersonID, m people.Membership) {
	t.Helper()
	h.Do(t, func(ctx context.Context, s *pg.Scope) error { return people.Join(ctx, s, person, m) })
}

func membership(t *testing.T, h *fixture.Home, person social.PersonID) (m people.Membership) {
	t.Helper()
	err := h.Try(t, func(ctx context.Context, s *pg.Scope) (err error) {
		m, err = people.MembershipOf(ctx, s, person)
		return err
	})
	if err != nil && !fault.IsNotFound(err) {
		t.Fatal(err)
	}
	return m
}

// Somebody without a login is invited, and the link makes one: it proves the address.
func TestAnInvitationMakesAPerson(t *testing.T) {
	t.Parallel()
	w, by := company(t)
	ctx := t.Context()
	n := people.NewInvitation{Email: " New@x.test ", Role: people.MemberAdmin, Grants: []people.Invited{{Account: w.A.Account.ID, Role: people.Drafter}, {Account: 404, Role: people.Owner}}}
	if _, err := w.People.Invite(ctx, w.A.Tenant, by, n, prefix); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Invite(ctx, w.A.Tenant, by, n, prefix); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("invited twice: %v", err)
	}
	secret := letters(t, w, "new@x.test")["person_invited"]
	inv, isKnown, err := w.People.InvitationOf(ctx, secret)
	if err != nil || isKnown || inv.State != people.InvitationOpen || inv.Tenant != w.A.Tenant.ID {
		t.Fatalf("%+v, %t, %v", inv, isKnown, err)
	}
	if _, _, err := w.People.AcceptNew(ctx, secret, people.NewPerson{Name: "New", Password: "short"}, visitor); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a short password: %v", err)
	}
	p, _, err := w.People.AcceptNew(ctx, secret, people.NewPerson{Name: "New", Password: "correct horse battery", Email: "other@x.test"}, visitor)
	if err != nil || p.Email != "new@x.test" {
		t.Fatalf("%+v, %v", p, err)
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		accounts, err := people.AccountsOf(ctx, s, p.ID)
		if err != nil || len(accounts) != 1 || accounts[0].Role != people.Drafter {
			t.Errorf("accounts %+v, %v", accounts, err)
		}
		return nil
	})
	if m := membership(t, w.A, p.ID); m != people.MemberAdmin {
		t.Errorf("joined as %q", m)
	}
	if _, err := w.People.Authenticate(ctx, "new@x.test", "correct horse battery"); err != nil {
		t.Errorf("the new login: %v", err)
	}
	if _, _, err := w.People.AcceptNew(ctx, secret, people.NewPerson{Password: "correct horse battery"}, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("used twice: %v", err)
	}
	if inv, _, err := w.People.InvitationOf(ctx, secret); err != nil || inv.State != people.InvitationAccepted {
		t.Errorf("afterwards %+v, %v", inv, err)
	}
	if _, err := w.People.Invite(ctx, w.A.Tenant, by, n, prefix); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a member invited: %v", err)
	}
	if r, err := audit.Verify(ctx, w.PG, w.A.Tenant.ID); err != nil || r.Broken != 0 || r.Entries != 2 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

// Only the invited address gets in, whoever has the link. One person may belong to several companies.
func TestAnInvitationIsForItsAddress(t *testing.T) {
	t.Parallel()
	w, by := company(t)
	ctx := t.Context()
	if _, err := w.People.Invite(ctx, w.A.Tenant, by, people.NewInvitation{Email: "bob@b.test", Role: people.MemberPlain}, prefix); err != nil {
		t.Fatal(err)
	}
	secret := letters(t, w, "bob@b.test")["person_invited"]
	if _, isKnown, err := w.People.InvitationOf(ctx, secret); err != nil || !isKnown {
		t.Errorf("known %t, %v", isKnown, err)
	}
	eve := w.Person(t, "eve@x.test")
	if _, err := w.People.Accept(ctx, secret, eve, visitor); !errors.Is(err, people.ErrInvitationMail) {
		t.Errorf("somebody else: %v", err)
	}
	if _, _, err := w.People.AcceptNew(ctx, secret, people.NewPerson{Password: "correct horse battery"}, visitor); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("as a new login: %v", err)
	}
	if _, err := w.People.Accept(ctx, secret, w.B.Person, visitor); err != nil {
		t.Fatal(err)
	}
	if m := membership(t, w.A, w.B.Person); m != people.MemberPlain {
		t.Errorf("joined as %q", m)
	}
	if _, _, err := w.People.InvitationOf(ctx, "unknown"); !errors.Is(err, people.ErrLink) {
		t.Errorf("an unknown link: %v", err)
	}
}

// Who may invite whom; a new link replaces the old one; what was taken back does not work.
func TestWhoMayInvite(t *testing.T) {
	t.Parallel()
	w, owner := company(t)
	ctx := t.Context()
	admin := actingAs(w.Person(t, "admin@a.test"))
	join(t, w.A, admin.Person, people.MemberAdmin)
	plain := actingAs(w.Person(t, "plain@a.test"))
	join(t, w.A, plain.Person, people.MemberModerator)
	invite := func(by people.By, email string, role people.Membership) (*people.Invitation, error) {
		return w.People.Invite(ctx, w.A.Tenant, by, people.NewInvitation{Email: email, Role: role}, prefix)
	}
	for email, tt := range map[string]struct {
		by   people.By
		role people.Membership
		want fault.Code
	}{
		"owner-owner@x.test": {owner, people.MemberOwner, ""}, "admin-admin@x.test": {admin, people.MemberAdmin, ""},
		"admin-owner@x.test": {admin, people.MemberOwner, fault.Forbidden}, "moderator@x.test": {plain, people.MemberPlain, fault.Forbidden},
		"stranger@x.test": {actingAs(w.B.Person), people.MemberPlain, fault.NotFound}, "nothing@x.test": {owner, "king", fault.Invalid},
	} {
		if _, err := invite(tt.by, email, tt.role); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v", email, err)
		}
	}
	inv, err := invite(owner, "late@x.test", people.MemberOwner)
	if err != nil {
		t.Fatal(err)
	}
	first := letters(t, w, "late@x.test")["person_invited"]
	if err := w.People.Reinvite(ctx, w.A.Tenant, admin, inv.ID, prefix); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("an admin sends an owner's again: %v", err)
	}
	if err := w.People.Reinvite(ctx, w.B.Tenant, actingAs(w.B.Person), inv.ID, prefix); !fault.IsNotFound(err) {
		t.Errorf("another company sends it: %v", err)
	}
	if err := w.People.Reinvite(ctx, w.A.Tenant, owner, inv.ID, prefix); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.People.InvitationOf(ctx, first); !errors.Is(err, people.ErrLink) {
		t.Errorf("the first link: %v", err)
	}
	second := letters(t, w, "late@x.test")["person_invited"]
	if err := w.People.Uninvite(ctx, w.A.Tenant, owner, inv.ID); err != nil {
		t.Fatal(err)
	}
	if got, _, err := w.People.InvitationOf(ctx, second); err != nil || got.State != people.InvitationRevoked {
		t.Errorf("taken back: %+v, %v", got, err)
	}
	if _, _, err := w.People.AcceptNew(ctx, second, people.NewPerson{Password: "correct horse battery"}, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("accepted nevertheless: %v", err)
	}
}

func TestInvitationsAreLimitedADay(t *testing.T) {
	t.Parallel()
	w, by := company(t)
	for i := range 51 {
		_, err := w.People.Invite(t.Context(), w.A.Tenant, by, people.NewInvitation{Email: fmt.Sprintf("n%d@x.test", i), Role: people.MemberPlain}, prefix)
		if want := map[bool]fault.Code{true: fault.TooMany}[i == 50]; fault.CodeOf(err) != want {
			t.Fatalf("invitation %d: %v", i+1, err)
		}
	}
	if n := count(t, w, `SELECT count(*) FROM mails`); n != 50 {
		t.Errorf("%d mails", n)
	}
}
