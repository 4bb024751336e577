package doctor

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rookery/tenant"
	"rookery/tenant/domains/look"
)

// Diagnose judges facts: one finding for each kind that was looked at. Where several things
// are wrong it names the one to mend first.
func Diagnose(f look.Facts) Findings {
	out := Findings{}
	if f.Ownership != nil {
		out[tenant.CheckOwnership] = ownership(f)
	}
	if f.Routing != nil {
		out[tenant.CheckRouting] = routing(f)
	}
	if f.WebFinger != nil {
		out[tenant.CheckWebFinger] = webFinger(f)
	}
	return out
}

func well() Finding { return Finding{Outcome: Well} }

func wrong(code Code, detail ...string) Finding { return Finding{Wrong, code, pairs(detail)} }

func unknown(code Code, detail ...string) Finding { return Finding{Unknown, code, pairs(detail)} }

// pairs makes a detail of "key", "value", … and leaves empty values out.
func pairs(list []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		if list[i+1] != "" {
			out[list[i]] = list[i+1]
		}
	}
	return out
}

func joined(values []string) string { return strings.Join(values, ", ") }

// asked judges whether DNS answered at all; ok is false where that is all there is to say.
func asked(f look.Facts, answers ...look.Answers) (finding Finding, ok bool) {
	for _, a := range answers {
		for _, r := range a {
			if r.Failure == look.Bogus {
				return wrong(DNSSECBogus, "zone", f.Zone), false
			}
		}
	}
	for _, a := range answers {
		if !a.Failed() {
			continue
		}
		if slices.ContainsFunc(a, func(r look.Records) bool { return r.Failure == look.ServFail }) {
			return unknown(NSServFail, "zone", f.Zone), false
		}
		return unknown(DNSUnreachable, "zone", f.Zone), false
	}
	return Finding{}, true
}

func ownership(f look.Facts) Finding {
	o := f.Ownership
	want := look.ProofOf(f.Target.Token)
	if finding, ok := asked(f, o.TXT); !ok {
		return finding
	}
	detail := []string{"record", o.Record, "want", want, "zone", f.Zone}
	switch {
	case o.TXT.Zone().Any(want):
		return well()
	case o.TXT.Any(want):
		// A resolver still remembers what the zone has no more.
		return wrong(OwnershipMissing, detail...)
	case o.Doubled.Any(want):
		return wrong(ZoneDoubled, append(detail, "seen", o.Record+"."+f.Zone)...)
	case o.Bare.Any(want):
		return wrong(OwnershipMisplaced, append(detail, "seen", f.Target.Name)...)
	case len(o.TXT.All()) > 0:
		return wrong(OwnershipOther, append(detail, "seen", joined(o.TXT.All()))...)
	}
	return wrong(OwnershipMissing, detail...)
}

// routing: the probe decides whether the name leads here, since it works through every kind
// of proxy; the records say what is wrong where it does not, and what will be for an authority.
func routing(f look.Facts) Finding {
	r := f.Routing
	if r.Probe.Proven {
		return despiteProbe(f)
	}
	if finding, ok := asked(f, r.A, r.AAAA); !ok {
		return finding
	}
	detail := []string{"want", f.Edge, "want_addresses", joined(f.Addresses), "zone", f.Zone}
	zoneA, zoneAAAA, alias := r.A.Zone().All(), r.AAAA.Zone().All(), aliasOf(r)
	isEmpty := len(zoneA)+len(zoneAAAA) == 0 && alias == ""
	switch {
	case isEmpty && len(r.Doubled.All()) > 0:
		return wrong(ZoneDoubled, append(detail, "seen", f.Target.Name+"."+f.Zone)...)
	case isEmpty:
		return wrong(NoRecords, detail...)
	case alias != "" && strings.EqualFold(f.Target.Name, f.Zone):
		return wrong(CNAMEAtApex, append(detail, "seen", alias)...)
	case r.Software != "":
		return wrong(ExistingServer, append(detail, "software", r.Software)...)
	case isCloudflare(f):
		return wrong(ProxiedCloudflare, append(detail, "seen", joined(zoneA))...)
	case isWWW(f):
		return wrong(WWWRedirect, append(detail, "seen", r.Probe.Final)...)
	case alias != "" && alias != f.Edge && !leadsHere(f, zoneA):
		return wrong(WrongCNAME, append(detail, "seen", alias)...)
	case leadsHere(f, zoneA) && hasForeign(f, zoneAAAA):
		return wrong(WrongAAAALeftover, append(detail, "seen", joined(zoneAAAA))...)
	case someLeadHere(f, zoneA) && !leadsHere(f, zoneA):
		return wrong(MultipleA, append(detail, "seen", joined(zoneA))...)
	case len(zoneA) > 0 && !leadsHere(f, zoneA):
		return wrong(WrongA, append(detail, "seen", joined(zoneA))...)
	case len(zoneA) == 0 && hasForeign(f, zoneAAAA):
		return wrong(WrongAAAALeftover, append(detail, "seen", joined(zoneAAAA))...)
	case !sameEverywhere(r.A):
		return unknown(NotSpreadYet, append(detail, "seen", joined(r.A.All()))...)
	case r.Probe.Failure == look.FailedRefused, r.Probe.Failure == look.FailedTimeout:
		return wrong(Port80Blocked, append(detail, "failure", r.Probe.Failure)...)
	}
	return wrong(AnsweredByOther, append(detail, "server", r.Probe.Server, "failure", r.Probe.Failure)...)
}

