package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// NewTenant says what is to be created.
type NewTenant struct {
	Name         string
	Host         string // canonical service host
	HandleDomain string // empty: the same as Host
	// Trial: Host is a name below the platform's own, until the tenant brings one. It does
	// not take part in the fediverse before.
	Trial       bool
	Scheme      string // empty: https
	Description string
	ContactMail string
	BrandColour string
}

// KeyPurpose is what the private key of a tenant's instance actor is sealed for.
func KeyPurpose(id tenant.ID) string { return "tenant-key/" + id.String() }

var (
	errTenantName = fault.New(fault.Invalid, "A tenant's name has 1 to 100 characters.")
	errScheme     = fault.New(fault.Invalid, "The scheme is https, or http in development.")
	errInherited  = fault.New(fault.Conflict, "This name was another tenant's, and nobody inherits it for thirty days; a trial's name nobody inherits at all. Make a trial and prove the name (rookery domain add), or choose another one.")
	errReserved   = fault.New(fault.Conflict, "This domain is the platform's own. Choose another one, such as social.example.com.")
)

const (
	insertTenant = `
INSERT INTO tenants (id, name, host, handle_domain, scheme, description, contact_mail, brand_colour, federates_since, created_at)
VALUES (@id, @name, @host, @handle_domain, @scheme, @description, @contact_mail, @brand_colour, @federates_since, @created_at)`
	insertKey = `
INSERT INTO tenant_keys (tenant_id, kind, public_pem, private_sealed)
VALUES (@tenant_id, 'rsa', @public_pem, @private_sealed)`
	// What stood under a trial's name, on pages and in mails, would lead to whoever comes next.
	heirless   = `SELECT EXISTS (SELECT FROM domains WHERE name = ANY(@hosts) AND state = 'released' AND (mode = 'platform' OR quarantine_until > now()))`
	takenHost  = `SELECT name FROM domains WHERE name = ANY(@hosts) AND state = ANY(@held) ORDER BY name LIMIT 1`
	freeTrials = `
SELECT h.name FROM unnest(@hosts::text[]) WITH ORDINALITY AS h (name, n)
WHERE  NOT EXISTS (SELECT FROM domains d WHERE d.name = h.name AND (d.state = ANY(@held) OR d.state = 'released'))
ORDER  BY h.n`
	notify = `SELECT pg_notify('` + channel + `', '')`
)

// Create makes a tenant with its hosts and its instance actor's key, on an operator's
// word: its names need no proof and are live at once. A name that another tenant holds, or
// gave up lately, is fault.Conflict.
func (r *Registry) Create(ctx context.Context, n NewTenant) (*tenant.Tenant, error) {
	return r.CreateWith(ctx, n, func(_ *pg.PlatformTx, _ *tenant.Tenant, insert func() error) error { return insert() })
}

