package staff_test

import (
	"testing"

	"rookery/internal/audit"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

// River's pages work in a browser under the policy that they get, behind the whole way in.
func TestQueuesInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	mara := w.hire(t, "mara@rookery.test", access.StaffAdmin)
	_, s := w.session(t, mara, 2)
	setup, err := w.factors.SetUp(t.Context(), mara, s.Hash, "Rookery", "mara@rookery.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.factors.Confirm(t.Context(), mara, s.Hash, w.code(t, setup.Secret), audit.BySystem("test")); err != nil {
		t.Fatal(err)
	}
	tab := browse.StartChromium(t, w.server.Listener.Addr().String()).Tab(t, 1280)
	tab.Open(home + "/sign_in?next=%2Fstaff%2Fqueues%2F")
	tab.Fill("email", "mara@rookery.test")
	tab.Fill("password", password)
	tab.Press("form:not([data-passkey]) button")
	tab.Fill("code", w.code(t, setup.Secret))
	tab.Press("main form button")
	if !browse.Await[bool](tab, `new Promise(done => {
		const end = Date.now() + 15000;
		(function look() { const text = frames[0].document.body?.innerText; if (/No jobs found/.test(text)) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 50); })();
	})`) {
		t.Errorf("at %s the frame shows %q", tab.Path(), browse.Evaluate[string](tab, `frames[0].document.body.innerText`))
	}
	// A library in it asks whether it may compile code. It may not, and does without.
	if refused := browse.Evaluate[[]string](tab, `[...window.refused, ...frames[0].refused].filter(what => !what.startsWith("script-src eval"))`); len(refused) > 0 {
		t.Errorf("the policy refused %q", refused)
	}
	if got := tab.Text("h1"); got != "Queues" || tab.Text(`.side a[aria-current]`) != "Queues" {
		t.Errorf("our page around it says %q", got)
	}
	// What an address names is what the frame shows, and no page of the queues is without ours.
	tab.Open(home + "/queues/queues")
	if got := browse.Evaluate[string](tab, `document.querySelector("iframe").src`); got != home+"/queues/queues" {
		t.Errorf("the frame shows %s", got)
	}
	tab.Press(".side .nav a:first-child")
	if got := tab.Path(); got != "/staff/tenants" {
		t.Errorf("back leads to %s", got)
	}
}
