package staff_test

import (
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

// A passkey is a second factor to set up at the first sign-in, and both factors at the next:
// fresh ones, so that nothing is asked again. Of somebody who is no longer staff it opens
// nothing, and says what a wrong one says.
func TestPasskeyAtTheStaffPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	mara := w.hire(t, "mara@rookery.test", access.StaffAdmin)
	tab := browse.StartChromium(t, w.server.Listener.Addr().String()).Tab(t, 390)
	tab.Authenticator()
	tab.Open(home + "/sign_in")
	tab.Fill("email", "mara@rookery.test")
	tab.Fill("password", password)
	tab.Press("form:not([data-passkey]) button")
	if got := tab.Path(); !strings.HasPrefix(got, "/staff/me") {
		t.Fatalf("after the password: %s", got)
	}
	tab.Open(home + "/me")
	tab.Press("form[data-passkey] button")
	tab.Open(home + "/tenants")
	if got := tab.Text("h1"); got != "Tenants" {
		t.Fatalf("after adding a passkey: %q at %s", got, tab.Path())
	}

	tab.Click(".top .me summary")
	tab.Press(".top .me form button")
	decision := "/staff/tenants/" + w.A.Tenant.ID.String() + "/decisions/new"
	tab.Open(origin + decision)
	if got := tab.Path(); !strings.HasPrefix(got, "/staff/sign_in?next=") {
		t.Fatalf("signed out, a decision is at %s", got)
	}
	tab.Press("form[data-passkey] button")
	if got := tab.Path(); got != decision {
		t.Errorf("after signing in by passkey: %s\n%s", got, tab.Text("main"))
	}
	w.set(t, `UPDATE staff_sessions SET proved_at = now() - interval '16 minutes'`)
	tab.Open(origin + decision)
	if got := tab.Text("main"); !strings.HasPrefix(tab.Path(), "/staff/prove") || !strings.Contains(got, "You have no authenticator app") {
		t.Fatalf("later: %s\n%s", tab.Path(), got)
	}
	tab.Press("main a.btn--go")
	tab.Press("form[data-passkey] button")
	if got := tab.Path(); got != decision {
		t.Errorf("after showing it again: %s", got)
	}

	if err := w.judge.RemoveStaff(t.Context(), mara, audit.ByOperator()); err != nil {
		t.Fatal(err)
	}
	tab.Open(home + "/sign_in")
	tab.Press("form[data-passkey] button")
	if got := tab.Text("[role=alert]"); !strings.HasPrefix(tab.Path(), "/staff/sign_in") || got == "" {
		t.Errorf("who is no longer staff gets to %s, which says %q", tab.Path(), got)
	}
}
