// Package registry knows every tenant and every host that leads to one.
//
// It keeps them in memory, because each request asks, and follows changes that any
// process makes (NOTIFY, and a full reload each minute). While the database is away
// it answers from what it read last. The first middleware, the workers and the
// operator's commands call it. It is the only package that reads without a tenant
// scope; it must not touch any other data of tenants.
package registry

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/federation/signature"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/tenant"
)

// Options say what a Registry works with.
type Options struct {
	DB   *pg.DB
	Log  *slog.Logger // nil: silent
	Seal *seal.Key    // for Create; may be nil in processes that create nothing
	// Reserved are hosts that no tenant may have: the platform's own, the media host.
	Reserved []string
	// AllowHTTP lets http be a scheme: development.
	AllowHTTP bool
	// ReloadEvery is how long a change can go unseen where its notice got lost; 0: a minute.
	ReloadEvery time.Duration
	// NewKey makes the key pair of a tenant's instance actor as PEM; nil: RSA.
	NewKey func() (private []byte, public string, err error)
	// Entitle says what each tenant may do; it gets what billing last found, a zero
	// Standing where it never looked. Nil: everything.
	Entitle func(t *tenant.Tenant) tenant.Entitlement
}

// Registry answers from memory. It is safe for concurrent use; the tenants it
// returns are shared and must not be changed.
type Registry struct {
	db       *pg.DB
	log      *slog.Logger
	seal     *seal.Key
	reserved []string
	anyHTTP  bool
	newKey   func() ([]byte, string, error)
	entitle  func(*tenant.Tenant) tenant.Entitlement
	every    time.Duration
	loading  sync.Mutex // so that an older reading never replaces a newer one
	table    atomic.Pointer[table]
}

// New makes an empty Registry. Call Load, then Run.
func New(o Options) *Registry {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NewKey == nil {
		o.NewKey = newRSAKey
	}
	if o.ReloadEvery == 0 {
		o.ReloadEvery = time.Minute
	}
	if o.Entitle == nil { // also where billing once was on: what it found then counts no more
		o.Entitle = func(*tenant.Tenant) tenant.Entitlement { return tenant.Entitlement{} }
	}
	r := &Registry{db: o.DB, log: o.Log, seal: o.Seal, anyHTTP: o.AllowHTTP, newKey: o.NewKey, entitle: o.Entitle, every: o.ReloadEvery}
	for _, host := range o.Reserved {
		if host != "" {
			r.reserved = append(r.reserved, Normalise(host))
		}
	}
	return r
}

func newRSAKey() (private []byte, public string, err error) {
	key, err := signature.GenerateRSA()
	if err != nil {
		return nil, "", err
	}
	if private, err = signature.MarshalPrivateKey(key); err != nil {
		return nil, "", err
	}
	public, err = signature.MarshalPublicKey(key.Public())
	return private, public, err
}

// table is one reading of the database, never changed.
type table struct {
	byHost map[string]Host
	certs  map[string]Certificate
	byID   map[tenant.ID]*tenant.Tenant
	all    []*tenant.Tenant
}

// Host is a name that leads to a tenant, or is about to.
type Host struct {
	Tenant *tenant.Tenant
	Role   tenant.DomainRole
	Mode   tenant.DomainMode
	State  tenant.DomainState
}

// Certificate is what memory knows of a name's certificate.
type Certificate struct {
	NotAfter      time.Time // zero: none is stored
	OrderingUntil time.Time // until when an order's challenges are answered
}

// IsLoaded reports whether the table was ever read. Before that, an unknown host may
// be a tenant's: the answer is 503, not 421.
func (r *Registry) IsLoaded() bool { return r.table.Load() != nil }

// ByHost returns the tenant that is served on a host, in whatever spelling, and what
// the host is to it.
func (r *Registry) ByHost(host string) (*tenant.Tenant, tenant.DomainRole, bool) {
	h, ok := r.Host(host)
	if !ok || !h.State.Serves() {
		return nil, "", false
	}
	return h.Tenant, h.Role, true
}

// Host returns what is known of a host, in whatever spelling: also of one that is still
// being set up (it answers probes alone) or was given up (it answers 410).
func (r *Registry) Host(host string) (Host, bool) {
	t := r.table.Load()
	if t == nil {
		return Host{}, false
	}
	h, ok := t.byHost[Normalise(host)]
	return h, ok
}

// Certificate returns what is known of the certificate of a name in its normal form,
// whoever's name it is.
func (r *Registry) Certificate(name string) (Certificate, bool) {
	t := r.table.Load()
	if t == nil {
		return Certificate{}, false
	}
	c, ok := t.certs[name]
	return c, ok
}

