package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// The rows of names and of what was found about them. The rules, who may do what when,
// are package domains; it alone writes here, but for the names of new tenants.

const domainColumns = `
d.id, d.tenant_id, d.name, d.display_name, d.registrable, d.mode, d.role, COALESCE(d.service_id, 0) AS service_id, d.state, d.reason, d.token, d.attempts, d.failures,
COALESCE(d.failing_since, '0001-01-01 00:00:00+00') AS failing_since, d.state_since, d.created_at,
COALESCE(d.next_check_at, '0001-01-01 00:00:00+00') AS next_check_at,
COALESCE(d.retry_after, '0001-01-01 00:00:00+00') AS retry_after,
COALESCE(d.deadline_at, '0001-01-01 00:00:00+00') AS deadline_at,
COALESCE(d.quarantine_until, '0001-01-01 00:00:00+00') AS quarantine_until,
COALESCE(d.tombstones_until, '0001-01-01 00:00:00+00') AS tombstones_until,
COALESCE(d.contested_by, 0) AS contested_by,
COALESCE((SELECT c.not_after FROM certificates c WHERE c.name = d.name), '0001-01-01 00:00:00+00') AS certificate_not_after`

const (
	selectDomain = `SELECT ` + domainColumns + ` FROM domains d WHERE d.id = @id`
	// Every claim on the name, in one order for all: a dispute changes two of them.
	lockDomain = `
SELECT ` + domainColumns + ` FROM domains d
WHERE  d.name = (SELECT o.name FROM domains o WHERE o.id = @id) AND (d.id = @id OR d.state <> 'released')
ORDER  BY d.id FOR UPDATE OF d`
	domainsOfName  = `SELECT ` + domainColumns + ` FROM domains d WHERE d.name = @name ORDER BY d.id`
	domainsOfOwner = `SELECT ` + domainColumns + ` FROM domains d WHERE d.tenant_id = @owner ORDER BY d.state = 'released', d.id`
	allDomains     = `SELECT ` + domainColumns + ` FROM domains d WHERE d.id > @after ORDER BY d.id LIMIT @most`
	dueDomains     = `
SELECT d.id FROM domains d WHERE d.next_check_at <= @now ORDER BY d.next_check_at LIMIT @most`
	holderOfName = `SELECT ` + domainColumns + ` FROM domains d WHERE d.name = @name AND d.state = ANY(@held)`
	holdersAmong = `SELECT ` + domainColumns + ` FROM domains d WHERE d.name = ANY(@names) AND d.state = ANY(@held) ORDER BY d.id`
	insertDomain = `
INSERT INTO domains (id, tenant_id, name, display_name, registrable, mode, role, service_id, state, reason, token, state_since, created_at, next_check_at)
VALUES (@id, @owner, @name, @display_name, @registrable, @mode, @role, NULLIF(@service_id::bigint, 0), @state, @reason, @token, @state_since, @created_at, @next_check_at)`
	// What memory knows of a name changes seldom, it is looked at often: only the former is told.
	updateDomain = `
WITH before AS (SELECT mode, role, state, tombstones_until FROM domains WHERE id = @id), saved AS (
    UPDATE domains SET
           mode = @mode, role = @role, state = @state, reason = @reason, token = @token, attempts = @attempts, failures = @failures,
           failing_since = @failing_since, state_since = @state_since, next_check_at = @next_check_at, retry_after = @retry_after,
           deadline_at = @deadline_at, quarantine_until = @quarantine_until, tombstones_until = @tombstones_until,
           contested_by = NULLIF(@contested_by::bigint, 0), created_at = @created_at
    WHERE  id = @id
    RETURNING mode, role, state, tombstones_until
)
SELECT pg_notify('` + channel + `', '') FROM before, saved
WHERE  (before.mode, before.role, before.state, before.tombstones_until) IS DISTINCT FROM (saved.mode, saved.role, saved.state, saved.tombstones_until)`
	dropExpired  = `DELETE FROM domains d WHERE d.state = 'expired' AND d.state_since < @before AND NOT EXISTS (SELECT FROM domains h WHERE h.service_id = d.id OR h.contested_by = d.id)`
	becomeAlias  = `UPDATE domains SET role = 'alias' WHERE tenant_id = @id AND role = 'service' AND name <> @host`
	deleteDomain = `DELETE FROM domains WHERE id = @id`
	selectChecks = `
SELECT domain_id, kind, last_checked_at, COALESCE(last_ok_at, '0001-01-01 00:00:00+00') AS last_ok_at, error_code AS code, error_detail AS detail, failures
FROM   domain_checks WHERE domain_id = ANY(@ids) ORDER BY domain_id, kind`
	upsertCheck = `
INSERT INTO domain_checks (domain_id, kind, last_checked_at, last_ok_at, error_code, error_detail, failures)
VALUES (@domain_id, @kind, @last_checked_at, @last_ok_at, @code, @detail, @failures)
ON CONFLICT (domain_id, kind) DO UPDATE SET
       last_checked_at = EXCLUDED.last_checked_at, last_ok_at = EXCLUDED.last_ok_at, error_code = EXCLUDED.error_code,
       error_detail = EXCLUDED.error_detail, failures = EXCLUDED.failures`
	goLive = `
UPDATE tenants SET host = @host, handle_domain = @handle_domain, scheme = @scheme, federates_since = COALESCE(federates_since, @now), updated_at = now()
WHERE  id = @id AND state <> 'deleted'`
)