// CreateWith is Create with what belongs to it in the same transaction: act calls insert
// when the tenant is to be there, or fails and nothing is made.
func (r *Registry) CreateWith(ctx context.Context, n NewTenant, act func(tx *pg.PlatformTx, t *tenant.Tenant, insert func() error) error) (*tenant.Tenant, error) {
	t, err := r.validate(n)
	if err != nil {
		return nil, err
	}
	if r.seal == nil {
		return nil, errors.New("create a tenant: no master key to seal its key with")
	}
	private, public, err := r.newKey()
	if err != nil {
		return nil, fmt.Errorf("make the key of tenant %s: %w", t.Host, err)
	}
	err = r.db.Platform(ctx, "create a tenant", func(tx *pg.PlatformTx) error {
		return act(tx, t, func() error {
			isHeirless, err := pg.Value[bool](ctx, tx, heirless, pgx.NamedArgs{"hosts": []string{t.Host, t.HandleDomain}})
			if err == nil && isHeirless {
				err = errInherited
			}
			if err != nil {
				return err
			}
			return insert(ctx, tx, t, public, r.seal.Seal(private, KeyPurpose(t.ID)))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("create tenant %s: %w", t.Host, r.nameConflict(ctx, t, err))
	}
	// Others hear of it; whoever created it should see it at once.
	if err := r.Load(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// FreeTrials returns which of these names below the platform's own nobody has or had.
func (r *Registry) FreeTrials(ctx context.Context, hosts []string) (free []string, err error) {
	err = r.db.Platform(ctx, "find free names for a trial", func(tx *pg.PlatformTx) error {
		free, err = pg.Values[string](ctx, tx, freeTrials, pgx.NamedArgs{"hosts": hosts, "held": tenant.HeldDomainStates()})
		return err
	})
	return free, err
}

func insert(ctx context.Context, tx *pg.PlatformTx, t *tenant.Tenant, publicKey string, sealedKey []byte) error {
	b := pg.NewBatch(tx)
	b.Exec(insertTenant, pgx.NamedArgs{
		"id": t.ID, "name": t.Name, "host": t.Host, "handle_domain": t.HandleDomain, "scheme": t.Scheme,
		"description": t.Description, "contact_mail": t.ContactMail, "brand_colour": t.BrandColour,
		"federates_since": pg.NullTime(t.FederatesSince), "created_at": t.CreatedAt,
	})
	for _, d := range domainsOf(t) {
		queueDomain(b, d)
	}
	b.Exec(insertKey, pgx.NamedArgs{"tenant_id": t.ID, "public_pem": publicKey, "private_sealed": sealedKey})
	b.Exec(notify, pgx.NamedArgs{})
	return b.Send(ctx)
}

// domainsOf are the names of a tenant whose operator vouches for them: live at once.
func domainsOf(t *tenant.Tenant) []*tenant.Domain {
	mode := tenant.WholeDomain
	switch {
	case !t.Federates():
		mode = tenant.PlatformDomain
	case t.HandleDomain != t.Host:
		mode = tenant.SplitDomain
	}
	out := []*tenant.Domain{NewDomain(t.ID, t.Host, mode, tenant.ServiceDomain)}
	if mode == tenant.SplitDomain {
		handle := NewDomain(t.ID, t.HandleDomain, mode, tenant.HandleDomain)
		handle.ServiceID = out[0].ID
		out = append(out, handle)
	}
	for _, d := range out {
		d.State = tenant.DomainLive
	}
	return out
}

// nameConflict says which of the names is taken.
func (r *Registry) nameConflict(ctx context.Context, t *tenant.Tenant, err error) error {
	if fault.CodeOf(err) != fault.Conflict || errors.Is(err, errInherited) {
		return err
	}
	taken := t.Host
	_ = r.db.Platform(ctx, "say which domain is taken", func(tx *pg.PlatformTx) error {
		host, err := pg.Value[string](ctx, tx, takenHost, pgx.NamedArgs{"hosts": []string{t.Host, t.HandleDomain}, "held": tenant.HeldDomainStates()})
		if err == nil {
			taken = host
		}
		return err
	})
	return fault.Newf(fault.Conflict, "%s belongs to a tenant of this platform already. Choose another domain, or use that tenant (rookery tenant list).", taken)
}

func (r *Registry) validate(n NewTenant) (*tenant.Tenant, error) {
	// To the microsecond, which is what the database keeps.
	t := &tenant.Tenant{
		ID: tenant.ID(ids.New()), Scheme: n.Scheme, State: tenant.Active, CreatedAt: time.Now().Truncate(time.Microsecond),
	}
	if !n.Trial {
		t.FederatesSince = t.CreatedAt
	}
	if t.Scheme == "" {
		t.Scheme = "https"
	}
	if t.Scheme != "https" && !(t.Scheme == "http" && r.anyHTTP) {
		return nil, errScheme
	}
	var err error
	if t.Host, err = r.usableHost(n.Host); err != nil {
		return nil, err
	}
	t.HandleDomain = t.Host
	if n.HandleDomain != "" {
		if t.HandleDomain, err = r.usableHost(n.HandleDomain); err != nil {
			return nil, err
		}
	}
	profile := Profile{Name: n.Name, Description: n.Description, ContactMail: n.ContactMail, BrandColour: n.BrandColour}
	if err := profile.applyTo(t); err != nil {
		return nil, err
	}
	return t, nil
}

func (r *Registry) usableHost(host string) (string, error) {
	normal, err := checkHost(host)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(r.reserved, func(own string) bool { return sameName(own, normal) }) {
		return "", errReserved
	}
	return normal, nil
}

// sameName compares hosts without their ports: browsers send a name's cookies to all of
// its ports (RFC 6265 section 8.5), and a command on the data folder of a development
// server does not know which one that listens on.
func sameName(a, b string) bool {
	a, _ = splitPort(a)
	b, _ = splitPort(b)
	return a == b
}

func plainText(s string, longest int) (string, bool) {
	s = strings.TrimSpace(s)
	return s, utf8.ValidString(s) && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= longest
}
