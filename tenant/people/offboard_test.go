package people_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func change(t *testing.T, h *fixture.Home, by people.By, person social.PersonID, role people.Membership) error {
	t.Helper()
	return h.Try(t, func(ctx context.Context, s *pg.Scope) error {
		return people.SetMembership(ctx, s, by, person, role, "somebody")
	})
}

// Two owners who demote each other at once: one of them stays an owner.
func TestTwoOwnersDemoteEachOther(t *testing.T) {
	t.Parallel()
	w, alice := company(t)
	carol := actingAs(w.Person(t, "carol@a.test"))
	for round := range 5 {
		join(t, w.A, alice.Person, people.MemberOwner)
		join(t, w.A, carol.Person, people.MemberOwner)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, pair := range [][2]people.By{{alice, carol}, {carol, alice}} {
			wg.Go(func() { errs[i] = change(t, w.A, pair[0], pair[1].Person, people.MemberPlain) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		if n := count(t, w, `SELECT count(*) FROM memberships WHERE tenant_id = $1 AND role = 'owner'`, int64(w.A.Tenant.ID)); n != 1 {
			t.Fatalf("round %d: %d owners", round, n)
		}
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	w, alice := company(t)
	if err := change(t, w.A, alice, alice.Person, people.MemberAdmin); !errors.Is(err, people.ErrLastOwner) {
		t.Errorf("demoted: %v", err)
	}
	err := w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		return people.Quit(ctx, s, alice.Person, alice.Actor, "alice")
	})
	if !errors.Is(err, people.ErrLastOwner) {
		t.Errorf("left: %v", err)
	}
	carol := w.Person(t, "carol@a.test")
	join(t, w.A, carol, people.MemberAdmin)
	admin := actingAs(carol)
	if err := change(t, w.A, admin, alice.Person, people.MemberAdmin); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("an admin demotes an owner: %v", err)
	}
	if err := change(t, w.A, admin, carol, people.MemberOwner); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("an admin makes an owner of themselves: %v", err)
	}
	err = w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		return people.SendAway(ctx, s, admin, alice.Person, "alice")
	})
	if fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("an admin sends an owner away: %v", err)
	}
	err = w.A.Try(t, func(ctx context.Context, s *pg.Scope) error { return people.SendAway(ctx, s, alice, w.B.Person, "bob") })
	if !fault.IsNotFound(err) {
		t.Errorf("a stranger is sent away: %v", err)
	}
	if err := change(t, w.A, alice, carol, people.MemberOwner); err != nil {
		t.Fatal(err)
	}
	if err := w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		return people.Quit(ctx, s, alice.Person, alice.Actor, "alice")
	}); err != nil {
		t.Errorf("with another owner: %v", err)
	}
}

// TEN-40: sending somebody away ends what they could do here, and nothing elsewhere.
func TestSendingAwayEndsEverythingHere(t *testing.T) {
	t.Parallel()
	w, alice := company(t)
	ctx := t.Context()
	judge := access.New(w.PG, nil)
	for _, h := range []*fixture.Home{w.A, w.B} {
		join(t, h, w.B.Person, people.MemberAdmin)
	}
	w.A.Grant(t, w.A.Account.ID, w.B.Person, people.Publisher)
	here, err := judge.StartSession(ctx, w.A.Tenant.ID, w.B.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	there, err := judge.StartSession(ctx, w.B.Tenant.ID, w.B.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Invite(ctx, w.A.Tenant, actingAs(w.B.Person), people.NewInvitation{Email: "friend@x.test", Role: people.MemberAdmin}, prefix); err != nil {
		t.Fatal(err)
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return people.SendAway(ctx, s, alice, w.B.Person, "bob@b.test")
	})
	if m := membership(t, w.A, w.B.Person); m != "" {
		t.Errorf("is still %q", m)
	}
	if _, err := judge.Session(ctx, w.A.Tenant.ID, here.Token); !errors.Is(err, access.ErrSession) {
		t.Errorf("the session: %v", err)
	}
	if _, err := judge.Session(ctx, w.B.Tenant.ID, there.Token); err != nil {
		t.Errorf("the session elsewhere: %v", err)
	}
	if n := count(t, w, `SELECT count(*) FROM operators WHERE tenant_id = $1 AND person_id = $2`, int64(w.A.Tenant.ID), int64(w.B.Person)); n != 0 {
		t.Errorf("%d grants are left", n)
	}
	friend := letters(t, w, "friend@x.test")["person_invited"]
	if inv, _, err := w.People.InvitationOf(ctx, friend); err != nil || inv.State != people.InvitationRevoked {
		t.Errorf("whom they invited: %+v, %v", inv, err)
	}
	if n := count(t, w, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'member.send_away' AND target = $2`, int64(w.A.Tenant.ID), people.Target(w.B.Person)); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// Whoever may invite less than before has offered less, too.
func TestInvitationsOfADemotedOwner(t *testing.T) {
	t.Parallel()
	w, alice := company(t)
	ctx := t.Context()
	carol := actingAs(w.Person(t, "carol@a.test"))
	join(t, w.A, carol.Person, people.MemberOwner)
	want := map[string]people.InvitationState{"owner@x.test": people.InvitationRevoked, "admin@x.test": people.InvitationOpen}
	for email, role := range map[string]people.Membership{"owner@x.test": people.MemberOwner, "admin@x.test": people.MemberAdmin} {
		if _, err := w.People.Invite(ctx, w.A.Tenant, carol, people.NewInvitation{Email: email, Role: role}, prefix); err != nil {
			t.Fatal(err)
		}
	}
	if err := change(t, w.A, alice, carol.Person, people.MemberAdmin); err != nil {
		t.Fatal(err)
	}
	for email, state := range want {
		if inv, _, err := w.People.InvitationOf(ctx, letters(t, w, email)["person_invited"]); err != nil || inv.State != state {
			t.Errorf("%s: %+v, %v", email, inv, err)
		}
	}
}

func TestGrantsAreRecorded(t *testing.T) {
	t.Parallel()
	w, alice := company(t)
	carol := w.Person(t, "carol@a.test")
	set := func(role people.Role) error {
		return w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
			return people.SetGrant(ctx, s, w.A.Tenant, alice.Actor, w.A.Account, carol, role, "carol@a.test")
		})
	}
	if err := set(people.Drafter); !fault.IsNotFound(err) {
		t.Errorf("for a stranger: %v", err)
	}
	join(t, w.A, carol, people.MemberPlain)
	for _, role := range []people.Role{people.Drafter, people.Drafter, people.Publisher, "", ""} {
		if err := set(role); err != nil {
			t.Errorf("%q: %v", role, err)
		}
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || r.Entries != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
