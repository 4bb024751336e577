package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/people"
)

// followed makes somebody elsewhere who follows the tenant's account.
func (w *world) followed(t *testing.T, h *fixture.Home, domain string, times int) {
	t.Helper()
	h.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		for range times {
			id := ids.Format(ids.New())
			uri := "https://" + domain + "/users/" + id
			a := &social.Account{ID: social.AccountID(ids.New()), URI: uri, Username: "u" + id, Domain: domain, ActorType: "Person", URL: uri, InboxURL: uri + "/inbox"}
			if err := store.UpsertRemoteAccount(ctx, scope, a); err != nil {
				return err
			}
			if _, err := store.AddFollow(ctx, scope, social.Follow{ID: ids.New(), AccountID: a.ID, TargetID: h.Account.ID, URI: uri + "#f", State: social.FollowAccepted}, true); err != nil {
				return err
			}
		}
		return nil
	})
}

// untick leaves all boxes of a rule empty: the browser of tests sends them all.
func untick(f browse.Form) browse.Form {
	for _, box := range []string{"media", "reports", "obfuscate"} {
		f.Values.Del(box)
	}
	return f
}

// A rule is shown before it holds, changed and removed, by forms alone; each act is in the log.
func TestServerRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.followed(t, w.A, "far.spam.test", 2)
	w.followed(t, w.B, "spam.test", 1)
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/servers"
	if got := b.Get(at); got.Status != http.StatusOK || !strings.Contains(got.Body, "No rules yet") {
		t.Fatalf("the empty room: %d\n%s", got.Status, got.Body)
	}
	page := b.Get(at + "/new")
	form := untick(formTo(t, page, "/rules"))
	if got := b.Submit(page, form, "domain", "no domain", "private", "keep me"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "looks like example.com") || !strings.Contains(got.Body, "keep me") {
		t.Errorf("no domain: %d\n%s", got.Status, got.Body)
	}
	if got := b.Submit(page, form, "domain", "x.test", "severity", "noop"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a rule about nothing: %d", got.Status)
	}
	ask := b.Submit(page, form, "domain", "https://Spam.test/", "severity", "suspend", "private", "see the board", "public", "Spam")
	if ask.Status != http.StatusOK || !strings.Contains(ask.Body, "Block spam.test?") || !strings.Contains(ask.Body, "You know 2 accounts there. They follow you 2 times, and you follow them 0 times.") || !strings.Contains(ask.Body, "do not come back") {
		t.Errorf("what it would do: %d\n%s", ask.Status, ask.Body)
	}
	if n := w.count(t, `SELECT count(*) FROM server_rules`); n != 0 {
		t.Error("the rule holds before it is confirmed")
	}
	list := b.Follow(b.Submit(ask, formTo(t, ask, "/rules")))
	for _, want := range []string{"spam.test", "Blocked", "see the board", "What is known already follows"} {
		if !strings.Contains(list.Body, want) {
			t.Errorf("the list lacks %q:\n%s", want, list.Body)
		}
	}
	if n := w.count(t, `SELECT count(*) FROM river.river_job WHERE kind = 'servers_walk'`); n == 0 {
		t.Error("nobody is told to go over what is known")
	}

	rule := b.Get(at + "/rules/spam.test")
	if !strings.Contains(rule.Body, "see the board") || !strings.Contains(rule.Body, "You know 2 accounts") {
		t.Errorf("the rule:\n%s", rule.Body)
	}
	ask = b.Submit(rule, untick(formTo(t, rule, "/rules")), "severity", "silence", "media", "1")
	if !strings.Contains(ask.Body, "Limit spam.test?") || strings.Contains(ask.Body, "The follows end") {
		t.Errorf("a limit:\n%s", ask.Body)
	}
	list = b.Follow(b.Submit(ask, formTo(t, ask, "/rules")))
	if !strings.Contains(list.Body, "Limited") || !strings.Contains(list.Body, "No media") || strings.Contains(list.Body, ">Blocked<") {
		t.Errorf("after the change:\n%s", list.Body)
	}
	if got := b.Get(at + "?q=elsewhere"); !strings.Contains(got.Body, "Nothing matches") {
		t.Error("a search for another domain finds it")
	}
	if got := b.Get(at + "?q=pam"); !strings.Contains(got.Body, "/rules/spam.test") {
		t.Error("a search for a part of it finds nothing")
	}
	if n := w.count(t, `SELECT count(*) FROM server_rules WHERE tenant_id = $1`, int64(w.B.Tenant.ID)); n != 0 {
		t.Error("the other company has the rule too")
	}

	remove := b.Get(at + "/rules/Spam.TEST/remove")
	if list = b.Follow(b.Submit(remove, formTo(t, remove, "/remove"))); !strings.Contains(list.Body, "No rules yet") {
		t.Errorf("after it was removed:\n%s", list.Body)
	}
	if got := b.Submit(remove, formTo(t, remove, "/remove")); got.Status != http.StatusNotFound {
		t.Errorf("removed twice: %d", got.Status)
	}
	if got := b.Get(at + "/rules/spam.test"); got.Status != http.StatusNotFound {
		t.Errorf("a rule that is none: %d", got.Status)
	}
	log := b.Get(room(w.A) + "/audit").Body
	for _, want := range []string{"made a rule about the server spam.test", "changed the rule about the server spam.test", "removed the rule about the server spam.test"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// A file is looked at first, then taken; what is exported is what was imported.
func TestServerFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/servers"
	token := b.Form(b.Get(at+"/import"), "authenticity_token", "").Values.Get("authenticity_token")
	for name, file := range map[string]string{"nothing": "", "no header": "spam.test,suspend\n"} {
		if got := send(t, b, at+"/import", token, "file", file); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `role="alert"`) && !strings.Contains(got.Body, "file-error") {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	const file = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
		"spam.test,suspend,true,false,=HYPERLINK(1),false\nloud.test,silence,false,false,,true\nno domain,suspend,false,false,,false\nspam.test,silence,false,false,,false\n"
	preview := send(t, b, at+"/import", token, "file", file)
	for _, want := range []string{"2 rules are new", "2 lines cannot be read", "Line 4", "stands in line 2 already", "loud.test"} {
		if !strings.Contains(preview.Body, want) {
			t.Errorf("the preview lacks %q:\n%s", want, preview.Body)
		}
	}
	if n := w.count(t, `SELECT count(*) FROM server_rules`); n != 0 {
		t.Error("the file was taken without asking")
	}
	form := b.Form(preview, "confirmed", "1")
	done := b.Follow(sendAll(t, b, at+"/import", form.Values))
	if !strings.Contains(done.Body, "spam.test") || !strings.Contains(done.Body, "loud.test") {
		t.Errorf("after the import: %d\n%s", done.Status, done.Body)
	}
	export := b.Get(at + "/export")
	if kind := export.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") || !strings.Contains(export.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the export is %s", kind)
	}
	if !strings.Contains(export.Body, "spam.test,suspend,true,false,'=HYPERLINK(1),false\n") || !strings.Contains(export.Body, "loud.test,silence,false,false,,true\n") {
		t.Errorf("the export:\n%s", export.Body)
	}
	if again := send(t, b, at+"/import", token, "file", export.Body); !strings.Contains(again.Body, "0 rules are new") || !strings.Contains(again.Body, "2 are here already") {
		t.Errorf("one's own file again:\n%s", again.Body)
	}
	if log := b.Get(room(w.A) + "/audit").Body; !strings.Contains(log, "imported 2 rules about servers") {
		t.Error("the import is not in the log")
	}
}

