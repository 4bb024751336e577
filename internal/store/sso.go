package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// SSOProvider is where the people of the scope's tenant sign in instead of here.
type SSOProvider struct {
	Issuer        string
	ClientID      string
	ClientSecret  []byte // sealed
	Scopes        []string
	MailDomains   []string
	DefaultRole   string
	MakeAccount   bool
	UsernameClaim string
	AgainDays     int
	Required      bool
	State         string
	Metadata      []byte
	MetadataAt    *time.Time
}

const (
	ssoProvider = `
SELECT issuer, client_id, client_secret, scopes, mail_domains, default_role, make_account, username_claim, again_days, required, state,
       metadata, metadata_at
FROM   sso_providers WHERE tenant_id = @tenant_id`
	putSSOProvider = `
INSERT INTO sso_providers (tenant_id, issuer, client_id, client_secret, scopes, mail_domains, default_role, make_account, username_claim,
                           again_days, required, state, metadata, metadata_at)
VALUES (@tenant_id, @issuer, @client_id, @client_secret, @scopes, @mail_domains, @default_role, @make_account, @username_claim,
        @again_days, @required, @state, @metadata, @metadata_at)
ON CONFLICT (tenant_id) DO UPDATE SET
    issuer = excluded.issuer, client_id = excluded.client_id, client_secret = excluded.client_secret, scopes = excluded.scopes,
    mail_domains = excluded.mail_domains, default_role = excluded.default_role, make_account = excluded.make_account,
    username_claim = excluded.username_claim, again_days = excluded.again_days, required = excluded.required, state = excluded.state,
    metadata = excluded.metadata, metadata_at = excluded.metadata_at, updated_at = now()`
	lockSSOProvider   = ssoProvider + ` FOR UPDATE`
	deleteSSOProvider = `DELETE FROM sso_providers WHERE tenant_id = @tenant_id`
	// Of another provider than the one that was asked, nothing is kept.
	keepSSOMetadata = `
UPDATE sso_providers SET metadata = @metadata, metadata_at = now() WHERE tenant_id = @tenant_id AND issuer = @issuer`
)

// SSOProviderOf returns the tenant's provider, or fault.NotFound.
func SSOProviderOf(ctx context.Context, scope *pg.Scope) (*SSOProvider, error) {
	return pg.One[SSOProvider](ctx, scope, ssoProvider, nil)
}

// LockSSOProvider is SSOProviderOf for somebody who is about to change it.
func LockSSOProvider(ctx context.Context, scope *pg.Scope) (*SSOProvider, error) {
	return pg.One[SSOProvider](ctx, scope, lockSSOProvider, nil)
}

// PutSSOProvider stores the tenant's provider in place of any before.
func PutSSOProvider(ctx context.Context, scope *pg.Scope, p *SSOProvider) error {
	_, err := pg.Exec(ctx, scope, putSSOProvider, pgx.NamedArgs{
		"issuer": p.Issuer, "client_id": p.ClientID, "client_secret": p.ClientSecret, "scopes": p.Scopes, "mail_domains": p.MailDomains,
		"default_role": p.DefaultRole, "make_account": p.MakeAccount, "username_claim": p.UsernameClaim, "again_days": p.AgainDays,
		"required": p.Required, "state": p.State, "metadata": p.Metadata, "metadata_at": p.MetadataAt,
	})
	return err
}

// DeleteSSOProvider forgets the tenant's provider. Who is whom stays known.
func DeleteSSOProvider(ctx context.Context, scope *pg.Scope) error {
	n, err := pg.Exec(ctx, scope, deleteSSOProvider, nil)
	return mustTouch(n, err)
}

// KeepSSOMetadata stores what the provider says about itself.
func KeepSSOMetadata(ctx context.Context, scope *pg.Scope, issuer string, metadata []byte) error {
	_, err := pg.Exec(ctx, scope, keepSSOMetadata, pgx.NamedArgs{"issuer": issuer, "metadata": metadata})
	return err
}

// SSODoor says whether a member comes in without the company's provider.
type SSODoor struct {
	Required bool // the company wants everybody to sign in with its provider
	IsGlass  bool // but this owner may do without, in an emergency
}

const (
	ssoDoor = `
SELECT COALESCE(p.required, false) AS required, m.break_glass AND m.role = 'owner' AS is_glass
FROM   memberships m
LEFT   JOIN sso_providers p ON p.tenant_id = m.tenant_id
WHERE  m.tenant_id = @tenant_id AND m.person_id = @person_id`
	// Whoever makes sign-on required waits for those who are on their way in, and then ends
	// their sessions.
	holdSSOProvider = `SELECT 1 FROM sso_providers WHERE tenant_id = @tenant_id FOR SHARE`
)

