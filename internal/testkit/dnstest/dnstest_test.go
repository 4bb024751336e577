package dnstest_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rookery/internal/testkit/dnstest"
)

// ask sends one question over UDP, and over TCP where the answer is cut short.
func ask(t *testing.T, at netip.AddrPort, name, kind string, change func(*dns.Msg)) (*dns.Msg, error) {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.StringToType[kind])
	if change != nil {
		change(q)
	}
	client := dns.Client{Timeout: 200 * time.Millisecond}
	answer, _, err := client.ExchangeContext(t.Context(), q, at.String())
	if err == nil && answer.Truncated {
		client.Net = "tcp"
		answer, _, err = client.ExchangeContext(t.Context(), q, at.String())
	}
	return answer, err
}

func values(m *dns.Msg) (out []string) {
	for _, rr := range m.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			out = append(out, rr.A.String())
		case *dns.CNAME:
			out = append(out, "-> "+rr.Target)
		}
	}
	return out
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	s.Zone("acme.test", "edge.test")
	s.Set("acme.test 300 A 203.0.113.7", "www.acme.test 300 CNAME web.acme.test", "web.acme.test 300 A 203.0.113.8",
		"social.acme.test 300 CNAME t-1.edge.test", "*.edge.test 300 A 203.0.113.9", "deep.below.acme.test 300 A 203.0.113.10",
		"gone.test 300 NS ns.elsewhere.example")
	for _, tt := range []struct {
		name        string
		atZone      bool
		want        []string
		code        int
		isAuthority bool
	}{
		{"acme.test", true, []string{"203.0.113.7"}, dns.RcodeSuccess, true},
		{"ACME.test", false, []string{"203.0.113.7"}, dns.RcodeSuccess, false},
		{"www.acme.test", true, []string{"-> web.acme.test.", "203.0.113.8"}, dns.RcodeSuccess, true},
		// Another zone: whoever asked follows, a resolver does.
		{"social.acme.test", true, []string{"-> t-1.edge.test."}, dns.RcodeSuccess, true},
		{"social.acme.test", false, []string{"-> t-1.edge.test.", "203.0.113.9"}, dns.RcodeSuccess, false},
		{"nothing.acme.test", true, nil, dns.RcodeNameError, true},
		{"below.acme.test", true, nil, dns.RcodeSuccess, true}, // it exists, without records
		{"gone.test", true, nil, dns.RcodeSuccess, false},      // a referral
		{"example.com", true, nil, dns.RcodeRefused, false},
		{"example.com", false, nil, dns.RcodeNameError, false},
	} {
		face := s.Resolvers[0]
		if tt.atZone {
			face = s.Zones
		}
		got, err := ask(t, face.Addr, tt.name, "A", nil)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got.Rcode != tt.code || got.Authoritative != tt.isAuthority || len(values(got)) != len(tt.want) {
			t.Errorf("%s (zone %v): %s %v, authority %v", tt.name, tt.atZone, dns.RcodeToString[got.Rcode], values(got), got.Authoritative)
			continue
		}
		for i, want := range tt.want {
			if values(got)[i] != want {
				t.Errorf("%s: %v, want %v", tt.name, values(got), tt.want)
			}
		}
	}
	if s.Zones.Asked("acme.test", "A") != 1 {
		t.Errorf("the zone was asked %d times", s.Zones.Asked("acme.test", "A"))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	s.Zone("acme.test")
	s.Set("a.acme.test 300 A 203.0.113.7")
	resolver := s.Resolvers[0]
	code := func(change func(*dns.Msg)) int {
		t.Helper()
		got, err := ask(t, resolver.Addr, "a.acme.test", "A", change)
		if err != nil {
			return -1
		}
		if got.Rcode == dns.RcodeSuccess && len(got.Answer) != 1 {
			t.Errorf("answer %v", got.Answer)
		}
		return got.Rcode
	}
	for _, tt := range []struct {
		how  dnstest.Fault
		want int
	}{
		{dnstest.ServFail, dns.RcodeServerFailure}, {dnstest.Refused, dns.RcodeRefused}, {dnstest.Drop, -1},
		{dnstest.Bogus, dns.RcodeServerFailure}, {dnstest.Truncated, dns.RcodeSuccess}, {dnstest.None, dns.RcodeSuccess},
	} {
		s.Fail("acme.test", tt.how)
		if got := code(nil); got != tt.want {
			t.Errorf("fault %d: %d, want %d", tt.how, got, tt.want)
		}
	}
	s.Fail("acme.test", dnstest.Bogus)
	if got := code(func(m *dns.Msg) { m.CheckingDisabled = true }); got != dns.RcodeSuccess {
		t.Errorf("unchecked: %d", got)
	}
	if got, err := ask(t, s.Zones.Addr, "a.acme.test", "A", nil); err != nil || got.Rcode != dns.RcodeSuccess {
		t.Errorf("the zone's own server does not validate: %v, %v", got, err)
	}
}

// A resolver may remember what the zone said before.
func TestMemories(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	s.Zone("acme.test")
	s.Set("a.acme.test 300 A 203.0.113.7")
	s.Resolvers[1].Remember("a.acme.test 300 A 192.0.2.1")
	for i, want := range []string{"203.0.113.7", "192.0.2.1"} {
		if got, err := ask(t, s.Resolvers[i].Addr, "a.acme.test", "A", nil); err != nil || values(got)[0] != want {
			t.Errorf("resolver %d: %v, %v", i, got, err)
		}
	}
	s.Resolvers[1].RememberNone("a.acme.test", "A")
	if got, err := ask(t, s.Resolvers[1].Addr, "a.acme.test", "A", nil); err != nil || len(got.Answer) != 0 {
		t.Errorf("a remembered absence: %v, %v", got, err)
	}
}
