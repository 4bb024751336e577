package access_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func TestTenantSession(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	judge := access.New(w.PG, nil)
	ctx, home := t.Context(), w.A.Tenant.ID
	s, err := judge.StartSession(ctx, home, w.A.Person, "Browser\x00"+strings.Repeat("ü", 400))
	if err != nil {
		t.Fatal(err)
	}
	got, err := judge.Session(ctx, home, s.Token)
	if err != nil || got.Person != w.A.Person || got.Token != s.Token {
		t.Fatalf("got %+v, %v", got, err)
	}
	// TEN-08: the cookie of A is nothing on B.
	if _, err := judge.Session(ctx, w.B.Tenant.ID, s.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("on the other tenant: %v", err)
	}
	if _, err := judge.ConsoleSession(ctx, s.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("on the console: %v", err)
	}
	if _, err := judge.StartSession(ctx, home, w.B.Person, ""); !fault.IsNotFound(err) {
		t.Errorf("somebody who is no member signed in: %v", err)
	}
	if err := judge.EndSession(ctx, w.B.Tenant.ID, s.Hash); err != nil {
		t.Error(err)
	}
	if _, err := judge.Session(ctx, home, s.Token); err != nil {
		t.Errorf("ended from the other tenant: %v", err)
	}
	if err := judge.EndSession(ctx, home, s.Hash); err != nil {
		t.Error(err)
	}
	if _, err := judge.Session(ctx, home, s.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("after signing out: %v", err)
	}
}

func TestSessionSlidesAndExpires(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	judge := access.New(w.PG, nil)
	s, err := judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "")
	if err != nil {
		t.Fatal(err)
	}
	console, err := judge.StartConsoleSession(t.Context(), w.A.Person, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time only works if the first visit moved the end
		for _, table := range []string{"sessions", "console_sessions"} {
			exec(t, w, `UPDATE `+table+` SET expires_at = expires_at - interval '29 days', last_seen_at = last_seen_at - interval '29 days'`)
		}
		if _, err := judge.Session(t.Context(), w.A.Tenant.ID, s.Token); err != nil {
			t.Fatalf("after 29 days: %v", err)
		}
		if _, err := judge.ConsoleSession(t.Context(), console.Token); err != nil {
			t.Fatalf("console after 29 days: %v", err)
		}
	}
	for _, table := range []string{"sessions", "console_sessions"} {
		exec(t, w, `UPDATE `+table+` SET expires_at = expires_at - interval '32 days'`)
	}
	if _, err := judge.Session(t.Context(), w.A.Tenant.ID, s.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("after 31 days: %v", err)
	}
	if _, err := judge.ConsoleSession(t.Context(), console.Token); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("console after 31 days: %v", err)
	}
}

func TestSessionsEndWithThePassword(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	judge := access.New(w.PG, nil)
	ctx := t.Context()
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return people.Join(ctx, s, w.B.Person, people.MemberPlain)
	})
	inA, errA := judge.StartSession(ctx, w.A.Tenant.ID, w.B.Person, "")
	inB, errB := judge.StartSession(ctx, w.B.Tenant.ID, w.B.Person, "")
	console, errC := judge.StartConsoleSession(ctx, w.B.Person, "")
	other, errO := judge.StartSession(ctx, w.A.Tenant.ID, w.A.Person, "")
	if errA != nil || errB != nil || errC != nil || errO != nil {
		t.Fatal(errA, errB, errC, errO)
	}
	if err := w.People.SetPassword(ctx, w.B.Person, "another password"); err != nil {
		t.Fatal(err)
	}
	_, errA = judge.Session(ctx, w.A.Tenant.ID, inA.Token)
	_, errB = judge.Session(ctx, w.B.Tenant.ID, inB.Token)
	_, errC = judge.ConsoleSession(ctx, console.Token)
	for name, err := range map[string]error{"tenant A": errA, "tenant B": errB, "console": errC} {
		if fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("%s: %v, want unauthorized", name, err)
		}
	}
	if _, err := judge.Session(ctx, w.A.Tenant.ID, other.Token); err != nil {
		t.Errorf("somebody else's session: %v", err)
	}
}

func TestEndOtherSessions(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	judge := access.New(w.PG, nil)
	here, err := judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "here")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "there"); err != nil {
		t.Fatal(err)
	}
	var left []*access.Session
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		if err := access.EndOtherSessions(ctx, s, here); err != nil {
			return err
		}
		left, err = access.SessionsOf(ctx, s, w.A.Person)
		return err
	})
	if len(left) != 1 || left[0].UserAgent != "here" || left[0].Token != "" {
		t.Errorf("left: %+v", left)
	}
}

func TestCSRF(t *testing.T) {
	t.Parallel()
	one, two := &access.Session{Token: "one"}, &access.Session{Token: "two"}
	if err := access.CheckCSRF(one, access.CSRF(one)); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another session's": access.CheckCSRF(one, access.CSRF(two)),
		"empty":             access.CheckCSRF(one, ""),
		"no session":        access.CheckCSRF(nil, access.CSRF(one)),
		"empty session":     access.CheckCSRF(&access.Session{}, access.CSRF(&access.Session{})),
		"the session":       access.CheckCSRF(one, one.Token),
	} {
		if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	for scheme, name := range map[string]string{"https": "__Host-rookery_session", "http": "rookery_session"} {
		w := httptest.NewRecorder()
		access.TenantCookie.Set(w, scheme, &access.Session{Token: "secret"})
		c := w.Result().Cookies()[0]
		if c.Name != name || c.Value != "secret" || !c.HttpOnly || c.Secure != (scheme == "https") || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("%s: %s", scheme, c)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(c)
		if got := access.TenantCookie.Read(r, scheme); got != "secret" {
			t.Errorf("%s: read %q", scheme, got)
		}
		if got := access.ConsoleCookie.Read(r, scheme); got != "" {
			t.Errorf("%s: the console read %q", scheme, got)
		}
		r.AddCookie(&http.Cookie{Name: name, Value: "tossed"})
		if got := access.TenantCookie.Read(r, scheme); got != "" {
			t.Errorf("%s: read %q of two", scheme, got)
		}
	}
	// TEN-08: a cookie that a neighbour may set has no prefix; over https it is nothing.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "rookery_console", Value: "tossed"})
	if got := access.ConsoleCookie.Read(r, "https"); got != "" {
		t.Errorf("the console read a tossed cookie: %q", got)
	}
}

// TEN-41.
func TestSafeNext(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/oauth/authorize?client_id=x&redirect_uri=https%3A%2F%2Fapp.test", "/@alice#top"} {
		if got := access.SafeNext(good, "/fallback"); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "//evil.test", `/\evil.test`, `\\evil.test`, "https:evil.test", "https://evil.test", "/\t/evil.test", "/\n/evil.test",
		"evil.test", "javascript:alert(1)", " /x", "/%2F/evil.test", "///evil.test", "/\x00",
	} {
		if got := access.SafeNext(bad, "/fallback"); got != "/fallback" {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
