package doctor

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

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

func wrong(code Code, detail ...string) Finding {
	return Finding{Outcome: Wrong, Code: code, Detail: pairs(detail)}
}

func unknown(code Code, detail ...string) Finding {
	return Finding{Outcome: Unknown, Code: code, Detail: pairs(detail)}
}

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

func joined(values []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }), ", ")
}

// asked judges whether DNS answered at all; ok is false where that is all there is to say.
func asked(f look.Facts, answers ...look.Answers) (finding Finding, ok bool) {
	for _, a := range answers {
		if has(a, look.Bogus) {
			return wrong(DNSSECBogus, "zone", zoneOf(f)), false
		}
	}
	for _, a := range answers {
		if !a.Failed() {
			continue
		}
		if has(a, look.ServFail) {
			return unknown(NSServFail, "zone", zoneOf(f)), false
		}
		return unknown(DNSUnreachable, "zone", zoneOf(f)), false
	}
	return Finding{}, true
}

func has(a look.Answers, failure look.Failure) bool {
	return slices.ContainsFunc(a, func(r look.Records) bool { return r.Failure == failure })
}

// zoneOf is the name's zone; where its servers could not even be found, what was bought.
func zoneOf(f look.Facts) string {
	if f.Zone != "" {
		return f.Zone
	}
	return registrable(hostOf(f))
}

func hostOf(f look.Facts) string {
	host, _, _ := strings.Cut(f.Target.Name, ":")
	return host
}

func registrable(host string) string {
	if bought, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return bought
	}
	return host
}

func ownership(f look.Facts) Finding {
	o := f.Ownership
	want := look.ProofOf(f.Target.Token)
	if finding, ok := asked(f, o.TXT); !ok {
		return finding
	}
	detail := []string{"record", o.Record, "want", want, "zone", f.Zone}
	found := o.TXT.Now()
	switch {
	case found.Any(want):
		return well()
	case o.Doubled.Any(want):
		return wrong(ZoneDoubled, append(detail, "seen", o.Record+"."+f.Zone)...)
	case o.Bare.Any(want):
		return wrong(OwnershipMisplaced, append(detail, "seen", hostOf(f))...)
	case len(found.All()) > 0:
		return wrong(OwnershipOther, append(detail, "seen", joined(found.All()))...)
	}
	// Also where a resolver still remembers what the zone has no more.
	return wrong(OwnershipMissing, detail...)
}
