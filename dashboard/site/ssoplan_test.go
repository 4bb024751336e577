package site_test

import (
	"testing"

	"rookery/internal/audit"
	"rookery/internal/social"
	"rookery/internal/testkit/oidctest"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

// A plan without single sign-on cannot have it turned on, by whatever way; what is on stays on.
func TestSSOWithoutThePlan(t *testing.T) {
	t.Parallel()
	w := newCompany(t, nil)
	c := sso.Change{
		Settings: sso.Settings{Issuer: w.idp.URL(), ClientID: oidctest.ClientID, Role: people.MemberPlain, On: true, AgainDays: 7},
		Secret:   oidctest.Secret, Glass: []social.PersonID{},
	}
	small := *w.A.Tenant
	small.Entitlement = tenant.Entitlement{Standing: tenant.Paid, Limits: tenant.Limits{Lacks: []tenant.Feature{tenant.SingleSignOn}}}
	if err := w.sso.Save(t.Context(), &small, c, audit.ByOperator()); err != nil {
		t.Errorf("a change of what is on: %v", err)
	}
	c.On = false
	if err := w.sso.Save(t.Context(), &small, c, audit.ByOperator()); err != nil {
		t.Errorf("turning it off: %v", err)
	}
	c.On = true
	if err := w.sso.Save(t.Context(), &small, c, audit.ByOperator()); !entitled.IsNo(err) {
		t.Errorf("turning it on: %v", err)
	}
}
