package factor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

const (
	period      = 30 // seconds: what every authenticator app takes (RFC 6238 section 5.2)
	secretBytes = 20 // RFC 4226 section 4, R6
	qrSide      = 240

	codesMade = 10
	codeBytes = 10 // 80 random bits: cannot be guessed, so a plain hash protects them
)

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

var (
	errHasTOTP = fault.New(fault.Conflict, "An authenticator app is set up already. Turn it off first.")
	errNoTOTP  = fault.New(fault.Conflict, "No authenticator app is set up.")
)

// Setup is a secret that an authenticator app is about to learn.
type Setup struct {
	Secret string // base32, in groups of four
	URL    string // otpauth://…, what the picture says
}

func purpose(person social.PersonID) string { return "totp/" + ids.Format(int64(person)) }

// setUp is the purpose of a secret that a session is setting up. Another session gets another
// secret: who was signed in for a minute must not know what its owner takes into use later.
func setUp(person social.PersonID, session []byte) string {
	return purpose(person) + "/" + base64.RawURLEncoding.EncodeToString(session)
}

// SetUp makes a secret, or goes on with the one that the session has begun. It is worth nothing
// before Confirm.
func (f *Factors) SetUp(ctx context.Context, person social.PersonID, session []byte, issuer, email string) (*Setup, error) {
	var secret []byte
	err := f.db.Platform(ctx, "set up an authenticator", func(tx *pg.PlatformTx) error {
		row, err := store.TOTPOf(ctx, tx, person)
		switch {
		case err == nil && row.ConfirmedAt != nil:
			return errHasTOTP
		case err == nil:
			if secret, err = f.key.Open(row.Sealed, setUp(person, session)); err == nil {
				return nil
			}
		case !fault.IsNotFound(err):
			return err
		}
		secret = make([]byte, secretBytes)
		_, _ = rand.Read(secret) // never fails (Go 1.24)
		return store.PutTOTP(ctx, tx, person, f.key.Seal(secret, setUp(person, session)))
	})
	if err != nil {
		return nil, fmt.Errorf("set up the authenticator of person %d: %w", person, err)
	}
	return describe(base.EncodeToString(secret), issuer, email), nil
}

func describe(secret, issuer, email string) *Setup {
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	label := url.PathEscape(issuer + ":" + email)
	var groups []string
	for i := 0; i < len(secret); i += 4 {
		groups = append(groups, secret[i:min(i+4, len(secret))])
	}
	return &Setup{Secret: strings.Join(groups, " "), URL: "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")}
}

// Picture is the QR code of a set-up as PNG.
func (s *Setup) Picture() ([]byte, error) {
	key, err := otp.NewKeyFromURL(s.URL)
	if err != nil {
		return nil, fmt.Errorf("read our own otpauth address: %w", err)
	}
	img, err := key.Image(qrSide, qrSide)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("write a QR code: %w", err)
	}
	return out.Bytes(), nil
}

// Confirm puts the secret into use once the app shows a code of it, and returns recovery
// codes, which are shown this once. Another session than the one of SetUp gets ErrCode.
func (f *Factors) Confirm(ctx context.Context, person social.PersonID, session []byte, code string, who audit.Actor) (codes []string, err error) {
	err = f.db.Platform(ctx, "confirm an authenticator", func(tx *pg.PlatformTx) error {
		row, err := store.TOTPOf(ctx, tx, person)
		if fault.IsNotFound(err) {
			return errNoTOTP
		}
		if err != nil {
			return err
		}
		if row.ConfirmedAt != nil {
			return errHasTOTP
		}
		secret, err := f.key.Open(row.Sealed, setUp(person, session))
		if err != nil {
			return ErrCode
		}
		if err := f.use(ctx, tx, row, secret, code); err != nil {
			return err
		}
		if err := store.ConfirmTOTP(ctx, tx, person, row.Sealed, f.key.Seal(secret, purpose(person))); err != nil {
			return err
		}
		if codes, err = newCodes(ctx, tx, person); err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.add_authenticator", "totp_on", who)
	})
	if err != nil {
		return nil, fmt.Errorf("confirm the authenticator of person %d: %w", person, err)
	}
	return codes, nil
}

