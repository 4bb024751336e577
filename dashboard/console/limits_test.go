package console_test

import (
	"net/http"
	"strings"
	"testing"

	"rookery/billing"
	"rookery/dashboard/console"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/people"
)

// sold is a console where something is charged.
func sold(d *console.Deps) {
	d.Offers = &billing.Catalogue{Plans: []billing.Plan{
		{ID: "team", Name: "Team", IsPublic: true, Limits: tenant.Limits{Accounts: 1, Lacks: []tenant.Feature{tenant.Inbox, tenant.SingleSignOn}}},
		{ID: "secret", Name: "Secret", Limits: tenant.Limits{}},
		{ID: "large", Name: "Large", IsPublic: true},
	}}
}

// entitle says what a company may do, as billing would.
func (w *world) entitle(t *testing.T, h *fixture.Home, e tenant.Entitlement) {
	t.Helper()
	one, ok := w.Registry.ByID(h.Tenant.ID)
	if !ok {
		t.Fatal("the registry does not know the company")
	}
	one.Entitlement = e
}

func lacks(t *testing.T, what, page string, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(page, word) {
			t.Errorf("%s says %q", what, word)
		}
	}
}

// An account too many is refused in the form, with the way to a larger plan for whoever may
// take it; one that is charged besides is announced; where nothing is charged nothing is said.
func TestNewAccountsOnAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	b := w.session(t, w.A.Person)
	form := b.Get(room(w.A) + "/accounts/new")
	lacks(t, "a company without a plan", form.Body, "plan", "charged")
	w.entitle(t, w.A, tenant.Entitlement{Standing: tenant.Paid, Plan: "team", Limits: tenant.Limits{Accounts: 1}})
	full := b.Get(room(w.A) + "/accounts/new")
	contains(t, "a full plan", full, "Your plan has no more accounts", `href="/tenants/`+w.A.Tenant.ID.String()+`/billing"`)
	refused := b.Submit(full, formTo(t, full, "/accounts"), "username", "press", "display_name", "Press")
	if refused.Status != http.StatusForbidden {
		t.Errorf("an account too many: %d", refused.Status)
	}
	contains(t, "an account too many", refused, "Your plan has no more accounts", `value="press"`, `value="Press"`)

	admin := w.Person(t, "admin@a.test")
	w.join(t, w.A, admin, people.MemberAdmin)
	page := w.session(t, admin).Get(room(w.A) + "/accounts/new")
	contains(t, "an admin", page, "Your plan has no more accounts")
	lacks(t, "an admin, who has no business with plans,", page.Body, "See plans", "/billing")

	w.entitle(t, w.A, tenant.Entitlement{Standing: tenant.Paid, Plan: "team", Limits: tenant.Limits{Accounts: 3, MoreAccounts: true}})
	more := b.Get(room(w.A) + "/accounts/new")
	contains(t, "an account besides", more, "Your plan Team includes 1 accounts. This one is charged besides")
	if made := b.Submit(more, formTo(t, more, "/accounts"), "username", "press"); made.Status != http.StatusSeeOther {
		t.Errorf("an account besides: %d\n%s", made.Status, made.Body)
	}
}

func TestSeatsAndDomainsOnAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	b := w.session(t, w.A.Person)
	w.entitle(t, w.A, tenant.Entitlement{Standing: tenant.Paid, Plan: "team", Limits: tenant.Limits{Seats: 1}})
	page := b.Get(room(w.A) + "/people")
	got := b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "mara@acme.test", "role", "member")
	if got.Status != http.StatusForbidden {
		t.Errorf("a seat too many: %d", got.Status)
	}
	contains(t, "a seat too many", got, "no more seats", "See plans", `value="mara@acme.test"`)

	w.entitle(t, w.A, tenant.Entitlement{Standing: tenant.Grace})
	add := b.Get(room(w.A) + "/domains/new")
	got = b.Submit(add, formTo(t, add, "/domains"), "name", "acme-cycles.com", "mode", "whole")
	if got.Status != http.StatusForbidden {
		t.Errorf("a domain while a payment is missing: %d", got.Status)
	}
	contains(t, "a domain while a payment is missing", got, "a payment is missing", `value="acme-cycles.com"`)
}

