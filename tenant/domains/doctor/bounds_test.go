package doctor_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
)

// A website that lists a thousand documents does not make us ask for each, of it or of others.
func TestALookAsksAStrangerAFewTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked atomic.Int32
	w.serve(t, theirIPv4, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/.well-known/nodeinfo" {
			http.NotFound(out, r)
			return
		}
		link := fmt.Sprintf(`{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "http://%s/nodeinfo/2.0"}`, r.Host)
		out.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(out, `{"links": [%s]}`, strings.TrimSuffix(strings.Repeat(link+",", 300), ","))
	}))
	w.dns.Set("social.acme.test 300 A " + theirIPv4)
	w.looker.Look(t.Context(), w.target("social.acme.test", tenant.CheckRouting))
	if n := asked.Load(); n == 0 || n > 10 {
		t.Errorf("asked %d times", n)
	}
}

// A look ends, however many servers let it wait, and says that nothing is known.
func TestALookEnds(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.77.1.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	w := newWorld(t)
	options := w.looker.Options
	options.Resolvers, options.AskTimeout, options.Timeout = []string{silent.LocalAddr().String()}, time.Minute, 300*time.Millisecond
	looker := look.New(options)
	var found doctor.Findings
	done := make(chan struct{})
	go func() {
		defer close(done)
		found = doctor.Diagnose(looker.Look(t.Context(), w.target("social.acme.test", tenant.CheckRouting)))
	}()
	testkit.Eventually(t, 30*time.Second, "the look ends", func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	if got := found[tenant.CheckRouting]; got.Outcome != doctor.Unknown {
		t.Errorf("found %+v", got)
	}
}
