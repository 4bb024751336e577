package people

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Person is somebody who may sign in. It never carries the password's hash.
type Person struct {
	ID        social.PersonID
	Email     string // lower case
	Name      string
	Locale    string
	CreatedAt time.Time
	Disabled  bool
	// HasPassword: who has none signs in otherwise, or not yet.
	HasPassword bool
}

// NewPerson says who is to be created. Without a password nobody can sign in with one:
// the person waits for an invitation or a reset.
type NewPerson struct {
	Email    string
	Name     string
	Password string
	Locale   string
}

const (
	maxEmail = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	maxName  = 100
)

var (
	errEmail      = fault.New(fault.Invalid, "This is not a mail address.")
	errName       = fault.Newf(fault.Invalid, "A name has at most %d characters.", maxName)
	errEmailTaken = fault.New(fault.Conflict, "Somebody with this mail address exists already. Add that person instead of creating a new one.")
	// ErrSignIn is all that a failed sign-in says: not whether the address is known.
	ErrSignIn = fault.New(fault.Unauthorized, "The mail address or the password is wrong.")
	// ErrDisabled comes only after the right password.
	ErrDisabled = fault.New(fault.Forbidden, "This login is disabled. Ask the owner of your organisation.")
)

// NormaliseEmail returns a mail address as it is stored, or a fault for what is none.
func NormaliseEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmail || strings.ContainsAny(email, "\"\x00") || !utf8.ValidString(email) {
		return "", errEmail
	}
	return email, nil
}

func cleanName(name string) (string, error) {
	name = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), ""))
	if utf8.RuneCountInString(name) > maxName {
		return "", errName
	}
	return name, nil
}

// Create makes a person, or fault.Conflict where the mail address is taken.
func (p *People) Create(ctx context.Context, n NewPerson) (*Person, error) {
	email, err := NormaliseEmail(n.Email)
	if err != nil {
		return nil, err
	}
	name, err := cleanName(n.Name)
	if err != nil {
		return nil, err
	}
	row := &store.Person{ID: social.PersonID(ids.New()), Email: email, Name: name, Locale: localeOr(n.Locale), CreatedAt: time.Now()}
	if n.Password != "" {
		if row.PasswordHash, err = p.hashNew(ctx, n.Password); err != nil {
			return nil, err
		}
	}
	err = p.db.Platform(ctx, "create a person", func(tx *pg.PlatformTx) error { return store.AddPerson(ctx, tx, row) })
	if fault.CodeOf(err) == fault.Conflict {
		return nil, errEmailTaken
	}
	if err != nil {
		return nil, fmt.Errorf("create a person: %w", err)
	}
	return fromRow(row), nil
}

// ByEmail returns the person with a mail address, or fault.NotFound.
func (p *People) ByEmail(ctx context.Context, email string) (*Person, error) {
	email, err := NormaliseEmail(email)
	if err != nil {
		return nil, err
	}
	return p.one(ctx, "find a person by mail address", func(tx *pg.PlatformTx) (*store.Person, error) {
		return store.PersonByEmail(ctx, tx, email)
	})
}

// ByID returns a person, or fault.NotFound.
func (p *People) ByID(ctx context.Context, id social.PersonID) (*Person, error) {
	return p.one(ctx, "find a person", func(tx *pg.PlatformTx) (*store.Person, error) {
		return store.PersonByID(ctx, tx, id)
	})
}