// The set-up keeps what was typed, and says why it could not be done.
func TestTheSetUpOnAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	b := w.session(t, w.A.Person)
	acme := w.founded(t, b, "Acme", "acme")
	w.entitle(t, acme, tenant.Entitlement{Standing: tenant.Trial, Limits: tenant.Limits{Accounts: 1, Seats: 2}})
	page := b.Get(room(acme) + "/setup/people")
	got := b.Submit(page, formTo(t, page, "/setup/people"), "username_1", "support", "username_2", "news", "email_1", "dan@c.test")
	if got.Status != http.StatusForbidden {
		t.Errorf("two accounts on a trial of one: %d", got.Status)
	}
	contains(t, "two accounts", got, "no more accounts", "@support@", `value="news"`, `value="dan@c.test"`)
	page = b.Get(room(acme) + "/setup/people")
	got = b.Submit(page, formTo(t, page, "/setup/people"), "email_1", "dan@c.test", "email_2", "eve@c.test")
	if got.Status != http.StatusForbidden {
		t.Errorf("three people on a trial of two: %d", got.Status)
	}
	contains(t, "three people", got, "no more seats", "dan@c.test", `value="eve@c.test"`)
}

// What a plan does not have cannot be set up anew; what is there goes on, and can be ended.
func TestFeaturesOnAPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	b := w.session(t, w.A.Person)
	ann := w.Person(t, "ann@a.test")
	w.join(t, w.A, ann, people.MemberPlain)
	old := w.Person(t, "old@a.test")
	w.A.Grant(t, w.A.Account.ID, old, people.Drafter)
	w.entitle(t, w.A, tenant.Entitlement{Standing: tenant.Paid, Plan: "team", Limits: tenant.Limits{
		AuditDays: 7, Lacks: []tenant.Feature{tenant.Approvals, tenant.Inbox, tenant.SingleSignOn},
	}})
	field := "account_" + ids.Format(int64(w.A.Account.ID))
	for person, want := range map[social.PersonID]int{ann: http.StatusForbidden, old: http.StatusSeeOther} {
		page := b.Get(room(w.A) + "/people/" + ids.Format(int64(person)))
		got := b.Submit(page, formTo(t, page, "/grants"), field, "drafter")
		if got.Status != want {
			t.Errorf("a drafter, %d: %d", person, got.Status)
		}
		if want == http.StatusForbidden {
			contains(t, "a new drafter", got, "Your plan does not include this")
		}
	}
	page := b.Get(room(w.A) + "/people")
	if got := b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "mara@acme.test", "role", "member", field, "drafter"); got.Status != http.StatusForbidden {
		t.Errorf("a drafter is invited: %d", got.Status)
	}
	sso := b.Get(room(w.A) + "/security/sso")
	contains(t, "single sign-on", sso, "Your plan does not include this", "The plan Large includes it", "See plans")
	got := b.Submit(sso, formTo(t, sso, "/security/sso"), "issuer", "https://login.acme.test", "client_id", "c", "client_secret", "s", "on", "1", "act", "save")
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, `value="https://login.acme.test"`) {
		t.Errorf("single sign-on is turned on: %d", got.Status)
	}
	replies := b.Get(room(w.A) + "/inbox/replies")
	got = b.Submit(replies, formTo(t, replies, "/inbox/replies"), "title", "Hello", "text", "Good day")
	if got.Status != http.StatusForbidden {
		t.Errorf("a saved reply: %d", got.Status)
	}
	contains(t, "a saved reply", got, "Your plan does not include this", "Good day")
	contains(t, "the log", b.Get(room(w.A)+"/audit"), "the last 7 days")

	w.entitle(t, w.A, tenant.Entitlement{})
	page = b.Get(room(w.A) + "/people/" + ids.Format(int64(ann)))
	if got := b.Submit(page, formTo(t, page, "/grants"), field, "drafter"); got.Status != http.StatusSeeOther {
		t.Errorf("where nothing is charged: %d", got.Status)
	}
	for _, path := range []string{"/security/sso", "/audit", "/people"} {
		lacks(t, path, b.Get(room(w.A)+path).Body, "Your plan", "See plans")
	}
}