// use checks a code and makes sure that it never counts again.
func (f *Factors) use(ctx context.Context, tx *pg.PlatformTx, row *store.TOTPSecret, secret []byte, code string) error {
	step, ok := stepOf(base.EncodeToString(secret), clean(code), f.now())
	if !ok || step <= row.LastStep {
		return ErrCode
	}
	err := store.UseTOTPStep(ctx, tx, row.PersonID, step)
	if fault.IsNotFound(err) { // used by somebody at the same moment
		return ErrCode
	}
	return err
}

// stepOf finds the time step of a code: of now, or of half a minute before or after, for
// clocks that differ.
func stepOf(secret, code string, now time.Time) (int64, bool) {
	step, found := now.Unix()/period, int64(0)
	for _, candidate := range []int64{step - 1, step, step + 1} {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(candidate*period, 0), totp.ValidateOpts{Period: period, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = candidate
		}
	}
	return found, found != 0
}

// clean takes what people type and copy: spaces and hyphens, small letters.
func clean(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code[:min(len(code), 64)]))
}

// Check takes a code of the app or a recovery code at sign-in, or returns ErrCode. Callers
// count tries first.
func (f *Factors) Check(ctx context.Context, person social.PersonID, code string, who audit.Actor) error {
	err := f.db.Platform(ctx, "check a second factor", func(tx *pg.PlatformTx) error {
		row, err := store.TOTPOf(ctx, tx, person)
		if fault.IsNotFound(err) || err == nil && row.ConfirmedAt == nil {
			return ErrCode
		}
		if err != nil {
			return err
		}
		if len(clean(code)) == int(otp.DigitsSix) {
			secret, err := f.key.Open(row.Sealed, purpose(person))
			if err != nil {
				return err
			}
			return f.use(ctx, tx, row, secret, code)
		}
		err = store.UseRecoveryCode(ctx, tx, person, hashOfCode(code))
		if fault.IsNotFound(err) {
			return ErrCode
		}
		if err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.use_recovery_code", "recovery", who)
	})
	if err != nil {
		return fmt.Errorf("check the second factor of person %d: %w", person, err)
	}
	return nil
}

// Remove turns the authenticator and its recovery codes off.
func (f *Factors) Remove(ctx context.Context, person social.PersonID, who audit.Actor) error {
	err := f.db.Platform(ctx, "remove an authenticator", func(tx *pg.PlatformTx) error {
		if err := store.RemoveTOTP(ctx, tx, person); err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.remove_authenticator", "totp_off", who)
	})
	if err != nil {
		return fmt.Errorf("remove the authenticator of person %d: %w", person, err)
	}
	return nil
}

// NewCodes replaces a person's recovery codes by new ones, which are shown this once.
func (f *Factors) NewCodes(ctx context.Context, person social.PersonID, who audit.Actor) (codes []string, err error) {
	err = f.db.Platform(ctx, "make recovery codes", func(tx *pg.PlatformTx) error {
		row, err := store.TOTPOf(ctx, tx, person)
		if fault.IsNotFound(err) || err == nil && row.ConfirmedAt == nil {
			return errNoTOTP
		}
		if err != nil {
			return err
		}
		if codes, err = newCodes(ctx, tx, person); err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.make_recovery_codes", "codes", who)
	})
	if err != nil {
		return nil, fmt.Errorf("make recovery codes of person %d: %w", person, err)
	}
	return codes, nil
}

func newCodes(ctx context.Context, tx *pg.PlatformTx, person social.PersonID) ([]string, error) {
	codes, hashes := make([]string, codesMade), make([][]byte, codesMade)
	for i := range codes {
		b := make([]byte, codeBytes)
		_, _ = rand.Read(b) // never fails (Go 1.24)
		text := strings.ToLower(base.EncodeToString(b))
		codes[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
		hashes[i] = hashOfCode(codes[i])
	}
	return codes, store.ReplaceRecoveryCodes(ctx, tx, person, hashes)
}

func hashOfCode(code string) []byte {
	sum := sha256.Sum256([]byte("rookery recovery code\x00" + clean(code)))
	return sum[:]
}
