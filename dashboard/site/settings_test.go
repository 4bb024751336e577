package site_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// letIn gives an app a token of alice for an account, as her consent would.
func (w *world) letIn(t testing.TB, name string, account social.AccountID, scopes string) *access.Issued {
	t.Helper()
	var token *access.Issued
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		app, _, err := access.RegisterApp(ctx, scope, access.NewApp{Name: name, Website: "https://heron.test/app", RedirectURIs: []string{access.OOB}, Scopes: scopes})
		if err != nil {
			return err
		}
		token, err = access.CreateToken(ctx, scope, account, w.A.Person, access.Scopes(strings.Fields(scopes)), app)
		return err
	})
	return token
}

// Somebody sees what was let in, ends one of it, and nothing else ends.
func TestYourApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	if got := b.Get(home + "/settings/apps"); got.Location() != "/auth/sign_in?next=%2Fsettings%2Fapps" {
		t.Errorf("a stranger is led to %q", got.Location())
	}
	w.session(t, b)
	if got := b.Get(home + "/settings/apps"); !strings.Contains(got.Body, "No app has access") {
		t.Errorf("without apps: %d\n%s", got.Status, got.Body)
	}
	heron := w.letIn(t, "Heron", w.support.ID, "read write")
	other := w.letIn(t, "Kestrel", w.A.Account.ID, "read:statuses")
	page := b.Get(home + "/settings/apps")
	for _, want := range []string{"Heron", "An app from heron.test", "@support@a.test", "Kestrel", "@alice@a.test", "not used yet", "Post, reply and boost"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	form := page.Forms[0]
	for _, f := range page.Forms {
		if strings.HasSuffix(f.Action, "/end") {
			form = f // the last is the oldest: Heron
		}
	}
	if got := b.Submit(page, form, "authenticity_token", "x"); got.Status != http.StatusForbidden {
		t.Errorf("with a wrong token: %d", got.Status)
	}
	done := b.Submit(page, form)
	if done.Status != http.StatusSeeOther {
		t.Fatalf("ending access: %d\n%s", done.Status, done.Body)
	}
	page = b.Follow(done)
	if !strings.Contains(page.Body, "Heron has no access any more") || strings.Contains(page.Body, "@support@a.test") {
		t.Errorf("after it:\n%s", page.Body)
	}
	if _, err := w.judge.Authenticate(t.Context(), w.A.Tenant.ID, heron.Secret); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("the ended token: %v", err)
	}
	if _, err := w.judge.Authenticate(t.Context(), w.A.Tenant.ID, other.Secret); err != nil {
		t.Errorf("the other app's token: %v", err)
	}
	// A link cannot claim that something was ended.
	if got := b.Get(home + "/settings/apps?ended=Your+bank"); strings.Contains(got.Body, "Your bank") {
		t.Error("an address made up elsewhere is shown as fact")
	}
}

// What somebody else let in is not listed, and cannot be ended.
func TestAppsAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.letIn(t, "Heron", w.support.ID, "read")
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Join(ctx, scope, w.B.Person, people.MemberPlain)
	})
	viewer, err := w.judge.Authenticate(t.Context(), w.A.Tenant.ID, token.Secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, w.B.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	b := w.server.Browser(t)
	b.SetCookie(home+"/", &http.Cookie{Name: "__Host-rookery_session", Value: s.Token, Path: "/", Secure: true})
	page := b.Get(home + "/settings/apps")
	if strings.Contains(page.Body, "Heron") {
		t.Error("bob sees alice's app")
	}
	form := b.Form(page, "authenticity_token", "")
	form.Action = "/settings/apps/" + ids.Format(int64(viewer.App)) + "/end"
	b.Submit(page, form)
	if _, err := w.judge.Authenticate(t.Context(), w.A.Tenant.ID, token.Secret); err != nil {
		t.Errorf("bob ended alice's token: %v", err)
	}
	form.Action = "/settings/apps/none/end"
	if got := b.Submit(page, form); got.Status != http.StatusNotFound {
		t.Errorf("an app that is none: %d", got.Status)
	}
}

// The old password is asked for, all other browsers are signed out, this one stays.
func TestChangeYourPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	w.signIn(t, b)
	elsewhere, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	console, err := w.judge.StartConsoleSession(t.Context(), w.A.Person, "console")
	if err != nil {
		t.Fatal(err)
	}
	token := w.letIn(t, "Heron", w.support.ID, "read")
	const next = "a staple for the horse"
	page := b.Get(home + "/settings/password")
	form := b.Form(page, "old_password", "")
	for name, tt := range map[string]struct{ old, new, again, want string }{
		"wrong old": {"not it", next, next, "not the password you have now"},
		"too short": {password, "short", "short", "at least 8"},
		"not twice": {password, next, next + "x", "differs from the password above"},
		"the same":  {password, password, password, "Think of another"},
	} {
		got := b.Submit(page, form, "old_password", tt.old, "new_password", tt.new, "new_password_again", tt.again)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, tt.want) {
			t.Errorf("%s: %d\n%s", name, got.Status, got.Body)
		}
	}
	if _, err := w.judge.Session(t.Context(), w.A.Tenant.ID, elsewhere.Token); err != nil {
		t.Fatalf("a refused change signed somebody out: %v", err)
	}
	done := b.Submit(page, form, "old_password", password, "new_password", next, "new_password_again", next)
	if done.Status != http.StatusSeeOther {
		t.Fatalf("change: %d\n%s", done.Status, done.Body)
	}
	if page = b.Follow(done); page.Status != http.StatusOK || !strings.Contains(page.Body, "Every other browser was signed out") {
		t.Errorf("after it: %d\n%s", page.Status, page.Body)
	}
	if _, err := w.judge.Session(t.Context(), w.A.Tenant.ID, elsewhere.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("the other browser: %v", err)
	}
	if _, err := w.judge.ConsoleSession(t.Context(), console.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("the console: %v", err)
	}
	if _, err := w.judge.Authenticate(t.Context(), w.A.Tenant.ID, token.Secret); err != nil {
		t.Errorf("the app: %v", err)
	}
	if _, err := w.People.Authenticate(t.Context(), "alice@a.test", next); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if got := b.Get(home + "/settings/password"); got.Status != http.StatusOK || strings.Contains(got.Body, "Your password is changed") {
		t.Errorf("later the page still says so, or is not there: %d", got.Status)
	}
}

// Public pages are the same for everybody and may be kept, but for the menu of
// somebody who is signed in: that is for this browser alone.
func TestTheMenuIsPersonal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	for _, path := range []string{"/", "/@support", "/about", "/tags/x"} {
		got := b.Get(home + path)
		if !strings.HasPrefix(got.Header.Get("Cache-Control"), "public") || !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Cookie") || strings.Contains(got.Body, "Sign out") {
			t.Errorf("%s for a stranger: %v", path, got.Header)
		}
	}
	w.session(t, b)
	for _, path := range []string{"/", "/@support", "/about", "/tags/x"} {
		got := b.Get(home + path)
		if got.Header.Get("Cache-Control") != "no-store" || !strings.Contains(got.Body, "alice@a.test") || !strings.Contains(got.Body, `href="/settings/apps"`) || !strings.Contains(got.Body, `href="/settings/password"`) {
			t.Errorf("%s signed in: %v", path, got.Header)
		}
	}
	page := b.Get(home + "/@support")
	if got := b.Submit(page, b.Form(page, "authenticity_token", "")); got.Status != http.StatusOK || !strings.Contains(got.Body, "You are signed out") {
		t.Errorf("sign out from the menu: %d", got.Status)
	}
}
