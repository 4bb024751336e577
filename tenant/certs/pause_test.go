package certs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/testkit/pebble"
	"rookery/tenant/certs"
	"rookery/tenant/registry"
)

// An authority that has enough of the account is asked by one name, and not by the next.
func TestALimitOfTheAccountPausesAllNames(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	busy := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		out.Header().Set("Content-Type", "application/problem+json")
		out.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprint(out, `{"type":"urn:ietf:params:acme:error:rateLimited","status":429,"detail":"too many new orders (300) from this account in the last 3h0m0s, retry after `+
			time.Now().UTC().Add(2*time.Hour).Format(time.DateTime)+` UTC: see https://letsencrypt.org/docs/rate-limits/"}`)
	}))
	t.Cleanup(busy.Close)
	w := newWorld(t, pebble.Options{}, func(o *certs.WorkerOptions) {
		o.CA = busy.URL
		o.Roots.AddCert(busy.Certificate())
	})
	if s := w.order(); s.ErrorCode != "RATE_LIMITED" || time.Until(s.NextOrderAt) < time.Hour {
		t.Fatalf("the name that hears of it: %+v", s)
	}
	heard := asked.Load()
	if _, err := w.registry.Create(t.Context(), registry.NewTenant{Name: "Other", Host: "social.other.test"}); err != nil {
		t.Fatal(err)
	}
	if err := w.worker.Order(t.Context(), "social.other.test"); err != nil {
		t.Fatal(err)
	}
	s := w.stateOf("social.other.test")
	if s.ErrorCode != "RATE_LIMITED" || time.Until(s.NextOrderAt) < time.Hour || s.Failures != 0 || asked.Load() != heard || heard == 0 {
		t.Errorf("the next name: %+v; the authority was asked %d times, then %d", s, heard, asked.Load())
	}
}
