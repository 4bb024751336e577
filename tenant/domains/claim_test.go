package domains_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

func newService(t *testing.T) (*fixture.World, *domains.Service) {
	t.Helper()
	w := fixture.New(t)
	return w, domains.New(domains.Options{
		DB: w.PG, Tenants: w.Registry, Suffix: "rookery.io", Protected: []string{"company.com"}, Needs: ours,
	})
}

func claim(t *testing.T, s *domains.Service, of tenant.ID, wish domains.Wish) []*tenant.Domain {
	t.Helper()
	claims, err := s.Claim(t.Context(), audit.ByOperator(), of, wish)
	if err != nil {
		t.Fatalf("claim %s: %v", wish.Name, err)
	}
	return claims
}

func TestClaims(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	mine := claim(t, s, w.A.Tenant.ID, domains.Wish{Mode: tenant.SplitDomain, Name: "Acme-Cycles.com"})
	if len(mine) != 2 || mine[0].Name != "social.acme-cycles.com" || mine[1].Name != "acme-cycles.com" || mine[1].ServiceID != mine[0].ID {
		t.Fatalf("claims: %+v", mine)
	}
	// This tenant federates already: its addresses stay, the new host redirects.
	if mine[0].Role != tenant.AliasDomain || mine[1].Role != tenant.HandleDomain {
		t.Errorf("roles %s and %s", mine[0].Role, mine[1].Role)
	}
	// Unproven claims are not exclusive, and each has a token of its own.
	theirs := claim(t, s, w.B.Tenant.ID, domains.Wish{Mode: tenant.ApexDomain, Name: "acme-cycles.com"})
	if theirs[0].Token == mine[1].Token || len(theirs[0].Token) < 26 {
		t.Errorf("tokens %q and %q", theirs[0].Token, mine[1].Token)
	}
	_, err := s.Claim(t.Context(), audit.ByOperator(), w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})
	if fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the same claim again: %v", err)
	}
	if _, err := s.Get(t.Context(), w.B.Tenant.ID, mine[0].ID); !fault.IsNotFound(err) {
		t.Errorf("another tenant reads the claim: %v", err)
	}
	if err := s.Release(t.Context(), audit.ByOperator(), w.B.Tenant.ID, mine[0].ID, mine[0].Name); !fault.IsNotFound(err) {
		t.Errorf("another tenant gives the name up: %v", err)
	}
	if report, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || report.Entries != 2 || report.Broken != 0 {
		t.Errorf("audit log: %+v, %v", report, err)
	}
}

// TEN-23: names that are nobody's to claim.
func TestNamesThatNobodyCanClaim(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	for _, name := range []string{
		"rookery.io", "acme.rookery.io", "ACME.Rookery.IO.", "localhost", "printer.local", "co.uk", "com", "github.io",
		"192.0.2.1", "[2001:db8::1]", "*.example.net", "example.net:8443", "", "a b.com", "exa_mple.com", "-a.com",
	} {
		if _, err := s.Claim(t.Context(), audit.ByOperator(), w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: name}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Where files and the names to point at are may be other domains than the console's.
func TestThePlatformsOtherDomains(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	s.Tenants = registry.New(registry.Options{DB: w.PG, Reserved: []string{"rookery.io", "files.rookery-media.net"}})
	s.Looker = look.New(look.Options{EdgeSuffix: "edge.rookery-edge.net"})
	for name, want := range map[string]fault.Code{
		"files.rookery-media.net": fault.Conflict, "t-42.edge.rookery-edge.net": fault.Invalid, "edge.rookery-edge.net": fault.Invalid,
	} {
		if _, err := s.Claim(t.Context(), audit.ByOperator(), w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: name}); fault.CodeOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesThatStaffLookAt(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	for name, want := range map[string]tenant.DomainState{
		"аpple.com": tenant.DomainNeedsReview, "аррӏе.com": tenant.DomainNeedsReview, "c0mpany.com": tenant.DomainNeedsReview,
		"müller.de": tenant.DomainPendingOwnership, "例え.jp": tenant.DomainPendingOwnership, "москва.рф": tenant.DomainPendingOwnership, "web10.com": tenant.DomainPendingOwnership,
	} {
		got := claim(t, s, w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: name})[0]
		if got.State != want {
			t.Errorf("%s: %s (%s), want %s", name, got.State, got.Reason, want)
		}
	}
}

func TestTooManyClaims(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	for i := range 10 {
		claim(t, s, w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: fmt.Sprintf("n%d.example.net", i)})
	}
	_, err := s.Claim(t.Context(), audit.ByOperator(), w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "n10.example.net"})
	if fault.CodeOf(err) != fault.TooMany {
		t.Errorf("the eleventh claim: %v", err)
	}
}

// Adding and letting go is counted too, for a day.
func TestTooManyClaimsInADay(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	of := l.A.Tenant.ID
	ask := func(i int) error {
		all, err := l.Claim(t.Context(), audit.ByOperator(), of, domains.Wish{Mode: tenant.WholeDomain, Name: fmt.Sprintf("n%d.example.net", i)})
		if err == nil {
			do(t, l.Release(t.Context(), audit.ByOperator(), of, all[0].ID, all[0].Name))
		}
		return err
	}
	for i := range 20 {
		do(t, ask(i))
	}
	l.now = l.now.Add(time.Hour)
	if err := ask(20); fault.CodeOf(err) != fault.TooMany || !strings.Contains(err.Error(), "tomorrow") {
		t.Errorf("the 21st name of a day: %v", err)
	}
	l.now = l.now.Add(24 * time.Hour)
	do(t, ask(20))
}

// Those that come at the same time are counted, too.
func TestTooManyClaimsAtTheSameTime(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			_, err := s.Claim(t.Context(), audit.ByOperator(), w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: fmt.Sprintf("n%d.example.net", i)})
			if err != nil && fault.CodeOf(err) != fault.TooMany {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := s.List(t.Context(), w.A.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	waiting := 0
	for _, d := range got {
		if d.State == tenant.DomainPendingOwnership {
			waiting++
		}
	}
	if waiting != 10 {
		t.Errorf("%d claims wait, want 10", waiting)
	}
}
