package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// A name elsewhere may pass to another actor: a server that was set up anew. The former
// holder stays what it was, with its posts, under a name that nobody finds it by; nobody
// else's name changes.
func TestAHandlePassesToItsNewHolder(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	former, namesake, local := w.Remote("Dora", "far.test"), w.Remote("dora", "else.test"), w.Local("dora")
	other := w.Other()
	foreign := other.Remote("dora", "far.test")
	heir := &social.Account{URI: "https://far.test/new/dora", Username: "dora", Domain: "far.test", ActorType: "Person", InboxURL: "https://far.test/in"}
	w.Do(func(scope *pg.Scope) error { return store.IndexAccount(t.Context(), scope, former) })
	for range 2 { // saving it again takes nothing from itself
		w.Do(func(scope *pg.Scope) error { return account.SaveRemote(t.Context(), scope, heir) })
	}
	holder := func(w *socialtest.World, handle social.Handle) (id social.AccountID) {
		t.Helper()
		w.Do(func(scope *pg.Scope) error {
			a, err := store.AccountByHandle(t.Context(), scope, handle)
			if err == nil {
				id = a.ID
			}
			return err
		})
		return id
	}
	for name, tt := range map[string]struct {
		world  *socialtest.World
		handle social.Handle
		want   social.AccountID
	}{
		"the name":          {w, social.Handle{User: "DORA", Host: "far.test"}, heir.ID},
		"on another server": {w, social.Handle{User: "dora", Host: "else.test"}, namesake.ID},
		"here":              {w, social.Handle{User: "dora"}, local.ID},
		"in another tenant": {other, social.Handle{User: "dora", Host: "far.test"}, foreign.ID},
	} {
		if got := holder(tt.world, tt.handle); got != tt.want {
			t.Errorf("%s leads to account %d, want %d", name, got, tt.want)
		}
	}
	w.Do(func(scope *pg.Scope) error {
		then, err := store.AccountByURI(t.Context(), scope, former.URI)
		if err == nil && (then.ID != former.ID || !strings.HasPrefix(then.Username, "Dora~")) {
			t.Errorf("the former holder is %d, %q", then.ID, then.Username)
		}
		return err
	})
	if n := w.Count(`SELECT count(*)::int FROM search_texts WHERE tenant_id = @tenant_id AND kind = 'account' AND ref_id = @id`, pgx.NamedArgs{"id": former.ID}); n != 0 {
		t.Error("the former holder is found by the name that it has lost")
	}
}

// What misleads people misleads them in capital letters, too.
func TestNamesThatAreKeptFree(t *testing.T) {
	t.Parallel()
	for name, free := range map[string]bool{"support": true, "admin": false, "Admin": false, "POSTMASTER": false, "admins": true} {
		if err := account.ValidateUsername(name); (err == nil) != free || !free && fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Activities of an actor that nobody here knew come together, and each of them stores it.
// A row that two transactions insert can meet on its name before it meets on its id, and
// ON CONFLICT speaks for one of the two indexes only: a post was dropped over that.
func TestAnActorIsStoredByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	const rounds, together = 60, 16
	for round := range rounds {
		var group errgroup.Group
		for range together {
			group.Go(func() error {
				a := &social.Account{
					URI: fmt.Sprintf("https://far.test/%d", round), Username: fmt.Sprintf("sender%d", round), Domain: "far.test",
					ActorType: "Person", InboxURL: "https://far.test/in",
				}
				return w.DB.Tenant(t.Context(), w.Tenant.ID, func(scope *pg.Scope) error {
					return account.SaveRemote(t.Context(), scope, a)
				})
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}
