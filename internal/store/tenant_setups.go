package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Setup is how far the set-up of a company is that was made in the console.
type Setup struct {
	FoundedBy social.PersonID
	FoundedAt time.Time
	DomainAt  *time.Time // when the screen of the domain was left behind; nil: not yet
	PeopleAt  *time.Time // when the screen of people was
	EndedAt   *time.Time // when it was finished, or put away
}

// SetupMark is what a set-up keeps a time of.
type SetupMark string

// The marks.
const (
	SetupDomain SetupMark = "domain"
	SetupPeople SetupMark = "people"
	SetupEnd    SetupMark = "end"
)

const (
	lockFounder   = `SELECT id FROM persons WHERE id = @person AND disabled_at IS NULL FOR UPDATE`
	foundedByForm = `SELECT tenant_id FROM tenant_setups WHERE founded_by = @person AND nonce = @nonce`
	countFounded  = `SELECT count(*) FROM tenant_setups WHERE founded_by = @person AND founded_at > @since`
	insertSetup   = `INSERT INTO tenant_setups (tenant_id, founded_by, founded_at, nonce) VALUES (@tenant_id, @person, @at, @nonce)`
	openSetups    = `
SELECT s.tenant_id FROM tenant_setups s
JOIN   memberships m ON m.tenant_id = s.tenant_id AND m.person_id = s.founded_by
WHERE  s.founded_by = @person AND s.ended_at IS NULL
ORDER  BY s.founded_at DESC LIMIT 5`
	selectSetup = `SELECT founded_by, founded_at, domain_at, people_at, ended_at FROM tenant_setups WHERE tenant_id = @tenant_id`
	// The first time counts: a form that is sent twice changes nothing.
	markSetup = `
UPDATE tenant_setups SET
       domain_at = CASE WHEN @mark = 'domain' THEN @at ELSE domain_at END,
       people_at = CASE WHEN @mark = 'people' THEN @at ELSE people_at END,
       ended_at  = CASE WHEN @mark = 'end' THEN @at ELSE ended_at END
WHERE  tenant_id = @tenant_id AND ended_at IS NULL
AND    CASE @mark::text WHEN 'domain' THEN domain_at IS NULL WHEN 'people' THEN people_at IS NULL ELSE true END`
)

// LockFounder has others that make a company for the person wait until the transaction
// ends. Somebody who is disabled is fault.NotFound.
func LockFounder(ctx context.Context, tx *pg.PlatformTx, person social.PersonID) error {
	_, err := pg.Value[int64](ctx, tx, lockFounder, pgx.NamedArgs{"person": person})
	return err
}

// FoundedByForm returns the company that a form has made already, or fault.NotFound.
func FoundedByForm(ctx context.Context, tx *pg.PlatformTx, person social.PersonID, nonce string) (tenant.ID, error) {
	return pg.Value[tenant.ID](ctx, tx, foundedByForm, pgx.NamedArgs{"person": person, "nonce": nonce})
}

// CountFounded says how many companies a person has made since a time.
func CountFounded(ctx context.Context, tx *pg.PlatformTx, person social.PersonID, since time.Time) (int, error) {
	return pg.Value[int](ctx, tx, countFounded, pgx.NamedArgs{"person": person, "since": since})
}

// AddSetup begins the set-up of a company.
func AddSetup(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, person social.PersonID, at time.Time, nonce string) error {
	_, err := pg.Exec(ctx, tx, insertSetup, pgx.NamedArgs{"tenant_id": of, "person": person, "at": at, "nonce": nonce})
	return err
}

// OpenSetups returns the companies that a person has made, belongs to and has not finished,
// the latest first, five at most.
func OpenSetups(ctx context.Context, tx *pg.PlatformTx, person social.PersonID) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, tx, openSetups, pgx.NamedArgs{"person": person})
}

// SetupOf returns how far the set-up of the scope's tenant is. A company that was made
// otherwise is fault.NotFound.
func SetupOf(ctx context.Context, scope *pg.Scope) (*Setup, error) {
	return pg.One[Setup](ctx, scope, selectSetup, nil)
}

// MarkSetup keeps when a screen was left behind, or when the set-up ended, and says whether
// that is new.
func MarkSetup(ctx context.Context, scope *pg.Scope, mark SetupMark, at time.Time) (isNew bool, err error) {
	n, err := pg.Exec(ctx, scope, markSetup, pgx.NamedArgs{"mark": string(mark), "at": at})
	return n > 0, err
}