// An allow-list says what it would cut before it does, and what does not come back.
func TestServerAllowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.followed(t, w.A, "aaa.test", 1)
	w.followed(t, w.A, "zzz.test", 3)
	w.followed(t, w.A, "friend.test", 2)
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/servers"
	list := b.Get(at + "?list=allowed")
	form := formTo(t, list, "/allowed")
	if got := b.Submit(list, form, "domain", "a b", "comment", "a friend"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "looks like example.com") || !strings.Contains(got.Body, "a friend") {
		t.Errorf("no domain: %d", got.Status)
	}
	if got := b.Follow(b.Submit(list, form, "domain", "Friend.test", "comment", "a friend")); !strings.Contains(got.Body, "friend.test") {
		t.Errorf("the list:\n%s", got.Body)
	}
	ask := b.Get(at + "/mode")
	if !strings.Contains(ask.Body, "4 follows end with 2 servers that are not on the list") || !strings.Contains(ask.Body, "such as zzz.test, aaa.test.") {
		t.Errorf("what it would cut:\n%s", ask.Body)
	}
	if got := b.Submit(ask, formTo(t, ask, "/mode"), "mode", "closed"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a mode that is none: %d", got.Status)
	}
	if got := b.Follow(b.Submit(ask, formTo(t, ask, "/mode"))); !strings.Contains(got.Body, "Only servers on the list of allowed ones") {
		t.Errorf("after it:\n%s", got.Body)
	}
	ask = b.Get(at + "/mode")
	if got := b.Follow(b.Submit(ask, formTo(t, ask, "/mode"))); !strings.Contains(got.Body, "All servers, but for those with a rule") {
		t.Errorf("open again:\n%s", got.Body)
	}
	list = b.Get(at + "?list=allowed")
	if got := b.Follow(b.Submit(list, formTo(t, list, "/friend.test/remove"))); !strings.Contains(got.Body, "No server is on the list") {
		t.Errorf("taken off:\n%s", got.Body)
	}
	page := b.Get(at)
	shown := b.Follow(b.Submit(page, formTo(t, page, "/show"), "blocks", "all", "reasons", "users"))
	if !strings.Contains(shown.Body, `<option value="all" selected>`) || !strings.Contains(shown.Body, `<option value="users" selected>`) {
		t.Errorf("who sees it:\n%s", shown.Body)
	}
	if got := b.Submit(page, formTo(t, page, "/show"), "blocks", "friends", "reasons", "users"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("shown to no group there is: %d", got.Status)
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE action LIKE 'server.%'`); n != 5 {
		t.Errorf("%d acts are in the log, want 5", n)
	}
}

// TEN-31: moderators keep this room, and while the company is not active it is only looked at.
func TestServersOfARoleAndOfASuspendedCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	at := room(w.A) + "/servers"
	for role, may := range map[people.Membership]bool{people.MemberAdmin: true, people.MemberModerator: true, people.MemberBilling: false, people.MemberPlain: false} {
		person := w.Person(t, string(role)+"@a.test")
		w.join(t, w.A, person, role)
		b := w.session(t, person)
		if got := b.Get(at); (got.Status == http.StatusOK) != may {
			t.Errorf("%s: %d", role, got.Status)
		}
		if strings.Contains(b.Get(room(w.A)).Body, "/servers\"") != may {
			t.Errorf("%s: the way there is wrong", role)
		}
	}
	b := w.session(t, w.A.Person)
	page := b.Get(at + "/new")
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Submit(page, formTo(t, page, "/rules"), "domain", "spam.test", "confirmed", "1"); got.Status != http.StatusForbidden {
		t.Errorf("a rule of a suspended company: %d", got.Status)
	}
	if got := b.Get(at); got.Status != http.StatusOK || !strings.Contains(got.Body, "Nothing can be changed") {
		t.Errorf("its room: %d", got.Status)
	}
}