// ByIDs returns the persons that exist, by id.
func (p *People) ByIDs(ctx context.Context, list []social.PersonID) (map[social.PersonID]*Person, error) {
	out := make(map[social.PersonID]*Person, len(list))
	err := p.db.Platform(ctx, "name the persons of a tenant", func(tx *pg.PlatformTx) error {
		rows, err := store.PersonsByIDs(ctx, tx, list)
		for _, row := range rows {
			out[row.ID] = fromRow(row)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %d persons: %w", len(list), err)
	}
	return out, nil
}

func (p *People) one(ctx context.Context, reason string, read func(*pg.PlatformTx) (*store.Person, error)) (*Person, error) {
	var row *store.Person
	err := p.db.Platform(ctx, reason, func(tx *pg.PlatformTx) (err error) {
		row, err = read(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reason, err)
	}
	return fromRow(row), nil
}

// Authenticate returns the person whose mail address and password these are. It
// takes as long for an address that nobody has. Callers ask limit.Logins first.
func (p *People) Authenticate(ctx context.Context, email, password string) (*Person, error) {
	row := &store.Person{}
	// An address that cannot exist is looked up all the same: so that it takes as long.
	normal, err := NormaliseEmail(email)
	if err != nil {
		normal = ""
	}
	err = p.db.Platform(ctx, "sign in", func(tx *pg.PlatformTx) error {
		found, err := store.PersonByEmail(ctx, tx, normal)
		if err == nil {
			row = found
		}
		return err
	})
	if err != nil && !fault.IsNotFound(err) {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	if len(password) > maxPassword {
		password = "" // cannot be right, and hashing megabytes is work
	}
	ok, stale, err := p.hasher.verify(ctx, password, row.PasswordHash)
	if err != nil {
		return nil, fmt.Errorf("sign in person %d: %w", row.ID, err)
	}
	if !ok {
		return nil, ErrSignIn
	}
	if row.DisabledAt != nil {
		return nil, ErrDisabled
	}
	if stale {
		p.rehash(ctx, row, password)
	}
	return fromRow(row), nil
}

// rehash renews a hash of former parameters. If it cannot, the old one goes on working.
func (p *People) rehash(ctx context.Context, row *store.Person, password string) {
	hash, err := p.hasher.hash(ctx, password)
	if err == nil {
		err = p.db.Platform(ctx, "renew a password hash", func(tx *pg.PlatformTx) error {
			return store.ReplacePasswordHash(ctx, tx, row.ID, row.PasswordHash, hash)
		})
	}
	if err != nil {
		p.log.WarnContext(ctx, "renew a password hash", "person", int64(row.ID), "error", err)
	}
}

func (p *People) hashNew(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	hash, err := p.hasher.hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// SetPassword gives a person a new password and signs every browser out. Apps keep
// their tokens: see RevokeAccess for when the old password may be known to others.
func (p *People) SetPassword(ctx context.Context, id social.PersonID, password string) error {
	hash, err := p.hashNew(ctx, password)
	if err != nil {
		return err
	}
	err = p.db.Platform(ctx, "set a password", func(tx *pg.PlatformTx) error {
		if err := store.SetPasswordHash(ctx, tx, id, hash); err != nil {
			return err
		}
		return store.EndSessionsOfPerson(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("set the password of person %d: %w", id, err)
	}
	return nil
}

// RevokeAccess ends all sessions, codes and tokens of a person in all tenants.
func (p *People) RevokeAccess(ctx context.Context, id social.PersonID) error {
	err := p.db.Platform(ctx, "end all access of a person", func(tx *pg.PlatformTx) error {
		return store.EndAccessOfPerson(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("revoke the access of person %d: %w", id, err)
	}
	return nil
}

// EndAccess is RevokeAccess by the person: it is recorded.
func (p *People) EndAccess(ctx context.Context, id social.PersonID, who audit.Actor) error {
	err := p.db.Platform(ctx, "end all access of a person", func(tx *pg.PlatformTx) error {
		if err := store.EndAccessOfPerson(ctx, tx, id); err != nil {
			return err
		}
		return act{"person.end_access", who}.record(ctx, tx, id, nil)
	})
	if err != nil {
		return fmt.Errorf("end the access of person %d: %w", id, err)
	}
	return nil
}

// SetDisabled closes a person's access everywhere, at once, or lets the person sign
// in again.
func (p *People) SetDisabled(ctx context.Context, id social.PersonID, disabled bool) error {
	err := p.db.Platform(ctx, "disable or enable a person", func(tx *pg.PlatformTx) error {
		if err := store.SetPersonDisabled(ctx, tx, id, disabled); err != nil {
			return err
		}
		if !disabled {
			return nil
		}
		return store.EndAccessOfPerson(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("disable person %d (%t): %w", id, disabled, err)
	}
	return nil
}

// TenantRole is a tenant that a person belongs to.
type TenantRole struct {
	Tenant tenant.ID
	Role   Membership
}

// TenantsOf returns the tenants a person belongs to: the console's first page.
func (p *People) TenantsOf(ctx context.Context, id social.PersonID) ([]TenantRole, error) {
	var out []TenantRole
	err := p.db.Platform(ctx, "list the tenants of a person", func(tx *pg.PlatformTx) error {
		rows, err := store.TenantsOfPerson(ctx, tx, id)
		for _, row := range rows {
			out = append(out, TenantRole{Tenant: row.TenantID, Role: Membership(row.Role)})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the tenants of person %d: %w", id, err)
	}
	return out, nil
}

func fromRow(row *store.Person) *Person {
	return &Person{ID: row.ID, Email: row.Email, Name: row.Name, Locale: row.Locale, CreatedAt: row.CreatedAt, Disabled: row.DisabledAt != nil, HasPassword: row.PasswordHash != ""}
}
