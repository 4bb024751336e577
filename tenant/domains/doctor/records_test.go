package doctor_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"rookery/internal/testkit/dnstest"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
)

const (
	owner   = "_rookery-challenge.social.acme.test"
	proof   = "rookery-verify=" + claimed
	service = "social.acme.test"
)

func TestOwnership(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		set     func(*dnstest.Server)
		outcome doctor.Outcome
		code    doctor.Code
		words   []string
	}{
		"proven": {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "` + proof + `"`) }, doctor.Well, "", nil},
		"proven among others": {func(s *dnstest.Server) {
			s.Set(owner+` 300 TXT "rookery-verify=OTHER"`, owner+` 300 TXT "`+proof+`"`)
		}, doctor.Well, "", nil},
		"in two pieces": {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "rookery-verify=" "` + claimed + `"`) }, doctor.Well, "", nil},
		"through an alias": {func(s *dnstest.Server) {
			s.Set(owner+" 300 CNAME proofs.agency.test", `proofs.agency.test 300 TXT "`+proof+`"`)
		}, doctor.Well, "", nil},
		"no resolver has it yet": {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "` + proof + `"`); forgetful(s, owner, "TXT") }, doctor.Well, "", nil},
		"one resolver is silent": {func(s *dnstest.Server) {
			s.Set(owner + ` 300 TXT "` + proof + `"`)
			s.Resolvers[0].Fail("", dnstest.Drop)
		}, doctor.Well, "", nil},
		"too long for one packet": {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "` + proof + `"`); s.Fail("", dnstest.Truncated) }, doctor.Well, "", nil},
		"missing":                 {func(*dnstest.Server) {}, doctor.Wrong, doctor.OwnershipMissing, []string{owner, proof}},
		"missing where other records are": {func(s *dnstest.Server) { s.Set(owner + " 300 A 192.0.2.1") }, doctor.Wrong, doctor.OwnershipMissing,
			[]string{owner, proof}},
		"taken out again": {func(s *dnstest.Server) {
			for _, r := range s.Resolvers {
				r.Remember(owner + ` 300 TXT "` + proof + `"`)
			}
		}, doctor.Wrong, doctor.OwnershipMissing, []string{owner, proof}},
		"another value":      {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "rookery-verify=OLD"`) }, doctor.Wrong, doctor.OwnershipOther, []string{owner, "rookery-verify=OLD", proof}},
		"at the name itself": {func(s *dnstest.Server) { s.Set(service + ` 300 TXT "` + proof + `"`) }, doctor.Wrong, doctor.OwnershipMisplaced, []string{owner, "is at " + service, proof}},
		"the zone twice":     {func(s *dnstest.Server) { s.Set(owner + `.acme.test 300 TXT "` + proof + `"`) }, doctor.Wrong, doctor.ZoneDoubled, []string{owner + ".acme.test", "adds acme.test", "for " + owner + " to"}},
		"bad signatures":     {func(s *dnstest.Server) { s.Set(owner + ` 300 TXT "` + proof + `"`); s.Fail("acme.test", dnstest.Bogus) }, doctor.Wrong, doctor.DNSSECBogus, []string{"acme.test", "DS record"}},
		"the zone is broken": {func(s *dnstest.Server) { s.Fail("acme.test", dnstest.ServFail) }, doctor.Unknown, doctor.NSServFail, []string{"acme.test"}},
		"nobody answers":     {func(s *dnstest.Server) { s.Fail("", dnstest.Drop) }, doctor.Unknown, doctor.DNSUnreachable, []string{"acme.test"}},
		"everybody refuses":  {func(s *dnstest.Server) { s.Fail("", dnstest.Refused) }, doctor.Unknown, doctor.DNSUnreachable, []string{"acme.test"}},
		"a server without zone": {func(s *dnstest.Server) {
			s.Set(owner + ` 300 TXT "` + proof + `"`)
			s.Zones.Fail("acme.test", dnstest.Lame)
		}, doctor.Well, "", nil},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dns.Zone("agency.test")
			tt.set(w.dns)
			expect(t, w, w.target(service, tenant.CheckOwnership), tt.outcome, tt.code, tt.words...)
		})
	}
}

// forgetful resolvers asked too early, and remember that there was nothing.
func forgetful(s *dnstest.Server, name string, kinds ...string) {
	for _, r := range s.Resolvers {
		for _, kind := range kinds {
			r.RememberNone(name, kind)
		}
	}
}

// What is wrong with the records of a name that should lead here.
func TestRecords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		name    string
		set     func(*dnstest.Server)
		outcome doctor.Outcome
		code    doctor.Code
		words   []string
	}{
		"alias of our name":    {service, set(service + " 300 CNAME " + edge), doctor.Well, "", nil},
		"our addresses":        {service, set(service+" 300 A "+ourIPv4, service+" 300 AAAA "+ourIPv6), doctor.Well, "", nil},
		"through another name": {service, set(service+" 300 CNAME www.acme.test", "www.acme.test 300 CNAME "+edge), doctor.Well, "", nil},
		"by a wildcard":        {service, set("*.acme.test 300 A " + ourIPv4), doctor.Well, "", nil},
		"nothing":              {service, set(), doctor.Wrong, doctor.NoRecords, []string{service, "CNAME record from " + service + " to " + edge}},
		"nothing but a text":   {service, set(service + ` 300 TXT "hello"`), doctor.Wrong, doctor.NoRecords, []string{service, edge}},
		"nothing at an apex":   {"acme.test", set(), doctor.Wrong, doctor.NoRecords, []string{"A records from acme.test to " + ourIPv4}},
		"another address":      {service, set(service + " 300 A " + theirIPv4), doctor.Wrong, doctor.WrongA, []string{service, theirIPv4, ourIPv4, edge}},
		"another address at an apex": {"acme.test", set("acme.test 300 A " + theirIPv4), doctor.Wrong, doctor.WrongA,
			[]string{"points to " + theirIPv4, "record of acme.test to " + ourIPv4}},
		"a leftover AAAA": {service, set(service+" 300 A "+ourIPv4, service+" 300 AAAA "+theirIPv6), doctor.Wrong, doctor.WrongAAAALeftover,
			[]string{"AAAA record of " + service, theirIPv6, "remove"}},
		"only a foreign AAAA": {service, set(service + " 300 AAAA " + theirIPv6), doctor.Wrong, doctor.WrongAAAALeftover, []string{service, theirIPv6}},
		"one address too many": {service, set(service+" 300 A "+theirIPv4, service+" 300 A "+ourIPv4), doctor.Wrong, doctor.MultipleA,
			[]string{service, "remove " + theirIPv4, "keep " + ourIPv4}},
		"another alias": {service, set(service+" 300 CNAME shop.example.test", "shop.example.test 300 A "+theirIPv4), doctor.Wrong, doctor.WrongCNAME,
			[]string{service, "shop.example.test", edge}},
		"an alias of nothing": {service, set(service + " 300 CNAME gone.example.test"), doctor.Wrong, doctor.WrongCNAME, []string{"gone.example.test", edge}},
		"an alias at an apex": {"acme.test", set("acme.test 300 CNAME shop.example.test", "shop.example.test 300 A "+theirIPv4), doctor.Wrong, doctor.CNAMEAtApex,
			[]string{"acme.test", "shop.example.test", ourIPv4, "social.acme.test"}},
		"the zone twice": {service, set(service + ".acme.test 300 CNAME " + edge), doctor.Wrong, doctor.ZoneDoubled, []string{service + ".acme.test", "adds acme.test", "for " + service + " to"}},
		"the zone twice, to nowhere": {service, set(service + ".acme.test 300 CNAME not-yet.example.test"), doctor.Wrong, doctor.ZoneDoubled,
			[]string{service + ".acme.test"}},
		"an address of Cloudflare": {service, set(service + " 300 A 104.16.1.2"), doctor.Wrong, doctor.ProxiedCloudflare, []string{service, "104.16.1.2", "DNS only", edge}},
		"bad signatures": {service, both(set(service+" 300 A "+theirIPv4), func(s *dnstest.Server) { s.Fail("acme.test", dnstest.Bogus) }), doctor.Wrong, doctor.DNSSECBogus,
			[]string{"acme.test", "DS record"}},
		"a broken zone":     {service, func(s *dnstest.Server) { s.Fail("acme.test", dnstest.ServFail) }, doctor.Unknown, doctor.NSServFail, []string{"acme.test"}},
		"nobody answers":    {service, func(s *dnstest.Server) { s.Fail("", dnstest.Drop) }, doctor.Unknown, doctor.DNSUnreachable, []string{"acme.test"}},
		"not asked by CAA":  {service, both(set(service+" 300 CNAME "+edge), failAtResolvers("acme.test", "CAA")), doctor.Unknown, doctor.CAALookupFailed, []string{"acme.test"}},
		"forbidden by CAA":  {service, set(service+" 300 CNAME "+edge, `acme.test 300 CAA 0 issue "sectigo.com"`), doctor.Wrong, doctor.CAAForbids, []string{"CAA record of acme.test", "issue sectigo.com", "allows certificates of sectigo.com", `acme.test CAA 0 issue "letsencrypt.org"`}},
		"allowed by CAA":    {service, set(service+" 300 CNAME "+edge, `acme.test 300 CAA 0 issue "sectigo.com"`, `acme.test 300 CAA 0 issue "letsencrypt.org; validationmethods=http-01"`), doctor.Well, "", nil},
		"CAA allows nobody": {service, set(service+" 300 A "+ourIPv4, service+` 300 CAA 0 issue ";"`), doctor.Wrong, doctor.CAAForbids, []string{"CAA record of " + service, "nobody"}},
		"CAA for mail alone": {service, set(service+" 300 A "+ourIPv4, service+` 300 CAA 0 iodef "mailto:a@acme.test"`,
			`acme.test 300 CAA 0 issue "sectigo.com"`), doctor.Well, "", nil},
		"a stale challenge": {service, set(service+" 300 CNAME "+edge, "_acme-challenge."+service+` 300 TXT "OLDOLD"`), doctor.Well, doctor.ACMEChallengeStale,
			[]string{"_acme-challenge." + service, "OLDOLD", "remove"}},
		"not spread yet": {service, both(set(service+" 300 A "+ourIPv4), remembered(service+" 300 A "+theirIPv4)), doctor.Unknown, doctor.NotSpreadYet,
			[]string{service, theirIPv4}},
		"an alias that has not spread": {service, both(set(service+" 300 CNAME "+edge), remembered(service+" 300 CNAME shop.example.test", "shop.example.test 300 A "+theirIPv4)), doctor.Unknown, doctor.NotSpreadYet,
			[]string{service, "shop.example.test"}},
		"wrong, and old elsewhere": {service, both(set(service+" 300 A "+theirIPv4), remembered(service+" 300 A 192.0.2.99")), doctor.Wrong, doctor.WrongA,
			[]string{theirIPv4, ourIPv4}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dns.Zone("example.test")
			tt.set(w.dns)
			expect(t, w, w.target(tt.name, tenant.CheckRouting), tt.outcome, tt.code, tt.words...)
		})
	}
}

func set(lines ...string) func(*dnstest.Server) { return func(s *dnstest.Server) { s.Set(lines...) } }

func both(fns ...func(*dnstest.Server)) func(*dnstest.Server) {
	return func(s *dnstest.Server) {
		for _, fn := range fns {
			fn(s)
		}
	}
}

func remembered(lines ...string) func(*dnstest.Server) {
	return func(s *dnstest.Server) {
		for _, r := range s.Resolvers {
			r.Remember(lines...)
		}
	}
}

func failAtResolvers(name, kind string) func(*dnstest.Server) {
	return func(s *dnstest.Server) {
		for _, r := range s.Resolvers {
			r.FailType(name, kind, dnstest.ServFail)
		}
	}
}

// What a name that leads here still can lack.
func TestNamesThatLeadHereAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set(service+" 300 CNAME "+edge, `acme.test 300 CAA 0 issue "sectigo.com"`)
	if got := w.diagnose(t, w.target(service, tenant.CheckRouting)); !got.Served {
		t.Errorf("CAA forbids new certificates, the present one serves: %+v", got)
	}
	w.dns.Remove("acme.test", "CAA")
	w.dns.Set(service + " 300 A " + theirIPv4)
	w.dns.Remove(service, "CNAME")
	if got := w.diagnose(t, w.target(service, tenant.CheckRouting)); got.Served {
		t.Errorf("the name leads elsewhere: %+v", got)
	}
}

// The records are right, but what answers is not this platform.
func TestWhatStandsInBetween(t *testing.T) {
	t.Parallel()
	const proxy = "192.0.2.80"
	cases := map[string]struct {
		handler http.HandlerFunc // nil: nothing listens
		code    doctor.Code
		words   []string
	}{
		"a closed port": {nil, doctor.Port80Blocked, []string{service, proxy, "port 80", "refused"}},
		"a firewall's page": {func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Server", "FortressWall")
			website(out, r)
		}, doctor.AnsweredByOther, []string{service, proxy, "fortresswall"}},
		"a huge page": {func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, strings.Repeat("x", 200<<10)) }, doctor.AnsweredByOther, []string{service, proxy}},
		"Cloudflare": {func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Server", "cloudflare")
			website(out, r)
		}, doctor.ProxiedCloudflare, []string{service, proxy, edge}},
		"another fediverse server": {mastodon, doctor.ExistingServer, []string{service, "mastodon", proxy}},
		"a redirect to www": {func(out http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.Host, "www.") {
				website(out, r)
				return
			}
			http.Redirect(out, r, "http://www."+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, doctor.WWWRedirect, []string{service, "http://www." + service, "remove that redirect"}},
		"another proof": {func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, strings.Repeat("ab", 32)) }, doctor.AnsweredByOther, []string{service}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			// A proxy of the platform's own, whose address is not in the way.
			w.looker.Addresses = append(w.looker.Addresses, netip.MustParseAddr(proxy))
			w.dns.Set(service+" 300 A "+proxy, "www."+service+" 300 A "+proxy)
			if tt.handler != nil {
				w.serve(t, proxy, tt.handler)
			}
			expect(t, w, w.target(service, tenant.CheckRouting), doctor.Wrong, tt.code, tt.words...)
		})
	}
}

// mastodon is another fediverse server, by its NodeInfo.
func mastodon(out http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/nodeinfo":
		writeJRD(out, map[string]any{"links": []map[string]string{{
			"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "http://" + r.Host + "/nodeinfo/2.0",
		}}})
	case "/nodeinfo/2.0":
		writeJRD(out, map[string]any{"software": map[string]string{"name": "Mastodon", "version": "4.3"}})
	default:
		http.NotFound(out, r)
	}
}

// Only https gets through: the name is served, but no certificate can be ordered.
func TestPort80IsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listen(t, ourIPv4, http.HandlerFunc(w.platform), w.overTLS(service))
	w.at[ourIPv6] = w.at[ourIPv4]
	w.dns.Set(service + " 300 CNAME " + edge)
	target := w.target(service, tenant.CheckRouting)
	target.Scheme = "https"
	expect(t, w, target, doctor.Wrong, doctor.Port80Blocked, service, "port 80", "refused")
	if got := w.diagnose(t, target); !got.Served {
		t.Errorf("over https it leads here: %+v", got)
	}
}

// Where the platform itself is down, no name is at fault: else each of them would get a mail.
func TestAnOutageOfOursIsNobodysFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set(service+" 300 CNAME "+edge, "rookery.test 300 A 192.0.2.66") // where nothing listens
	target := w.target(service, tenant.CheckRouting)
	w.at[ourIPv4], w.at[ourIPv6] = netip.MustParseAddr("127.77.254.254"), netip.MustParseAddr("127.77.254.254")
	expect(t, w, target, doctor.Wrong, doctor.Port80Blocked, service)
	w.looker.Own = "rookery.test:" + w.port
	expect(t, w, target, doctor.Unknown, doctor.ProbeFailed, service)
}
