package console_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/oidctest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

func newSSO(t testing.TB, w *fixture.World, key *seal.Key) *sso.Service {
	t.Helper()
	client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, HostRate: 1000})
	t.Cleanup(client.Close)
	return sso.New(sso.Options{DB: w.PG, Seal: key, HTTP: client, People: w.People, Accounts: account.NewWith(w.PG, key, testkeys.RSA), Console: home})
}

// From an empty form to a provider that is required, by forms alone.
func TestSSORoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	idp := oidctest.New(t)
	b := w.session(t, w.A.Person)
	address := room(w.A) + "/security/sso"
	page := b.Get(address)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "https://a.test/auth/sso/callback") {
		t.Fatalf("the room: %d\n%s", page.Status, page.Body)
	}
	form := b.Form(page, "issuer", "")
	for _, box := range []string{"on", "required", "glass", "make_account"} {
		form.Values.Del(box) // a browser sends what is ticked alone
	}
	test := b.Submit(page, form, "issuer", idp.URL()+"/wrong", "client_id", "typed", "act", "test")
	if !strings.Contains(test.Body, "The test found something") || !strings.Contains(test.Body, `value="typed"`) {
		t.Errorf("a test of a wrong address: %d\n%s", test.Status, test.Body)
	}
	if test = b.Submit(page, form, "issuer", idp.URL(), "act", "test"); !strings.Contains(test.Body, "answers and does what we need") {
		t.Errorf("a test: %d\n%s", test.Status, test.Body)
	}
	if got := b.Submit(page, form, "issuer", idp.URL(), "client_id", "", "on", "1", "act", "save"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "client_id-help") {
		t.Errorf("without a client: %d", got.Status)
	}
	typed := []string{"issuer", idp.URL(), "client_id", oidctest.ClientID, "client_secret", oidctest.Secret, "mail_domains", "a.test, b.test", "role", "member", "on", "1", "again_days", "7", "act", "save"}
	saved := b.Follow(b.Submit(page, form, typed...))
	if saved.Status != http.StatusOK || strings.Contains(saved.Body, oidctest.Secret) || !strings.Contains(saved.Body, "never shown again") || !strings.Contains(saved.Body, "a.test\nb.test") {
		t.Errorf("after saving: %d\n%s", saved.Status, saved.Body)
	}
	if got := b.Submit(page, form, append(typed, "required", "1")...); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Choose one owner at least") {
		t.Errorf("required without a way in: %d", got.Status)
	}
	if got := b.Submit(page, form, "issuer", "https://other.test", "client_id", oidctest.ClientID, "again_days", "x", "role", "owner", "act", "save"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("another issuer without its secret: %d", got.Status)
	}
	member := w.Person(t, "mate@a.test")
	w.join(t, w.A, member, people.MemberModerator)
	if got := w.session(t, member).Get(address); got.Status != http.StatusForbidden {
		t.Errorf("a moderator opens it: %d", got.Status)
	}
	if got := w.session(t, w.B.Person).Get(address); got.Status != http.StatusNotFound {
		t.Errorf("somebody of another company opens it: %d", got.Status)
	}
}

// required makes tenant A want its own login of everybody but alice.
func required(t testing.TB, w *world, idp *oidctest.Provider) {
	t.Helper()
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	err := w.sso.Save(t.Context(), w.A.Tenant, sso.Change{
		Settings: sso.Settings{Issuer: idp.URL(), ClientID: oidctest.ClientID, Role: people.MemberPlain, On: true, Required: true},
		Secret:   oidctest.Secret, Glass: []social.PersonID{w.A.Person},
	}, audit.ByOperator())
	if err != nil {
		t.Fatal(err)
	}
}

