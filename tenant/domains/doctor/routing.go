package doctor

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"rookery/tenant/domains/look"
)

// routing: the probe decides whether the name leads here, since it works through every kind
// of proxy; the records say what is wrong where it does not, and what will be for an authority.
func routing(f look.Facts) Finding {
	r := newRoute(f)
	if f.Routing.Probe.Proven {
		return r.despiteProbe()
	}
	if finding, ok := asked(f, f.Routing.A, f.Routing.AAAA); !ok {
		return finding
	}
	if finding, ok := r.recordsWrong(); ok {
		return finding
	}
	return r.answersWrong()
}

// route is what is judged: the records as the zone has them by now.
type route struct {
	look.Facts
	host    string
	a, aaaa []string // through an alias too
	alias   string
	own     []string // this platform's addresses
	detail  []string
}

func newRoute(f look.Facts) *route {
	r := &route{Facts: f, host: hostOf(f), alias: f.Routing.CNAME.Zone().Alias()}
	r.a, r.aaaa = f.Routing.A.Zone().All(), f.Routing.AAAA.Zone().All()
	if r.alias != "" && len(r.a)+len(r.aaaa) == 0 {
		r.a, r.aaaa = f.Routing.AliasA.All(), f.Routing.AliasAAAA.All()
	}
	edge := slices.Concat(f.Routing.EdgeA.All(), f.Routing.EdgeAAAA.All())
	r.own = slices.Concat(f.Addresses, edge)
	want := f.Addresses
	if len(want) == 0 {
		want = edge
	}
	r.detail = []string{"record", r.host, "want", f.Edge, "want_addresses", joined(want), "zone", f.Zone}
	if r.isApex() {
		r.detail = append(r.detail, "at_apex", "yes")
	}
	return r
}

// isApex: at the top of a zone no CNAME can be (RFC 1034 section 3.6.2). An alias there
// hides the zone, so what was bought is taken for one too.
func (r *route) isApex() bool { return r.host == r.Zone || r.host == registrable(r.host) }

func (r *route) wrong(code Code, detail ...string) Finding {
	return wrong(code, append(slices.Clone(r.detail), detail...)...)
}

func (r *route) unknown(code Code, detail ...string) Finding {
	return unknown(code, append(slices.Clone(r.detail), detail...)...)
}

func (r *route) foreign(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return slices.Contains(r.own, a) })
}

// recordsWrong finds what to change in the zone; ok is false where all is as it should be.
func (r *route) recordsWrong() (finding Finding, ok bool) {
	foreignA, foreignAAAA := r.foreign(r.a), r.foreign(r.aaaa)
	isEmpty := len(r.a)+len(r.aaaa) == 0 && r.alias == ""
	switch {
	case isEmpty && (len(r.Routing.Doubled.All()) > 0 || r.Routing.Doubled.Alias() != ""):
		return r.wrong(ZoneDoubled, "seen", r.host+"."+r.Zone), true
	case isEmpty:
		return r.wrong(NoRecords), true
	case r.alias != "" && r.isApex():
		return r.wrong(CNAMEAtApex, "seen", r.alias), true
	case r.Routing.Software != "":
		return r.wrong(ExistingServer, "software", r.Routing.Software, "seen", joined(r.seen())), true
	case r.isCloudflare():
		return r.wrong(ProxiedCloudflare, "seen", joined(r.a)), true
	case r.alias == r.Edge && r.alias != "":
		return Finding{}, false // whatever it resolves to is ours to mend
	case r.alias != "" && (len(r.a)+len(r.aaaa) == 0 || len(foreignA) > 0):
		return r.wrong(WrongCNAME, "seen", r.alias), true
	case len(r.a) > len(foreignA) && len(foreignA) > 0:
		return r.wrong(MultipleA, "seen", joined(r.a), "foreign", joined(foreignA)), true
	case len(foreignA) > 0:
		return r.wrong(WrongA, "seen", joined(r.a)), true
	case len(foreignAAAA) > 0:
		return r.wrong(WrongAAAALeftover, "seen", joined(foreignAAAA)), true
	}
	return Finding{}, false
}

// seen is where the name leads, for people.
func (r *route) seen() []string {
	if r.alias != "" {
		return []string{r.alias}
	}
	return append(slices.Clone(r.a), r.aaaa...)
}

// answersWrong: the zone is right, and still it was not us who answered.
func (r *route) answersWrong() Finding {
	probe := r.Routing.Probe
	if old := r.stillOld(); len(old) > 0 {
		return r.unknown(NotSpreadYet, "seen", joined(old))
	}
	if r.Routing.OwnDown {
		return r.unknown(ProbeFailed, "failure", probe.Failure, "seen", joined(r.seen())) // it is us who are down
	}
	switch probe.Failure {
	case look.FailedRefused, look.FailedTimeout:
		return r.wrong(Port80Blocked, "failure", probe.Failure, "seen", joined(r.seen()))
	case look.FailedNoAddress, look.FailedOther:
		return r.unknown(ProbeFailed, "failure", probe.Failure, "seen", joined(r.seen()))
	}
	if final, err := url.Parse(probe.Final); err == nil && final.Host == "www."+r.Target.Name {
		return r.wrong(WWWRedirect, "seen", probe.Final, "leads_here", "yes")
	}
	return r.wrong(AnsweredByOther, "server", probe.Server, "failure", probe.Failure, "seen", joined(r.seen()))
}

