package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// An operator makes rules for everybody and for one tenant, lists and removes them.
func TestBlockDomainCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	list := func(args ...string) (out []struct {
		Domain, Severity string
		RejectMedia      bool `json:"reject_media"`
	}) {
		t.Helper()
		text := c.must(t, append([]string{"block", "domain", "list", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return out
	}
	if got := list(); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	c.must(t, "block", "domain", "add", "https://Spam.Example/")
	c.must(t, "block", "domain", "add", "loud.example", "--severity", "silence", "--reject-media", "--tenant", "acme.test", "--private-comment", "see the board")
	if got := list(); len(got) != 1 || got[0].Domain != "spam.example" || got[0].Severity != "suspend" {
		t.Errorf("for everybody: %v", got)
	}
	if got := list("--tenant", "acme.test"); len(got) != 1 || got[0].Domain != "loud.example" || got[0].Severity != "silence" || !got[0].RejectMedia {
		t.Errorf("for the tenant: %v", got)
	}
	if got := c.must(t, "block", "domain", "list", "--tenant", "acme.test"); !strings.Contains(got, "loud.example") || !strings.Contains(got, "see the board") {
		t.Errorf("as a table:\n%s", got)
	}
	for _, args := range [][]string{{"add", "no domain"}, {"add", "x.example", "--severity", "harsh"}, {"add", "x.example", "--tenant", "nobody.test"}, {"remove", "loud.example"}, {"remove", "spam.example", "--tenant", "acme.test"}} {
		if out, err := c.run(t, append([]string{"block", "domain"}, args...)...); err == nil {
			t.Errorf("%v is taken:\n%s", args, out)
		}
	}
	c.must(t, "block", "domain", "remove", "SPAM.example")
	c.must(t, "block", "domain", "remove", "loud.example", "--tenant", "acme.test")
	if got := append(list(), list("--tenant", "acme.test")...); len(got) != 0 {
		t.Errorf("after: %v", got)
	}
	if got := c.must(t, "audit", "export", "--tenant", "acme.test"); !strings.Contains(got, "server.block") || !strings.Contains(got, "server.unblock") {
		t.Errorf("the audit log:\n%s", got)
	}
}

// An operator keeps mail domains and networks from signing up.
func TestBlockPeopleCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	c.must(t, "block", "email", "add", "@Throwaway.Example", "--comment", "throw-away")
	c.must(t, "block", "ip", "add", "192.0.2.7/24")
	if got := c.must(t, "block", "ip", "add", "2001:db8::/32", "--severity", "no_access", "--json"); !strings.Contains(got, `"no_access"`) {
		t.Errorf("as JSON: %s", got)
	}
	var mails []struct{ Domain, Comment string }
	if text := c.must(t, "block", "email", "list", "--json"); json.Unmarshal([]byte(text), &mails) != nil || len(mails) != 1 || mails[0].Domain != "throwaway.example" || mails[0].Comment != "throw-away" {
		t.Errorf("mail domains: %+v", mails)
	}
	if got := c.must(t, "block", "ip", "list"); !strings.Contains(got, "192.0.2.0/24") || !strings.Contains(got, "sign_up_block") || !strings.Contains(got, "2001:db8::/32") {
		t.Errorf("networks:\n%s", got)
	}
	for _, args := range [][]string{{"ip", "add", "0.0.0.0/0"}, {"ip", "add", "nowhere"}, {"ip", "add", "192.0.2.0/24", "--severity", "harsh"}, {"ip", "remove", "198.51.100.0/24"}, {"email", "add", "a b"}, {"email", "remove", "free.example"}} {
		if out, err := c.run(t, append([]string{"block"}, args...)...); err == nil {
			t.Errorf("%v is taken:\n%s", args, out)
		}
	}
	c.must(t, "block", "email", "remove", "throwaway.example")
	c.must(t, "block", "ip", "remove", "192.0.2.0/24")
	c.must(t, "block", "ip", "remove", "2001:db8::/32")
	for _, kind := range []string{"email", "ip"} {
		if got := strings.TrimSpace(c.must(t, "block", kind, "list", "--json")); got != "[]" {
			t.Errorf("%s after: %s", kind, got)
		}
	}
}
