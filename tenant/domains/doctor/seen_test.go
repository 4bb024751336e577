package doctor_test

import (
	"net/http"
	"strings"
	"testing"

	"rookery/internal/testkit/dnstest"
)

// Another server stops where something is missing, and so does the way of one.
func TestAsSeenByAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.looker.Roots = w.ca.Pool()
	var jrd func(http.ResponseWriter, *http.Request)
	w.listen(t, ourIPv4, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { jrd(out, r) }), w.overTLS(service))
	here := w.at[ourIPv4].String()
	name := service + ":" + w.port
	expect := func(what, wantStep, wantText string) {
		t.Helper()
		steps := w.looker.AsSeen(t.Context(), "https", name, "alice")
		last := steps[len(steps)-1]
		if last.OK || last.Step != wantStep || !strings.Contains(last.Text, wantText) {
			t.Errorf("%s: %+v", what, steps)
		}
	}
	jrd = http.NotFound
	expect("no address", "webfinger", "")
	w.dns.Set(service + " 300 A " + here)
	expect("no answer", "webfinger", "404")
	jrd = func(out http.ResponseWriter, _ *http.Request) {
		writeJRD(out, map[string]any{"subject": "acct:bob@old.test"})
	}
	expect("about another", "webfinger", "acct:bob@old.test")
	jrd = func(out http.ResponseWriter, r *http.Request) {
		writeJRD(out, map[string]any{"subject": r.URL.Query().Get("resource")})
	}
	expect("without an actor", "webfinger", "names no actor")
	w.looker.Roots = nil
	expect("a certificate that nobody believes", "tls", "no certificate that holds")
	w.looker.Roots = w.ca.Pool()
	jrd = func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/webfinger" {
			out.WriteHeader(http.StatusUnauthorized)
			return
		}
		writeJRD(out, map[string]any{"subject": r.URL.Query().Get("resource"), "links": []map[string]string{{
			"rel": "self", "type": "application/activity+json", "href": "https://" + name + "/ap/actors/1",
		}}})
	}
	steps := w.looker.AsSeen(t.Context(), "https", name, "alice")
	if len(steps) != 4 || !steps[3].OK || !strings.Contains(steps[1].Text, "Rookery test authority") {
		t.Errorf("all is well: %+v", steps)
	}
	w.dns.Fail("", dnstest.ServFail)
	first := w.looker.AsSeen(t.Context(), "https", name, "alice")[0]
	if first.OK || first.Step != "dns" {
		t.Errorf("nobody to ask: %+v", first)
	}
}
