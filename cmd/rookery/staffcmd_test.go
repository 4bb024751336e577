package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rookery/internal/fault"
)

// staffRow is what `staff list --json` says of one.
type staffRow struct {
	Email, Name, Role string
	Since             string
	SecondFactor      bool    `json:"second_factor"`
	LastSeen          *string `json:"last_seen"`
}

func (c *commands) staff(t *testing.T) (rows []staffRow) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.must(t, "staff", "list", "--json")), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Somebody becomes one of the staff, gets another role, loses a device and leaves; each of it
// is in the platform's audit log, and a password is said once.
func TestStaffAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	if got := c.staff(t); got == nil || len(got) != 0 {
		t.Errorf("before: %+v", got)
	}
	var made struct {
		Person, Role, URL, Password string
		New                         bool
	}
	text := c.must(t, "staff", "create", "--email", "Mara@Rookery.test", "--name", "Mara Lindholm", "--json")
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Person != "mara@rookery.test" || made.Role != "admin" || !strings.HasSuffix(made.URL, "/staff") || len(made.Password) < 12 || !made.New {
		t.Fatalf("made: %v\n%s", err, text)
	}
	again := c.must(t, "staff", "create", "--email", "mara@rookery.test", "--role", "billing", "--name", "Somebody else")
	if !strings.Contains(again, "one of the staff (billing)") || !strings.Contains(again, "name and password stay") || strings.Contains(again, "shown this once") {
		t.Errorf("another role:\n%s", again)
	}
	if got := c.staff(t); len(got) != 1 || got[0].Name != "Mara Lindholm" || got[0].Role != "billing" || got[0].SecondFactor || got[0].LastSeen != nil {
		t.Errorf("listed: %+v", got)
	}

	c.sql(t, `INSERT INTO totp_secrets (person_id, sealed, confirmed_at) SELECT id, 'sealed', now() FROM persons WHERE email = 'mara@rookery.test'`)
	c.sql(t, `INSERT INTO staff_sessions (id_hash, person_id, factors, expires_at) SELECT 'x', id, 2, now() + interval '1 hour' FROM persons WHERE email = 'mara@rookery.test'`)
	if got := c.staff(t); !got[0].SecondFactor || got[0].LastSeen == nil {
		t.Errorf("with a factor: %+v", got)
	}
	table := c.must(t, "staff", "list")
	if !strings.Contains(table, "SECOND FACTOR") || !strings.Contains(table, "yes") {
		t.Errorf("the table:\n%s", table)
	}
	if got := c.must(t, "staff", "reset-factors", "mara@rookery.test"); !strings.Contains(got, "no second factor now") || !strings.Contains(got, "/staff") {
		t.Errorf("reset: %s", got)
	}
	if got := c.staff(t); got[0].SecondFactor || got[0].LastSeen != nil {
		t.Errorf("after the reset: %+v", got)
	}
	if got := c.must(t, "staff", "reset-factors", "mara@rookery.test", "--json"); !strings.Contains(got, `"reset": true`) {
		t.Errorf("reset again: %s", got)
	}
	if got := c.must(t, "staff", "remove", "mara@rookery.test", "--json"); !strings.Contains(got, `"removed": true`) {
		t.Errorf("removed: %s", got)
	}
	if got := c.staff(t); len(got) != 0 {
		t.Errorf("at the end: %+v", got)
	}

	log := c.must(t, "audit", "export")
	for _, want := range []string{"staff.add", "person.reset_factors", "staff.remove"} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the platform's log:\n%s", want, log)
		}
	}
	for _, shown := range []string{again, table, log} {
		if strings.Contains(shown, made.Password) || strings.Contains(shown, "sealed") {
			t.Errorf("a secret is shown:\n%s", shown)
		}
	}
}

// A password that somebody chose is never printed; whoever has a login keeps theirs.
func TestStaffCreateTakesAPassword(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("a password of their own\r\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := c.must(t, "staff", "create", "--email", "jon@rookery.test", "--role", "support", "--password-file", file)
	if !strings.Contains(text, "one of the staff (support)") || !strings.Contains(text, "second factor") || strings.Contains(text, "assword") {
		t.Errorf("with a password file:\n%s", text)
	}
	if got := c.staff(t); len(got) != 1 || got[0].Name != "jon" {
		t.Errorf("listed: %+v", got)
	}
	c.sql(t, `INSERT INTO persons (id, email) VALUES (7, 'nobody@rookery.test')`)
	if got := c.must(t, "staff", "create", "--email", "nobody@rookery.test"); !strings.Contains(got, "has no password yet") {
		t.Errorf("of somebody without a password:\n%s", got)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var usage usageError
	if _, err := c.run(t, "staff", "create", "--email", "kim@rookery.test", "--password-file", empty); !errors.As(err, &usage) || !strings.Contains(err.Error(), "first line is empty") {
		t.Errorf("an empty file: %v", err)
	}
}

// What is typed wrongly is told in a sentence, with the exit code for that; what is not there
// as a fault, never as an accident.
func TestStaffCommandsTakeBadInput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"staff"}, {"staff", "nonsense"}, {"staff", "create"}, {"staff", "create", "--email", "x@y.test", "--role", "king"}, {"staff", "create", "x@y.test"}, {"staff", "create", "--bogus"},
		{"staff", "list", "extra"}, {"staff", "remove"}, {"staff", "remove", "a@b.test", "c@d.test"}, {"staff", "reset-factors"},
	} {
		if got := run(t.Context(), args); got != exitWrongUse {
			t.Errorf("rookery %s: exit code %d, want %d", strings.Join(args, " "), got, exitWrongUse)
		}
	}
	c := newCommands(t)
	c.sql(t, `INSERT INTO persons (id, email, password_hash) VALUES (7, 'ada@acme.test', 'x')`)
	for want, args := range map[string][]string{
		"Nobody has the mail address": {"remove", "nobody@rookery.test"}, "not one of the staff. `rookery staff list`": {"reset-factors", "ada@acme.test"},
		"Nobody has the mail address “x@y.test”": {"reset-factors", "x@y.test"},
	} {
		var told *fault.Error
		_, err := c.run(t, append([]string{"staff"}, args...)...)
		if !errors.As(err, &told) || told.Code != fault.NotFound || !strings.Contains(publicText(err), want) {
			t.Errorf("staff %v: %v, want %q", args, err, want)
		}
	}
	for name, args := range map[string][]string{
		"no address": {"create", "--email", "nonsense"}, "who is no staff": {"remove", "ada@acme.test"}, "a file that is not there": {"create", "--email", "x@y.test", "--password-file", "/nowhere/at/all"},
	} {
		_, err := c.run(t, append([]string{"staff"}, args...)...)
		var told *fault.Error
		if err == nil || errors.As(err, &told) && told.Code == fault.Internal || strings.Contains(err.Error(), "SQLSTATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := c.staff(t); len(got) != 0 {
		t.Errorf("something came of it: %+v", got)
	}
}
