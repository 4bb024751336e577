package look

import (
	"context"
	"strings"

	"github.com/miekg/dns"
)

// Routing is where a name leads.
type Routing struct {
	A     Answers
	AAAA  Answers
	CNAME Answers
	// AliasA and AliasAAAA are what the alias leads to: its zone knows that, not the name's.
	AliasA, AliasAAAA Answers
	// Doubled are addresses below the zone once more (see Ownership.Doubled).
	Doubled Answers
	// EdgeA and EdgeAAAA are what our own name for the tenant resolves to: a name that
	// has the same addresses leads here, however it got them.
	EdgeA, EdgeAAAA Answers
	CAA             CAA
	// Stale are texts at _acme-challenge: left there by another set-up, a CNAME there can
	// hand certificates to somebody else.
	Stale Answers
	Probe Probe
	// OwnDown says that the platform's own host does not answer a probe either: then what
	// fails is ours, and no name is at fault.
	OwnDown bool
	// Software is what answers there instead of us, by its NodeInfo; "" if nothing does.
	Software string
}

// CAA is which authorities may issue (RFC 8659): the records nearest above the name.
type CAA struct {
	From   string // the name that has them, "" if none does
	Values Answers
	Failed bool // nobody could be asked, so an authority could not either
}

func (l *Looker) routing(ctx context.Context, s servers, t Target) *Routing {
	host := hostOf(t.Name)
	r := &Routing{A: l.records(ctx, s, host, dns.TypeA), AAAA: l.records(ctx, s, host, dns.TypeAAAA)}
	if r.A.Failed() && r.AAAA.Failed() {
		return r // nobody answers: there is no use in waiting for the rest
	}
	r.CNAME, r.CAA = l.records(ctx, s, host, dns.TypeCNAME), l.caa(ctx, host)
	r.Stale = l.records(ctx, s, "_acme-challenge."+host, dns.TypeTXT)
	if edge := l.EdgeName(t.Tenant); edge != "" {
		own := servers{resolvers: l.Resolvers}
		r.EdgeA, r.EdgeAAAA = l.records(ctx, own, edge, dns.TypeA), l.records(ctx, own, edge, dns.TypeAAAA)
	}
	if alias := r.CNAME.Zone().Alias(); alias != "" {
		elsewhere := servers{resolvers: l.Resolvers}
		r.AliasA, r.AliasAAAA = l.records(ctx, elsewhere, alias, dns.TypeA), l.records(ctx, elsewhere, alias, dns.TypeAAAA)
	}
	isEmpty := len(r.A.Zone().All())+len(r.AAAA.Zone().All())+len(r.CNAME.Zone().All()) == 0
	if isEmpty && s.apex != "" {
		r.Doubled = l.records(ctx, s, host+"."+s.apex, dns.TypeA)
	}
	r.Probe = l.probe(ctx, t)
	if !r.Probe.Proven {
		r.OwnDown = l.Own != "" && r.Probe.Status == 0 && !l.probe(ctx, Target{Name: l.Own, Scheme: t.Scheme}).Proven
		r.Software = l.software(ctx, t.Scheme, t.Name, l.EdgeName(t.Tenant))
	}
	return r
}

// caa climbs from the name towards the root until some name has records.
func (l *Looker) caa(ctx context.Context, host string) CAA {
	labels := dns.SplitDomainName(host)
	for i := 0; i < len(labels) && i < mostDepth; i++ {
		name := strings.Join(labels[i:], ".")
		found := l.records(ctx, servers{resolvers: l.Resolvers}, name, dns.TypeCAA)
		if found.Failed() {
			return CAA{From: name, Values: found, Failed: true}
		}
		if len(found.All()) > 0 {
			return CAA{From: name, Values: found}
		}
	}
	return CAA{}
}
