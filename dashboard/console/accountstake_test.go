package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/tenant/export"
	"rookery/tenant/people"
)

// Each list on the page of an account can be had, page after page, and that is recorded.
func TestListsOfAnAccountAreTakenAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	id := w.A.Account.ID
	const many = 230 // more than two pages of domains, and than one of accounts
	w.set(t, `INSERT INTO domain_blocks (tenant_id, id, account_id, domain) SELECT $1, 1000 + n, $2, n || '.noise.test' FROM generate_series(1, $3::int) AS n`, w.A.Tenant.ID, id, many)
	w.set(t, `INSERT INTO accounts (tenant_id, id, username, domain, uri, actor_type) SELECT $1, 5000 + n, 'far' || n, 'far.test', 'https://far.test/' || n, 'Person' FROM generate_series(1, $2::int) AS n`, w.A.Tenant.ID, many)
	w.set(t, `INSERT INTO blocks (tenant_id, id, account_id, target_id) SELECT $1, 5000 + n, $2, 5000 + n FROM generate_series(1, $3::int) AS n`, w.A.Tenant.ID, id, many)
	want := map[string]string{
		"following_accounts.csv": "Account address,Show boosts,Notify on new posts,Languages\n", "followers.csv": "Account address\n",
		"muted_accounts.csv": "Account address,Hide notifications\n", "bookmarks.csv": "", "blocked_domains.csv": "#domain\n", "blocked_accounts.csv": "",
	}
	for n := range many {
		want["blocked_domains.csv"] += fmt.Sprintf("%d.noise.test\n", n+1)
		want["blocked_accounts.csv"] += fmt.Sprintf("far%d@far.test\n", n+1)
	}
	page := b.Get(accountPage(w.A) + "/profile")
	for _, file := range export.TableNames() {
		contains(t, "the page", page, "/"+file+`"`)
		got := b.Get(accountPage(w.A) + "/" + file)
		body, known := want[file]
		if got.Status != http.StatusOK || !known || got.Body != body {
			t.Errorf("%s: %d, %d bytes, want %d", file, got.Status, len(got.Body), len(body))
		}
		if kind, as := got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"); kind != "text/csv; charset=utf-8" || as != `attachment; filename="`+file+`"` {
			t.Errorf("%s: %s, %s", file, kind, as)
		}
	}
	entries, log := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'account.export'`, w.A.Tenant.ID), b.Get(auditRoom(w.A))
	if entries != len(want) {
		t.Errorf("%d entries for %d files", entries, len(want))
	}
	contains(t, "the audit log", log, "downloaded bookmarks.csv of @alice")
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || int(r.Entries) != len(want) {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
	// Asking only how it would be answered is no download.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, accountPage(w.A)+"/bookmarks.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Do(r); got.Status != http.StatusOK || w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1`, w.A.Tenant.ID) != entries {
		t.Errorf("HEAD: %d", got.Status)
	}
}

// Whoever looks after the company's data may, and an owner of the account; other roles on it
// do not see the links, and nobody records a refusal as a download.
func TestWhoTakesListsAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	bob := w.session(t, w.B.Person)
	for _, role := range []people.Role{people.Viewer, people.Drafter, people.Publisher, people.Owner} {
		w.A.Grant(t, w.A.Account.ID, w.B.Person, role)
		may := role == people.Owner
		if offered := strings.Contains(bob.Get(accountPage(w.A)+"/profile").Body, "Take it along"); offered != may {
			t.Errorf("a %s is offered lists: %t", role, offered)
		}
		want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[may]
		for _, file := range export.TableNames() {
			if got := bob.Get(accountPage(w.A) + "/" + file); got.Status != want {
				t.Errorf("a %s asks for %s: %d, want %d", role, file, got.Status, want)
			}
		}
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'account.export'`, w.A.Tenant.ID); n != len(export.TableNames()) {
		t.Errorf("%d entries", n)
	}
}
