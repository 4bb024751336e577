package doctor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/tenant"
	"rookery/tenant/domains/doctor"
)

func TestNamesOfClaims(t *testing.T) {
	t.Parallel()
	service := &tenant.Domain{Name: "social.acme.test:8080", Role: tenant.ServiceDomain, Token: "ONE"}
	handles := &tenant.Domain{Name: "acme.test", Role: tenant.HandleDomain, Token: "TWO"}
	vouched := &tenant.Domain{Name: "acme.test", Role: tenant.ServiceDomain}
	one := doctor.Proof{Record: "_rookery-challenge.social.acme.test", Value: "rookery-verify=ONE"}
	two := doctor.Proof{Record: "_rookery-challenge.acme.test", Value: "rookery-verify=TWO"}
	for _, tt := range []struct {
		together []*tenant.Domain
		want     doctor.Names
		isSplit  bool
	}{
		{[]*tenant.Domain{service, handles}, doctor.Names{Handle: "acme.test", Service: "social.acme.test", Proofs: []doctor.Proof{one, two}}, true},
		{[]*tenant.Domain{service}, doctor.Names{Handle: "social.acme.test", Service: "social.acme.test", Proofs: []doctor.Proof{one}}, false},
		{[]*tenant.Domain{handles}, doctor.Names{Handle: "acme.test", Service: "acme.test", Proofs: []doctor.Proof{two}}, false},
		{[]*tenant.Domain{vouched}, doctor.Names{Handle: "acme.test", Service: "acme.test"}, false},
	} {
		tt.want.Edge, tt.want.Addresses = edge, []string{ourIPv4}
		got := doctor.NamesOf(edge, []string{ourIPv4}, tt.together...)
		if diff := cmp.Diff(tt.want, got); diff != "" || got.IsSplit() != tt.isSplit {
			t.Errorf("split %v, -want +got:\n%s", got.IsSplit(), diff)
		}
	}
}
