// Package tenant says what a tenant is: one organisation with its own hosts,
// accounts and data.
//
// It is a leaf: every other package may import it, it imports none. It must
// not read the database (package registry does) nor know HTTP (hostroute does).
package tenant

import (
	"context"
	"strconv"
	"time"
)

// ID names a tenant. The zero ID is nobody.
type ID int64

// String is the decimal form, for logs.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// State is where a tenant stands in its life.
type State string

// The states of a tenant. Federation and reads go on in every state but Deleted.
const (
	Active    State = "active"
	Suspended State = "suspended" // by staff: no log-ins, no posts
	Deleting  State = "deleting"  // closed to people; can still be undone, so federation goes on
	Deleted   State = "deleted"   // for good: tombstones answer 410
)

// IsClosed reports whether people find nothing here any more: apps and pages answer 410.
func (s State) IsClosed() bool { return s == Deleting || s == Deleted }

// Tenant is one organisation as the platform knows it: what is needed on every
// request, kept in memory by package registry.
type Tenant struct {
	ID   ID
	Name string // shown to people: "Acme Cycles"
	// Host is the canonical service host, lower case, with port in development:
	// "social.acme.com", "acme.localhost:8080". Every URI starts with it.
	Host string
	// HandleDomain is the part after the second @ of a handle. It equals Host
	// unless the tenant runs a split domain.
	HandleDomain string
	// Scheme is "https", or "http" where TLS is off without a proxy (development).
	Scheme      string
	State       State
	Description string // plain text, for the instance document
	ContactMail string
	BrandColour string // "#rrggbb" or ""
	// What the company says about itself besides; package tenant/brand changes it.
	ShortDescription  string // plain text, a sentence or two; Summary falls back on Description
	ThumbnailKey      string // of the stored picture that stands for it; "" is none
	ThumbnailBlurhash string
	ContactAccountID  int64 // of the account to ask; 0 is none
	HasPrivacy        bool  // it has written a privacy policy
	HasTerms          bool  // and terms of service
	// BrandVersion goes up with every change of these, of the long texts and the rules.
	BrandVersion int64
	// AuthorizedFetch demands a signature on reads of actors and objects.
	AuthorizedFetch bool
	// FederatesSince is when the tenant's own domain first worked. Until then (zero) its
	// accounts have no lasting addresses: nothing goes out and nothing comes in.
	FederatesSince time.Time
	CreatedAt      time.Time
	// Entitlement is what it may do for what it pays; package tenant/entitled says so in words.
	Entitlement Entitlement
	// IsUnreachable says that the tenant's name leads elsewhere for good: its claim is parked
	// or released. Others could not check what it sends, so it sends nothing. Package
	// registry finds it out; it is no column.
	IsUnreachable bool `db:"-"`
}

// Summary is the tenant in a sentence or two.
func (t *Tenant) Summary() string {
	if t.ShortDescription != "" {
		return t.ShortDescription
	}
	return t.Description
}

// Sends reports whether anything may go out in the tenant's name.
func (t *Tenant) Sends() bool { return t.Federates() && !t.IsUnreachable }

// Federates reports whether the tenant takes part in the fediverse.
func (t *Tenant) Federates() bool { return !t.FederatesSince.IsZero() }

// URL returns an absolute URL on the tenant's canonical host. The path starts with a slash.
func (t *Tenant) URL(path string) string { return t.Scheme + "://" + t.Host + path }

type contextKey struct{}

// NewContext returns a context that carries the tenant.
func NewContext(ctx context.Context, t *Tenant) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext returns the tenant that the host of this request belongs to, or nil.
func FromContext(ctx context.Context) *Tenant {
	t, _ := ctx.Value(contextKey{}).(*Tenant)
	return t
}
