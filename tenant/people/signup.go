package people

import (
	"bytes"
	"context"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// signUpTries bounds guesses of the password that a link asks for in another browser.
const signUpTries = 10

// ErrSignUpPassword is for a confirmation in another browser with another password.
var ErrSignUpPassword = fault.New(fault.Unauthorized, "This is not the password you chose when you signed up.")

// SignUp keeps somebody until the mail is answered. There is no person before that: who does
// not read an address can neither occupy it nor wait behind it. An address that is known
// hears that somebody signed up with it; the caller's answer is the same.
//
// The browser is a secret of the browser that signed up: it need not type the password again.
// Any other must, or whoever typed a stranger's address with a password of their own would
// share the login that the stranger confirms.
func (p *People) SignUp(ctx context.Context, n NewPerson, browser, prefix, signIn string) error {
	email, err := NormaliseEmail(n.Email)
	if err != nil {
		return err
	}
	name, err := cleanName(n.Name)
	if err != nil {
		return err
	}
	hash, err := p.hashNew(ctx, n.Password) // for known addresses too: it is what takes time
	if err != nil {
		return err
	}
	secret, expires := ids.Secret(secretBytes), p.now().Add(signUpLifetime)
	err = p.db.Platform(ctx, "sign up", func(tx *pg.PlatformTx) error {
		known, err := store.PersonByEmail(ctx, tx, email)
		if err == nil {
			return post(ctx, tx, letter{to: email, locale: known.Locale, template: "person_known", link: signIn})
		}
		if !fault.IsNotFound(err) {
			return err
		}
		err = store.AddSignUp(ctx, tx, &store.SignUp{
			TokenHash: hashOf(secret), Email: email, Name: name, PasswordHash: hash, Locale: localeOr(n.Locale), BrowserHash: hashOf(browser), ExpiresAt: expires,
		})
		if err != nil {
			return err
		}
		return post(ctx, tx, letter{
			to: email, locale: localeOr(n.Locale), template: "person_confirm", link: prefix + secret, data: map[string]string{"deadline": until(expires)},
		})
	})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	return nil
}

// WaitingSignUp is a sign-up that a link confirms.
type WaitingSignUp struct {
	Email string
	// NeedsPassword: another browser signed up.
	NeedsPassword bool
}

// SignUpOf returns what a link confirms, or ErrLink. It changes nothing: mail filters open
// links.
func (p *People) SignUpOf(ctx context.Context, secret, browser string) (*WaitingSignUp, error) {
	row, err := p.signUp(ctx, secret)
	if err != nil {
		return nil, err
	}
	return &WaitingSignUp{Email: row.Email, NeedsPassword: !isBrowser(row, browser)}, nil
}

func isBrowser(row *store.SignUp, browser string) bool {
	return browser != "" && bytes.Equal(row.BrowserHash, hashOf(browser))
}

func (p *People) signUp(ctx context.Context, secret string) (row *store.SignUp, err error) {
	err = p.db.Platform(ctx, "look at a sign-up", func(tx *pg.PlatformTx) (err error) {
		row, err = store.SignUpByHash(ctx, tx, hashOf(secret), p.now())
		return err
	})
	if fault.IsNotFound(err) || err == nil && row.Tries >= signUpTries {
		return nil, ErrLink
	}
	return row, err
}

// ConfirmSignUp makes the person. In another browser than the one that signed up the password
// must be the one chosen there.
func (p *People) ConfirmSignUp(ctx context.Context, secret, browser, password string, who audit.Actor) (*Person, error) {
	row, err := p.signUp(ctx, secret)
	if err != nil {
		return nil, err
	}
	if !isBrowser(row, browser) {
		if err := p.checkSignUp(ctx, row, password); err != nil {
			return nil, err
		}
	}
	made := &store.Person{
		ID: social.PersonID(ids.New()), Email: row.Email, Name: row.Name, PasswordHash: row.PasswordHash, Locale: row.Locale, CreatedAt: p.now(),
	}
	err = p.db.Platform(ctx, "confirm a sign-up", func(tx *pg.PlatformTx) error {
		if err := store.AddPerson(ctx, tx, made); err != nil {
			return err
		}
		if err := store.EndSignUps(ctx, tx, made.Email); err != nil {
			return err
		}
		return act{"person.sign_up", actor(made, who.Address)}.record(ctx, tx, made.ID, nil)
	})
	if fault.CodeOf(err) == fault.Conflict { // confirmed already, or made otherwise meanwhile
		return nil, ErrLink
	}
	if err != nil {
		return nil, fmt.Errorf("confirm a sign-up: %w", err)
	}
	return fromRow(made), nil
}

func (p *People) checkSignUp(ctx context.Context, row *store.SignUp, password string) error {
	err := p.db.Platform(ctx, "count a password of a sign-up", func(tx *pg.PlatformTx) error {
		n, err := store.CountSignUpTry(ctx, tx, row.TokenHash)
		if err == nil && n > signUpTries {
			return ErrLink
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(password) > maxPassword {
		return ErrSignUpPassword
	}
	ok, _, err := p.hasher.verify(ctx, password, row.PasswordHash)
	if err != nil {
		return fmt.Errorf("check the password of a sign-up: %w", err)
	}
	if !ok {
		return ErrSignUpPassword
	}
	return nil
}

func localeOr(locale string) string {
	if locale == "" {
		return "en"
	}
	return locale
}

// CheckNew says what is wrong with a name and a password that somebody chooses, before
// anything is counted or hashed.
func CheckNew(name, password string) error {
	if _, err := cleanName(name); err != nil {
		return err
	}
	return checkPassword(password)
}
