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
