package domains_test

import (
	"fmt"
	"sync"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/registry"
)

// planned is a service for which every tenant has an entitlement, and a trial of it.
func planned(t *testing.T, e tenant.Entitlement) (*domains.Service, *tenant.Tenant, *tenant.Tenant) {
	t.Helper()
	w, _ := newService(t)
	trial, err := w.Registry.Create(t.Context(), registry.NewTenant{Name: "Trial", Host: "trial.rookery.io", Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	tenants := registry.New(registry.Options{DB: w.PG, Entitle: func(*tenant.Tenant) tenant.Entitlement { return e }})
	if err := tenants.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := domains.New(domains.Options{DB: w.PG, Tenants: tenants, Suffix: "rookery.io", Needs: ours})
	return s, trial, w.A.Tenant
}

// Of several wishes at once for the plan's last domain one is heard. A trial's own name does
// not count, a split domain is one, and names that redirect are not counted.
func TestThePlansLastDomain(t *testing.T) {
	t.Parallel()
	s, trial, live := planned(t, tenant.Entitlement{Standing: tenant.Trial, Limits: tenant.Limits{Domains: 1}})
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			_, results[i] = s.Claim(t.Context(), audit.ByOperator(), trial.ID, domains.Wish{Mode: tenant.SplitDomain, Name: fmt.Sprintf("acme%d.com", i)})
		})
	}
	wg.Wait()
	made := 0
	for i, err := range results {
		if err == nil {
			made++
		} else if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("claim %d: %v", i, err)
		}
	}
	if made != 1 {
		t.Errorf("%d claims were made, want 1", made)
	}
	claim(t, s, live.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "other-name.com"})
}

func TestDomainsWhileNothingMayBeAdded(t *testing.T) {
	t.Parallel()
	s, trial, live := planned(t, tenant.Entitlement{Standing: tenant.Paid, IsDisputed: true})
	for _, of := range []*tenant.Tenant{trial, live} {
		if _, err := s.Claim(t.Context(), audit.ByOperator(), of.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"}); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", of.Host, err)
		}
	}
}
