package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

// What a company knows of its people and whom it has invited is nobody else's.
func TestPeopleOfACompanyAreItsOwn(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx, now := t.Context(), time.Now()
	inv := &store.Invitation{TenantID: w.A.Tenant.ID, ID: 5, TokenHash: []byte("h"), Email: "new@x.test", Role: "member", Grants: []byte("[]"), Locale: "en", InvitedBy: w.A.Person, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	platform := func(fn func(*pg.PlatformTx) error) error { return w.PG.Platform(ctx, "test", fn) }
	if err := platform(func(tx *pg.PlatformTx) error { return store.AddInvitation(ctx, tx, inv) }); err != nil {
		t.Fatal(err)
	}
	again := *inv
	again.ID, again.TokenHash = 6, []byte("i")
	if err := platform(func(tx *pg.PlatformTx) error { return store.AddInvitation(ctx, tx, &again) }); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a second open invitation: %v", err)
	}
	again.TenantID = w.B.Tenant.ID
	if err := platform(func(tx *pg.PlatformTx) error { return store.AddInvitation(ctx, tx, &again) }); err != nil {
		t.Errorf("by another company: %v", err)
	}
	if err := platform(func(tx *pg.PlatformTx) error {
		_, err := store.LockInvitationOf(ctx, tx, w.B.Tenant.ID, inv.ID)
		return err
	}); !fault.IsNotFound(err) {
		t.Errorf("another company's invitation: %v", err)
	}
	mine := []social.PersonID{w.A.Person}
	for home, want := range map[*fixture.Home]int{w.A: 1, w.B: 0} {
		home.Do(t, func(ctx context.Context, s *pg.Scope) error {
			grants, err := store.OperatorsOfPeople(ctx, s, mine)
			if err != nil || len(grants) != want {
				t.Errorf("%s: %d grants, %v", home.Tenant.Host, len(grants), err)
			}
			members, err := store.LockMembers(ctx, s, w.A.Person)
			if err != nil || len(members) != want {
				t.Errorf("%s: %d members, %v", home.Tenant.Host, len(members), err)
			}
			open, err := store.OpenInvitations(ctx, s, 9)
			if err != nil || len(open) != 1 || open[0].TenantID != home.Tenant.ID {
				t.Errorf("%s: %d invitations, %v", home.Tenant.Host, len(open), err)
			}
			return err
		})
	}
	w.B.Do(t, func(ctx context.Context, s *pg.Scope) error {
		n, err := store.RevokeInvitationsBy(ctx, s, w.A.Person, []string{"member"}, now)
		if n != 1 { // B's own, which says that A's owner sent it
			t.Errorf("%d taken back", n)
		}
		return err
	})
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		open, err := store.OpenInvitations(ctx, s, 9)
		if len(open) != 1 {
			t.Errorf("another company took an invitation back: %d are left", len(open))
		}
		return err
	})
}
