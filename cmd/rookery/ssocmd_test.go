package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rookery/internal/fault"
)

// A company that is locked out gets its passwords back by the operator's word, and what it
// had set up stays.
func TestSSOCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	show := func() (out struct {
		Tenant, Issuer, Role string
		On, Required         bool
		HasSecret            bool     `json:"has_secret"`
		RedirectURI          string   `json:"redirect_uri"`
		BreakGlass           []string `json:"break_glass"`
		MailDomains          []string `json:"mail_domains"`
		Scopes               []string
	}) {
		t.Helper()
		text := c.must(t, "sso", "show", "--tenant", "acme.test", "--json")
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return out
	}
	if got := show(); got.On || got.Issuer != "" || got.RedirectURI != "http://acme.test/auth/sso/callback" || got.MailDomains == nil || got.BreakGlass == nil {
		t.Errorf("before: %+v", got)
	}
	if got := c.must(t, "sso", "off", "--tenant", "acme.test"); !strings.Contains(got, "is off already") {
		t.Errorf("nothing to turn off:\n%s", got)
	}
	for _, sql := range []string{
		`INSERT INTO persons (id, email, password_hash) VALUES (7, 'ada@acme.test', 'x')`,
		`INSERT INTO memberships (tenant_id, person_id, role, break_glass) SELECT id, 7, 'owner', true FROM tenants WHERE name = 'Acme'`,
		`INSERT INTO sso_providers (tenant_id, issuer, client_id, client_secret, scopes, mail_domains, required, state)
		 SELECT id, 'https://login.acme.test', 'rookery', 'the sealed secret', '{openid,email}', '{acme.test}', true, 'on' FROM tenants WHERE name = 'Acme'`,
	} {
		c.sql(t, sql)
	}
	if got := show(); !got.On || !got.Required || !got.HasSecret || got.Issuer != "https://login.acme.test" || len(got.BreakGlass) != 1 || got.BreakGlass[0] != "ada@acme.test" {
		t.Errorf("set up: %+v", got)
	}
	text := c.must(t, "sso", "show", "--tenant", "acme.test")
	for _, want := range []string{"https://login.acme.test", "openid email", "ada@acme.test", "http://acme.test/auth/sso/callback"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "sealed") {
		t.Errorf("the secret is shown:\n%s", text)
	}
	if got := c.must(t, "sso", "off", "--tenant", "acme.test", "--dry-run"); !strings.Contains(got, "would be turned off") || !show().On {
		t.Errorf("tried: %s", got)
	}
	var off struct {
		Changed     bool
		WasOn       bool `json:"was_on"`
		WasRequired bool `json:"was_required"`
	}
	if err := json.Unmarshal([]byte(c.must(t, "sso", "off", "--tenant", "acme.test", "--json")), &off); err != nil || !off.Changed || !off.WasOn || !off.WasRequired {
		t.Errorf("turned off: %+v, %v", off, err)
	}
	if got := show(); got.On || got.Required || got.Issuer != "https://login.acme.test" || !got.HasSecret {
		t.Errorf("after: %+v", got)
	}
	if got := c.must(t, "audit", "export", "--tenant", "acme.test"); !strings.Contains(got, "sso.off") {
		t.Errorf("the audit log:\n%s", got)
	}
	var wrong *fault.Error
	if _, err := c.run(t, "sso", "show", "--tenant", "nobody.test"); err == nil || errors.As(err, &wrong) && wrong.Code == fault.Internal {
		t.Errorf("of a company that is not there: %v", err)
	}
	if _, err := c.run(t, "sso", "off"); err == nil {
		t.Error("without a company")
	}
}