// SSODoorOf tells of one member; of nobody else it is fault.NotFound.
func SSODoorOf(ctx context.Context, scope *pg.Scope, person social.PersonID) (*SSODoor, error) {
	return pg.One[SSODoor](ctx, scope, ssoDoor, pgx.NamedArgs{"person_id": person})
}

// HoldSSODoor is SSODoorOf, true until the scope's transaction ends.
func HoldSSODoor(ctx context.Context, scope *pg.Scope, person social.PersonID) (*SSODoor, error) {
	if _, err := pg.Exec(ctx, scope, holdSSOProvider, nil); err != nil {
		return nil, err
	}
	return SSODoorOf(ctx, scope, person)
}

const (
	setBreakGlass = `
UPDATE memberships SET break_glass = (person_id = ANY(@persons) AND role = 'owner')
WHERE  tenant_id = @tenant_id AND break_glass <> (person_id = ANY(@persons) AND role = 'owner')`
	ssoOwners = `
SELECT person_id, break_glass FROM memberships WHERE tenant_id = @tenant_id AND role = 'owner' ORDER BY person_id LIMIT 200`
	endSessionsWithoutSSO = `
DELETE FROM sessions s USING memberships m
WHERE  s.tenant_id = @tenant_id AND NOT s.via_sso AND m.tenant_id = s.tenant_id AND m.person_id = s.person_id
  AND  NOT (m.role = 'owner' AND m.break_glass)`
)

// SSOOwner is an owner, who may have a way in besides the provider.
type SSOOwner struct {
	PersonID   social.PersonID
	BreakGlass bool
}

// SSOOwners returns the tenant's owners.
func SSOOwners(ctx context.Context, scope *pg.Scope) ([]*SSOOwner, error) {
	return pg.Many[SSOOwner](ctx, scope, ssoOwners, nil)
}

// SetBreakGlass decides which owners come in without the provider in an emergency: these
// and no others. The schema refuses to take the last one away while sign-on is required.
func SetBreakGlass(ctx context.Context, scope *pg.Scope, persons []social.PersonID) error {
	if persons == nil {
		persons = []social.PersonID{}
	}
	_, err := pg.Exec(ctx, scope, setBreakGlass, pgx.NamedArgs{"persons": persons})
	return err
}

// EndSessionsWithoutSSO signs out everybody who came in by password and is not to any more.
func EndSessionsWithoutSSO(ctx context.Context, scope *pg.Scope) (int64, error) {
	return pg.Exec(ctx, scope, endSessionsWithoutSSO, nil)
}

const (
	markSSOSession = `
UPDATE sessions s
SET    via_sso = true, amr = @amr, ends_at = x.ends_at, expires_at = LEAST(s.expires_at, x.ends_at)
FROM   (SELECT CASE WHEN again_days > 0 THEN now() + make_interval(days => again_days) END AS ends_at
        FROM sso_providers WHERE tenant_id = @tenant_id AND state = 'on') x
WHERE  s.tenant_id = @tenant_id AND s.id_hash = @id_hash`
	boundSSOSessions = `
UPDATE sessions
SET    ends_at = CASE WHEN @days::integer > 0 THEN created_at + make_interval(days => @days::integer) END,
       expires_at = LEAST(expires_at, CASE WHEN @days::integer > 0 THEN created_at + make_interval(days => @days::integer) END)
WHERE  tenant_id = @tenant_id AND via_sso`
	endSSOSessions = `DELETE FROM sessions WHERE tenant_id = @tenant_id AND via_sso`
)

// MarkSSOSession notes that a session which has just begun was made by the provider, and
// bounds it. Where sign-on was turned off meanwhile it is fault.NotFound.
func MarkSSOSession(ctx context.Context, scope *pg.Scope, hash []byte, amr string) error {
	n, err := pg.Exec(ctx, scope, markSSOSession, pgx.NamedArgs{"id_hash": hash, "amr": amr})
	return mustTouch(n, err)
}

// BoundSSOSessions lets the sessions there are end so many days after they began; 0: as others do.
func BoundSSOSessions(ctx context.Context, scope *pg.Scope, days int) error {
	_, err := pg.Exec(ctx, scope, boundSSOSessions, pgx.NamedArgs{"days": days})
	return err
}

// EndSSOSessions signs out everybody who came in by the provider.
func EndSSOSessions(ctx context.Context, scope *pg.Scope) (int64, error) {
	return pg.Exec(ctx, scope, endSSOSessions, nil)
}

