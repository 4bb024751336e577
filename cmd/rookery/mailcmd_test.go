package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// Mails that were given up go out again on the operator's word: once, and not those of long ago.
func TestMailRetry(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	for _, sql := range []string{
		`INSERT INTO mails (tenant_id, id, key, recipient, template, last_error) VALUES (0, 1, 'a', 'mara@acme.test', 'test', '550 no'), (0, 2, 'b', 'mara@acme.test', 'test', '550 no')`,
		`INSERT INTO mails (tenant_id, id, key, recipient, template, created_at) VALUES (0, 3, 'old', 'mara@acme.test', 'test', now() - interval '8 days')`,
		`INSERT INTO mails (tenant_id, id, key, recipient, template, sent_at) VALUES (0, 4, 'sent', 'mara@acme.test', 'test', now())`,
		`INSERT INTO river.river_job (kind, args, queue, state, max_attempts, finalized_at) VALUES ('mail_send', '{"mail_id": 1}', 'mail', 'cancelled', 15, now()), ('mail_send', '{"mail_id": 2}', 'mail', 'discarded', 15, now())`,
	} {
		c.sql(t, sql)
	}
	type answer struct {
		Changed bool
		Again   []struct{ ID, State string }
		TooOld  []struct{ ID string } `json:"too_old"`
	}
	run := func(args ...string) (out answer) {
		t.Helper()
		text := c.must(t, append([]string{"mail", "retry", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return out
	}
	if got := run("--dry-run"); got.Changed || len(got.Again) != 2 || len(got.TooOld) != 1 || got.TooOld[0].ID != "3" {
		t.Errorf("tried: %+v", got)
	}
	if got := c.must(t, "mail", "retry", "--dry-run"); !strings.Contains(got, "2 would wait in the queue again, 1 are too old") || !strings.Contains(got, "550 no") {
		t.Errorf("tried:\n%s", got)
	}
	if got := run("1"); !got.Changed || len(got.Again) != 1 || got.Again[0].ID != "1" {
		t.Errorf("one: %+v", got)
	}
	if list := c.must(t, "mail", "list"); strings.Count(list, "waiting") != 1 || strings.Count(list, "failed") != 2 {
		t.Errorf("after one:\n%s", list)
	}
	if got := run(); len(got.Again) != 1 || got.Again[0].ID != "2" {
		t.Errorf("the rest: %+v", got)
	}
	if got := run(); len(got.Again) != 0 {
		t.Errorf("queued twice: %+v", got)
	}
}