// A company that needs its own login shows its room to nobody who has not been there: the
// console's password is not enough, and neither is somebody else's sign-in.
func TestSSOGuardsTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	idp := oidctest.New(t)
	mate := w.Person(t, "mate@a.test")
	w.join(t, w.A, mate, people.MemberAdmin)
	w.join(t, w.B, mate, people.MemberAdmin)
	b, thief := w.session(t, mate), w.session(t, mate)
	required(t, w, idp)
	page := b.Get(room(w.A) + "/domains")
	if page.Status != http.StatusSeeOther || page.Location() != "/tenants/"+w.A.Tenant.ID.String()+"/sso" {
		t.Fatalf("its room: %d to %q", page.Status, page.Location())
	}
	if got := b.Post(room(w.A)+"/accounts", url.Values{"username": {"x"}}); got.Status != http.StatusForbidden {
		t.Errorf("a form of it: %d", got.Status)
	}
	if got := b.Get(room(w.B)); got.Status != http.StatusOK {
		t.Errorf("the room of another company: %d", got.Status)
	}
	if gate := b.Follow(page); !strings.Contains(gate.Body, "wants its own login") || strings.Contains(gate.Body, "/domains") {
		t.Errorf("the way in:\n%s", gate.Body)
	}
	leave := func(b *browse.Browser) string {
		out := b.Get(room(w.A) + "/sso/go").Location()
		if !strings.HasPrefix(out, "https://a.test/auth/sso?room=") {
			t.Fatalf("it leads to %q", out)
		}
		u, _ := url.Parse(out)
		return u.Query().Get("room")
	}
	finish := func(secret string, person social.PersonID) (string, error) {
		to, err := w.sso.Begin(t.Context(), w.A.Tenant, sso.Start{Browser: "browser", Room: secret})
		if err != nil {
			return "", err
		}
		back, _ := url.Parse(idp.Approve(to))
		q := back.Query()
		out, err := w.sso.Finish(t.Context(), w.A.Tenant, sso.Return{Browser: "browser", State: q.Get("state"), Code: q.Get("code"), SignedIn: person})
		if err != nil {
			return "", err
		}
		return w.sso.BackToConsole(t.Context(), w.A.Tenant, out)
	}
	// The thief of mate's password sends mate the link to its own session.
	idp.SetPerson(map[string]any{"sub": "m", "email": "mate@a.test", "email_verified": true})
	back, err := finish(leave(thief), mate)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Get(back); got.Status != http.StatusForbidden {
		t.Errorf("mate comes back with what the thief began: %d", got.Status)
	}
	if got := thief.Get(room(w.A)); got.Status != http.StatusSeeOther {
		t.Errorf("and the thief is in: %d", got.Status)
	}
	// Somebody else signs in for mate's session.
	idp.SetPerson(map[string]any{"sub": "o", "email": "other@a.test", "email_verified": true})
	if _, err := finish(leave(b), 0); err == nil || !strings.Contains(err.Error(), string(sso.Stranger)) {
		t.Errorf("somebody else signs in: %v", err)
	}
	if _, err := finish("made up", mate); err == nil {
		t.Error("a secret that nobody gave out begins a sign-in")
	}
	idp.SetPerson(map[string]any{"sub": "m"})
	if back, err = finish(leave(b), 0); err != nil {
		t.Fatal(err)
	}
	if got := b.Follow(b.Get(back)); got.Status != http.StatusOK {
		t.Errorf("mate itself: %d\n%s", got.Status, got.Body)
	}
	if got := b.Get(back); got.Status != http.StatusForbidden {
		t.Errorf("the same code again: %d", got.Status)
	}
	if got := w.session(t, mate).Get(room(w.A)); got.Status != http.StatusSeeOther {
		t.Errorf("another session of mate's: %d", got.Status)
	}
	// An owner with a way in, told of once a session.
	alice := w.session(t, w.A.Person)
	for range 2 {
		if got := alice.Get(room(w.A)); got.Status != http.StatusOK {
			t.Errorf("the owner with a way in: %d", got.Status)
		}
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		entries, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: "sso.break_glass", Limit: 10})
		if len(entries) != 1 {
			t.Errorf("%d entries about it, want 1", len(entries))
		}
		return err
	})
}

// The provider looks after second factors where it is the required way: who came by it is
// not asked for one of ours. Without it one is, and nobody is told of an owner who is not in.
func TestSSOComesBeforeTheSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	mate := w.Person(t, "mate@a.test")
	w.join(t, w.A, mate, people.MemberAdmin)
	required(t, w, oidctest.New(t))
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.SetNeedsSecondFactor(ctx, scope, true) })
	b := w.session(t, mate)
	if got := b.Get(room(w.A)); got.Status != http.StatusSeeOther || !strings.HasSuffix(got.Location(), "/sso") {
		t.Errorf("before the provider: %d to %q", got.Status, got.Location())
	}
	if got := b.Get(room(w.A) + "/sso"); got.Status != http.StatusOK {
		t.Errorf("the gate: %d to %q", got.Status, got.Location())
	}
	w.set(t, `INSERT INTO sso_rooms (tenant_id, session_hash, person_id, proven_at, expires_at)
		SELECT $1, id_hash, person_id, now(), now() + interval '1 hour' FROM console_sessions WHERE person_id = $2`, w.A.Tenant.ID, mate)
	if got := b.Get(room(w.A)); got.Status != http.StatusOK {
		t.Errorf("after the provider: %d to %q", got.Status, got.Location())
	}
	alice := w.session(t, w.A.Person)
	if got := alice.Get(room(w.A)); got.Status != http.StatusSeeOther || !strings.Contains(got.Location(), "/me?needed=1") {
		t.Errorf("an owner without the provider and without a factor: %d to %q", got.Status, got.Location())
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE action = 'sso.break_glass'`); n != 0 {
		t.Errorf("%d entries about an owner who is not in", n)
	}
	w.set(t, `UPDATE console_sessions SET factors = 2 WHERE person_id = $1`, w.A.Person)
	if got := alice.Get(room(w.A)); got.Status != http.StatusOK {
		t.Errorf("with the factor: %d to %q", got.Status, got.Location())
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE action = 'sso.break_glass'`); n != 1 {
		t.Errorf("%d entries about an owner who is in", n)
	}
	w.set(t, `UPDATE sso_providers SET required = false`)
	if got := b.Get(room(w.A)); got.Status != http.StatusSeeOther || !strings.Contains(got.Location(), "/me?needed=1") {
		t.Errorf("where the provider is not required: %d to %q", got.Status, got.Location())
	}
}
