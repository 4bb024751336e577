package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/tenant/people"
)

// A handle changes after its present name was typed; what was typed stays in the form until
// it does.
func TestAHandleIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return store.AddHandle(ctx, s, w.A.Account.ID, "alice", "a.test")
	})
	b := w.session(t, w.A.Person)
	contains(t, "the profile", b.Get(accountPage(w.A)+"/profile"), "Change the handle", "Keys")
	page := b.Get(accountPage(w.A) + "/handle")
	contains(t, "the page", page, "Now it is", "@alice@a.test", "Type alice to confirm")
	for name, tt := range map[string]struct{ username, sure, says string }{
		"not confirmed": {"help", "alic", "not its present name"},
		"not a name":    {"he lp", "alice", "cannot be a name"},
		"reserved":      {"admin", "alice", "kept free"},
		"the same":      {"alice", "alice", "is its handle already"},
		"nothing":       {"", "alice", "Give the account a name"},
	} {
		got := b.Submit(page, formTo(t, page, "/handle"), "username", tt.username, "sure", tt.sure)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, tt.says) || !strings.Contains(got.Body, `value="`+tt.sure+`"`) {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	changed := b.Follow(b.Submit(page, formTo(t, page, "/handle"), "username", " @help@a.test ", "sure", "@Alice@a.test"))
	contains(t, "afterwards", changed, "@help@a.test")
	if a := w.account(t); a.Username != "help" || a.URL != w.A.Tenant.URL("/@help") {
		t.Errorf("%+v", a)
	}
	contains(t, "the page again", b.Get(accountPage(w.A)+"/handle"), "Handles that lead here too", "@alice@a.test")
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'account.rename' AND convert_from(body, 'UTF8') LIKE '%"from":"@alice","to":"@help"%'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d entries", n)
	}
	if n := w.count(t, `SELECT count(*) FROM events WHERE tenant_id = $1 AND kind = 'account_updated'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d events for other servers", n)
	}
	contains(t, "the log", b.Get(room(w.A)+"/audit"), "changed the handle @alice to @help")
}

// A name of another account is refused in the form, and so is a fourth name in a month.
func TestAHandleThatIsNotFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	form := formTo(t, b.Get(room(w.A)+"/accounts/new"), "/accounts")
	form.Values.Set("username", "taken")
	b.Post(room(w.A)+"/accounts", form.Values, "Origin", home)
	change := func(from, to string) *browse.Page {
		page := b.Get(accountPage(w.A) + "/handle")
		return b.Submit(page, formTo(t, page, "/handle"), "username", to, "sure", from)
	}
	if got := change("alice", "Taken"); got.Status != http.StatusConflict || !strings.Contains(got.Body, "taken or was used before") {
		t.Errorf("another's name: %d", got.Status)
	}
	for _, step := range [][2]string{{"alice", "one"}, {"one", "two"}, {"two", "alice"}} {
		if got := change(step[0], step[1]); got.Status != http.StatusSeeOther {
			t.Fatalf("%v: %d", step, got.Status)
		}
	}
	if got := change("alice", "four"); got.Status != http.StatusTooManyRequests || !strings.Contains(got.Body, "3 times in 30 days") {
		t.Errorf("a fourth name: %d", got.Status)
	}
}

// New keys are made once the box is ticked, and not twice in a row.
func TestKeysAreMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	made := b.Get(room(w.A) + "/accounts/new")
	at := b.Submit(made, formTo(t, made, "/accounts"), "username", "keyed").Location()
	keys := home + strings.TrimPrefix(at, home) + "/keys"
	page := b.Get(keys)
	contains(t, "the page", page, "Signing key", "#main-key", "Fingerprint", "Make new keys for @keyed@a.test")
	blank := formTo(t, page, "/keys")
	blank.Values.Del("sure")
	if got := b.Submit(page, blank); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Tick the box") {
		t.Errorf("not ticked: %d", got.Status)
	}
	contains(t, "afterwards", b.Follow(b.Submit(page, formTo(t, page, "/keys"), "sure", "1")), "#main-key-2")
	if got := b.Submit(page, formTo(t, page, "/keys"), "sure", "1"); got.Status != http.StatusTooManyRequests || !strings.Contains(got.Body, "a moment ago") {
		t.Errorf("again: %d", got.Status)
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'account.keys' AND convert_from(body, 'UTF8') LIKE '%#main-key-2%'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d entries", n)
	}
	if n := w.count(t, `SELECT count(*) FROM events WHERE tenant_id = $1 AND kind = 'account_rekeyed'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d events for other servers", n)
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || r.Entries != 2 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

// An account's owner who manages nothing else changes its profile, but not who it is.
func TestWhoChangesAnIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	w.A.Grant(t, w.A.Account.ID, w.B.Person, people.Owner)
	bob := w.session(t, w.B.Person)
	profile := bob.Get(accountPage(w.A) + "/profile")
	if strings.Contains(profile.Body, "Change the handle") {
		t.Error("an account's owner is offered what they may not")
	}
	for _, path := range []string{"/handle", "/keys"} {
		if got := bob.Get(accountPage(w.A) + path); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.Status)
		}
		form := formTo(t, profile, "/profile").Values
		form.Set("username", "mine")
		form.Set("sure", "alice")
		if got := bob.Post(accountPage(w.A)+path, form, "Origin", home); got.Status != http.StatusForbidden {
			t.Errorf("sent to %s: %d", path, got.Status)
		}
	}
}
