// Package fetch looks things up on other servers: actors, posts, handles, keys.
//
// federation/inbox calls it for signing keys and for what an activity names,
// federation/outbox for mentioned handles, the API for a search. Every GET is
// signed by the instance actor of the tenant that asks, goes through
// internal/safehttp and draws on the budget of its context (NewBudget). A document
// is believed only as far as SECURITY.md rule 3 goes: it was served under its own
// id, as ActivityStreams. What lies on the tenant's own host is never fetched but
// read from the database; other tenants of this platform are strangers.
//
// It must not hold a transaction while it waits for the network, and must not
// decide what a document means for the people here: internal/social does.
package fetch

import (
	"context"
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social/account"
	"rookery/internal/social/moderate"
	"rookery/internal/social/status"
	"rookery/tenant"
)

// Tenants says which hosts are whose; *registry.Registry does.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
	ByHost(host string) (*tenant.Tenant, tenant.DomainRole, bool)
}

// Options say what a Fetcher works with. All but Servers and Log are needed.
type Options struct {
	HTTP     *safehttp.Client
	DB       *pg.DB
	Keyring  *account.Keyring
	Tenants  Tenants
	Statuses *status.Service
	Servers  *moderate.Servers // nil: no server is blocked
	Log      *slog.Logger
}

// Fetcher looks things up. It is safe for concurrent use; one serves the process.
type Fetcher struct {
	http     *safehttp.Client
	db       *pg.DB
	keyring  *account.Keyring
	tenants  Tenants
	statuses *status.Service
	servers  *moderate.Servers
	log      *slog.Logger
	// recent holds actors that were read a moment ago: the look-up of a key reads the
	// same document that the worker wants when it applies the activity.
	recent *otter.Cache[string, vocab.Actor]
	hosts  *silentHosts
}

const (
	recentActors    = 2000
	recentFor       = 2 * time.Minute
	requestDeadline = 10 * time.Second
)

// New returns a Fetcher.
func New(o Options) *Fetcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Fetcher{
		http: o.HTTP, db: o.DB, keyring: o.Keyring, tenants: o.Tenants, statuses: o.Statuses, servers: o.Servers, log: o.Log,
		recent: otter.Must(&otter.Options[string, vocab.Actor]{
			MaximumSize: recentActors, ExpiryCalculator: otter.ExpiryWriting[string, vocab.Actor](recentFor),
		}),
		hosts: newSilentHosts(),
	}
}

var (
	errOwn      = fault.New(fault.NotFound, "There is nothing at that address here.")
	errNotFound = fault.New(fault.NotFound, "There is nothing at that address.")
	errGone     = fault.New(fault.Gone, "That has been deleted.")
	errTroubled = fault.New(fault.Unavailable, "The other server cannot answer just now.")
	errID       = fault.New(fault.Invalid, "The other server gives this document another address than the one it is served at.")
	errNoActor  = fault.New(fault.Invalid, "There is no account at that address.")
	errApart    = fault.New(fault.NotFound, "Nothing is looked up elsewhere before the organisation's own domain works.")
	errNoPost   = fault.New(fault.Invalid, "There is no post at that address.")
)

// isOwn reports whether a URI lies on the tenant's own host, under any of its names.
func (f *Fetcher) isOwn(t *tenant.Tenant, uri string) bool {
	host := vocab.HostOf(uri)
	if host == t.Host {
		return true
	}
	of, role, ok := f.tenants.ByHost(host)
	// The handle domain is the company's own site: only handles live there.
	return ok && of.ID == t.ID && role != tenant.HandleDomain
}

// refuse says why nothing is to be had from the server of an address: it is blocked.
func (f *Fetcher) refuse(t *tenant.Tenant, uri string) error {
	if f.isOwn(t, uri) {
		return nil
	}
	return f.servers.Refuse(t.ID, vocab.HostOf(uri))
}

// How much one incoming activity or one search may make us fetch, in all: 40
// requests, of which the posts above a reply have their own share.
const (
	applyRequests  = 16
	parentRequests = 24
	searchRequests = 12
	maxBytes       = 8 << 20
	maxHosts       = 12
)

// NewBudget is what applying one activity may spend.
func NewBudget() *safehttp.Budget { return budget(applyRequests, 30*time.Second) }

func budget(requests int, within time.Duration) *safehttp.Budget {
	return &safehttp.Budget{Requests: requests, Bytes: maxBytes, MaxHosts: maxHosts, Deadline: time.Now().Add(within)}
}

// withBudget gives a context a budget unless it has one.
func withBudget(ctx context.Context, requests int, within time.Duration) context.Context {
	if safehttp.BudgetFrom(ctx) != nil {
		return ctx
	}
	return safehttp.WithBudget(ctx, budget(requests, within))
}
