package people_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

const prefix = "https://rookery.test/x?token="

var visitor = audit.Actor{Kind: audit.Person, Address: "192.0.2.7"}

// letters returns the links of the mails that wait for an address, the newest first, by template.
func letters(t *testing.T, w *fixture.World, to string) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT template, data->>'link' FROM mails WHERE tenant_id = 0 AND recipient = $1 ORDER BY id`, to)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var template, link string
	if _, err := pgx.ForEachRow(rows, []any{&template, &link}, func() error {
		out[template] = strings.TrimPrefix(link, prefix)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func count(t *testing.T, w *fixture.World, sql string, args ...any) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAForgottenPasswordIsResetOnce(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	for _, unknown := range []string{"nobody@a.test", "no address", "x\x00@a.test"} {
		if err := w.People.ForgotPassword(ctx, 0, unknown, prefix); err != nil {
			t.Errorf("%q: %v, want the same as for a known address", unknown, err)
		}
	}
	if n := count(t, w, `SELECT count(*) FROM mails`); n != 0 {
		t.Errorf("%d mails to nobody", n)
	}
	if err := w.People.ForgotPassword(ctx, 0, " ALICE@a.test", prefix); err != nil {
		t.Fatal(err)
	}
	secret := letters(t, w, "alice@a.test")["person_reset"]
	if n := count(t, w, `SELECT count(*) FROM person_tokens WHERE position($1 in encode(token_hash, 'escape')) > 0`, secret); n != 0 || secret == "" {
		t.Fatalf("the secret %q is stored, or was not mailed", secret)
	}
	if p, err := w.People.ResetOf(ctx, secret); err != nil || p.ID != w.A.Person {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := w.People.Reset(ctx, secret, "short", false, visitor); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a short password: %v", err)
	}
	if _, err := w.People.Reset(ctx, secret, password, true, visitor); err != nil {
		t.Fatalf("after a short password the link is spent: %v", err)
	}
	if _, err := w.People.Authenticate(ctx, "alice@a.test", password); err != nil {
		t.Errorf("the new password: %v", err)
	}
	for name, err := range map[string]error{
		"again":      second(w.People.Reset(ctx, secret, password+"x", false, visitor)),
		"looked":     second(w.People.ResetOf(ctx, secret)),
		"made up":    second(w.People.Reset(ctx, strings.Repeat("a", 43), password, false, visitor)),
		"other kind": second(w.People.ConfirmNewEmail(ctx, secret, visitor)),
	} {
		if fault.CodeOf(err) != fault.Gone {
			t.Errorf("%s: %v, want gone", name, err)
		}
	}
	if n := count(t, w, `SELECT count(*) FROM audit_entries WHERE tenant_id = 0 AND action = 'person.reset_password' AND actor_id = $1`, int64(w.A.Person)); n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
	if _, told := letters(t, w, "alice@a.test")["person_security"]; !told {
		t.Error("nobody was told that the password changed")
	}
}

func second[T any](_ T, err error) error { return err }

// A link that was not used ends with the next change, and with its hour.
func TestLinksEnd(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	ask := func() string {
		if err := w.People.ForgotPassword(ctx, 0, "alice@a.test", prefix); err != nil {
			t.Fatal(err)
		}
		return letters(t, w, "alice@a.test")["person_reset"]
	}
	first, other := ask(), ask()
	if _, err := w.People.Reset(ctx, other, password, false, visitor); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Reset(ctx, first, password, false, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("the link before: %v", err)
	}
	late := ask()
	count(t, w, `WITH x AS (UPDATE person_tokens SET expires_at = expires_at - interval '1 hour 1 second' RETURNING 1) SELECT count(*) FROM x`)
	if _, err := w.People.ResetOf(ctx, late); fault.CodeOf(err) != fault.Gone {
		t.Errorf("after an hour: %v", err)
	}
	closed := ask()
	if err := w.People.SetDisabled(ctx, w.A.Person, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Reset(ctx, closed, password, false, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("of a login that was closed: %v", err)
	}
}

func TestSigningUp(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	up := func(email, browser string) {
		t.Helper()
		err := w.People.SignUp(ctx, people.NewPerson{Email: email, Name: " Carol ", Password: password, Locale: "de"}, browser, prefix, "https://rookery.test/sign_in")
		if err != nil {
			t.Fatal(err)
		}
	}
	up("alice@a.test", "mine")
	if got := letters(t, w, "alice@a.test"); len(got) != 1 || got["person_known"] != "https://rookery.test/sign_in" {
		t.Errorf("to a known address: %v", got)
	}
	up("Carol@c.test", "stranger") // somebody who does not read carol's mails
	foreign := letters(t, w, "carol@c.test")["person_confirm"]
	up("carol@c.test", "mine")
	own := letters(t, w, "carol@c.test")["person_confirm"]
	if _, err := w.People.ByEmail(ctx, "carol@c.test"); !fault.IsNotFound(err) {
		t.Errorf("before the mail is answered there is a person: %v", err)
	}
	// Carol opens the stranger's link: it asks for a password that she does not know.
	waiting, err := w.People.SignUpOf(ctx, foreign, "mine")
	if err != nil || !waiting.NeedsPassword || waiting.Email != "carol@c.test" {
		t.Errorf("%+v, %v", waiting, err)
	}
	if _, err := w.People.ConfirmSignUp(ctx, foreign, "mine", "her own guess", visitor); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("with a wrong password: %v", err)
	}
	made, err := w.People.ConfirmSignUp(ctx, own, "mine", "", visitor)
	if err != nil || made.Name != "Carol" || made.Locale != "de" {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := w.People.Authenticate(ctx, "carol@c.test", password); err != nil {
		t.Error(err)
	}
	for name, secret := range map[string]string{"again": own, "the stranger's": foreign, "none": "x"} {
		if _, err := w.People.ConfirmSignUp(ctx, secret, "mine", password, visitor); fault.CodeOf(err) != fault.Gone {
			t.Errorf("%s: %v, want gone", name, err)
		}
	}
}

func TestGuessesOfASignUpsPasswordAreBounded(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	if err := w.People.SignUp(t.Context(), people.NewPerson{Email: "carol@c.test", Password: password}, "mine", prefix, ""); err != nil {
		t.Fatal(err)
	}
	secret := letters(t, w, "carol@c.test")["person_confirm"]
	count(t, w, `WITH x AS (UPDATE sign_ups SET tries = 10 RETURNING 1) SELECT count(*) FROM x`)
	if _, err := w.People.ConfirmSignUp(t.Context(), secret, "another", password, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("the eleventh guess: %v", err)
	}
}

func TestAnotherMailAddress(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	alice, err := w.People.ByID(ctx, w.A.Person)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.People.AskNewEmail(ctx, alice, "bob@b.test", prefix, "s"); err != nil {
		t.Errorf("a taken address is told apart: %v", err)
	}
	if got := letters(t, w, "bob@b.test"); len(got) != 1 || got["person_known"] != "s" {
		t.Errorf("to the holder of the address: %v", got)
	}
	if err := w.People.AskNewEmail(ctx, alice, "alice@A.test", prefix, "s"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("the same address: %v", err)
	}
	if err := w.People.AskNewEmail(ctx, alice, "alice@new.test", prefix, "s"); err != nil {
		t.Fatal(err)
	}
	if err := w.People.ForgotPassword(ctx, 0, "alice@a.test", prefix); err != nil {
		t.Fatal(err)
	}
	oldLink := letters(t, w, "alice@a.test")["person_reset"]
	secret := letters(t, w, "alice@new.test")["person_new_mail"]
	got, err := w.People.ConfirmNewEmail(ctx, secret, visitor)
	if err != nil || got.Email != "alice@new.test" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, told := letters(t, w, "alice@a.test")["person_old_mail"]; !told {
		t.Error("the old address was not told")
	}
	if _, err := w.People.ByEmail(ctx, "alice@a.test"); !fault.IsNotFound(err) {
		t.Errorf("the old address still works: %v", err)
	}
	if _, err := w.People.ResetOf(ctx, oldLink); fault.CodeOf(err) != fault.Gone {
		t.Errorf("a link in the old mailbox still works: %v", err)
	}
	if _, err := w.People.ConfirmNewEmail(ctx, secret, visitor); fault.CodeOf(err) != fault.Gone {
		t.Errorf("again: %v", err)
	}
}

func TestNameAndLanguage(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	if err := w.People.SetProfile(t.Context(), w.A.Person, " Alice \x00A ", "de", visitor); err != nil {
		t.Fatal(err)
	}
	if p, err := w.People.ByID(t.Context(), w.A.Person); err != nil || p.Name != "Alice A" || p.Locale != "de" {
		t.Errorf("%+v, %v", p, err)
	}
	for name, locale := range map[string]string{"Alice": "xx", strings.Repeat("x", 101): "en"} {
		if err := w.People.SetProfile(t.Context(), w.A.Person, name, locale, visitor); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%.10q in %q: %v", name, locale, err)
		}
	}
}
