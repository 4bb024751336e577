package factor_test

import (
	"bytes"
	"context"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/factor"
)

var who = audit.Actor{Kind: audit.Person, Address: "192.0.2.7"}

// browser is the session in which an authenticator is set up.
var browser = []byte("a session")

type world struct {
	*fixture.World
	factors *factor.Factors
	at      atomic.Int64
}

func (w *world) now() time.Time { return time.Unix(w.at.Load(), 0) }

func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: fixture.New(t)}
	w.at.Store(time.Now().Unix())
	w.factors = factor.New(factor.Options{DB: w.PG, Seal: key, Now: w.now})
	return w
}

func (w *world) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, w.now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// withTOTP gives alice an authenticator and returns its secret and the recovery codes.
func (w *world) withTOTP(t *testing.T) (secret string, codes []string) {
	t.Helper()
	setup, err := w.factors.SetUp(t.Context(), w.A.Person, browser, "Acme & Co", "alice@a.test")
	if err != nil {
		t.Fatal(err)
	}
	secret = strings.ReplaceAll(setup.Secret, " ", "")
	if codes, err = w.factors.Confirm(t.Context(), w.A.Person, browser, w.code(t, secret), who); err != nil {
		t.Fatal(err)
	}
	return secret, codes
}

func (w *world) check(t *testing.T, person social.PersonID, code string) fault.Code {
	t.Helper()
	return fault.CodeOf(w.factors.Check(t.Context(), person, code, who))
}

func TestAnAuthenticatorsCodesCountOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	setup, err := w.factors.SetUp(ctx, w.A.Person, browser, "Acme & Co", "alice@a.test")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.factors.SetUp(ctx, w.A.Person, browser, "Acme & Co", "alice@a.test")
	if err != nil || *again != *setup {
		t.Errorf("a second look at the page makes another secret: %v", err)
	}
	picture, err := setup.Picture()
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(picture)); err != nil || img.Bounds().Dx() < 200 {
		t.Errorf("the picture: %v", err)
	}
	secret := strings.ReplaceAll(setup.Secret, " ", "")
	if w.check(t, w.A.Person, w.code(t, secret)) != fault.Unauthorized {
		t.Error("a secret that is not confirmed counts")
	}
	if _, err := w.factors.Confirm(ctx, w.A.Person, browser, "000000", who); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("confirmed by a wrong code: %v", err)
	}
	if _, err := w.factors.Confirm(ctx, w.A.Person, browser, w.code(t, secret), who); err != nil {
		t.Fatal(err)
	}
	if w.check(t, w.A.Person, w.code(t, secret)) != fault.Unauthorized {
		t.Error("the code of the set-up counts again")
	}
	w.at.Add(30)
	code := w.code(t, secret)
	for who, got := range map[string]fault.Code{
		"somebody without": w.check(t, w.B.Person, code), "a wrong one": w.check(t, w.A.Person, "123"), "nothing": w.check(t, w.A.Person, ""),
	} {
		if got != fault.Unauthorized {
			t.Errorf("%s: %q", who, got)
		}
	}
	var right atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if w.factors.Check(ctx, w.A.Person, code[:3]+" "+code[3:], who) == nil {
				right.Add(1)
			}
		})
	}
	wg.Wait()
	if right.Load() != 1 {
		t.Errorf("one code counted %d times", right.Load())
	}
	w.at.Add(30 + 60)
	if w.check(t, w.A.Person, code) != fault.Unauthorized {
		t.Error("an old code counts")
	}
	if _, err := w.factors.SetUp(ctx, w.A.Person, browser, "x", "y"); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a secret in use can be replaced: %v", err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, codes := w.withTOTP(t)
	if len(codes) != 10 || w.check(t, w.B.Person, codes[0]) != fault.Unauthorized {
		t.Fatalf("%d codes, or they are anybody's", len(codes))
	}
	if got := w.check(t, w.A.Person, strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))); got != "" {
		t.Errorf("typed otherwise: %q", got)
	}
	if w.check(t, w.A.Person, codes[0]) != fault.Unauthorized {
		t.Error("a recovery code counts twice")
	}
	if s, err := w.factors.Of(t.Context(), w.A.Person, "a.test"); err != nil || !s.HasTOTP || s.CodesLeft != 9 {
		t.Errorf("%+v, %v", s, err)
	}
	fresh, err := w.factors.NewCodes(t.Context(), w.A.Person, who)
	if err != nil {
		t.Fatal(err)
	}
	if w.check(t, w.A.Person, codes[1]) != fault.Unauthorized || w.check(t, w.A.Person, fresh[0]) != "" {
		t.Error("old codes count, or new ones do not")
	}
	if err := w.factors.Remove(t.Context(), w.A.Person, who); err != nil {
		t.Fatal(err)
	}
	if w.check(t, w.A.Person, fresh[1]) != fault.Unauthorized {
		t.Error("codes outlive the authenticator")
	}
	if _, err := w.factors.NewCodes(t.Context(), w.A.Person, who); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("codes without an authenticator: %v", err)
	}
}

// A dump of the database opens no authenticator, nor does a row that was moved.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.withTOTP(t)
	w.at.Add(30)
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `INSERT INTO totp_secrets SELECT $1, sealed, confirmed_at, 0 FROM totp_secrets`, int64(w.B.Person)); err != nil {
		t.Fatal(err)
	}
	if err := w.factors.Check(t.Context(), w.B.Person, w.code(t, secret), who); err == nil {
		t.Error("a secret works for the person whose row it was copied to")
	}
	have, err := w.factors.AmongPeople(t.Context(), []social.PersonID{w.A.Person, w.B.Person, 42})
	if err != nil || !have[w.A.Person].TOTP || have[w.A.Person].Passkey || !have[w.B.Person].Any() || have[42].Any() {
		t.Errorf("%v, %v", have, err)
	}
}

// Whoever was signed in for a minute and looked at the page that sets an authenticator up does
// not know the secret that its owner takes into use later.
func TestASecretIsOfTheSessionThatSetsItUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	stolen, err := w.factors.SetUp(ctx, w.A.Person, []byte("a thief's session"), "Acme", "alice@a.test")
	if err != nil {
		t.Fatal(err)
	}
	own, err := w.factors.SetUp(ctx, w.A.Person, browser, "Acme", "alice@a.test")
	if err != nil || own.Secret == stolen.Secret {
		t.Fatalf("the owner gets the secret that the thief has seen: %v", err)
	}
	secret := strings.ReplaceAll(own.Secret, " ", "")
	if _, err := w.factors.Confirm(ctx, w.A.Person, []byte("a thief's session"), w.code(t, secret), who); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("confirmed by another session: %v", err)
	}
	if _, err := w.factors.Confirm(ctx, w.A.Person, browser, w.code(t, secret), who); err != nil {
		t.Error(err)
	}
	w.at.Add(30)
	if got := w.check(t, w.A.Person, w.code(t, secret)); got != "" {
		t.Errorf("the next code: %s", got)
	}
}
