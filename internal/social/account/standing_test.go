package account_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social/account"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
)

// TEN-20: who may publish nothing new keeps their profile and their name as they are, and may
// leave.
func TestProfilesOfWhoMayNotPublishStay(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	accounts, alice, name := account.NewWith(w.DB, key, testkeys.RSA), w.Local("alice"), "News"
	owing := *w.Tenant
	owing.Entitlement.Standing = tenant.Restricted
	for what, do := range map[string]func(*pg.Scope) error{
		"profile": func(s *pg.Scope) error {
			_, err := accounts.Update(t.Context(), s, &owing, alice.ID, account.Changes{DisplayName: &name})
			return err
		},
		"name": func(s *pg.Scope) error {
			_, err := account.Rename(t.Context(), s, &owing, alice.ID, "another")
			return err
		},
	} {
		if err := w.Try(do); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(w.Events()); n != 0 {
		t.Errorf("%d events", n)
	}
	w.Do(func(s *pg.Scope) error { _, err := account.Delete(t.Context(), s, &owing, alice.ID); return err })
}
