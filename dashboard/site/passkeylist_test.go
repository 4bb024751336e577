package site_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

func (w *world) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// A passkey whose counter goes back may have been copied: it ends, its person is told, and a
// sign-in by it is refused like one by any other that does not fit.
func TestACopiedPasskeyEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPassword(t, w.A.Person)
	tab := browse.StartChromium(t, w.server.Listener.Addr().String()).Tab(t, 390)
	tab.Authenticator()
	tab.Open(signInPage)
	if !browse.Await[bool](tab, `PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then(() => document.querySelector("input[name=offer]").value === "1")`) {
		t.Fatal("the script does not see the device")
	}
	tab.Fill("email", "alice@a.test")
	tab.Fill("password", password)
	tab.Press("form:not([data-passkey]) button")
	tab.Press("form[data-passkey] button")
	w.exec(t, `UPDATE passkeys SET credential = jsonb_set(credential, '{authenticator,signCount}', '1000')`)
	for range 2 { // the second finds it ended
		tab.Open(signInPage + "?again=1")
		tab.Press("form[data-passkey] button")
		if got := tab.Text("main"); !strings.Contains(got, "does not work here") {
			t.Fatalf("with a counter that went back:\n%s", got)
		}
	}
	tab.Open("https://a.test/settings/login")
	if got := tab.Text("main"); !strings.Contains(got, "It counted backwards") {
		t.Errorf("its person is not told:\n%s", got)
	}
}

// Passkeys are renamed and removed by their person alone, on their host alone, and there is an
// end to how many one can have.
func TestTheListOfPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	w.signIn(t, b)
	w.exec(t, `INSERT INTO passkeys (rp_id, credential_id, person_id, name, credential)
		SELECT 'a.test', ('key' || lpad(n::text, 2, '0'))::bytea, $1, 'Key ' || n, '{}' FROM generate_series(1, 20) n`, int64(w.A.Person))
	w.exec(t, `INSERT INTO passkeys (rp_id, credential_id, person_id, name, credential)
		VALUES ('a.test', 'bobs1', $1, 'Bob''s', '{}'), ('b.test', 'other', $2, 'Elsewhere', '{}')`, int64(w.B.Person), int64(w.A.Person))
	page := b.Get("https://a.test/settings/login")
	token := page.Forms[0].Values["authenticity_token"]
	const first, bobs, elsewhere = "a2V5MDE", "Ym9iczE", "b3RoZXI" // key01, bobs1, other
	post := func(path, id string, more ...string) int {
		in := url.Values{"authenticity_token": token, "id": {id}}
		for i := 0; i < len(more); i += 2 {
			in.Set(more[i], more[i+1])
		}
		return b.Post("https://a.test/settings/login/passkeys"+path, in).Status
	}
	for name, tt := range map[string]struct{ got, want int }{
		"rename": {post("/rename", first, "name", " The  <b>yellow</b> one "), http.StatusSeeOther}, "without a name": {post("/rename", first), http.StatusUnprocessableEntity},
		"rename bob's": {post("/rename", bobs, "name", "x"), http.StatusNotFound}, "rename of another host": {post("/rename", elsewhere, "name", "x"), http.StatusNotFound},
		"no id": {post("/rename", "%%", "name", "x"), http.StatusNotFound}, "remove with a wrong password": {post("/remove", first, "password", "wrong password"), http.StatusUnprocessableEntity},
		"remove bob's": {post("/remove", bobs, "password", password), http.StatusNotFound}, "remove of another host": {post("/remove", elsewhere, "password", password), http.StatusNotFound},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", name, tt.got, tt.want)
		}
	}
	if got := b.Get("https://a.test/settings/login"); !strings.Contains(got.Body, "The &lt;b&gt;yellow&lt;/b&gt; one") || strings.Contains(got.Body, "Elsewhere") {
		t.Errorf("the list is wrong:\n%s", got.Body)
	}
	strong, err := w.judge.Admit(t.Context(), w.A.Tenant.ID, access.Arrival{Person: w.A.Person, Factors: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := w.server.Browser(t)
	s.SetCookie("https://a.test/", &http.Cookie{Name: "__Host-rookery_session", Value: strong.Token, Path: "/", Secure: true})
	in := url.Values{"authenticity_token": {access.CSRF(strong)}}
	if got := s.Post("https://a.test/settings/login/passkeys/begin", in); got.Status != http.StatusConflict {
		t.Errorf("the 21st: %d", got.Status)
	}
	if got := b.Post("https://a.test/settings/login/passkeys/begin", url.Values{"authenticity_token": token}); got.Status != http.StatusForbidden {
		t.Errorf("by somebody who showed the password alone: %d", got.Status)
	}
	if got := post("/remove", first, "password", password); got != http.StatusSeeOther {
		t.Errorf("remove: %d", got)
	}
	if got := s.Post("https://a.test/settings/login/passkeys/begin", in); got.Status != http.StatusOK {
		t.Errorf("the 20th: %d", got.Status)
	}
}
