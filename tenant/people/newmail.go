package people

import (
	"context"
	"fmt"
	"slices"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Locales are the languages that people may choose.
var Locales = []string{"en", "de"}

var (
	errSameEmail = fault.New(fault.Invalid, "This is the address you have now.")
	errLocale    = fault.New(fault.Invalid, "Choose one of the languages in the list.")
)

// AskNewEmail mails a link to the address that somebody wants to have. An address that
// belongs to somebody hears of that instead, and the person who asked learns nothing.
func (p *People) AskNewEmail(ctx context.Context, of *Person, email, prefix, signIn string) error {
	email, err := NormaliseEmail(email)
	if err != nil {
		return err
	}
	if email == of.Email {
		return errSameEmail
	}
	secret, expires := ids.Secret(secretBytes), p.now().Add(changeLifetime)
	err = p.db.Platform(ctx, "mail a link to a new address", func(tx *pg.PlatformTx) error {
		taken, err := store.PersonByEmail(ctx, tx, email)
		if err == nil {
			return post(ctx, tx, letter{to: email, locale: taken.Locale, template: "person_known", link: signIn})
		}
		if !fault.IsNotFound(err) {
			return err
		}
		err = store.AddPersonToken(ctx, tx, &store.PersonToken{TokenHash: hashOf(secret), PersonID: of.ID, Kind: kindChange, Email: email, ExpiresAt: expires})
		if err != nil {
			return err
		}
		return post(ctx, tx, letter{
			to: email, locale: of.Locale, template: "person_new_mail", link: prefix + secret,
			data: map[string]string{"person": of.Name, "person_mail": of.Email, "deadline": until(expires)},
		})
	})
	if err != nil {
		return fmt.Errorf("mail a link to a new address of person %d: %w", of.ID, err)
	}
	return nil
}

// NewEmailOf returns whose address a link changes, or ErrLink.
func (p *People) NewEmailOf(ctx context.Context, secret string) (*Person, error) {
	return p.ofToken(ctx, kindChange, secret)
}

// ConfirmNewEmail gives a person the address that the link was mailed to, and tells the old
// one. It ends all other links: they went to the old address.
func (p *People) ConfirmNewEmail(ctx context.Context, secret string, who audit.Actor) (*Person, error) {
	person, err := p.one(ctx, "change a mail address", func(tx *pg.PlatformTx) (*store.Person, error) {
		t, err := store.UsePersonToken(ctx, tx, kindChange, hashOf(secret), p.now())
		if err != nil {
			return nil, err
		}
		row, err := store.PersonByID(ctx, tx, t.PersonID)
		if err != nil {
			return nil, err
		}
		if err := store.SetEmail(ctx, tx, row.ID, t.Email); err != nil {
			return nil, err
		}
		if err := store.EndPersonTokens(ctx, tx, row.ID, p.now()); err != nil {
			return nil, err
		}
		a := act{"person.change_mail", actor(row, who.Address)}
		if err := a.record(ctx, tx, row.ID, map[string]string{"from": row.Email, "to": t.Email}); err != nil {
			return nil, err
		}
		err = post(ctx, tx, letter{
			to: row.Email, locale: row.Locale, template: "person_old_mail", data: map[string]string{"person_mail": t.Email, "since": until(p.now())},
		})
		row.Email = t.Email
		return row, err
	})
	if fault.IsNotFound(err) || fault.CodeOf(err) == fault.Conflict { // taken meanwhile
		return nil, ErrLink
	}
	return person, err
}

// SetProfile renames a person and chooses the language of pages and mails.
func (p *People) SetProfile(ctx context.Context, id social.PersonID, name, locale string, who audit.Actor) error {
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	if !slices.Contains(Locales, locale) {
		return errLocale
	}
	err = p.db.Platform(ctx, "change a person's name and language", func(tx *pg.PlatformTx) error {
		if err := store.SetPersonName(ctx, tx, id, name); err != nil {
			return err
		}
		if err := store.SetLocale(ctx, tx, id, locale); err != nil {
			return err
		}
		return act{"person.change_profile", who}.record(ctx, tx, id, map[string]string{"locale": locale})
	})
	if err != nil {
		return fmt.Errorf("change the name of person %d: %w", id, err)
	}
	return nil
}