// SSOIdentity is who somebody is at the provider, and here.
type SSOIdentity struct {
	Issuer     string
	Subject    string
	PersonID   social.PersonID
	HadAccount bool
}

func (i *SSOIdentity) args() pgx.NamedArgs {
	return pgx.NamedArgs{"issuer": i.Issuer, "subject": i.Subject, "person_id": i.PersonID}
}

const (
	ssoIdentity = `
SELECT issuer, subject, person_id, had_account FROM sso_identities
WHERE  tenant_id = @tenant_id AND issuer = @issuer AND subject = @subject`
	linkSSOIdentity = `
INSERT INTO sso_identities (tenant_id, issuer, subject, person_id, had_account)
SELECT tenant_id, @issuer, @subject, person_id, true FROM memberships WHERE tenant_id = @tenant_id AND person_id = @person_id`
	seeSSOIdentity     = `UPDATE sso_identities SET last_seen_at = now() WHERE tenant_id = @tenant_id AND issuer = @issuer AND subject = @subject`
	accountSSOIdentity = `
UPDATE sso_identities SET had_account = true
WHERE  tenant_id = @tenant_id AND issuer = @issuer AND subject = @subject AND NOT had_account`

	joinBySSO = `INSERT INTO memberships (tenant_id, person_id, role) VALUES (@of, @person_id, @role)`
	bornBySSO = `INSERT INTO sso_identities (tenant_id, issuer, subject, person_id) VALUES (@of, @issuer, @subject, @person_id)`
)

// SSOIdentityOf returns who a subject of an issuer is, or fault.NotFound.
func SSOIdentityOf(ctx context.Context, scope *pg.Scope, issuer, subject string) (*SSOIdentity, error) {
	return pg.One[SSOIdentity](ctx, scope, ssoIdentity, pgx.NamedArgs{"issuer": issuer, "subject": subject})
}

// LinkSSOIdentity makes a member known by a subject. Somebody who is no member is
// fault.NotFound; a subject that is somebody already is fault.Conflict.
func LinkSSOIdentity(ctx context.Context, scope *pg.Scope, i *SSOIdentity) error {
	n, err := pg.Exec(ctx, scope, linkSSOIdentity, i.args())
	return mustTouch(n, err)
}

// SeeSSOIdentity notes that somebody came.
func SeeSSOIdentity(ctx context.Context, scope *pg.Scope, issuer, subject string) error {
	_, err := pg.Exec(ctx, scope, seeSSOIdentity, pgx.NamedArgs{"issuer": issuer, "subject": subject})
	return err
}

// TakeSSOAccount notes that the account of a first sign-in is being made: fault.NotFound
// where it was made before.
func TakeSSOAccount(ctx context.Context, scope *pg.Scope, issuer, subject string) error {
	n, err := pg.Exec(ctx, scope, accountSSOIdentity, pgx.NamedArgs{"issuer": issuer, "subject": subject})
	return mustTouch(n, err)
}

// AddSSOPerson makes somebody who came by a tenant's provider for the first time: the
// person, the membership and how to know them again, all or nothing. A mail address or a
// subject that is somebody already is fault.Conflict.
func AddSSOPerson(ctx context.Context, p *pg.PlatformTx, of tenant.ID, person *Person, role string, i *SSOIdentity) error {
	if err := AddPerson(ctx, p, person); err != nil {
		return err
	}
	if _, err := pg.Exec(ctx, p, joinBySSO, pgx.NamedArgs{"of": of, "person_id": person.ID, "role": role}); err != nil {
		return err
	}
	_, err := pg.Exec(ctx, p, bornBySSO, pgx.NamedArgs{"of": of, "issuer": i.Issuer, "subject": i.Subject, "person_id": person.ID})
	return err
}

const takenHandles = `
SELECT username_lower FROM handles WHERE tenant_id = @tenant_id AND domain = @domain AND username_lower = ANY(@names)`

// TakenHandles returns those of some names, in lower case, that a domain has or had.
func TakenHandles(ctx context.Context, scope *pg.Scope, domain string, names []string) ([]string, error) {
	return pg.Values[string](ctx, scope, takenHandles, pgx.NamedArgs{"domain": domain, "names": names})
}

const tenantName = `SELECT name FROM tenants WHERE id = @id`

// TenantName returns what a tenant is called, or fault.NotFound.
func TenantName(ctx context.Context, p *pg.PlatformTx, id tenant.ID) (string, error) {
	return pg.Value[string](ctx, p, tenantName, pgx.NamedArgs{"id": id})
}
