package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"

	"rookery/internal/pg"
)

// changesIdentity: an account that a server over there follows gets another handle and other
// keys, by commands in a process of their own; nothing is lost, and nobody follows anew.
func (f *fediverse) changesIdentity() {
	before := *f.alice
	f.server.rookery("account", "rename", "--tenant", f.alice.Host, "--username", "support", "--to", "help")
	f.alice.Name = "help"
	update := f.awaitReceived("our Update of the actor with its new name", func(d document) bool {
		return d.text("type") == "Update" && d.object() == f.alice.URI && d.embedded().text("preferredUsername") == "help"
	})
	if got, want := update.embedded().text("webfinger"), strings.TrimPrefix(f.alice.Handle(), "@"); got != want && got != "" {
		f.t.Errorf("the actor says that it is %q, want %q", got, want)
	}
	for _, handle := range []string{f.alice.Handle(), before.Handle()} {
		var jrd struct{ Subject string }
		f.bob.do("webfinger", map[string]any{"resource": "acct:" + strings.TrimPrefix(handle, "@")}, &jrd)
		if want := "acct:" + strings.TrimPrefix(f.alice.Handle(), "@"); jrd.Subject != want {
			f.t.Errorf("%s is %q, want %q", handle, jrd.Subject, want)
		}
	}
	var me accountEntity
	f.alice.must(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, &me)
	if me.Acct != "help" {
		f.t.Errorf("an app reads its account as %q", me.Acct)
	}
	f.awaitPost("posted under the new handle")

	var made struct {
		KeyID string `json:"key_id"`
	}
	printed := f.server.rookery("account", "rotate-keys", "--tenant", f.alice.Host, "--username", "help", "--json")
	if err := json.Unmarshal([]byte(printed), &made); err != nil || made.KeyID != f.alice.URI+"#main-key-2" {
		f.t.Errorf("rotate-keys --json printed %s: %v", printed, err)
	}
	f.awaitReceived("our Update of the actor with its new key, which the old one signs", func(d document) bool {
		key, _ := d.embedded()["publicKey"].(map[string]any)
		return d.text("type") == "Update" && d.object() == f.alice.URI && document(key).text("id") == made.KeyID
	})
	f.awaitPost("posted right after the keys changed")
	f.settle()
	f.awaitPost("posted with the new key")
}

func (f *fediverse) awaitPost(text string) {
	f.t.Helper()
	post := f.alice.post(map[string]any{"status": text, "visibility": "public"})
	f.awaitReceived("what was "+text, func(d document) bool { return d.text("type") == "Create" && d.object() == post.URI })
}

// settle lets pass the minutes in which the former key still signs, and then erases it.
func (f *fediverse) settle() {
	f.t.Helper()
	ctx := f.t.Context()
	err := f.server.db.PG.Platform(ctx, "a test", func(p *pg.PlatformTx) error {
		n, err := pg.Exec(ctx, p, `UPDATE account_keys SET created_at = now() - interval '1 hour', former_sealed = NULL, former_until = NULL WHERE former_until > now()`, nil)
		if n != 1 {
			f.t.Errorf("%d keys had a former one", n)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}