// NewDomain makes a claim that is not in the database yet. The name is in its normal form.
func NewDomain(owner tenant.ID, name string, mode tenant.DomainMode, role tenant.DomainRole) *tenant.Domain {
	now := time.Now().Truncate(time.Microsecond)
	return &tenant.Domain{
		ID: tenant.DomainID(ids.New()), TenantID: owner, Name: name, DisplayName: displayName(name), Registrable: Registrable(name),
		Mode: mode, Role: role, State: tenant.DomainPendingOwnership, StateSince: now, CreatedAt: now,
	}
}

func displayName(name string) string {
	if shown, err := idna.Display.ToUnicode(name); err == nil {
		return shown
	}
	return name
}

// Registrable is the part of a name that somebody bought: company.co.uk of
// social.company.co.uk, by the Public Suffix List. A name that has none is its own.
func Registrable(name string) string {
	host, _ := splitPort(name)
	if bought, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return bought
	}
	return host
}

// InsertDomain stores a claim. A second holder of a name, or a second claim of the same
// tenant, is fault.Conflict.
func InsertDomain(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	b := pg.NewBatch(tx)
	queueDomain(b, d)
	b.Exec(notify, pgx.NamedArgs{})
	if err := b.Send(ctx); err != nil {
		return fmt.Errorf("store the claim on %s: %w", d.Name, err)
	}
	return nil
}

func queueDomain(b *pg.Batch, d *tenant.Domain) {
	b.Exec(insertDomain, pgx.NamedArgs{
		"id": d.ID, "owner": d.TenantID, "name": d.Name, "display_name": d.DisplayName, "registrable": d.Registrable,
		"mode": d.Mode, "role": d.Role, "service_id": d.ServiceID, "state": d.State, "reason": d.Reason, "token": d.Token,
		"state_since": d.StateSince, "created_at": d.CreatedAt, "next_check_at": pg.NullTime(d.NextCheckAt),
	})
}

// LockDomain reads a claim and keeps others from changing it, or another claim on its name,
// until the transaction ends.
func LockDomain(ctx context.Context, tx *pg.PlatformTx, id tenant.DomainID) (*tenant.Domain, error) {
	all, err := pg.Many[tenant.Domain](ctx, tx, lockDomain, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, fmt.Errorf("lock a domain: %w", err)
	}
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such domain.")
}

// FindDomain reads a claim, or answers fault.NotFound.
func FindDomain(ctx context.Context, tx *pg.PlatformTx, id tenant.DomainID) (*tenant.Domain, error) {
	return oneDomain(ctx, tx, selectDomain, pgx.NamedArgs{"id": id})
}

// HolderOf returns the claim that holds a name, or fault.NotFound.
func HolderOf(ctx context.Context, tx *pg.PlatformTx, name string) (*tenant.Domain, error) {
	return oneDomain(ctx, tx, holderOfName, pgx.NamedArgs{"name": name, "held": tenant.HeldDomainStates()})
}

// HoldersAmong returns the claims that hold some of these names.
func HoldersAmong(ctx context.Context, tx *pg.PlatformTx, names []string) ([]*tenant.Domain, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return pg.Many[tenant.Domain](ctx, tx, holdersAmong, pgx.NamedArgs{"names": names, "held": tenant.HeldDomainStates()})
}

func oneDomain(ctx context.Context, tx *pg.PlatformTx, sql string, args pgx.NamedArgs) (*tenant.Domain, error) {
	d, err := pg.One[tenant.Domain](ctx, tx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("read a domain: %w", err)
	}
	return d, nil
}

// ClaimsOn returns every claim on a name, released ones too, the oldest first.
func ClaimsOn(ctx context.Context, tx *pg.PlatformTx, name string) ([]*tenant.Domain, error) {
	return pg.Many[tenant.Domain](ctx, tx, domainsOfName, pgx.NamedArgs{"name": name})
}

