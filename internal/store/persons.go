package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Person is a row of the platform's people.
type Person struct {
	ID           social.PersonID
	Email        string
	Name         string
	PasswordHash string // empty: cannot sign in with a password
	Locale       string
	CreatedAt    time.Time
	DisabledAt   *time.Time
}

const insertPerson = `
INSERT INTO persons (id, email, name, password_hash, locale)
VALUES (@id, @email, @name, @password_hash, @locale)`

// AddPerson stores a new person; a mail address that is taken is fault.Conflict.
func AddPerson(ctx context.Context, p *pg.PlatformTx, person *Person) error {
	_, err := pg.Exec(ctx, p, insertPerson, pgx.NamedArgs{
		"id": person.ID, "email": person.Email, "name": person.Name, "password_hash": person.PasswordHash, "locale": person.Locale,
	})
	return err
}

const personColumns = `SELECT id, email, name, password_hash, locale, created_at, disabled_at FROM persons WHERE `

// PersonByEmail returns a person, or fault.NotFound. The address is lower case.
func PersonByEmail(ctx context.Context, p *pg.PlatformTx, email string) (*Person, error) {
	return pg.One[Person](ctx, p, personColumns+`email = @email`, pgx.NamedArgs{"email": email})
}

// PersonByID returns a person, or fault.NotFound.
func PersonByID(ctx context.Context, p *pg.PlatformTx, id social.PersonID) (*Person, error) {
	return pg.One[Person](ctx, p, personColumns+`id = @id`, pgx.NamedArgs{"id": id})
}

// PersonsByIDs returns the persons that exist.
func PersonsByIDs(ctx context.Context, p *pg.PlatformTx, ids []social.PersonID) ([]*Person, error) {
	return pg.Many[Person](ctx, p, personColumns+`id = ANY(@ids)`, pgx.NamedArgs{"ids": ids})
}

const (
	setPassword       = `UPDATE persons SET password_hash = @password_hash WHERE id = @id`
	replacePassword   = `UPDATE persons SET password_hash = @password_hash WHERE id = @id AND password_hash = @former`
	setPersonDisabled = `UPDATE persons SET disabled_at = CASE WHEN @disabled THEN COALESCE(disabled_at, now()) END WHERE id = @id`
)

// SetPasswordHash gives a person a new password.
func SetPasswordHash(ctx context.Context, p *pg.PlatformTx, id social.PersonID, hash string) error {
	n, err := pg.Exec(ctx, p, setPassword, pgx.NamedArgs{"id": id, "password_hash": hash})
	return mustTouch(n, err)
}

// ReplacePasswordHash stores the same password under new parameters, unless the
// password was changed meanwhile.
func ReplacePasswordHash(ctx context.Context, p *pg.PlatformTx, id social.PersonID, former, hash string) error {
	_, err := pg.Exec(ctx, p, replacePassword, pgx.NamedArgs{"id": id, "former": former, "password_hash": hash})
	return err
}

// SetPersonDisabled closes a person's access or opens it again.
func SetPersonDisabled(ctx context.Context, p *pg.PlatformTx, id social.PersonID, disabled bool) error {
	n, err := pg.Exec(ctx, p, setPersonDisabled, pgx.NamedArgs{"id": id, "disabled": disabled})
	return mustTouch(n, err)
}

// PersonTenant is a tenant that a person belongs to.
type PersonTenant struct {
	TenantID tenant.ID
	Role     string
}

const tenantsOfPerson = `
SELECT m.tenant_id, m.role
FROM   memberships m
JOIN   tenants t ON t.id = m.tenant_id AND t.state <> 'deleted'
WHERE  m.person_id = @person_id
ORDER  BY m.created_at, m.tenant_id`

// TenantsOfPerson returns the tenants a person belongs to, the first joined first.
func TenantsOfPerson(ctx context.Context, p *pg.PlatformTx, id social.PersonID) ([]*PersonTenant, error) {
	return pg.Many[PersonTenant](ctx, p, tenantsOfPerson, pgx.NamedArgs{"person_id": id})
}
