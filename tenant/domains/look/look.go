// Package look finds out what the world says about a name: its records at the zone's own
// servers and at resolvers, what answers on it, where its WebFinger leads.
//
// Package domains calls it from jobs, and the doctor's command. It gathers facts and judges
// nothing (package doctor does); it knows no database. Whatever it dials goes through the
// guarded client, since names are strangers' input.
package look

import (
	"context"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"rookery/internal/safehttp"
	"rookery/tenant"
)

// LookTimeout is how long a look takes at most, where Options do not say.
const LookTimeout = 30 * time.Second

// Options of a Looker.
type Options struct {
	// HTTP is a guarded client without a short cut to our own hosts: a check that never
	// leaves the process proves nothing.
	HTTP *safehttp.Client
	// Resolvers are asked besides the zone's own servers: "9.9.9.9:53".
	Resolvers []string
	// ZonePort is where zones' servers listen; empty: 53. Tests have another.
	ZonePort string
	// AskTimeout is how long one DNS server may take; 0: three seconds.
	AskTimeout time.Duration
	// Timeout is how long a look may take as a whole; 0: half a minute. A zone whose servers
	// all let us wait would else keep a worker from everybody else's names.
	Timeout time.Duration
	// EdgeSuffix is below which each tenant has a name to point at: t-<id>.<EdgeSuffix>.
	EdgeSuffix string
	// Addresses are where this platform is reached.
	Addresses []netip.Addr
	// Issuers are the names by which CAA records allow our authority: letsencrypt.org.
	Issuers []string
	// Roots are who certificates are believed from; nil: the system's list.
	Roots *x509.CertPool
	// Own is the platform's own host. Where a name does not answer it is asked too, so that
	// an outage of ours is not taken for everybody's; empty: it is not.
	Own string
	// Secret proves in a probe's answer that it was this platform which answered.
	Secret []byte
}

// Looker looks at names. It is safe for concurrent use.
type Looker struct{ Options }

// New makes a Looker.
func New(o Options) *Looker {
	if o.ZonePort == "" {
		o.ZonePort = "53"
	}
	if o.AskTimeout == 0 {
		o.AskTimeout = askTimeout
	}
	if o.Timeout == 0 {
		o.Timeout = LookTimeout
	}
	return &Looker{o}
}

// Target is what to look at.
type Target struct {
	Name   string // A-labels, with a port in development
	Role   tenant.DomainRole
	Mode   tenant.DomainMode
	Token  string // what the TXT record should say
	Tenant tenant.ID
	Scheme string
	// Host is where WebFinger of a handle domain must lead: the tenant's service host.
	Host  string
	Kinds []tenant.CheckKind // what to look at; empty: everything
}

// Facts are what was found. What was not looked at is nil.
type Facts struct {
	Target    Target
	Edge      string   // the name that the tenant's names should point at
	Addresses []string // or these addresses
	Issuers   []string
	Zone      string // the name's DNS zone, "" if nobody knows
	Ownership *Ownership
	Routing   *Routing
	WebFinger *WebFinger
}

// Look gathers what there is to know. It never fails: what could not be asked says so.
func (l *Looker) Look(ctx context.Context, t Target) Facts {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	l.HTTP.Close() // a connection that is still open leads where the name led before
	f := Facts{Target: t, Edge: l.EdgeName(t.Tenant), Issuers: l.Issuers}
	for _, addr := range l.Addresses {
		f.Addresses = append(f.Addresses, addr.String())
	}
	host := hostOf(t.Name)
	s := l.serversOf(ctx, host)
	f.Zone = s.apex
	if wants(t, tenant.CheckOwnership) {
		f.Ownership = l.ownership(ctx, s, host)
	}
	if wants(t, tenant.CheckRouting) {
		f.Routing = l.routing(ctx, s, t)
	}
	if wants(t, tenant.CheckWebFinger) {
		f.WebFinger = l.webFinger(ctx, t)
	}
	return f
}

func wants(t Target, kind tenant.CheckKind) bool {
	return len(t.Kinds) == 0 || slices.Contains(t.Kinds, kind)
}

// EdgeName is where a tenant's names should point: one for each tenant, so that a name
// that still points here after its tenant left is nobody else's to take.
func (l *Looker) EdgeName(id tenant.ID) string {
	if l.EdgeSuffix == "" {
		return ""
	}
	return "t-" + id.String() + "." + l.EdgeSuffix
}

func hostOf(name string) string {
	host, _, _ := strings.Cut(name, ":")
	return host
}

// Ownership is what the proof's record says.
type Ownership struct {
	Record string // where the record must be
	TXT    Answers
	// Doubled is the same record below the zone once more: what comes of typing a full
	// name into a form that appends the zone.
	Doubled Answers
	// Bare are the texts at the name itself, where people put them by mistake.
	Bare Answers
}

// ChallengeLabel is where the proof of ownership is published.
const ChallengeLabel = "_rookery-challenge"

// ProofOf is what the record says.
func ProofOf(token string) string { return "rookery-verify=" + token }

func (l *Looker) ownership(ctx context.Context, s servers, host string) *Ownership {
	record := ChallengeLabel + "." + host
	o := &Ownership{Record: record, TXT: l.records(ctx, s, record, dns.TypeTXT)}
	if len(o.TXT.All()) == 0 && !o.TXT.Failed() {
		if s.apex != "" {
			o.Doubled = l.records(ctx, s, record+"."+s.apex, dns.TypeTXT)
		}
		o.Bare = l.records(ctx, s, host, dns.TypeTXT)
	}
	return o
}
