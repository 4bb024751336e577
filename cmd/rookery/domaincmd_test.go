package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/testkit"
	"rookery/internal/testkit/dnstest"
)

// commands are the operator's, on a test's own database.
type commands struct {
	config string
	db     *testkit.Database
	dns    *dnstest.Server
}

func newCommands(t *testing.T) *commands {
	t.Helper()
	c := &commands{db: testkit.DB(t), dns: dnstest.Start(t), config: filepath.Join(t.TempDir(), "settings.toml")}
	var text strings.Builder
	for key, value := range map[string]string{
		"database_url": c.db.AppURL, "database_platform_url": c.db.PlatformURL, "database_owner_url": c.db.OwnerURL,
		"master_key": "the master key of tests: 32 characters and more", "public_scheme": "http", "admin_listen": "off", "log_level": "error",
		"platform_host": "rookery.test", "dns_resolvers": strings.Join(c.dns.ResolverAddresses(), ","), "protected_names": "company.test",
		"federation_allow_http": "true", "federation_allow_prefixes": "127.0.0.0/8,::1/128",
	} {
		fmt.Fprintf(&text, "%s = %q\n", key, value)
	}
	if err := os.WriteFile(c.config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c.must(t, "tenant", "create", "--name", "Acme", "--domain", "acme.test")
	return c
}

// run returns what a command prints.
func (c *commands) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append(args, "--config", c.config))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func (c *commands) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.run(t, args...)
	if err != nil {
		t.Fatalf("rookery %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *commands) sql(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// row is a claim as the commands print it.
type row struct {
	ID, Name, State, Reason, Advice, Role string
	Proof                                 struct{ Record, Value string }
}

// rows runs a command with --json.
func (c *commands) rows(t *testing.T, args ...string) (out []row) {
	t.Helper()
	text := c.must(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v\n%s", args, err, text)
	}
	return out
}

func TestDomainCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	added := c.rows(t, "domain", "add", "--tenant", "acme.test", "--mode", "whole", "social.acme-cycles.test")
	if len(added) != 1 || added[0].State != "pending_ownership" || added[0].Proof.Record != "_rookery-challenge.social.acme-cycles.test" {
		t.Fatalf("added %+v", added)
	}
	proof := added[0].Proof
	if text := c.must(t, "domain", "add", "--tenant", "acme.test", "split-cycles.test"); !strings.Contains(text, "_rookery-challenge.split-cycles.test.  TXT") ||
		!strings.Contains(text, "_rookery-challenge.social.split-cycles.test.") {
		t.Errorf("what to do:\n%s", text)
	}
	if got := c.rows(t, "domain", "list", "--tenant", "acme.test"); len(got) != 4 {
		t.Errorf("listed %+v", got)
	}
	c.dns.Zone("acme-cycles.test")
	if got := c.rows(t, "domain", "check", "social.acme-cycles.test"); got[0].Reason != "OWNERSHIP_TXT_MISSING" || !strings.Contains(got[0].Advice, proof.Value) {
		t.Errorf("checked %+v", got)
	}
	c.dns.Set(proof.Record + ` 60 TXT "` + proof.Value + `"`)
	// A domain's zone has its servers on another port than 53 here; the resolvers know the record.
	if got := c.rows(t, "domain", "check", "Social.Acme-Cycles.test."); got[0].State != "verified" && got[0].State != "pending_routing" {
		t.Errorf("checked %+v", got)
	}
	if got := c.rows(t, "domain", "retry", added[0].ID); len(got) != 1 || got[0].ID != added[0].ID {
		t.Errorf("retried %+v", got)
	}
	if _, err := c.run(t, "domain", "retry", added[0].ID); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("retried twice: %v", err)
	}
	if text := c.must(t, "domain", "list"); !strings.Contains(text, "social.split-cycles.test") || !strings.Contains(text, "WHAT TO DO") {
		t.Errorf("list:\n%s", text)
	}
}

func TestReleaseCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	for _, text := range []string{c.must(t, "domain", "release", "--dry-run", "acme.test"), c.must(t, "domain", "release", "acme.test", "--dry-run")} {
		if !strings.Contains(text, "acme.test works") || !strings.Contains(text, "undo") {
			t.Errorf("dry run: %s", text)
		}
	}
	if got := c.rows(t, "domain", "list"); got[0].State != "live" {
		t.Fatalf("a dry run changed it: %+v", got)
	}
	if got := c.rows(t, "domain", "release", "acme.test"); got[0].State != "releasing" {
		t.Errorf("released %+v", got)
	}
	if text := c.must(t, "domain", "release", "acme.test", "--dry-run"); !strings.Contains(text, "already") {
		t.Errorf("dry run: %s", text)
	}
	if got := c.rows(t, "domain", "undo", "acme.test"); got[0].State != "live" {
		t.Errorf("undone %+v", got)
	}
	if _, err := c.run(t, "domain", "undo", "acme.test"); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("undone twice: %v", err)
	}
	c.must(t, "domain", "add", "--tenant", "acme.test", "--mode", "whole", "new.test")
	if text := c.must(t, "domain", "release", "new.test", "--dry-run"); !strings.Contains(text, "never worked") {
		t.Errorf("dry run: %s", text)
	}
}

func TestStaffCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	for command, want := range map[string]string{"accept": "pending_ownership", "reject": "released"} {
		added := c.rows(t, "domain", "add", "--tenant", "acme.test", "--mode", "whole", map[string]string{"accept": "c0mpany.test", "reject": "compаny.test"}[command])
		if added[0].State != "needs_review" {
			t.Fatalf("added %+v", added)
		}
		if got := c.rows(t, "domain", command, added[0].ID); got[0].State != want || strings.Contains(got[0].Advice, "REJECTED") {
			t.Errorf("%s: %+v", command, got)
		}
	}
	id := c.rows(t, "domain", "list")[0].ID
	for command, want := range map[string]string{"keep": "live", "transfer": "released"} {
		c.sql(t, `UPDATE domains SET state = 'disputed' WHERE id = $1::text::bigint`, id)
		if got := c.rows(t, "domain", command, id); got[0].State != want {
			t.Errorf("%s: %+v", command, got)
		}
		if _, err := c.run(t, "domain", command, id); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("%s twice: %v", command, err)
		}
	}
}

func TestDomainCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	for _, command := range []string{"check", "retry", "release", "undo", "accept", "reject", "keep", "transfer"} {
		_, err := c.run(t, "domain", command, "nothing.test")
		if fault.CodeOf(err) != fault.NotFound || !strings.Contains(publicText(err), "nothing.test") || !strings.Contains(publicText(err), "rookery domain list") {
			t.Errorf("%s of an unknown name: %v", command, err)
		}
		if _, err := c.run(t, "domain", command); !errors.As(err, new(usageError)) {
			t.Errorf("%s of nothing: %v", command, err)
		}
		help := c.must(t, "domain", command, "--help")
		if !strings.Contains(help, command+" NAME|ID") || !strings.Contains(help, "--json") {
			t.Errorf("help of %s:\n%s", command, help)
		}
	}
	if _, err := c.run(t, "domain", "add", "--tenant", "nobody.test", "x.test"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("add for nobody: %v", err)
	}
	if _, err := c.run(t, "domain", "add", "--tenant", "acme.test", "co.uk"); fault.CodeOf(err) != fault.Invalid || !strings.Contains(publicText(err), "public suffix") {
		t.Errorf("add a public suffix: %v", err)
	}
	c.must(t, "tenant", "create", "--name", "Globex", "--domain", "globex.test")
	for _, host := range []string{"acme.test", "globex.test"} {
		c.must(t, "domain", "add", "--tenant", host, "--mode", "whole", "both.test")
	}
	if _, err := c.run(t, "domain", "check", "both.test"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(publicText(err), "ID") {
		t.Errorf("a name that two claim: %v", err)
	}
}

// What another server gets, step by step.
func TestDomainAsSeen(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	owner := "" // of the key
	var host string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor := "http://" + host + "/ap/actors/1"
		w.Header().Set("Content-Type", "application/jrd+json")
		if r.URL.Path == "/.well-known/webfinger" {
			_ = json.NewEncoder(w).Encode(map[string]any{
				"subject": r.URL.Query().Get("resource"), "links": []map[string]string{{"rel": "self", "type": "application/activity+json", "href": actor}},
			})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"id": actor, "type": "Person", "preferredUsername": "alice", "inbox": actor + "/inbox", "publicKey": map[string]string{"owner": owner},
		})
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	host = "seen.localhost:" + port
	owner = "http://" + host + "/ap/actors/1"
	c.must(t, "tenant", "create", "--name", "Seen", "--domain", host)
	if _, err := c.run(t, "domain", "check", host, "--as-seen"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("without an account: %v", err)
	}
	c.must(t, "account", "create", "--tenant", host, "--username", "alice")
	text := c.must(t, "domain", "check", host, "--as-seen")
	for _, want := range []string{"webfinger", "acct:alice@" + host, "→ 200", `Person "alice"`, "/inbox"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	owner = "http://other.test/1"
	text, err := c.run(t, "domain", "check", host, "--as-seen", "--json")
	if err == nil || !strings.Contains(text, `"step": "actor"`) || !strings.Contains(text, "no key of its own") {
		t.Errorf("a key of somebody else: %v\n%s", err, text)
	}
}

func TestAuditCommands(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	for _, name := range []string{"one.test", "two.test", "three.test"} {
		c.must(t, "domain", "add", "--tenant", "acme.test", "--mode", "whole", name)
	}
	if text := c.must(t, "audit", "verify", "--tenant", "acme.test"); !strings.Contains(text, "acme.test: 3 entries") {
		t.Errorf("verified: %s", text)
	}
	lines := strings.Split(strings.TrimSpace(c.must(t, "audit", "export", "--tenant", "acme.test", "--json")), "\n")
	if len(lines) != 3 {
		t.Fatalf("exported %d lines", len(lines))
	}
	var line struct {
		Seq   int
		Hash  string
		Entry struct{ Action string }
	}
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil || line.Seq != 2 || len(line.Hash) != 64 || line.Entry.Action != "domain.claim" {
		t.Errorf("a line: %+v, %v", line, err)
	}
	if text := c.must(t, "audit", "export", "--since", "2999-01-01"); text != "" {
		t.Errorf("since the far future: %s", text)
	}
	if _, err := c.run(t, "audit", "export", "--since", "yesterday"); !errors.As(err, new(usageError)) {
		t.Errorf("since yesterday: %v", err)
	}
	if _, err := c.run(t, "audit", "verify", "--tenant", "nobody.test"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("verify nobody's: %v", err)
	}
	c.sql(t, `UPDATE audit_entries SET body = convert_to(replace(convert_from(body, 'UTF8'), 'two.test', 'owt.test'), 'UTF8') WHERE seq = 2`)
	text, err := c.run(t, "audit", "verify")
	if err == nil || !strings.Contains(text, "acme.test: broken at entry 2") {
		t.Errorf("a changed entry: %v\n%s", err, text)
	}
	if text, err = c.run(t, "audit", "verify", "--json"); err == nil || !strings.Contains(text, `"broken": 2`) {
		t.Errorf("a changed entry: %v\n%s", err, text)
	}
}