// despiteProbe: the name leads here, yet an authority would refuse it or fail.
func despiteProbe(f look.Facts) Finding {
	r := f.Routing
	issuers := issuersAllowed(r.CAA)
	switch {
	case r.CAA.Failed:
		return unknown(CAALookupFailed, "from", r.CAA.From)
	case len(f.Issuers) > 0 && r.CAA.From != "" && !allows(issuers, f.Issuers):
		return wrong(CAAForbids, "from", r.CAA.From, "issuers", joined(issuers), "want", `0 issue "`+f.Issuers[0]+`"`)
	case len(f.Addresses) > 0 && leadsHere(f, r.A.Zone().All()) && hasForeign(f, r.AAAA.Zone().All()):
		// Authorities prefer IPv6.
		return wrong(WrongAAAALeftover, "seen", joined(r.AAAA.Zone().All()), "want_addresses", joined(f.Addresses))
	case r.Probe.Failure == look.FailedRefused, r.Probe.Failure == look.FailedTimeout:
		return wrong(Port80Blocked, "failure", r.Probe.Failure)
	}
	return well()
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

func aliasOf(r *look.Routing) string {
	for _, a := range r.CNAME.Zone() {
		if a.Alias != "" {
			return a.Alias
		}
	}
	return ""
}

// own are the addresses of this platform: as set, and as our name for the tenant has them.
func own(f look.Facts) []string {
	return slices.Concat(f.Addresses, f.Routing.EdgeA.All(), f.Routing.EdgeAAAA.All())
}

// leadsHere reports whether all addresses are ours.
func leadsHere(f look.Facts, addresses []string) bool {
	return len(addresses) > 0 && !hasForeign(f, addresses)
}

func someLeadHere(f look.Facts, addresses []string) bool {
	mine := own(f)
	return slices.ContainsFunc(addresses, func(a string) bool { return slices.Contains(mine, a) })
}

func hasForeign(f look.Facts, addresses []string) bool {
	mine := own(f)
	return slices.ContainsFunc(addresses, func(a string) bool { return !slices.Contains(mine, a) })
}

// sameEverywhere reports whether resolvers say what the zone says.
func sameEverywhere(a look.Answers) bool {
	want := slices.Sorted(slices.Values(a.Zone().All()))
	for _, r := range a {
		if r.Failure == "" && !slices.Equal(want, slices.Sorted(slices.Values(r.Values))) {
			return false
		}
	}
	return true
}

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

func isCloudflare(f look.Facts) bool {
	if f.Routing.Probe.Server == "cloudflare" {
		return true
	}
	return slices.ContainsFunc(f.Routing.A.All(), func(text string) bool {
		addr, err := netip.ParseAddr(text)
		return err == nil && slices.ContainsFunc(cloudflare, func(p netip.Prefix) bool { return p.Contains(addr) })
	})
}

// isWWW: what answers sends everybody to the www name.
func isWWW(f look.Facts) bool {
	u, err := url.Parse(f.Routing.Probe.Final)
	return err == nil && u.Host == "www."+f.Target.Name
}

func webFinger(f look.Facts) Finding {
	w := f.WebFinger
	detail := []string{"url", w.URL, "final", w.Final, "want", f.Target.Host}
	final, err := url.Parse(w.Final)
	leadsToHost := err == nil && f.Target.Host != "" && final.Host == f.Target.Host
	switch {
	case w.Proven:
		return well()
	case w.Software != "" && !leadsToHost:
		return wrong(ExistingServer, append(detail, "software", w.Software)...)
	case w.Status == 0:
		return unreached(w, detail)
	case err == nil && final.Host == "www."+f.Target.Name:
		return wrong(WWWRedirect, append(detail, "seen", w.Final)...)
	case !w.HasQuery && w.Final != w.URL:
		return wrong(WebFingerQuery, detail...)
	case w.Status < 200 || w.Status > 299:
		return wrong(WebFingerUnreached, append(detail, "status", strconv.Itoa(w.Status))...)
	case !w.IsJSON:
		return wrong(WebFingerNotJSON, append(detail, "content_type", w.ContentType)...)
	case w.Subject != "" && !strings.HasSuffix(strings.ToLower(w.Subject), "@"+strings.ToLower(f.Target.Name)):
		return wrong(WebFingerSubject, append(detail, "seen", w.Subject)...)
	}
	return wrong(WebFingerActor, detail...)
}

// unreached: a stranger's outage is no fault of the name's records, but for live names it
// counts, since followers meet it too. Only what we cannot ask ourselves is unknown.
func unreached(w *look.WebFinger, detail []string) Finding {
	if w.Failure == look.FailedOther {
		return unknown(WebFingerUnreached, append(detail, "failure", w.Failure)...)
	}
	return wrong(WebFingerUnreached, append(detail, "failure", w.Failure)...)
}
