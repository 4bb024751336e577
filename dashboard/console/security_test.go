package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// proven gives a person a browser that has shown a second factor.
func (w *world) proven(t testing.TB, s access.Arrival) (*browse.Browser, *access.Session) {
	t.Helper()
	s.Factors = 2
	session, err := w.judge.AdmitToConsole(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	b := w.server.Browser(t)
	b.SetCookie(home+"/", &http.Cookie{Name: "__Host-rookery_console", Value: session.Token, Path: "/", Secure: true})
	return b, session
}

// A company asks its people for a second factor: the room says whom that meets, and whoever
// asks has shown one.
func TestASecondFactorIsAskedOfEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	at := room(w.A) + "/security"
	weak := w.session(t, w.A.Person)
	page := weak.Get(at)
	contains(t, "alone", page, "Security · Tenant a.test", "sign-in: you.</b>", "You are alone here", "Not yet</span>", "set one up")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	page = weak.Get(at)
	contains(t, "two", page, "sign-in: you and ", `href="/tenants/`+w.A.Tenant.ID.String()+`/security"`)
	form := formTo(t, page, "/security")
	if got := weak.Submit(page, form, "required", "1"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `note--bad" role="alert"`) {
		t.Errorf("without a factor of one's own: %d", got.Status)
	}
	b, session := w.proven(t, access.Arrival{Person: w.A.Person})
	page = b.Get(at)
	done := b.Submit(page, formTo(t, page, "/security"), "required", "1")
	if done.Status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", done.Status, done.Body)
	}
	contains(t, "on", b.Follow(done), "No second factor yet: you and ", "No longer ask for it")
	// TEN-29
	token := url.Values{"authenticity_token": {access.CSRF(session)}}
	for name, got := range map[string]*browse.Page{
		"another session's form": b.Submit(page, form, "required", ""),
		"no token":               b.Post(at, url.Values{}),
		"another site":           b.Post(at, token, "Sec-Fetch-Site", "cross-site"),
	} {
		if got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	if got := weak.Get(at); got.Status != http.StatusSeeOther || got.Location() != "/me?needed=1" {
		t.Errorf("a browser without a factor: %d to %q", got.Status, got.Location())
	}
	for range 2 { // the second changes nothing, and says nothing
		if got := b.Post(at, token); got.Status != http.StatusSeeOther {
			t.Errorf("off again: %d", got.Status)
		}
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if on, err := access.NeedsSecondFactor(ctx, scope); err != nil || on {
			t.Errorf("still on: %v, %v", on, err)
		}
		entries, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: "security.require_second_factor", Limit: 10})
		if len(entries) != 2 {
			t.Errorf("%d entries in the audit log, want on and off", len(entries))
		}
		return err
	})
}

// Those without the right, and strangers, get nowhere.
func TestSecurityIsForOwnersAndAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	at := room(w.A) + "/security"
	b, session := w.proven(t, access.Arrival{Person: w.B.Person})
	token := url.Values{"authenticity_token": {access.CSRF(session)}, "required": {"1"}}
	if got := b.Get(at); got.Status != http.StatusNotFound {
		t.Errorf("a stranger: %d", got.Status)
	}
	for role, want := range map[people.Membership]int{
		people.MemberPlain: http.StatusForbidden, people.MemberBilling: http.StatusForbidden, people.MemberModerator: http.StatusForbidden, people.MemberAdmin: http.StatusOK,
	} {
		w.join(t, w.A, w.B.Person, role)
		got := b.Get(at)
		if got.Status != want {
			t.Errorf("%s: %d, want %d", role, got.Status, want)
		}
		if want != http.StatusOK {
			if got := b.Post(at, token); got.Status != http.StatusForbidden {
				t.Errorf("%s asks for it: %d", role, got.Status)
			}
			if strings.Contains(b.Get(room(w.A)).Body, `/security"`) {
				t.Errorf("%s sees it in the navigation", role)
			}
		}
	}
}
