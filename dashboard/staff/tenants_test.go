package staff_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// A tenant is found by whatever somebody has in hand.
func TestTenantsAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.A.Person, people.MemberOwner)
	})
	customer := w.buy(t, w.A, "team")
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffSupport), 2)
	for name, q := range map[string]string{
		"a part of its name": "enant+a.te", "a host": "A.TEST", "an owner": "alice@a", "a customer": customer, "a mail at the provider": "money@a", "its number": w.A.Tenant.ID.String(),
	} {
		got := b.Get(home + "/tenants?q=" + q)
		contains(t, name, got, "Tenant a.test", "Team", "Paid")
		lacks(t, name, got, "Tenant b.test")
	}
	for name, q := range map[string]string{"a wildcard": "q=%25", "nothing": "q=nowhere", "a standing": "standing=grace", "a state": "state=deleted"} {
		contains(t, name, b.Get(home+"/tenants?"+q), "Nothing matches")
	}
	for name, q := range map[string]string{"a NUL": "q=%00", "a long one": "q=" + strings.Repeat("a", 201), "no state": "state=x"} {
		if got := b.Get(home + "/tenants?" + q); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	for _, path := range []string{"/tenants/1", "/tenants/x", "/tenants/-1"} {
		if got := b.Get(home + path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	got := b.Get(home + "/tenants/" + w.A.Tenant.ID.String())
	contains(t, "the page", got, customer, "https://dashboard.provider.test/test/customers/"+customer, "alice@a.test", "Invoices", "active", "€")
	lacks(t, "a page for support", got, "/decisions/new")
	contains(t, "one that never paid", b.Get(home+"/tenants/"+w.B.Tenant.ID.String()), "It has never paid", "Nobody has looked at it yet")
}

// A decision is shown before it is made, holds at once, and is in the tenant's own log without
// the name of who made it. Taking it back does the same the other way.
func TestADecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.buy(t, w.A, "solo")
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	at := home + "/tenants/" + w.A.Tenant.ID.String()
	page := b.Get(at + "/decisions/new")
	form := formTo(t, page, "/decisions")
	wrong := b.Submit(page, form, "accounts", "many", "until", "2001-01-01")
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong form: %d", wrong.Status)
	}
	contains(t, "a wrong form", wrong, "whole number", "from today on", "Say why")
	preview := b.Submit(page, form, "standing", "restricted", "plan", "team", "accounts", "80", "reason", "They <asked> for it.")
	contains(t, "the preview", preview, "Is this right?", "Read only", "Team", "80", "can do less at once", "They &lt;asked&gt; for it.")
	standing := func() (s tenant.Standing, accounts int) {
		w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
			e, err := store.FoundEntitlement(ctx, tx, w.A.Tenant.ID, w.fake.Now())
			s, accounts = e.Entitlement.Standing, e.Entitlement.Limits.Accounts
			return err
		})
		return s, accounts
	}
	if s, _ := standing(); s != tenant.Paid {
		t.Fatalf("after the preview it stands %q", s)
	}
	if back := b.Submit(preview, formTo(t, preview, "/decisions"), "change", "1"); !strings.Contains(back.Body, `value="80"`) {
		t.Error("what was typed is lost on the way back")
	}
	done := b.Submit(preview, formTo(t, preview, "/decisions"), "confirmed", "1")
	if s, n := standing(); done.Status != http.StatusSeeOther || s != tenant.Restricted || n != 80 {
		t.Fatalf("%d: it stands %q with %d accounts", done.Status, s, n)
	}
	page = b.Follow(done)
	contains(t, "the tenant", page, "In force", "They &lt;asked&gt; for it.", "mara@rookery.test", "decided how the tenant stands")
	end := ""
	for _, x := range strings.Split(page.Body, `"`) {
		if strings.HasSuffix(x, "/end") {
			end = origin + x
		}
	}
	question := b.Get(end)
	contains(t, "the question", question, "Take this decision back?", "Read only", "Paid")
	for _, f := range question.Forms {
		if strings.HasSuffix(f.Action, "/end") {
			form = f
		}
	}
	if got := b.Submit(question, form); got.Status != http.StatusSeeOther && got.Status != http.StatusConflict {
		t.Errorf("taking it back: %d\n%s", got.Status, got.Body)
	}
	if s, _ := standing(); s != tenant.Paid {
		t.Errorf("afterwards it stands %q", s)
	}
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		raw, err := pg.Values[[]byte](ctx, tx, `SELECT body FROM audit_entries WHERE actor_kind = 'staff' AND tenant_id = `+w.A.Tenant.ID.String()+` ORDER BY seq`, nil)
		if len(raw) != 2 {
			t.Errorf("%d entries in the tenant's log", len(raw))
		}
		for _, body := range raw {
			var e audit.Entry
			if err := json.Unmarshal(body, &e); err != nil {
				return err
			}
			if e.Actor.Name != "" || e.Actor.Address != "" || e.Actor.ID == 0 || !strings.HasPrefix(e.Action, "staff.deci") || e.Detail["reason"] != "They <asked> for it." {
				t.Errorf("the tenant reads %s", body)
			}
		}
		return err
	})
}
