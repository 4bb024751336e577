package account_test

import (
	"testing"
	"time"

	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/testkit/testkeys"
)

// One app changes the name while another changes the note: both changes stay.
func TestProfileChangesAtOnceBothStay(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	accounts, alice := account.NewWith(w.DB, key, testkeys.RSA), w.Local("alice")
	name, note := "Alice", "Hello."
	done := make(chan error, 1)
	w.Do(func(scope *pg.Scope) error {
		_, err := accounts.Update(t.Context(), scope, w.Tenant, alice.ID, account.Changes{DisplayName: &name})
		if err != nil {
			return err
		}
		go func() {
			done <- w.Try(func(scope *pg.Scope) error {
				_, err := accounts.Update(t.Context(), scope, w.Tenant, alice.ID, account.Changes{Note: &note})
				return err
			})
		}()
		w.UntilBlocked(10 * time.Second)
		return nil
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.Do(func(scope *pg.Scope) error {
		a, err := store.AccountByID(t.Context(), scope, alice.ID)
		if err == nil && (a.DisplayName != name || a.NoteSource != note) {
			t.Errorf("name %q, note %q: one change undid the other", a.DisplayName, a.NoteSource)
		}
		return err
	})
}