// DomainsOf returns all claims of a tenant; released ones come last.
func DomainsOf(ctx context.Context, tx *pg.PlatformTx, owner tenant.ID) ([]*tenant.Domain, error) {
	return pg.Many[tenant.Domain](ctx, tx, domainsOfOwner, pgx.NamedArgs{"owner": owner})
}

// AllDomains pages through the claims of all tenants, by id.
func AllDomains(ctx context.Context, tx *pg.PlatformTx, after tenant.DomainID, most int) ([]*tenant.Domain, error) {
	return pg.Many[tenant.Domain](ctx, tx, allDomains, pgx.NamedArgs{"after": after, "most": most})
}

// DueDomains returns claims whose next check is due, the longest waiting first.
func DueDomains(ctx context.Context, tx *pg.PlatformTx, now time.Time, most int) ([]tenant.DomainID, error) {
	return pg.Values[tenant.DomainID](ctx, tx, dueDomains, pgx.NamedArgs{"now": now, "most": most})
}

// SaveDomain writes what may change of a claim, and tells all processes what they must know of it.
func SaveDomain(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	_, err := pg.Exec(ctx, tx, updateDomain, pgx.NamedArgs{
		"id": d.ID, "mode": d.Mode, "role": d.Role, "state": d.State, "reason": d.Reason, "token": d.Token,
		"attempts": d.Attempts, "failures": d.Failures, "failing_since": pg.NullTime(d.FailingSince), "state_since": d.StateSince,
		"next_check_at": pg.NullTime(d.NextCheckAt), "retry_after": pg.NullTime(d.RetryAfter), "deadline_at": pg.NullTime(d.DeadlineAt),
		"quarantine_until": pg.NullTime(d.QuarantineUntil), "tombstones_until": pg.NullTime(d.TombstonesUntil),
		"contested_by": d.ContestedBy, "created_at": d.CreatedAt,
	})
	if err != nil {
		return fmt.Errorf("store the state of %s: %w", d.Name, err)
	}
	return nil
}

// DropExpired removes claims that nobody proved and that expired before a time.
func DropExpired(ctx context.Context, tx *pg.PlatformTx, before time.Time) error {
	_, err := pg.Exec(ctx, tx, dropExpired, pgx.NamedArgs{"before": before})
	return err
}

// DeleteDomain removes a claim that never held its name.
func DeleteDomain(ctx context.Context, tx *pg.PlatformTx, id tenant.DomainID) error {
	_, err := pg.Exec(ctx, tx, deleteDomain, pgx.NamedArgs{"id": id})
	return err
}

// ChecksOf returns the newest findings about some claims.
func ChecksOf(ctx context.Context, tx *pg.PlatformTx, domains ...tenant.DomainID) ([]*tenant.DomainCheck, error) {
	return pg.Many[tenant.DomainCheck](ctx, tx, selectChecks, pgx.NamedArgs{"ids": domains})
}

// SaveCheck replaces the newest finding of its kind.
func SaveCheck(ctx context.Context, tx *pg.PlatformTx, c *tenant.DomainCheck) error {
	detail := c.Detail
	if detail == nil {
		detail = map[string]string{}
	}
	_, err := pg.Exec(ctx, tx, upsertCheck, pgx.NamedArgs{
		"domain_id": c.DomainID, "kind": c.Kind, "last_checked_at": c.LastCheckedAt, "last_ok_at": pg.NullTime(c.LastOKAt),
		"code": c.Code, "detail": detail, "failures": c.Failures,
	})
	return err
}

// LockToGoLive is Find, and has another run that moves the tenant wait.
func LockToGoLive(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (*tenant.Tenant, error) {
	return pg.One[tenant.Tenant](ctx, tx, lockTenant, pgx.NamedArgs{"id": id})
}

// GoLive makes names the tenant's own: from now on its addresses start with them, and it
// takes part in the fediverse. It tells all processes.
func GoLive(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, scheme, host, handleDomain string) error {
	b := pg.NewBatch(tx)
	b.Exec(goLive, pgx.NamedArgs{"id": id, "scheme": scheme, "host": host, "handle_domain": handleDomain, "now": time.Now()})
	b.Exec(becomeAlias, pgx.NamedArgs{"id": id, "host": host}) // the trial's name leads to the new one, and so does every other
	b.Exec(notify, pgx.NamedArgs{})
	return b.Send(ctx)
}

// Announce tells all processes that names changed, once the transaction is done.
func Announce(ctx context.Context, tx *pg.PlatformTx) error {
	_, err := pg.Exec(ctx, tx, notify, pgx.NamedArgs{})
	return err
}
