package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/testkit/dnstest"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
)

// The handle domain acme.test, whose website stays where it is; its WebFinger must lead to
// social.acme.test.
func TestWebFinger(t *testing.T) {
	t.Parallel()
	const asked, wanted = "/.well-known/webfinger ", "/.well-known/webfinger"
	cases := map[string]struct {
		site  func(out http.ResponseWriter, r *http.Request, service string)
		code  doctor.Code // "": well
		words []string
	}{
		"redirected": {func(out http.ResponseWriter, r *http.Request, service string) {
			http.Redirect(out, r, "http://"+service+r.URL.RequestURI(), http.StatusMovedPermanently)
		}, "", nil},
		"redirected by way of www": {func(out http.ResponseWriter, r *http.Request, service string) {
			if strings.HasPrefix(r.Host, "www.") {
				http.Redirect(out, r, "http://"+service+r.URL.RequestURI(), http.StatusFound)
				return
			}
			http.Redirect(out, r, "http://www."+r.Host+r.URL.RequestURI(), http.StatusMovedPermanently)
		}, "", nil},
		"no such page": {func(out http.ResponseWriter, r *http.Request, _ string) { http.NotFound(out, r) }, doctor.WebFingerUnreached,
			[]string{"acme.test", asked, "status 404", "social.acme.test", wanted}},
		"an error": {func(out http.ResponseWriter, _ *http.Request, _ string) { http.Error(out, "no", 500) }, doctor.WebFingerUnreached, []string{"status 500", "social.acme.test"}},
		"behind a password": {func(out http.ResponseWriter, _ *http.Request, _ string) {
			http.Error(out, "no", http.StatusUnauthorized)
		}, doctor.WebFingerUnreached, []string{"status 401"}},
		"the website": {func(out http.ResponseWriter, r *http.Request, _ string) { website(out, r) }, doctor.WebFingerNotJSON, []string{"http://acme.test", asked, "web page", "social.acme.test", wanted}},
		"a huge website": {func(out http.ResponseWriter, _ *http.Request, _ string) {
			fmt.Fprint(out, strings.Repeat("x", 200<<10))
		}, doctor.WebFingerNotJSON,
			[]string{"social.acme.test"}},
		"JSON that is no answer": {func(out http.ResponseWriter, _ *http.Request, _ string) {
			out.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(out, "{}")
		}, doctor.WebFingerNotJSON, []string{"social.acme.test"}},
		"a file for everybody": {func(out http.ResponseWriter, _ *http.Request, _ string) {
			writeJRD(out, map[string]any{"subject": "acct:boss@old.test"})
		}, doctor.WebFingerSubject, []string{"acct:boss@old.test", "social.acme.test" + ":"}},
		"another server for the same names": {func(out http.ResponseWriter, r *http.Request, _ string) {
			writeJRD(out, map[string]any{"subject": r.URL.Query().Get("resource")})
		}, doctor.WebFingerActor, []string{"(acme.test:", "social.acme.test"}},
		"without the query": {func(out http.ResponseWriter, r *http.Request, service string) {
			http.Redirect(out, r, "http://"+service+r.URL.Path, http.StatusMovedPermanently)
		}, doctor.WebFingerQuery, []string{"social.acme.test", "question mark", wanted}},
		"home": {func(out http.ResponseWriter, r *http.Request, _ string) {
			if r.URL.Path == "/" {
				website(out, r)
				return
			}
			http.Redirect(out, r, "/", http.StatusFound)
		}, doctor.WebFingerNotJSON, []string{"social.acme.test"}},
		"all to www": {func(out http.ResponseWriter, r *http.Request, _ string) {
			if strings.HasPrefix(r.Host, "www.") {
				website(out, r)
				return
			}
			http.Redirect(out, r, "http://www."+r.Host+r.URL.RequestURI(), http.StatusMovedPermanently)
		}, doctor.WWWRedirect, []string{"http://www.acme.test", "exempt", "social.acme.test"}},
		"in a circle": {func(out http.ResponseWriter, r *http.Request, _ string) {
			http.Redirect(out, r, r.URL.RequestURI(), http.StatusFound)
		}, doctor.WebFingerUnreached, []string{"circle", "social.acme.test"}},
		"another fediverse server": {func(out http.ResponseWriter, r *http.Request, _ string) { mastodon(out, r) }, doctor.ExistingServer, []string{"mastodon", "acme.test"}},
		"NodeInfo leads here already": {func(out http.ResponseWriter, r *http.Request, service string) {
			if r.URL.Path == "/.well-known/nodeinfo" {
				writeJRD(out, map[string]any{"links": []map[string]string{{
					"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "http://" + service + "/nodeinfo/2.0",
				}}})
				return
			}
			http.NotFound(out, r)
		}, doctor.WebFingerUnreached, []string{"status 404"}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dns.Set("acme.test 300 A "+theirIPv4, "www.acme.test 300 A "+theirIPv4, service+" 300 CNAME "+edge)
			w.serve(t, theirIPv4, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { tt.site(out, r, service+":"+w.port) }))
			outcome := doctor.Wrong
			if tt.code == "" {
				outcome = doctor.Well
			}
			expect(t, w, w.target("acme.test", tenant.CheckWebFinger), outcome, tt.code, tt.words...)
		})
	}
}

// A website that is down is not well; that we cannot ask says nothing.
func TestWebFingerThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target := w.target("acme.test", tenant.CheckWebFinger)
	expect(t, w, target, doctor.Wrong, doctor.WebFingerUnreached, "no address", "social.acme.test")
	w.dns.Set("acme.test 300 A " + theirIPv4)
	expect(t, w, target, doctor.Wrong, doctor.WebFingerUnreached, "refused", "social.acme.test")
	for _, how := range []dnstest.Fault{dnstest.ServFail, dnstest.Drop, dnstest.Refused} {
		w.dns.Fail("", how)
		expect(t, w, target, doctor.Unknown, doctor.WebFingerUnreached)
	}
}

// A certificate that does not hold is no answer.
func TestWebFingerWithABadCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set("acme.test 300 A " + theirIPv4)
	w.listen(t, theirIPv4, http.HandlerFunc(website), w.overTLS("other.test"))
	target := w.target("acme.test", tenant.CheckWebFinger)
	target.Scheme = "https"
	expect(t, w, target, doctor.Wrong, doctor.WebFingerUnreached, "no valid certificate", "https://social.acme.test")
}

// A zone whose servers are in our own network is not asked there.
func TestZonesDoNotLeadIntoOurNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set("acme.test 300 NS ns.acme.test", "ns.acme.test 300 A 10.0.0.53", service+" 300 CNAME "+edge)
	expect(t, w, w.target(service, tenant.CheckRouting), doctor.Well, "")
	facts := w.looker.Look(t.Context(), w.target(service, tenant.CheckRouting))
	for _, one := range facts.Routing.CNAME {
		if one.Zone {
			t.Errorf("asked %s", one.Server)
		}
	}
}

func TestLookupByTellsNobodyFromNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lookup := look.LookupBy(w.dns.ResolverAddresses())
	w.dns.Set(service + " 300 A " + ourIPv4)
	if found, err := lookup(t.Context(), service); err != nil || len(found) != 1 || found[0].String() != ourIPv4 {
		t.Errorf("%v, %v", found, err)
	}
	w.dns.Fail("acme.test", dnstest.Bogus)
	if found, err := lookup(context.Background(), service); err == nil {
		t.Errorf("what no validating resolver believes is dialled: %v", found)
	}
}