// Certificates returns how many names have a certificate, and the first end of one.
func (r *Registry) Certificates() (count int, first time.Time) {
	t := r.table.Load()
	if t == nil {
		return 0, first
	}
	for _, c := range t.certs {
		if c.NotAfter.IsZero() {
			continue
		}
		if count++; first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return count, first
}

// ByID returns a tenant.
func (r *Registry) ByID(id tenant.ID) (*tenant.Tenant, bool) {
	t := r.table.Load()
	if t == nil {
		return nil, false
	}
	found, ok := t.byID[id]
	return found, ok
}

// All returns every tenant, deleted ones too, the oldest first. The slice is the
// caller's, the tenants are shared.
func (r *Registry) All() []*tenant.Tenant {
	t := r.table.Load()
	if t == nil {
		return nil
	}
	return slices.Clone(t.all)
}

// Load reads the whole table anew.
func (r *Registry) Load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	var tenants []*tenant.Tenant
	var hosts []*hostRow
	var certs []*certificateRow
	err := r.db.Platform(ctx, "read the table of tenants", func(tx *pg.PlatformTx) error {
		b := pg.NewBatch(tx)
		pg.QueueMany(b, selectTenants, pgx.NamedArgs{}, &tenants)
		pg.QueueMany(b, selectHosts, pgx.NamedArgs{}, &hosts)
		pg.QueueMany(b, selectCertificates, pgx.NamedArgs{}, &certs)
		return b.Send(ctx)
	})
	if err != nil {
		return fmt.Errorf("read the table of tenants: %w", err)
	}
	t := &table{byHost: make(map[string]Host, len(hosts)), byID: make(map[tenant.ID]*tenant.Tenant, len(tenants)), all: tenants}
	t.certs = make(map[string]Certificate, len(certs))
	for _, c := range certs {
		t.certs[c.Name] = Certificate{NotAfter: c.NotAfter, OrderingUntil: c.OrderingUntil}
	}
	for _, one := range tenants {
		one.Entitlement = r.entitle(one)
		t.byID[one.ID] = one
	}
	for _, h := range hosts {
		// A tenant made between the two reads appears with the next one.
		if one := t.byID[h.TenantID]; one != nil {
			t.byHost[h.Name] = Host{Tenant: one, Role: h.Role, Mode: h.Mode, State: h.State}
		}
	}
	for _, one := range tenants {
		h, ok := t.byHost[one.Host]
		one.IsUnreachable = !ok || h.Tenant != one || h.State == tenant.DomainParked || h.State == tenant.DomainReleased
	}
	r.table.Store(t)
	return nil
}

type hostRow struct {
	Name     string
	TenantID tenant.ID
	Role     tenant.DomainRole
	Mode     tenant.DomainMode
	State    tenant.DomainState
}

type certificateRow struct {
	Name          string
	NotAfter      time.Time
	OrderingUntil time.Time
}

const tenantColumns = `
SELECT t.id, t.name, t.host, t.handle_domain, t.scheme, t.state, t.description, t.contact_mail, t.brand_colour, t.authorized_fetch,
       COALESCE(t.federates_since, '0001-01-01 00:00:00+00') AS federates_since, t.created_at,
       COALESCE(b.short_description, '') AS short_description, COALESCE(b.thumbnail_key, '') AS thumbnail_key,
       COALESCE(b.thumbnail_blurhash, '') AS thumbnail_blurhash, COALESCE(b.contact_account_id, 0) AS contact_account_id,
       COALESCE(b.privacy <> '', false) AS has_privacy, COALESCE(b.terms <> '', false) AS has_terms, COALESCE(b.version, 0) AS brand_version,
       COALESCE(e.entitlement, '{}') AS entitlement
FROM   tenants t LEFT JOIN tenant_brand b ON b.tenant_id = t.id LEFT JOIN tenant_entitlements e ON e.tenant_id = t.id`

const (
	selectTenants = tenantColumns + ` ORDER BY t.id`
	selectTenant  = tenantColumns + ` WHERE t.id = @id`
	// Not FOR UPDATE: rows that refer to the tenant may be written meanwhile.
	lockTenant = selectTenant + ` FOR NO KEY UPDATE OF t`
)

// Find reads one tenant as the database has it now, or answers fault.NotFound.
func Find(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (*tenant.Tenant, error) {
	return pg.One[tenant.Tenant](ctx, tx, selectTenant, pgx.NamedArgs{"id": id})
}

// A name has one holder; what was given up comes first, so that a new holder replaces it.
const selectHosts = `
SELECT name, tenant_id, role, mode, state
FROM   domains
WHERE  state IN ('verified', 'pending_routing', 'issuing', 'issue_failed', 'live', 'degraded', 'parked', 'suspended', 'disputed', 'releasing')
OR     state = 'released' AND tombstones_until > now()
ORDER  BY state <> 'released', id`

const selectCertificates = `
SELECT name, COALESCE(not_after, '0001-01-01 00:00:00+00') AS not_after, COALESCE(ordering_until, '0001-01-01 00:00:00+00') AS ordering_until
FROM   certificates
WHERE  not_after > now() - interval '90 days' OR ordering_until > now()`

// List reads all tenants from the database: for the operator's commands, which do
// not Run.
func (r *Registry) List(ctx context.Context) ([]*tenant.Tenant, error) {
	if err := r.Load(ctx); err != nil {
		return nil, err
	}
	return r.All(), nil
}
