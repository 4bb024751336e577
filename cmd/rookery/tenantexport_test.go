package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An operator writes all of an organisation into a file, which is never overwritten, and of
// which the log tells.
func TestTenantExportCommand(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	c.must(t, "account", "create", "--username", "support", "--tenant", "acme.test", "--display-name", "Acme Support")
	c.must(t, "block", "domain", "add", "loud.example", "--severity", "silence", "--tenant", "acme.test", "--private-comment", "see the board")
	file := filepath.Join(t.TempDir(), "acme.zip")
	text := c.must(t, "tenant", "export", "acme.test", "--out", file, "--json")
	var told struct {
		Files, Bytes int
		SHA256       string
	}
	if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &told); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(body); told.SHA256 != hex.EncodeToString(sum[:]) || told.Bytes != len(body) {
		t.Errorf("%+v, the file has %d bytes with the sum %x", told, len(body), sum)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != told.Files {
		t.Errorf("%d files, %d were told", len(z.File), told.Files)
	}
	var actor struct {
		PreferredUsername, Name string
	}
	if err := json.Unmarshal(entry(t, &z.Reader, "accounts/support/actor.json"), &actor); err != nil || actor.PreferredUsername != "support" || actor.Name != "Acme Support" {
		t.Errorf("the account is %+v, %v", actor, err)
	}
	rules, err := csv.NewReader(strings.NewReader(string(entry(t, &z.Reader, "company/domain_blocks.csv")))).ReadAll()
	if err != nil || len(rules) != 2 || rules[1][0] != "loud.example" || rules[1][1] != "silence" {
		t.Errorf("the rules are %q, %v", rules, err)
	}
	if _, err := c.run(t, "tenant", "export", "acme.test", "--out", file); err == nil {
		t.Error("a file that is there was written over")
	}
	if again, err := os.ReadFile(file); err != nil || len(again) != len(body) {
		t.Errorf("the file has %d bytes now, %v", len(again), err)
	}
	if _, err := os.Stat(file + ".part"); !os.IsNotExist(err) {
		t.Errorf("half a file is left: %v", err)
	}
	for _, args := range [][]string{{"acme.test"}, {"nobody.test", "--out", file + "2"}} {
		if out, err := c.run(t, append([]string{"tenant", "export"}, args...)...); err == nil {
			t.Errorf("%v is taken:\n%s", args, out)
		}
	}
	if got := c.must(t, "audit", "export", "--tenant", "acme.test"); strings.Count(got, "export.download") != 1 {
		t.Errorf("the log:\n%s", got)
	}
}

func entry(t *testing.T, z *zip.Reader, name string) []byte {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
