package setup_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/people"
	"rookery/tenant/setup"
)

// world is a platform on which people make companies.
type world struct {
	*fixture.World
	*setup.Service
	late time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: fixture.New(t)}
	names := domains.New(domains.Options{DB: w.PG, Tenants: w.Registry, Suffix: "rookery.test", Protected: []string{"famous.test"}})
	w.Service = &setup.Service{DB: w.PG, Tenants: w.Registry, Names: names, Scheme: "https", Host: "rookery.test", Now: func() time.Time { return time.Now().Add(w.late) }}
	return w
}

func (w *world) founder(of *fixture.Home) setup.Founder {
	return setup.Founder{Person: of.Person, Actor: audit.Actor{Kind: audit.Person, ID: int64(of.Person), Name: "Alice"}}
}

// A company comes with its owner, its row and its records, or not at all.
func TestACompanyIsFounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.Found(t.Context(), w.founder(w.A), setup.Wish{Name: " Acme\u202e Cycles ", Slug: "Acme", Nonce: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	if made.Name != "Acme Cycles" || made.Host != "acme.rookery.test" || made.Federates() {
		t.Errorf("made %+v", made)
	}
	if found, _, ok := w.Registry.ByHost("acme.rookery.test"); !ok || found.ID != made.ID {
		t.Error("its host does not lead to it")
	}
	err = w.PG.Tenant(t.Context(), made.ID, func(scope *pg.Scope) error {
		role, err := people.MembershipOf(t.Context(), scope, w.A.Person)
		if err != nil || role != people.MemberOwner {
			t.Errorf("the founder is %q, %v", role, err)
		}
		row, err := setup.Of(t.Context(), scope)
		if err != nil || row == nil || row.FoundedBy != w.A.Person || row.DomainAt != nil || row.EndedAt != nil {
			t.Errorf("its set-up is %+v, %v", row, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range []tenant.ID{made.ID, audit.Platform} {
		if r, err := audit.Verify(t.Context(), w.PG, chain); err != nil || r.Entries != 1 || r.Broken != 0 {
			t.Errorf("chain %d: %+v, %v", chain, r, err)
		}
	}
	open, err := w.Unfinished(t.Context(), w.A.Person)
	if err != nil || len(open) != 1 || open[0].ID != made.ID {
		t.Errorf("unfinished: %v, %v", open, err)
	}
	if open, err := w.Unfinished(t.Context(), w.B.Person); err != nil || len(open) != 0 {
		t.Errorf("unfinished of somebody else: %v, %v", open, err)
	}
}

// The same form sent by many threads makes one company; another person's nonce is another's.
func TestAFormSentTwiceMakesOneCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wait sync.WaitGroup
	made := make([]*tenant.Tenant, 4)
	for i := range made {
		wait.Go(func() {
			var err error
			if made[i], err = w.Found(context.WithoutCancel(t.Context()), w.founder(w.A), setup.Wish{Name: "Acme", Slug: "acme", Nonce: "same"}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, m := range made {
		if m == nil || m.ID != made[0].ID {
			t.Fatalf("several companies: %v", made)
		}
	}
	other, err := w.Found(t.Context(), w.founder(w.B), setup.Wish{Name: "Acme", Slug: "acme-two", Nonce: "same"})
	if err != nil || other.ID == made[0].ID {
		t.Errorf("another person's form: %v, %v", other, err)
	}
}

func TestAPersonMakesFewCompaniesADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := func(n int) error {
		_, err := w.Found(t.Context(), w.founder(w.A), setup.Wish{Name: "Acme", Slug: fmt.Sprintf("acme-%d", n), Nonce: fmt.Sprint("n", n)})
		return err
	}
	for n := range setup.MostADay {
		if err := found(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := found(8); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("one more: %v", err)
	}
	if _, _, ok := w.Registry.ByHost("acme-8.rookery.test"); ok {
		t.Error("what was refused is there")
	}
	if err := found(0); err != nil {
		t.Errorf("a form sent again counts: %v", err)
	}
	w.late = 25 * time.Hour
	if err := found(9); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

func TestWishesThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Found(t.Context(), w.founder(w.B), setup.Wish{Name: "Taken", Slug: "taken", Nonce: "n"}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		wish setup.Wish
		want fault.Code
	}{
		"taken":          {setup.Wish{Name: "Acme", Slug: "taken", Nonce: "n"}, fault.Conflict},
		"a reserved one": {setup.Wish{Name: "Acme", Slug: "support", Nonce: "n"}, fault.Invalid},
		"too short":      {setup.Wish{Name: "Acme", Slug: "ab", Nonce: "n"}, fault.Invalid},
		"two labels":     {setup.Wish{Name: "Acme", Slug: "a.b.c", Nonce: "n"}, fault.Invalid},
		"protected":      {setup.Wish{Name: "Acme", Slug: "fam0us", Nonce: "n"}, fault.Invalid},
		"no name":        {setup.Wish{Slug: "acme", Nonce: "n"}, fault.Invalid},
		"no nonce":       {setup.Wish{Name: "Acme", Slug: "acme"}, fault.Malformed},
	} {
		if _, err := w.Found(t.Context(), w.founder(w.A), tt.wish); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if open, err := w.Unfinished(t.Context(), w.A.Person); err != nil || len(open) != 0 {
		t.Errorf("something was made: %v, %v", open, err)
	}
	if err := w.People.SetDisabled(t.Context(), w.A.Person, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Found(t.Context(), w.founder(w.A), setup.Wish{Name: "Acme", Slug: "acme", Nonce: "n"}); err == nil {
		t.Error("somebody who is disabled makes a company")
	}
}

func TestNamesAreSuggested(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Found(t.Context(), w.founder(w.B), setup.Wish{Name: "Acme", Slug: "acme", Nonce: "n"}); err != nil {
		t.Fatal(err)
	}
	for wanted, want := range map[string][]string{
		"acme": {"acme-team", "acme-hq", "acme-social"}, "support": {"support-team", "support-hq", "support-social"}, "Bücher & Mehr": {"buecher-and-mehr", "buecher-and-mehr-team", "buecher-and-mehr-hq"},
	} {
		got, err := w.Suggest(t.Context(), "", wanted)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", wanted, got, err)
		}
	}
	for name, want := range map[string]string{
		"Müller Straße": "mueller-strasse", "Crème Brûlée": "creme-brulee", "日本": "", "  --  ": "", "O’Neill’s": "oneills", "Vereinigte Fahrradteilefabriken Nord": "vereinigte-fahrradteilefabrike",
	} {
		if got := setup.SlugOf(name); got != want {
			t.Errorf("SlugOf(%q) = %q, want %q", name, got, want)
		}
	}
}

// Each mark is kept and recorded once; nothing changes after the end, nor for a company that
// was made otherwise.
func TestMarksAreKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.Found(t.Context(), w.founder(w.A), setup.Wish{Name: "Acme", Slug: "acme", Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	mark := func(of tenant.ID, m store.SetupMark) {
		t.Helper()
		err := w.PG.Tenant(t.Context(), of, func(scope *pg.Scope) error { return setup.Mark(t.Context(), scope, w.founder(w.A).Actor, m) })
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []store.SetupMark{store.SetupDomain, store.SetupDomain, store.SetupEnd, store.SetupEnd, store.SetupPeople} {
		mark(made.ID, m)
		mark(w.B.Tenant.ID, m)
	}
	if r, err := audit.Verify(t.Context(), w.PG, made.ID); err != nil || r.Entries != 3 {
		t.Errorf("the company's chain: %+v, %v", r, err)
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.B.Tenant.ID); err != nil || r.Entries != 0 {
		t.Errorf("another company's chain: %+v, %v", r, err)
	}
	err = w.PG.Tenant(t.Context(), made.ID, func(scope *pg.Scope) error {
		row, err := setup.Of(t.Context(), scope)
		if row.DomainAt == nil || row.PeopleAt != nil || row.EndedAt == nil {
			t.Errorf("%+v", row)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if open, err := w.Unfinished(t.Context(), w.A.Person); err != nil || len(open) != 0 {
		t.Errorf("unfinished after the end: %v, %v", open, err)
	}
}
