package console_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/barred"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

// link is the newest link that was mailed with a template to an address; "": none.
func (w *world) link(t testing.TB, template, to string) (link string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	err = conn.QueryRow(t.Context(), `SELECT data->>'link' FROM mails WHERE template = $1 AND recipient = $2 ORDER BY id DESC LIMIT 1`, template, to).Scan(&link)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return link
}

func (w *world) signUp(t testing.TB, b *browse.Browser, email string) *browse.Page {
	t.Helper()
	page := b.Follow(b.Get(home + "/"))
	if !strings.Contains(page.Body, `href="/sign_up"`) {
		t.Error("the sign-in page does not lead to signing up")
	}
	page = b.Get(home + "/sign_up")
	return b.Submit(page, b.Form(page, "password", ""), "name", "Carol", "email", email, "password", password)
}

// From the front door to a login of one's own, and TEN-42: its mails are limited.
func TestSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.server.Browser(t)
	fresh, known := w.signUp(t, b, "carol@c.test"), w.signUp(t, b, "alice@a.test")
	if fresh.Status != http.StatusOK || fresh.Body != strings.ReplaceAll(known.Body, "alice@a.test", "carol@c.test") {
		t.Errorf("the answers differ: %d, %d", fresh.Status, known.Status)
	}
	if got := w.link(t, "person_known", "alice@a.test"); got != home+"/sign_in" {
		t.Errorf("a known address hears %q", got)
	}
	link := w.link(t, "person_confirm", "carol@c.test")
	elsewhere := w.server.Browser(t) // asks for the password
	page := elsewhere.Get(link)
	if got := elsewhere.Submit(page, elsewhere.Form(page, "password", ""), "password", "her own guess"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("another browser with a wrong password: %d", got.Status)
	}
	page = b.Get(link)
	done := b.Submit(page, b.Form(page, "token", ""))
	if done.Status != http.StatusSeeOther || done.Location() != "/tenants" {
		t.Fatalf("confirm: %d to %q\n%s", done.Status, done.Location(), done.Body)
	}
	if got := b.Follow(done); got.Status != http.StatusOK || !strings.Contains(got.Body, "No company yet") {
		t.Errorf("the first page: %d", got.Status)
	}
	if got := b.Get(link); got.Status != http.StatusGone {
		t.Errorf("the link again: %d", got.Status)
	}
	stranger := w.server.Browser(t)
	for range 3 {
		w.signUp(t, stranger, "dave@d.test")
	}
	if got := w.signUp(t, stranger, "dave@d.test"); got.Status != http.StatusTooManyRequests {
		t.Errorf("the sixth sign-up from an address: %d", got.Status)
	}
}

func TestSignUpSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.server.Browser(t)
	page := b.Get(home + "/sign_up")
	for name, typed := range map[string][]string{
		"no address": {"name", "Carol", "email", "x", "password", password}, "short password": {"name", "Carol", "email", "c@c.test", "password", "1234567"},
		"long name": {"name", strings.Repeat("x", 101), "email", "c@c.test", "password", password},
	} {
		if got := b.Submit(page, b.Form(page, "password", ""), typed...); got.Status != http.StatusUnprocessableEntity || strings.Contains(got.Body, password) {
			t.Errorf("%s: %d, or the password comes back", name, got.Status)
		}
	}
	// TEN-29
	if got := b.Post(home+"/sign_up", url.Values{"email": {"c@c.test"}}, "Sec-Fetch-Site", "cross-site"); got.Status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.Status)
	}
}

// Whom the operator bars from signing up hears why, in the form.
func TestSignUpOfTheBarred(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.server.Browser(t)
	service, by := barred.Service{DB: w.PG}, audit.ByOperator()
	if _, err := service.BlockMail(t.Context(), by, store.BlockedMail{Domain: "throwaway.test"}); err != nil {
		t.Fatal(err)
	}
	load := func() {
		if err := w.barred.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	load()
	if got := w.signUp(t, b, "carol@mx.throwaway.test"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Nobody can register with a mail address at mx.throwaway.test.") || !strings.Contains(got.Body, "carol@mx.throwaway.test") {
		t.Errorf("a blocked mail domain: %d\n%s", got.Status, got.Body)
	}
	if got := w.signUp(t, b, "carol@c.test"); got.Status != http.StatusOK {
		t.Errorf("another mail domain: %d", got.Status)
	}
	link := w.link(t, "person_confirm", "carol@c.test")
	for _, network := range []string{"127.0.0.0/8", "::1"} {
		n, err := barred.ParseNetwork(network)
		if err == nil {
			err = service.BlockNetwork(t.Context(), by, store.BlockedNetwork{Network: n, Severity: "sign_up_block"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	page := b.Get(link)
	load()
	for what, got := range map[string]*browse.Page{"signing up": w.signUp(t, b, "dave@d.test"), "the link": b.Submit(page, b.Form(page, "token", ""))} {
		if got.Status != http.StatusForbidden || !strings.Contains(got.Body, "Nobody can sign up from your network.") {
			t.Errorf("%s from a blocked network: %d\n%s", what, got.Status, got.Body)
		}
	}
	if w.link(t, "person_confirm", "dave@d.test") != "" || w.link(t, "person_confirm", "carol@mx.throwaway.test") != "" {
		t.Error("a mail went out")
	}
}

// A company that asks for a second factor is closed to those without one, and nothing else is.
func TestRoomsThatNeedASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.SetNeedsSecondFactor(ctx, scope, true) })
	if got := b.Get(room(w.A)); got.Status != http.StatusSeeOther || got.Location() != "/me?needed=1" {
		t.Errorf("the room: %d to %q", got.Status, got.Location())
	}
	if got := b.Post(room(w.A)+"/accounts", url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("a form of the room: %d", got.Status)
	}
	if got := b.Get(home + "/me?needed=1"); got.Status != http.StatusOK || !strings.Contains(got.Body, "Set up a second factor to go on") {
		t.Errorf("the way out: %d", got.Status)
	}
	if got := b.Get(home + "/tenants"); got.Status != http.StatusOK {
		t.Errorf("the list of companies: %d", got.Status)
	}
	s, err := w.judge.AdmitToConsole(t.Context(), access.Arrival{Person: w.A.Person, Factors: 2})
	if err != nil {
		t.Fatal(err)
	}
	b.SetCookie(home+"/", &http.Cookie{Name: "__Host-rookery_console", Value: s.Token, Path: "/", Secure: true})
	if got := b.Get(room(w.A)); got.Status != http.StatusOK {
		t.Errorf("with a second factor: %d", got.Status)
	}
}

func TestChangingThePasswordInTheConsole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	b := w.session(t, w.A.Person)
	page := b.Get(home + "/me/password")
	form := b.Form(page, "new_password", "")
	if got := b.Submit(page, form, "old_password", "wrong", "new_password", password+"2", "new_password_again", password+"2"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong old one: %d", got.Status)
	}
	done := b.Submit(page, form, "old_password", password, "new_password", password+"2", "new_password_again", password+"2")
	if got := b.Follow(done); got.Status != http.StatusOK || !strings.Contains(got.Body, "Your password is changed") {
		t.Errorf("%d to %q", got.Status, done.Location())
	}
	if _, err := w.People.Authenticate(t.Context(), "alice@a.test", password+"2"); err != nil {
		t.Error(err)
	}
}
