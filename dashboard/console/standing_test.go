package console_test

import (
	"net/http"
	"testing"
	"time"

	"rookery/internal/ids"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/people"
)

// TEN-20: who looks after the money is told why and until when, others that not everything
// works; where nothing is charged, or all is well, nobody reads a word.
func TestTheConsoleSaysHowACompanyStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	paying, plain := w.Person(t, "payer@a.test"), w.Person(t, "plain@a.test")
	w.join(t, w.A, paying, people.MemberBilling)
	w.join(t, w.A, plain, people.MemberPlain)
	owner, payer, member := w.session(t, w.A.Person), w.session(t, paying), w.session(t, plain)
	since, until := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC), time.Date(2026, 5, 6, 9, 0, 0, 0, time.UTC)
	link := `href="/tenants/` + w.A.Tenant.ID.String() + `/billing"`
	for _, tt := range []struct {
		standing      tenant.Standing
		payers, every []string
	}{
		{"", nil, nil}, {tenant.Trial, nil, nil}, {tenant.Paid, nil, nil},
		{tenant.Grace, []string{"A payment failed on", "4 March 2026", "6 May 2026", link}, nil},
		{tenant.Restricted, []string{"no paid plan since", "4 March 2026", "6 May 2026", link}, []string{"is read-only at the moment"}},
		{tenant.Unpaid, []string{"no paid plan since", "6 May 2026", link}, []string{"is paused."}},
		{tenant.Closing, []string{"A paid plan keeps all of it", link}, []string{"is being closed.", "6 May 2026"}},
	} {
		w.entitle(t, w.A, tenant.Entitlement{Standing: tt.standing, Since: since, EndsAt: until})
		for who, b := range map[string]*browse.Browser{"owner": owner, "payer": payer, "member": member} {
			got := b.Get(room(w.A))
			what := who + " while " + string(tt.standing)
			if got.Status != http.StatusOK {
				t.Fatalf("%s: %d", what, got.Status)
			}
			contains(t, what, got, tt.every...)
			if tt.payers == nil && tt.every == nil {
				lacks(t, what, got.Body, "standing", "paid plan", "payment")
			}
			if who == "member" {
				lacks(t, what, got.Body, "paid plan", "payment", link)
			} else {
				contains(t, what, got, tt.payers...)
			}
		}
	}
}

// TEN-20: while nothing may be read, the rooms are open to those who can pay, export and send
// away; whoever looks after an account takes its lists along, and is told in the other rooms.
func TestRoomsOfACompanyThatIsPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", sold)
	w.join(t, w.A, w.A.Person, people.MemberOwner)
	helper := w.Person(t, "helper@a.test")
	w.join(t, w.A, helper, people.MemberAdmin)
	w.A.Grant(t, w.A.Account.ID, helper, people.Owner)
	account := room(w.A) + "/accounts/" + ids.Format(int64(w.A.Account.ID))
	b, owner := w.session(t, helper), w.session(t, w.A.Person)
	for _, standing := range []tenant.Standing{tenant.Unpaid, tenant.Closing} {
		w.entitle(t, w.A, tenant.Entitlement{Standing: standing})
		for _, path := range []string{room(w.A), account, account + "/followers.csv"} {
			if got := b.Get(path); got.Status != http.StatusOK {
				t.Errorf("%s: %s: %d", standing, path, got.Status)
			}
		}
		for _, path := range []string{"/people", "/publish", "/inbox", "/domains", "/data", "/audit", "/branding", "/publish/new"} {
			got := b.Get(room(w.A) + path)
			if got.Status != http.StatusForbidden {
				t.Errorf("%s: %s to an admin: %d", standing, path, got.Status)
			}
			contains(t, path, got, "account is")
		}
		for _, path := range []string{"/people", "/data", "/domains", "/deletion"} {
			if got := owner.Get(room(w.A) + path); got.Status != http.StatusOK {
				t.Errorf("%s: %s to an owner: %d", standing, path, got.Status)
			}
		}
	}
}

// TEN-20: the composer of a company that may publish nothing keeps what was typed and says why;
// as a draft it is kept. What has a time says that it waits.
func TestComposingWhileNothingIsPublished(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	at := room(n.A) + "/publish"
	n.send(t, n.owner, at+"/new", nil, "text", "At noon", "date", "2099-01-01", "time", "12:00", "zone", "UTC", "act", "send")
	n.entitle(t, n.A, tenant.Entitlement{Standing: tenant.Restricted})
	wants(t, n.send(t, n.owner, at+"/new", nil, "text", "Spring sale", "act", "send"), http.StatusForbidden, "Spring sale", "read-only")
	if posts := n.count(t, `SELECT count(*) FROM statuses WHERE tenant_id = $1`, n.A.Tenant.ID); posts != 0 {
		t.Errorf("%d posts", posts)
	}
	if kept := n.send(t, n.owner, at+"/new", nil, "text", "Spring sale", "act", "draft"); kept.Status != http.StatusSeeOther {
		t.Errorf("kept as a draft: %d", kept.Status)
	}
	wants(t, n.owner.Get(at+"?list=scheduled"), http.StatusOK, "At noon", "so it waits")
}
