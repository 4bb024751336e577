package people

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/notice"
)

// Links in mails are secrets of 256 random bits; the database knows their SHA-256 alone. A
// mail that waits holds its link until it is removed by age, hence the short lives.
const (
	resetLifetime  = time.Hour
	changeLifetime = 24 * time.Hour
	signUpLifetime = 24 * time.Hour
	secretBytes    = 32

	kindReset  = "reset"
	kindChange = "change_mail"
)

// ErrLink says that a link of a mail does not work, for whatever reason.
var ErrLink = fault.New(fault.Gone, "This link does not work any more. It works once, and not for long: ask for a new one.")

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// letter is a mail to one person with a link that holds a secret.
type letter struct {
	to, locale, template string
	link                 string
	data                 map[string]string
}

// post queues a letter; its key is its own, so that each is sent.
func post(ctx context.Context, tx *pg.PlatformTx, l letter) error {
	data := map[string]string{"link": l.link}
	for k, v := range l.data {
		data[k] = v
	}
	return notice.QueueTo(ctx, tx, 0, l.to, l.locale, notice.Notice{Key: l.template + "/" + ids.Format(ids.New()), Template: l.template, Data: data})
}

func until(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ForgotPassword mails a link to whoever has the address; prefix is where it leads, less the
// secret. The caller's answer must not depend on whether there was somebody, and neither
// must the time it takes.
//
// On a tenant's host (realm; 0 is the platform's own) only its members get one: the name is in
// the hands of that company, and the link opens whatever its person has elsewhere.
func (p *People) ForgotPassword(ctx context.Context, realm tenant.ID, email, prefix string) error {
	person, err := p.ByEmail(ctx, email)
	if fault.IsNotFound(err) || fault.CodeOf(err) == fault.Invalid || err == nil && person.Disabled {
		return nil
	}
	if err != nil {
		return err
	}
	if realm != 0 {
		mine, err := p.TenantsOf(ctx, person.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(mine, func(m TenantRole) bool { return m.Tenant == realm }) {
			return nil
		}
	}
	secret, expires := ids.Secret(secretBytes), p.now().Add(resetLifetime)
	err = p.db.Platform(ctx, "mail a link for a new password", func(tx *pg.PlatformTx) error {
		err := store.AddPersonToken(ctx, tx, &store.PersonToken{TokenHash: hashOf(secret), PersonID: person.ID, Kind: kindReset, ExpiresAt: expires})
		if err != nil {
			return err
		}
		return post(ctx, tx, letter{
			to: person.Email, locale: person.Locale, template: "person_reset", link: prefix + secret, data: map[string]string{"deadline": until(expires)},
		})
	})
	if err != nil {
		return fmt.Errorf("mail person %d a link for a new password: %w", person.ID, err)
	}
	return nil
}

// ResetOf returns whose password a link resets, or ErrLink. It uses nothing up: mail filters
// open links.
func (p *People) ResetOf(ctx context.Context, secret string) (*Person, error) {
	return p.ofToken(ctx, kindReset, secret)
}

func (p *People) ofToken(ctx context.Context, kind, secret string) (*Person, error) {
	row, err := p.one(ctx, "look at a link of a mail", func(tx *pg.PlatformTx) (*store.Person, error) {
		t, err := store.PersonTokenByHash(ctx, tx, kind, hashOf(secret), p.now())
		if err != nil {
			return nil, err
		}
		return store.PersonByID(ctx, tx, t.PersonID)
	})
	if fault.IsNotFound(err) || err == nil && row.Disabled {
		return nil, ErrLink
	}
	return row, err
}

// Reset gives a person a new password by a link. It ends all sessions and all other links,
// and with apps also every app's access. By whom it was is found out from the link; only the
// address is taken from who.
func (p *People) Reset(ctx context.Context, secret, password string, apps bool, who audit.Actor) (*Person, error) {
	hash, err := p.hashNew(ctx, password)
	if err != nil {
		return nil, err
	}
	person, err := p.one(ctx, "reset a password", func(tx *pg.PlatformTx) (*store.Person, error) {
		t, err := store.UsePersonToken(ctx, tx, kindReset, hashOf(secret), p.now())
		if err != nil {
			return nil, err
		}
		row, err := store.PersonByID(ctx, tx, t.PersonID)
		if err != nil {
			return nil, err
		}
		if row.DisabledAt != nil {
			return nil, ErrLink
		}
		return row, p.replacePassword(ctx, tx, row, hash, apps, act{"person.reset_password", actor(row, who.Address)})
	})
	if fault.IsNotFound(err) {
		return nil, ErrLink
	}
	return person, err
}

// ChangePassword is SetPassword for somebody who does it to themselves: it is recorded, and
// they are told by mail.
func (p *People) ChangePassword(ctx context.Context, id social.PersonID, password string, who audit.Actor) error {
	hash, err := p.hashNew(ctx, password)
	if err != nil {
		return err
	}
	_, err = p.one(ctx, "change a password", func(tx *pg.PlatformTx) (*store.Person, error) {
		row, err := store.PersonByID(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return row, p.replacePassword(ctx, tx, row, hash, false, act{"person.change_password", who})
	})
	return err
}

func (p *People) replacePassword(ctx context.Context, tx *pg.PlatformTx, row *store.Person, hash string, apps bool, a act) error {
	if err := store.SetPasswordHash(ctx, tx, row.ID, hash); err != nil {
		return err
	}
	end := store.EndSessionsOfPerson
	if apps {
		end = store.EndAccessOfPerson
	}
	if err := end(ctx, tx, row.ID); err != nil {
		return err
	}
	if err := store.EndPersonTokens(ctx, tx, row.ID, p.now()); err != nil {
		return err
	}
	if err := a.record(ctx, tx, row.ID, map[string]string{"apps_ended": fmt.Sprint(apps)}); err != nil {
		return err
	}
	return Tell(ctx, tx, row.ID, "password", p.now())
}

// Tell mails a person that something about their security has changed; cause names what, in
// the words of the template person_security.
func Tell(ctx context.Context, tx *pg.PlatformTx, id social.PersonID, cause string, at time.Time) error {
	row, err := store.PersonByID(ctx, tx, id)
	if err != nil {
		return err
	}
	return post(ctx, tx, letter{
		to: row.Email, locale: row.Locale, template: "person_security",
		data: map[string]string{"cause": cause, "since": until(at)},
	})
}

// act is what is recorded of a change, on the platform's own chain: people belong to it.
type act struct {
	action string
	by     audit.Actor
}

func (a act) record(ctx context.Context, tx *pg.PlatformTx, of social.PersonID, detail map[string]string) error {
	return audit.AppendFor(ctx, tx, audit.Platform, audit.Entry{Actor: a.by, Action: a.action, Target: Target(of), Detail: detail})
}

// Target is how the audit log names a person.
func Target(id social.PersonID) string { return "person:" + ids.Format(int64(id)) }

func actor(row *store.Person, address string) audit.Actor {
	return audit.Actor{Kind: audit.Person, ID: int64(row.ID), Name: row.Name, Address: address}
}

// Actor is a person who acts from an address, as the audit log names them.
func (p *Person) Actor(address string) audit.Actor {
	return audit.Actor{Kind: audit.Person, ID: int64(p.ID), Name: p.Name, Address: address}
}