// stillOld is what resolvers say that the zone does not say any more, or says only since now.
func (r *route) stillOld() []string {
	var old []string
	differ := func(resolvers look.Answers, want []string, values func(look.Records) []string) {
		for _, one := range resolvers {
			if one.Zone || one.Failure != "" || slices.Equal(slices.Sorted(slices.Values(values(one))), slices.Sorted(slices.Values(want))) {
				continue
			}
			said := joined(values(one))
			if said == "" {
				said = "nothing"
			}
			if !slices.Contains(old, said) {
				old = append(old, said)
			}
		}
	}
	plain := func(one look.Records) []string { return one.Values }
	if r.alias != "" {
		differ(r.Routing.CNAME, []string{r.alias}, plain)
		return old
	}
	differ(r.Routing.A, r.a, plain)
	differ(r.Routing.AAAA, r.aaaa, plain)
	return old
}

// despiteProbe: the name leads here, yet an authority would refuse it or fail.
func (r *route) despiteProbe() Finding {
	caa, probe := r.Routing.CAA, r.Routing.Probe
	issuers := issuersAllowed(caa)
	foreignA, foreignAAAA := r.foreign(r.a), r.foreign(r.aaaa)
	switch {
	case len(foreignA) > 0 && len(foreignA) < len(r.a):
		// This time it came here; others, and an authority, are led astray.
		return r.wrong(MultipleA, "seen", joined(r.a), "foreign", joined(foreignA))
	case len(r.a) > 0 && len(foreignA) == 0 && len(foreignAAAA) > 0:
		// Authorities prefer IPv6, and so do browsers that have it.
		return r.wrong(WrongAAAALeftover, "seen", joined(foreignAAAA))
	case len(r.Issuers) > 0 && caa.Failed:
		return served(r.unknown(CAALookupFailed, "from", caa.From))
	case len(r.Issuers) > 0 && caa.From != "" && !allows(issuers, r.Issuers):
		return served(wrong(CAAForbids, "record", r.host, "from", caa.From, "issuers", joined(issuers),
			"seen", joined(caa.Values.All()), "want", `0 issue "`+r.Issuers[0]+`"`))
	case probe.Failure == look.FailedRefused, probe.Failure == look.FailedTimeout:
		return served(r.wrong(Port80Blocked, "failure", probe.Failure, "seen", joined(r.seen())))
	}
	if stale := r.Routing.Stale; len(stale.Now().All()) > 0 || stale.Alias() != "" {
		return r.hint(ACMEChallengeStale, "record", "_acme-challenge."+r.host, "seen", joined(append(stale.Now().All(), stale.Alias())))
	}
	return well()
}

func served(f Finding) Finding {
	f.Served = true
	return f
}

// hint is something to tidy up where all is well.
func (r *route) hint(code Code, detail ...string) Finding {
	return Finding{Outcome: Well, Code: code, Detail: pairs(detail)}
}

func allows(issuers, own []string) bool {
	return slices.Contains(issuers, anyIssuer) || slices.ContainsFunc(own, func(one string) bool { return slices.Contains(issuers, one) })
}

// issuersAllowed are the values of "issue", without parameters. No such property means that
// nothing is forbidden for names that are no wildcards (RFC 8659 section 4.2).
func issuersAllowed(caa look.CAA) []string {
	var out []string
	isRestricted := false
	for _, value := range caa.Values.All() {
		tag, issuer, _ := strings.Cut(value, " ")
		if !strings.EqualFold(tag, "issue") {
			continue
		}
		isRestricted = true
		issuer, _, _ = strings.Cut(issuer, ";")
		if issuer = strings.ToLower(strings.TrimSpace(issuer)); issuer != "" {
			out = append(out, issuer)
		}
	}
	if !isRestricted {
		return []string{anyIssuer}
	}
	return out
}

const anyIssuer = "*"

// cloudflare are the ranges that it publishes; a change shows in the Server header too.
var cloudflare = func() (out []netip.Prefix) {
	for _, p := range []string{
		"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18", "190.93.240.0/20",
		"188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
		"2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}()

func (r *route) isCloudflare() bool {
	if r.Routing.Probe.Server == "cloudflare" {
		return true
	}
	return slices.ContainsFunc(r.a, func(text string) bool {
		addr, err := netip.ParseAddr(text)
		return err == nil && slices.ContainsFunc(cloudflare, func(p netip.Prefix) bool { return p.Contains(addr) })
	})
}
