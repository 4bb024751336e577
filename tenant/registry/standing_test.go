package registry_test

import (
	"testing"

	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

// TEN-20: a tenant's names lead to it whatever it owes, and it is nowhere called unreachable.
// Nothing else is asked for whom to answer (hostroute) and for which names to have
// certificates (certs, and domains by its own states), so those go on, too.
func TestNamesLeadToWhoOwes(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	for _, standing := range []tenant.Standing{tenant.Restricted, tenant.Unpaid, tenant.Closing} {
		w.A.Stand(t, standing)
		found, role, ok := w.Registry.ByHost("A.test.")
		if !ok || found.ID != w.A.Tenant.ID || role != tenant.ServiceDomain {
			t.Fatalf("while %s: %v, %q, %t", standing, found, role, ok)
		}
		host, _ := w.Registry.Host("a.test")
		if !host.State.Serves() || found.State != tenant.Active || found.IsUnreachable || !found.Sends() || found.Entitlement.Standing != standing {
			t.Errorf("while %s: %+v, %+v", standing, host, found)
		}
		if other, _, ok := w.Registry.ByHost("b.test"); !ok || other.Entitlement.Standing != "" {
			t.Errorf("the other tenant while %s: %+v", standing, other)
		}
	}
}
