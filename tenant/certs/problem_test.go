package certs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// The problems that Let's Encrypt sends, as it words them.
func TestProblemsOfAuthorities(t *testing.T) {
	t.Parallel()
	const kind = "urn:ietf:params:acme:error:"
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what  string
		err   error
		code  string
		ours  bool
		until time.Time
	}{
		{"no address", acme.Problem{Type: kind + "dns", Status: 400, Detail: "DNS problem: NXDOMAIN looking up A for social.company.com"}, codeDNS, false, time.Time{}},
		{"CAA", acme.Problem{Type: kind + "caa", Status: 403, Detail: "CAA record for company.com prevents issuance"}, codeCAA, false, time.Time{}},
		{"firewall", acme.Problem{Type: kind + "connection", Status: 400, Detail: "192.0.2.1: Fetching http://social.company.com/…: Timeout during connect (likely firewall problem)"}, codePort80, false, time.Time{}},
		{"other answer", acme.Problem{Type: kind + "unauthorized", Status: 403, Detail: `Invalid response from http://social.company.com/…: 404`}, codeRefused, false, time.Time{}},
		{"the reason is in a subproblem", acme.Problem{Type: kind + "malformed", Status: 400, Subproblems: []acme.Subproblem{{Problem: acme.Problem{Type: kind + "caa", Detail: "CAA"}}}}, codeCAA, false, time.Time{}},
		{"limit with a time", acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many certificates (50) already issued for \"company.com\" in the last 168h0m0s, retry after 2026-08-03 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/"},
			codeRateLimited, false, time.Date(2026, 8, 3, 10, 0, 0, 0, time.UTC)},
		{"limit without a time", acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "Service busy; retry later."}, codeRateLimited, false, now.Add(time.Hour)},
		{"the authority fails", acme.Problem{Type: kind + "serverInternal", Status: 500, Detail: "Internal error"}, codeUnreachable, true, time.Time{}},
		{"nonces get lost", acme.Problem{Type: kind + "badNonce", Status: 400, Detail: "JWS has an invalid anti-replay nonce"}, codeUnreachable, true, time.Time{}},
		{"it is away", errors.New("dial tcp: connection refused"), codeUnreachable, true, time.Time{}},
		{"it takes too long", context.DeadlineExceeded, codeUnreachable, true, time.Time{}},
	} {
		got := problemOf(fmt.Errorf("[x] Obtain: %w", c.err), now)
		if got.code != c.code || got.ours != c.ours || !got.until.Equal(c.until) || got.detail["text"] == "" {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

// What is refused to the account is refused to all its names; what is refused to one name,
// or to what somebody bought, concerns no other.
func TestWhomALimitIsFor(t *testing.T) {
	t.Parallel()
	const kind = "urn:ietf:params:acme:error:"
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		err    acme.Problem
		pauses time.Time
	}{
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-08-01 13:30:00 UTC: see …"}, now.Add(90 * time.Minute)},
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many new registrations (10) from this IP address in the last 3h0m0s, retry after 2026-08-01 13:30:00 UTC"}, now.Add(90 * time.Minute)},
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "Service busy; retry later."}, now.Add(time.Hour)},
		{acme.Problem{Type: kind + "serverInternal", Status: 503, Detail: "Service busy; retry later."}, now.Add(oursPause)},
		{acme.Problem{Type: kind + "rateLimited", Status: 503, Detail: "Service busy; retry later."}, now.Add(oursPause)},
		{acme.Problem{Type: kind + "serverInternal", Status: 500, Detail: "Error creating new order"}, time.Time{}},
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many certificates (50) already issued for \"company.com\" in the last 168h0m0s, retry after 2026-08-03 10:00:00 UTC"}, time.Time{}},
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s"}, time.Time{}},
		{acme.Problem{Type: kind + "rateLimited", Status: 429, Detail: "too many failed authorizations (5) for \"social.company.com\" in the last 1h0m0s"}, time.Time{}},
		{acme.Problem{Type: kind + "caa", Status: 403, Detail: "CAA record for company.com prevents issuance"}, time.Time{}},
	} {
		if got := problemOf(fmt.Errorf("order: %w", c.err), now); !got.pauses.Equal(c.pauses) {
			t.Errorf("%s: pauses until %v, want %v", c.err.Detail, got.pauses, c.pauses)
		}
	}
}
