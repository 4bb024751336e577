package people_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/people"
)

func withSeats(h *fixture.Home, seats int, s tenant.Standing) *tenant.Tenant {
	t := *h.Tenant
	t.Entitlement = tenant.Entitlement{Standing: s, Limits: tenant.Limits{Seats: seats}}
	return &t
}

// Five invitations at once for the last two seats: two are sent. Accepting takes no other
// seat, taking back gives one, and one that has expired does not keep it.
func TestThePlansLastSeats(t *testing.T) {
	t.Parallel()
	w, by := company(t)
	three := withSeats(w.A, 3, tenant.Paid)
	invite := func(email string) (*people.Invitation, error) {
		return w.People.Invite(t.Context(), three, by, people.NewInvitation{Email: email, Role: people.MemberPlain}, prefix)
	}
	var wg sync.WaitGroup
	results, sent := make([]error, 5), make([]*people.Invitation, 5)
	for i := range results {
		wg.Go(func() { sent[i], results[i] = invite(fmt.Sprintf("n%d@x.test", i)) })
	}
	wg.Wait()
	var open []*people.Invitation
	for i, err := range results {
		if err == nil {
			open = append(open, sent[i])
		} else if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("invitation %d: %v", i, err)
		}
	}
	if len(open) != 2 {
		t.Fatalf("%d were invited, want 2", len(open))
	}
	if _, err := invite(open[0].Email); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("somebody who is invited already is told about seats: %v", err)
	}
	secret := letters(t, w, open[0].Email)["person_invited"]
	if _, _, err := w.People.AcceptNew(t.Context(), secret, people.NewPerson{Password: "correct horse battery"}, visitor); err != nil {
		t.Fatalf("accept with all seats taken: %v", err)
	}
	if _, err := invite("more@x.test"); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a fourth: %v", err)
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := pg.Exec(ctx, s, `UPDATE invitations SET expires_at = @then WHERE tenant_id = @tenant_id AND id = @id`, map[string]any{"then": time.Now().Add(-time.Minute), "id": open[1].ID})
		return err
	})
	last, err := invite("instead@x.test")
	if err != nil {
		t.Fatalf("in the place of an invitation that has expired: %v", err)
	}
	if err := w.People.Reinvite(t.Context(), three, by, open[1].ID, prefix); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("the expired one is sent again: %v", err)
	}
	if err := w.People.Reinvite(t.Context(), three, by, last.ID, prefix); err != nil {
		t.Errorf("an open one is sent again: %v", err)
	}
	if err := w.People.Uninvite(t.Context(), three, by, last.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.People.Reinvite(t.Context(), three, by, open[1].ID, prefix); err != nil {
		t.Errorf("after another was taken back: %v", err)
	}
}

func TestSeatsOnOtherTerms(t *testing.T) {
	t.Parallel()
	w, by := company(t)
	for i, tt := range []struct {
		of   *tenant.Tenant
		want fault.Code
	}{
		{w.A.Tenant, ""}, // nothing is charged here
		{withSeats(w.A, 0, tenant.Paid), ""},
		{withSeats(w.A, 1, tenant.Paid), fault.Forbidden}, // fewer than there are
		{withSeats(w.A, 0, tenant.Grace), fault.Forbidden},
	} {
		_, err := w.People.Invite(t.Context(), tt.of, by, people.NewInvitation{Email: fmt.Sprintf("x%d@x.test", i), Role: people.MemberPlain}, prefix)
		if fault.CodeOf(err) != tt.want {
			t.Errorf("case %d: %v", i, err)
		}
	}
}

// The operator's commands make members without asking them.
func TestMakeRoom(t *testing.T) {
	t.Parallel()
	w, _ := company(t)
	full, guest := withSeats(w.A, 1, tenant.Paid), w.Person(t, "new@x.test")
	room := func(of *tenant.Tenant, person social.PersonID) error {
		return w.A.Try(t, func(ctx context.Context, s *pg.Scope) error { return people.MakeRoom(ctx, s, of, person) })
	}
	if err := room(full, w.A.Person); err != nil {
		t.Errorf("a member: %v", err)
	}
	if err := room(full, guest); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("somebody new: %v", err)
	}
	if err := room(w.A.Tenant, guest); err != nil {
		t.Errorf("where nothing is charged: %v", err)
	}
}
